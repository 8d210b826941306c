/*
 * all [NAME...]: runs the test programs one after the other, all of them or those that are named,
 * and ends with 1 if one of them failed. `NAME=ARGUMENT` gives a program an argument
 * (stress=10000). All of them are those of the list, and the tests of the wings that this kernel
 * has: every /test/wing-*.
 *
 * Between programs the kernel's books are compared once more: what a program and all its cases used
 * must be back. (Files stay, so heap and file frames may grow.)
 */
#include "tap.h"

#include <dirent.h>

static char* const programs[] = {"test_getpid",
                                 "test_fork",
                                 "test_fork_wait_cycle",
                                 "test_fork_return_value",
                                 "test_exec_hello",
                                 "test_fork_exec_wait",
                                 "process",
                                 "fork_more",
                                 "vfork",
                                 "shared_space",
                                 "registers",
                                 "cow",
                                 "memory",
                                 "badargs",
                                 "badptr",
                                 "exhaust",
                                 "files",
                                 "directories",
                                 "directory_races",
                                 "pipes",
                                 "paths",
                                 "names",
                                 "descriptors",
                                 "exec_files",
                                 "busy_files",
                                 "wait_kill",
                                 "sched",
                                 "signals",
                                 "signals_told",
                                 "sigreturn",
                                 "library",
                                 "interrupted",
                                 "faults",
                                 "oom",
                                 "oom_calls",
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

/* Answers whether it failed. */
static int run_one(char* name) {
  struct tine_memory_info before;
  printf("# program %s\n", name);
  fflush(NULL);
  tap_books(&before);
  int status = run(name);
  int good = balanced(name, &before) && status == 0;
  if (WIFSIGNALED(status)) {
    printf("# %s: killed by %s\n", name, strsignal(WTERMSIG(status)));
  } else {
    printf("# %s: exit %d\n", name, WEXITSTATUS(status));
  }
  fflush(NULL);
  return !good;
}

static int run_list(char* const* names, int count) {
  int failed = 0;
  for (int i = 0; i < count; i++) failed += run_one(names[i]);
  printf("# all: %d programs, %d failed\n", count, failed);
  return failed;
}

static int run_wings(void) {
  int count = 0, failed = 0;
  struct dirent* entry;
  DIR* tests = opendir("/test");
  while (tests && (entry = readdir(tests))) {
    if (strncmp(entry->d_name, "wing-", 5) != 0) continue;
    failed += run_one(entry->d_name);
    count++;
  }
  if (!tests || closedir(tests) < 0) failed++;
  printf("# all: %d programs of wings, %d failed\n", count, failed);
  return failed;
}

int main(int argc, char** argv) {
  volatile char stack[16 << 10];
  for (size_t i = 0; i < sizeof stack; i += 1024) stack[i] = 0;
  tap_probe();
  tap_settle();
  if (argc > 1) return run_list(argv + 1, argc - 1) != 0;
  return run_list(programs, PROGRAMS) + run_wings() != 0;
}
