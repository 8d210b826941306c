/*
 * exec_test: a child executes ipc_rx by its app id and keeps its pid; ps shows its new name; a
 * message from a third program reaches it; it ends and is reaped.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <tine.h>
#include <unistd.h>

static int fail(const char* what) {
  printf("exec_test: FAIL: %s: %s\n", what, strerror(errno));
  return -1;
}

/* Runs a program and waits for its end. Returns its wait status, or -1. */
static int run(const char* path, char* const argv[]) {
  pid_t pid = fork();
  if (pid == 0) {
    execve(path, argv, environ);
    _exit(127);
  }
  int status;
  if (pid < 0 || waitpid(pid, &status, 0) != pid) return -1;
  return status;
}

/* Polls until `pid` runs ipc_rx and sleeps in ipc_recv; for ten seconds at most. */
static int wait_for_receiver(pid_t pid) {
  struct timespec pause = {.tv_sec = 0, .tv_nsec = 10000000};
  for (int tries = 0; tries < 1000; tries++) {
    struct tine_process_info info;
    if (process_info(pid, &info) != pid) return fail("process_info of the child");
    if (info.state == TINE_ZOMBIE) return fail("the child ended too soon");
    if (strcmp(info.name, "ipc_rx") == 0 && info.state == TINE_SLEEPING &&
        info.wait_reason == TINE_WAIT_IPC) {
      return 0;
    }
    nanosleep(&pause, NULL);
  }
  errno = ETIMEDOUT;
  return fail("the child did not become ipc_rx and wait for a message");
}

static int test(pid_t child) {
  char pid[16];
  snprintf(pid, sizeof pid, "%d", child);
  char* const ps[] = {"ps", NULL};
  char* const send[] = {"ipc_send", pid, "42", NULL};
  if (wait_for_receiver(child) != 0) return -1;
  if (run("/bin/ps", ps) != 0) return fail("ps");
  if (run("/bin/ipc_send", send) != 0) return fail("ipc_send");
  int status = -1;
  if (waitpid(child, &status, 0) != child) return fail("waitpid");
  if (status != 0) return fail("ipc_rx did not end well");
  return 0;
}

int main(void) {
  pid_t child = fork();
  if (child == 0) {
    exec(APP_ID_IPC_RX);
    fail("exec(APP_ID_IPC_RX)"); /* it returns only when it failed */
    return 1;
  }
  if (child < 0 || test(child) != 0) {
    printf("exec_test: FAIL\n");
    return 1;
  }
  printf("exec_test: PASS\n");
  return 0;
}
