/*
 * No memory in the calls on files, directories, descriptors, pipes, signals and processes: each of
 * their allocations fails once. The call answers ENOMEM, everything is given back, and nothing is
 * half done: the world (world.h) is as it was. When nothing fails the world shows what the call
 * did, so that it would show the half of it, too.
 */
#include "clone.h"
#include "walk.h"
#include "world.h"

enum { CHANGES = 4 };           /* the description of the world tells whether the call was made */
#define FRESH 0x46524553480000l /* stands for the address of a page that was never touched */

static struct tine_sigaction handled, ignored = {.handler = TINE_SIG_IGN};
static const uint64_t some_signals = 1 << (SIGUSR1 - 1);
static const char six_pages[6 * 4096] = "from a page of the program's file";

struct trial {
  const char* what;
  long number;
  long a[5];
  int flags;
  int least; /* it takes at least so many allocations: else nothing was tried */
};
static const struct trial* trial;

/* Longer than the kernel keeps on its stack. */
#define DOTS_16 "./././././././././././././././././"
#define DOTS DOTS_16 DOTS_16 DOTS_16 DOTS_16 DOTS_16 DOTS_16 DOTS_16 DOTS_16 DOTS_16
#define PATH(name) (long)(DOTS name)
#define ADDRESS(object) (long)(object)
static const struct trial trials[] = {
    {"openat", SYS_openat, {AT_FDCWD, PATH("file"), O_RDONLY}, CHANGES, 2},
    {"openat through a link", SYS_openat, {AT_FDCWD, PATH("link"), O_RDWR}, CHANGES, 3},
    {"openat O_CREAT", SYS_openat, {AT_FDCWD, PATH("new"), O_CREAT | O_EXCL, 0644}, CHANGES, 5},
    {"openat O_CREAT of what is there", SYS_openat, {DIR_FD, PATH("file"), O_CREAT}, CHANGES, 2},
    {"openat O_TRUNC", SYS_openat, {DIR_FD, PATH("file"), O_WRONLY | O_TRUNC}, CHANGES, 2},
    {"mkdirat", SYS_mkdirat, {AT_FDCWD, PATH("new"), 0755}, CHANGES, 3},
    {"symlinkat", SYS_symlinkat, {ADDRESS("to"), DIR_FD, PATH("new")}, CHANGES, 3},
    {"linkat", SYS_linkat, {DIR_FD, PATH("file"), DIR_FD, PATH("new"), 0}, CHANGES, 3},
    {"linkat to what a link names",
     SYS_linkat,
     {DIR_FD, PATH("link"), DIR_FD, PATH("new"), AT_SYMLINK_FOLLOW},
     CHANGES,
     4},
    {"unlinkat", SYS_unlinkat, {AT_FDCWD, PATH("link"), 0}, CHANGES, 1},
    {"unlinkat AT_REMOVEDIR", SYS_unlinkat, {DIR_FD, PATH("dir2"), AT_REMOVEDIR}, CHANGES, 1},
    {"renameat2", SYS_renameat2, {DIR_FD, PATH("file"), DIR_FD, PATH("dir/new"), 0}, CHANGES, 3},
    {"renameat2 over another",
     SYS_renameat2,
     {DIR_FD, PATH("file"), DIR_FD, PATH("dir/in"), 0},
     CHANGES,
     3},
    {"renameat2 of a directory over an empty one",
     SYS_renameat2,
     {DIR_FD, PATH("dir"), DIR_FD, PATH("dir2"), 0},
     CHANGES,
     3},
    {"renameat2 RENAME_EXCHANGE",
     SYS_renameat2,
     {DIR_FD, PATH("dir"), DIR_FD, PATH("file"), RENAME_EXCHANGE},
     CHANGES,
     3},
    {"chdir", SYS_chdir, {PATH("dir")}, CHANGES, 1},
    {"getcwd into a fresh page", SYS_getcwd, {FRESH, 4096}, 0, 2},
    {"readlinkat into a fresh page", SYS_readlinkat, {DIR_FD, PATH("link"), FRESH, 100}, 0, 2},
    {"newfstatat into a fresh page", SYS_newfstatat, {DIR_FD, PATH("file"), FRESH, 0}, 0, 2},
    {"fstat into a fresh page", SYS_fstat, {FILE_FD, FRESH}, 0, 1},
    {"getdents64 into a fresh page", SYS_getdents64, {DIR_FD, FRESH, 4096}, CHANGES, 1},
    {"ftruncate to less", SYS_ftruncate, {FILE_FD, 4999}, CHANGES, 1},
    {"read of a file into fresh pages",
     SYS_read,
     {FILE_FD, FRESH + 2000, 5900},
     CHANGES | MAY_BE_SHORT,
     2},
    {"write to a file", SYS_write, {FILE_FD, ADDRESS(six_pages), 20000}, CHANGES | MAY_BE_SHORT, 5},
    {"pipe2", SYS_pipe2, {FRESH, O_CLOEXEC}, CHANGES, 4},
    {"dup to a new chunk", SYS_fcntl, {FILE_FD, F_DUPFD, 200}, CHANGES, 1},
    {"dup3 to a new chunk", SYS_dup3, {FILE_FD, 900, O_CLOEXEC}, CHANGES, 1},
    {"read of a pipe into a fresh page", SYS_read, {READ_FD, FRESH, 100}, 0, 1},
    {"write to a pipe", SYS_write, {WRITE_FD, ADDRESS(six_pages), 20000}, MAY_BE_SHORT, 4},
    {"rt_sigaction", SYS_rt_sigaction, {SIGUSR1, ADDRESS(&ignored), 0, 8}, CHANGES, 1},
    {"rt_sigaction into a fresh page",
     SYS_rt_sigaction,
     {SIGUSR1, ADDRESS(&ignored), FRESH, 8},
     CHANGES,
     2},
    {"rt_sigprocmask", SYS_rt_sigprocmask, {SIG_BLOCK, ADDRESS(&some_signals), 0, 8}, CHANGES, 1},
    {"rt_sigprocmask into a fresh page",
     SYS_rt_sigprocmask,
     {SIG_SETMASK, ADDRESS(&some_signals), FRESH, 8},
     CHANGES,
     2},
};

/* Both lie in the program and were touched before: describing takes no part in what is tried. */
static struct world before, after;

static int judge(int end, long result, int flags) {
  describe(&after);
  int same = same_world(&before, &after, end == REFUSED);
  if (end == REFUSED) return same ? end : 1;
  if (result < 0) return printf("# result %ld\n", result), 2;
  if (end == NOT_REACHED && same == !!(flags & CHANGES))
    return printf("# the world %s\n", same ? "is unchanged" : "has changed"), 3;
  return end;
}

/* Of a transfer that was cut short, nothing was lost: the rest comes with the next call. */
static int pipe_is_whole(long got) {
  char rest[10];
  ssize_t more = read(READ_FD, rest, sizeof rest);
  return (got < 0 ? 0 : got) + (more < 0 ? 0 : more) == 5;
}

static int try_trial(long n) {
  long result;
  char* fresh = mmap(NULL, 4 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  build_world();
  for (int i = 0; i < 5; i++) {
    long value = trial->a[i];
    argument[i] =
        (uintptr_t)(value >= FRESH && value < FRESH + 4096 ? (long)fresh + value - FRESH : value);
  }
  describe(&before);
  int end = judge(attempt(n, trial->number, &result), result, trial->flags);
  if (trial->number == SYS_read && trial->a[0] == READ_FD && !pipe_is_whole(result)) end = 4;
  fflush(NULL);
  leave_world();
  return end;
}
static void in_trial(void) { WALK(try_trial, trial->flags, trial->least); }

/* ---- What needs more than a row ---- */

/* A first message of five pages, then a second one: the pipe's pages come as they are needed. */
static int try_pipe_twice(long n) {
  static char bytes[3 * 4096];
  long result;
  build_world();
  argument[0] = WRITE_FD;
  argument[1] = (uintptr_t)bytes;
  argument[2] = 2 * 4096;
  memset(bytes, 'b', sizeof bytes);
  int end = attempt(n, SYS_write, &result);
  memset(bytes, 'x', sizeof bytes);
  long expected = 5 + (result < 0 ? 0 : result), got = read(READ_FD, bytes, sizeof bytes);
  long more = read(READ_FD, bytes + (got < 0 ? 0 : got), sizeof bytes - (size_t)got);
  if (more > 0) got += more;
  if (got != expected) end = 1;
  for (long i = 5; i < got; i++) {
    if (bytes[i] != 'b') end = 2;
  }
  leave_world();
  return end;
}
static void in_pipe(void) { WALK(try_pipe_twice, MAY_BE_SHORT, 1); }

static volatile int handler_calls;
static void count_call(int signal) { handler_calls += signal == SIGUSR1; }

/* The handler's frame goes onto a stack that was never touched. Who cannot have it dies of it, or
 * has it at the second try (wing oom). */
static int try_delivery(long n) {
  long result;
  char* stack = mmap(NULL, 16 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  signal(SIGUSR1, count_call);
  handler_calls = 0;
  armed_stack = (uintptr_t)stack + 16 * 4096 - 512; /* the frame takes two pages */
  armed_stack -= 4096 - 512 - 256;
  argument[0] = (uintptr_t)getpid();
  argument[1] = SIGUSR1;
  int end = attempt(n, SYS_kill, &result);
  return handler_calls == 1 && result == 0 ? end : 1;
}
static void in_delivery(void) { WALK(try_delivery, MAY_DIE | MAY_BE_SHORT, 2); }

static int try_clone_with_ids(long n) {
  long result;
  int* fresh = mmap(NULL, 2 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  argument[0] =
      CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | CLONE_SETTLS | SIGCHLD;
  argument[2] = (uintptr_t)fresh;
  argument[3] = 0x1234;
  argument[4] = (uintptr_t)fresh + 4096;
  int end = attempt(n, SYS_clone, &result);
  if (end == REFUSED) return waitpid(-1, NULL, 0) == -1 ? end : 1;
  /* The child lives also when its number could not be stored (as on Linux). */
  if (result <= 0 || waitpid((pid_t)result, NULL, 0) != result) return 2;
  if (end == NOT_REACHED && *fresh != result) return 3;
  return end;
}
static void in_clone(void) { WALK(try_clone_with_ids, MAY_BE_SHORT, 8); }

/* The parent waits; the child ends at once. A refused child leaves a parent that runs. */
static int try_vfork(long n) {
  long result;
  argument[0] = CLONE_VM | CLONE_VFORK | SIGCHLD;
  int end = attempt(n, SYS_clone, &result);
  if (end == REFUSED) return waitpid(-1, NULL, 0) == -1 ? end : 1;
  return result > 0 && waitpid((pid_t)result, NULL, 0) == result ? end : 2;
}
static void in_vfork(void) { WALK(try_vfork, 0, 4); }

/* The child of vfork uses our memory: when its exec fails, it goes on there, and then we do. */
static long count_for_exec;
static int end_of_exec;

static void exec_or_end(void) {
  static char* const argv[] = {"oom", "--exit", NULL};
  long result;
  argument[0] = (uintptr_t)"/test/oom";
  argument[1] = (uintptr_t)argv;
  argument[2] = (uintptr_t)(argv + 2);
  end_of_exec = attempt(count_for_exec, SYS_execve, &result);
  _exit(end_of_exec == REFUSED ? REFUSED : 1);
}

static int try_vfork_exec(long n) {
  int status = -1;
  count_for_exec = n;
  end_of_exec = 0;
  pid_t child = vfork_into(exec_or_end);
  if (waitpid(child, &status, 0) != child) return 2;
  if (status == SIGKILL) return REFUSED; /* the new program could not have its first page */
  if (WEXITSTATUS(status) == REFUSED)
    return end_of_exec == REFUSED || end_of_exec == 0 ? REFUSED : 3;
  return WEXITSTATUS(status);
}
static void in_vfork_exec(void) { WALK(try_vfork_exec, 0, 10); }

/* The child's status has nowhere to go: then the child is not taken. */
static int try_wait(long n) {
  long result;
  int* fresh = mmap(NULL, 2 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  pid_t child = FORK();
  if (child == 0) _exit(9);
  argument[0] = (uintptr_t)child;
  argument[1] = (uintptr_t)fresh;
  argument[2] = 0;
  argument[3] = (uintptr_t)fresh + 4096;
  int end = attempt(n, SYS_wait4, &result);
  if (end == REFUSED && waitpid(child, fresh, 0) != child) return 1;
  if (end == NOT_REACHED && result != child) return 2;
  return *fresh == 9 << 8 ? end : 3;
}
static void in_wait(void) { WALK(try_wait, 0, 2); }

static char line[40][120];

int main(void) {
  tap_begin("oom_calls");
  handled.handler = (uint64_t)count_call;
  build_world(); /* once for the pages that it takes here */
  describe(&before);
  describe(&after);
  leave_world();
  for (size_t i = 0; i < sizeof trials / sizeof trials[0]; i++) {
    trial = &trials[i];
    snprintf(line[i], sizeof line[i], "%s: every allocation may fail, and nothing is half done",
             trial->what);
    RUN(line[i], in_trial);
  }
  RUN("a pipe in use takes what there is memory for, in order", in_pipe);
  RUN("a signal on a fresh stack: the handler runs, or the process is killed", in_delivery);
  RUN("clone with ids: every allocation may fail", in_clone);
  RUN("vfork: every allocation may fail", in_vfork);
  RUN("vfork and exec: every allocation may fail, and the child goes on in the parent's memory",
      in_vfork_exec);
  RUN("wait4 into fresh pages: without memory the child stays", in_wait);
  return tap_end();
}
