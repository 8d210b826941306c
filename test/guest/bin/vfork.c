/* clone as vfork (memory shared, the parent waits), and the ids and tp that clone can set. */
#include "clone.h"
#include "signals.h"

static volatile int shared;
static volatile int tid;

static void write_and_exit(void) {
  sleep_ms(20);
  shared = 1;
  _exit(12);
}
static void memory_is_shared(void) {
  pid_t child = vfork_into(write_and_exit);
  EQUAL(shared, 1); /* and not before */
  ENDS(child, 12);
}

static void exec_sleep(void) {
  static char* argv[] = {"/bin/sleep", "1000", NULL};
  sleep_ms(20);
  shared = 2;
  execve(argv[0], argv, environ);
  _exit(1);
}
static void until_exec(void) {
  pid_t child = vfork_into(exec_sleep);
  EQUAL(shared, 2);
  struct tine_process_info info;
  CHECK(tap_info(child, &info));
  CHECK(strcmp(info.name, "sleep") == 0);
  EQUAL(kill(child, SIGTERM), 0);
  ENDS(child, -SIGTERM);
}

static void failing_exec(void) {
  static char* argv[] = {"/bin/none", NULL};
  if (execve(argv[0], argv, environ) == -1 && errno == ENOENT) shared = 3;
  _exit(7);
}
static void exec_fails(void) {
  pid_t child = vfork_into(failing_exec);
  EQUAL(shared, 3);
  ENDS(child, 7);
}

static void die(void) { *(volatile char*)wild(8) = 1; }
static void child_dies(void) {
  pid_t child = vfork_into(die);
  ENDS(child, -SIGSEGV);
}

static pid_t parent_of_child;
static void signal_parent(void) {
  kill(parent_of_child, SIGUSR1);
  sleep_ms(20);
  if (count != 0) shared = 99; /* the handler ran while we used its memory */
  _exit(0);
}
static void handlers_wait(void) {
  parent_of_child = getpid();
  handle(SIGUSR1, note, 0);
  pid_t child = vfork_into(signal_parent);
  EQUAL(count, 1);
  EQUAL(shared, 0);
  ENDS(child, 0);
  sigset_t mask;
  EQUAL(sigprocmask(SIG_BLOCK, NULL, &mask), 0);
  EQUAL(mask, 0);
}

static void wait_long(void) {
  shared = getpid();
  sleep(1000);
  _exit(0);
}
/* The parent is killed while it waits; the child lives on in their memory. */
static void parent_is_killed(void) {
  pid_t middle = FORK();
  if (middle == 0) {
    vfork_into(wait_long);
    _exit(1);
  }
  CHECK(sleeps_for(middle, TINE_WAIT_CHILD));
  pid_t child = middle;
  struct tine_process_info info;
  while ((child = process_info(child + 1, &info)) > 0 && info.parent != middle) continue;
  CHECK(child > 0);
  CHECK(sleeps_for(child, TINE_WAIT_SLEEP));
  EQUAL(kill(middle, SIGTERM), 0); /* it has no handler, but even so: only SIGKILL is not put off */
  sleep_ms(10);
  EQUAL(waitpid(middle, NULL, WNOHANG), 0);
  EQUAL(kill(middle, SIGKILL), 0);
  ENDS(middle, -SIGKILL);
  CHECK(tap_info(child, &info));
  EQUAL(info.parent, 1);
  EQUAL(kill(child, SIGKILL), 0);
  while (tap_info(child, &info)) sleep_ms(1);
}

static volatile int* own_tid;
static uintptr_t own_tls;
static void tell_tid(void) {
  uintptr_t tp;
  asm volatile("mv %0, tp" : "=r"(tp));
  if (own_tls && tp != own_tls) _exit(2);
  _exit(!own_tid || *own_tid == getpid() ? 33 : 1);
}
static void ids(void) {
  pid_t child = (pid_t)clone_into(CLONE_PARENT_SETTID | SIGCHLD, tell_tid, &tid, 0, 0);
  EQUAL(tid, child);
  ENDS(child, 33);
  tid = 0, own_tid = &tid, own_tls = 0x12345670;
  child = (pid_t)clone_into(CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | CLONE_SETTLS | SIGCHLD,
                            tell_tid, 0, own_tls, &tid);
  ENDS(child, 33);
  EQUAL(tid, 0); /* the child's memory is a copy */
  own_tid = 0, own_tls = 0;
  const uintptr_t bad[] = {0, 1, UNMAPPED, KERNEL, ~0ul};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    child = (pid_t)clone_into(CLONE_CHILD_SETTID | CLONE_PARENT_SETTID | SIGCHLD, tell_tid,
                              wild(bad[i]), 0, wild(bad[i]));
    ENDS(child, 33);
  }
}

int main(void) {
  tap_begin("vfork");
  RUN("vfork: memory is shared, and the parent waits until the child has ended", memory_is_shared);
  RUN("vfork: the parent goes on when the child execs", until_exec);
  RUN("vfork: after a failed exec the child still has the parent's memory", exec_fails);
  RUN("vfork: a child that dies by a fault lets the parent go on", child_dies);
  RUN("vfork: the parent's handlers wait until it has its memory to itself", handlers_wait);
  RUN("vfork: only SIGKILL ends a waiting parent; the child goes to init", parent_is_killed);
  RUN("clone stores ids and sets tp where it is told to", ids);
  return tap_end();
}
