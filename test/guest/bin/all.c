/*
 * all [NAME...]: runs the test programs one after the other, all of them or those that are named,
 * and ends with 1 if one of them failed. `NAME=ARGUMENT` gives a program an argument
 * (stress=10000).
 *
 * Between programs the kernel's books are compared once more: what a program and all its cases used
 * must be back. (Files stay, so heap and file frames may grow.)
 */
#include "tap.h"

static char* const programs[] = {"test_getpid",
                                 "test_fork",
                                 "test_fork_wait_cycle",
                                 "test_fork_return_value",
                                 "test_exec_hello",
                                 "test_fork_exec_wait",
                                 "process",
                                 "fork_more",
                                 "vfork",
                                 "registers",
                                 "cow",
                                 "memory",
                                 "badargs",
                                 "files",
                                 "directories",
                                 "exec_files",
                                 "wait_kill",
                                 "sched",
                                 "signals",
                                 "sigreturn",
                                 "interrupted",
                                 "faults",
                                 "oom",
                                 "stress=1000"};

enum { PROGRAMS = sizeof programs / sizeof programs[0] };

/* Answers the wait status. */
static int run(char* name) {
  char path[64];
  char* argument = strchr(name, '=');
  snprintf(path, sizeof path, "/test/%.*s", argument ? (int)(argument - name) : (int)strlen(name),
           name);
  char* argv[] = {path + 6, argument ? argument + 1 : NULL, NULL};
  pid_t pid = fork();
  if (pid == 0) {
    execve(path, argv, environ);
    printf("# %s: %s\n", path, strerror(errno));
    fflush(NULL);
    _exit(127);
  }
  int status = 127 << 8;
  if (pid > 0) waitpid(pid, &status, 0);
  return status;
}

/* Is everything back that a program without files can use? */
static int balanced(const char* name, const struct tine_memory_info* before) {
  struct tine_memory_info after;
  char why[256];
  int differs = 1;
  for (int i = 0; i < 100 && differs; i++) {
    if (i > 0) sleep_ms(10);
    tap_books(&after);
    after.heap_bytes = before->heap_bytes;
    after.file_frames = before->file_frames;
    differs = tap_differs(before, &after, 0, why, sizeof why);
  }
  if (differs) printf("# %s: not given back: %s\n", name, why);
  return !differs;
}

static int run_all(char* const* names, int count) {
  int failed = 0;
  for (int i = 0; i < count; i++) {
    struct tine_memory_info before;
    printf("# program %s\n", names[i]);
    fflush(NULL);
    tap_books(&before);
    int status = run(names[i]);
    int good = balanced(names[i], &before) && status == 0;
    if (WIFSIGNALED(status)) {
      printf("# %s: killed by %s\n", names[i], strsignal(WTERMSIG(status)));
    } else {
      printf("# %s: exit %d\n", names[i], WEXITSTATUS(status));
    }
    fflush(NULL);
    failed += !good;
  }
  printf("# all: %d programs, %d failed\n", count, failed);
  return failed != 0;
}

int main(int argc, char** argv) {
  volatile char stack[16 << 10];
  for (size_t i = 0; i < sizeof stack; i += 1024) stack[i] = 0;
  tap_probe();
  tap_settle();
  if (argc > 1) return run_all(argv + 1, argc - 1);
  return run_all(programs, PROGRAMS);
}
