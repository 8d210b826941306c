/*
 * sigtest: what signals do, step by step, with a check of each step. Read it together with
 * signal(7): a handler and its return, the mask, pending signals and their order, a child's end, a
 * fault that is caught and survived, calls that a handler interrupts, and signals that no handler
 * can catch.
 *
 * Handlers here only store what they saw (volatile, because they run at any time); the program
 * prints it afterwards.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <tine.h>
#include <unistd.h>

static int failures;

static void check(int good, const char* what) {
  printf("  %-60s %s\n", what, good ? "ok" : "WRONG");
  failures += !good;
}

/* What the handlers saw, in order. */
enum { SEEN_MAX = 8 };
static volatile int seen[SEEN_MAX];
static volatile int seen_count;
static siginfo_t last_info;

static void note(int number, siginfo_t* info, void* context) {
  (void)context;
  if (seen_count < SEEN_MAX) seen[seen_count] = number;
  seen_count++;
  last_info = *info;
}

/* Installs a handler, and clears what was seen. While it runs, signals in `mask` are blocked. */
static void handle(int number, void (*handler)(int, siginfo_t*, void*), unsigned long flags,
                   sigset_t mask) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_sigaction = handler;
  action.sa_flags = SA_SIGINFO | flags;
  action.sa_mask = mask;
  if (sigaction(number, &action, NULL) != 0) perror("sigtest: sigaction");
  seen_count = 0;
}

static sigset_t set_of(int number) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, number);
  return set;
}

static void try_handler(void) {
  printf("A handler runs, and returns to where the program was:\n");
  handle(SIGUSR1, note, 0, 0);
  kill(getpid(), SIGUSR1);
  check(seen_count == 1 && seen[0] == SIGUSR1, "kill(self, SIGUSR1) ran it before kill returned");
  check(last_info.si_code == SI_USER && last_info.si_pid == getpid(),
        "it knows which process sent it");
  signal(SIGUSR1, SIG_IGN);
  kill(getpid(), SIGUSR1);
  check(seen_count == 1, "SIG_IGN: nothing happens");
  handle(SIGUSR1, note, SA_RESETHAND, 0);
  struct sigaction now;
  kill(getpid(), SIGUSR1);
  sigaction(SIGUSR1, NULL, &now);
  check(seen_count == 1 && now.sa_handler == SIG_DFL, "SA_RESETHAND: once, then the default again");
}

static void try_mask(void) {
  printf("A blocked signal is pending until it is unblocked:\n");
  sigset_t set = set_of(SIGUSR1), old;
  handle(SIGUSR1, note, 0, 0);
  sigprocmask(SIG_BLOCK, &set, &old);
  kill(getpid(), SIGUSR1);
  kill(getpid(), SIGUSR1);
  check(seen_count == 0, "blocked: two kills, no handler yet");
  sigprocmask(SIG_SETMASK, &old, NULL);
  check(seen_count == 1, "unblocked: it runs once, because pending is one bit");
}

static void try_order(void) {
  printf("Of several pending signals the lowest number comes first:\n");
  sigset_t everything, old;
  sigfillset(&everything); /* so that each handler ends before the next one begins */
  handle(SIGUSR1, note, 0, everything);
  handle(SIGUSR2, note, 0, everything);
  handle(SIGTERM, note, 0, everything);
  sigprocmask(SIG_SETMASK, &everything, &old);
  kill(getpid(), SIGTERM);
  kill(getpid(), SIGUSR2);
  kill(getpid(), SIGUSR1);
  sigprocmask(SIG_SETMASK, &old, NULL);
  check(seen_count == 3 && seen[0] == SIGUSR1 && seen[1] == SIGUSR2 && seen[2] == SIGTERM,
        "sent 15, 12, 10; handled 10, 12, 15");
  signal(SIGTERM, SIG_DFL);
}

static void try_child(void) {
  printf("The end of a child sends a signal:\n");
  sigset_t set = set_of(SIGCHLD), old;
  handle(SIGCHLD, note, 0, 0);
  sigprocmask(SIG_BLOCK, &set, &old);
  pid_t pid = fork();
  if (pid == 0) _exit(7);
  int status = 0;
  waitpid(pid, &status, 0);
  sigprocmask(SIG_SETMASK, &old, NULL);
  check(seen_count == 1 && last_info.si_pid == pid, "SIGCHLD names the child");
  check(last_info.si_code == CLD_EXITED && last_info.si_status == 7, "and the exit status, 7");
  signal(SIGCHLD, SIG_DFL);
}

/* The faulting instruction is 4 bytes (norvc); so pc + 4 is the next one. */
static void step_over(int number, siginfo_t* info, void* context) {
  note(number, info, context);
  ((ucontext_t*)context)->uc_mcontext.pc += 4;
}

static void load(uintptr_t address) {
  asm volatile(".option push\n .option norvc\n lb t0, 0(%0)\n .option pop" ::"r"(address)
               : "t0", "memory");
}

static void store(const void* address) {
  asm volatile(".option push\n .option norvc\n sb zero, 0(%0)\n .option pop" ::"r"(address)
               : "memory");
}

static void try_fault(void) {
  static const char constant = 1;
  printf("A fault can be caught, and survived:\n");
  handle(SIGSEGV, step_over, 0, 0);
  load(0x1234);
  printf("  reading 0x1234: SIGSEGV, si_addr %p\n", last_info.si_addr);
  check(seen_count == 1 && last_info.si_addr == (void*)0x1234,
        "si_addr is the address that was read");
  check(last_info.si_code == SEGV_MAPERR, "SEGV_MAPERR: nothing is mapped there");
  store(&constant);
  check(last_info.si_addr == &constant && last_info.si_code == SEGV_ACCERR,
        "SEGV_ACCERR: constants cannot be written");
  check(seen_count == 2, "the program continues after what failed");
  signal(SIGSEGV, SIG_DFL);
}

/* A child that sends SIGUSR1 to its parent once that sleeps for this reason. */
static pid_t interrupter(int reason) {
  pid_t parent = getpid();
  pid_t pid = fork();
  if (pid != 0) return pid;
  struct tine_process_info info;
  do {
    sched_yield();
  } while (process_info(parent, &info) == parent &&
           (info.state != TINE_SLEEPING || info.wait_reason != reason));
  kill(parent, SIGUSR1);
  _exit(0);
}

static void try_interruption(void) {
  printf("A handler interrupts a call that sleeps:\n");
  struct timespec long_time = {.tv_sec = 60, .tv_nsec = 0}, left = {.tv_sec = 0, .tv_nsec = 0};
  handle(SIGUSR1, note, 0, 0);
  pid_t pid = interrupter(TINE_WAIT_SLEEP);
  int result = nanosleep(&long_time, &left);
  check(result == -1 && errno == EINTR && left.tv_sec > 0,
        "nanosleep: EINTR, and the time that was left");
  waitpid(pid, NULL, 0);
  handle(SIGUSR1, note, SA_RESTART, 0);
  pid = interrupter(TINE_WAIT_CHILD);
  result = waitpid(pid, NULL, 0);
  check(result == pid && seen_count == 1, "waitpid with SA_RESTART: handled, then restarted");
}

static void try_pipe(void) {
  printf("Writing to a pipe without a reader:\n");
  int fds[2], status;
  if (pipe(fds) != 0) {
    perror("sigtest: pipe");
    failures++;
    return;
  }
  close(fds[0]);
  pid_t pid = fork();
  if (pid == 0) {
    write(fds[1], "x", 1);
    _exit(0);
  }
  waitpid(pid, &status, 0);
  check(WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE, "SIGPIPE ends the writer");
  signal(SIGPIPE, SIG_IGN);
  check(write(fds[1], "x", 1) == -1 && errno == EPIPE, "a writer that ignores it gets EPIPE");
  signal(SIGPIPE, SIG_DFL);
  close(fds[1]);
}

static void try_the_others(void) {
  printf("What no handler catches:\n");
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_sigaction = note;
  check(sigaction(SIGKILL, &action, NULL) == -1 && errno == EINVAL, "SIGKILL has no handler");
  int status;
  pid_t pid = fork();
  if (pid == 0) {
    raise(SIGTERM); /* the default action */
    _exit(0);
  }
  waitpid(pid, &status, 0);
  check(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM, "the default of SIGTERM is to die");
}

int main(void) {
  try_handler();
  try_mask();
  try_order();
  try_child();
  try_fault();
  try_interruption();
  try_pipe();
  try_the_others();
  printf("sigtest: %s\n", failures == 0 ? "PASS" : "FAIL");
  return failures == 0 ? 0 : 1;
}
