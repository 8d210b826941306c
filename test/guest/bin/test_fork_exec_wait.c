/* SEEDS.md section 2, test_fork_exec_wait: the waited pid is the child's, and the status arrives
 * through fork, exec, exit. */
#include "tap.h"

static void exit_17(void) {
  pid_t child = FORK();
  if (child == 0) {
    char* argv[] = {"test_fork_exec_wait", "exit", "17", NULL};
    execve("/test/test_fork_exec_wait", argv, environ);
    tap_fail("execve returned: %s", strerror(errno));
  }
  int status = 0;
  EQUAL(waitpid(child, &status, 0), child);
  EQUAL(status, 17 << 8);
}

static void same_pid(void) {
  pid_t child = FORK();
  if (child == 0) {
    char pid[16];
    snprintf(pid, sizeof pid, "%d", getpid());
    char* argv[] = {"test_fork_exec_wait", "pid", pid, NULL};
    execve("/test/test_fork_exec_wait", argv, environ);
    tap_fail("execve returned: %s", strerror(errno));
  }
  ENDS(child, 0);
}

static void failed_exec_status(void) {
  pid_t child = FORK();
  if (child == 0) {
    char* argv[] = {"nothing", NULL};
    execve("/bin/nothing", argv, environ);
    _exit(errno == ENOENT ? 127 : 1);
  }
  ENDS(child, 127);
}

static void five_times(void) {
  for (int i = 0; i < 5; i++) exit_17();
}

int main(int argc, char** argv) {
  if (argc == 3 && strcmp(argv[1], "exit") == 0) return atoi(argv[2]);
  if (argc == 3 && strcmp(argv[1], "pid") == 0) return getpid() != atoi(argv[2]);
  tap_begin("test_fork_exec_wait");
  RUN("the waited pid is the child's, and its status is 17", exit_17);
  RUN("exec keeps the pid", same_pid);
  RUN("a failed exec lets the child go on and exit 127", failed_exec_status);
  RUN("five times over", five_times);
  return tap_end();
}
