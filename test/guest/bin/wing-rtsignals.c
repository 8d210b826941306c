/* The wing `rtsignals`: the alternate stack, and rt_sigtimedwait. */
#include "clone.h"
#include "tap.h"

typedef struct tine_stack stack;

static char other[16384] __attribute__((aligned(16)));
static const stack on_other = {(uintptr_t)other, 0, 0, sizeof other};
static const stack none = {0, SS_DISABLE, 0, 0};

static long altstack(const stack* fresh, stack* old) {
  return syscall(SYS_sigaltstack, fresh, old);
}

static int is(const stack* a, uintptr_t sp, int flags, uint64_t size) {
  return a->sp == sp && a->flags == flags && a->size == size;
}

static stack told(void) {
  stack now;
  EQUAL(altstack(NULL, &now), 0);
  return now;
}

/* ---- The call ---- */

static void set_and_told(void) {
  stack old = told();
  CHECK(is(&old, 0, SS_DISABLE, 0));
  EQUAL(altstack(&on_other, &old), 0);
  CHECK(is(&old, 0, SS_DISABLE, 0));
  old = told();
  CHECK(is(&old, on_other.sp, 0, sizeof other));
  stack odd = {8, SS_ONSTACK, 0, TINE_MINSIGSTKSZ}; /* nobody asks whether there is memory */
  EQUAL(altstack(&odd, &old), 0);
  CHECK(is(&old, on_other.sp, 0, sizeof other));
  odd.flags = (int)SS_AUTODISARM;
  EQUAL(altstack(&odd, NULL), 0);
  old = told();
  CHECK(is(&old, 8, (int)SS_AUTODISARM, TINE_MINSIGSTKSZ));
  stack off = {8, SS_DISABLE, 0, 3};
  EQUAL(altstack(&off, NULL), 0);
  old = told();
  CHECK(is(&old, 0, SS_DISABLE, 0));
}

static void refused(void) {
  stack bad = on_other, now;
  EQUAL(altstack(&on_other, NULL), 0);
  bad.flags = 3;
  ERROR(altstack(&bad, NULL), EINVAL);
  bad.flags = 4;
  ERROR(altstack(&bad, NULL), EINVAL);
  bad.flags = SS_ONSTACK | SS_DISABLE | (int)SS_AUTODISARM;
  ERROR(altstack(&bad, NULL), EINVAL);
  bad.flags = 0;
  bad.size = TINE_MINSIGSTKSZ - 1;
  ERROR(altstack(&bad, NULL), ENOMEM);
  bad.size = 0;
  ERROR(altstack(&bad, NULL), ENOMEM);
  ERROR(altstack(wild(8), NULL), EFAULT);
  ERROR(altstack(wild(KERNEL), NULL), EFAULT);
  now = told();
  CHECK(is(&now, on_other.sp, 0, sizeof other)); /* nothing of that has changed it */
  ERROR(altstack(NULL, wild(8)), EFAULT);
  ERROR(altstack(&none, wild(KERNEL)), EFAULT);
  now = told();
  CHECK(is(&now, 0, SS_DISABLE, 0)); /* as on Linux: the change comes first */
}

/* ---- Handlers ---- */

static volatile int depth, deepest;
static volatile uintptr_t seen_sp[8];
static stack seen_stack, seen_now;
static long seen_error;
static int try_none = 1;

static void look(int number, siginfo_t* info, void* context) {
  (void)info;
  int level = depth++;
  if (depth > deepest) deepest = depth;
  seen_sp[level] = (uintptr_t)__builtin_frame_address(0);
  if (level == 0) {
    seen_stack = ((ucontext_t*)context)->stack;
    altstack(NULL, &seen_now);
    errno = 0;
    if (try_none) seen_error = altstack(&none, NULL) == 0 ? 0 : errno;
  }
  if (number == SIGUSR1 && level < 3) raise(SIGUSR2);
  depth--;
}

static void handle(int number, unsigned long flags) {
  struct sigaction action = {.sa_sigaction = look, .sa_flags = flags | SA_SIGINFO};
  EQUAL(sigaction(number, &action, NULL), 0);
}

static int is_on_other(uintptr_t sp) {
  return sp > on_other.sp && sp <= on_other.sp + sizeof other;
}

static void runs_on_it(void) {
  handle(SIGUSR1, SA_ONSTACK);
  handle(SIGUSR2, SA_ONSTACK);
  EQUAL(raise(SIGUSR1), 0);
  CHECK(!is_on_other(seen_sp[0])); /* there is none */
  CHECK(is(&seen_stack, 0, SS_DISABLE, 0) && is(&seen_now, 0, SS_DISABLE, 0));
  EQUAL(altstack(&on_other, NULL), 0);
  EQUAL(raise(SIGUSR1), 0);
  EQUAL(deepest, 2);
  CHECK(is_on_other(seen_sp[0]) && seen_sp[0] > on_other.sp + sizeof other - 2048);
  CHECK(is_on_other(seen_sp[1]) && seen_sp[1] < seen_sp[0] - 1088); /* below, not over it */
  CHECK(is(&seen_stack, on_other.sp, 0, sizeof other));
  CHECK(is(&seen_now, on_other.sp, SS_ONSTACK, sizeof other));
  EQUAL(seen_error, EPERM);
  stack now = told();
  CHECK(is(&now, on_other.sp, 0, sizeof other));
  handle(SIGUSR1, 0); /* who does not ask for it stays where it is */
  try_none = 0;
  EQUAL(raise(SIGUSR1), 0);
  CHECK(!is_on_other(seen_sp[0]) && is_on_other(seen_sp[1]));
}

static void disarmed(void) {
  stack armed = on_other;
  armed.flags = (int)SS_AUTODISARM;
  handle(SIGUSR1, SA_ONSTACK);
  handle(SIGUSR2, SA_ONSTACK);
  EQUAL(altstack(&armed, NULL), 0);
  EQUAL(raise(SIGUSR1), 0);
  CHECK(is_on_other(seen_sp[0]) && is_on_other(seen_sp[1])); /* the second stays below the first */
  CHECK(seen_sp[1] < seen_sp[0]);
  CHECK(is(&seen_stack, on_other.sp, (int)SS_AUTODISARM, sizeof other));
  CHECK(is(&seen_now, 0, SS_DISABLE, 0));
  EQUAL(seen_error, 0);
  stack now = told();
  CHECK(is(&now, on_other.sp, (int)SS_AUTODISARM, sizeof other)); /* rt_sigreturn has put it back */
}

/* A frame's word for the stack is checked like the call's. */
static void change_frame(int number, siginfo_t* info, void* context) {
  (void)number, (void)info;
  stack* saved = &((ucontext_t*)context)->stack;
  saved->size = depth == 0 ? 5 : 4096;
  saved->flags = depth == 1 ? 7 : 0;
  saved->sp = 4096;
}
static void frames_are_checked(void) {
  struct sigaction action = {.sa_sigaction = change_frame, .sa_flags = SA_SIGINFO};
  sigaction(SIGUSR1, &action, NULL);
  for (depth = 0; depth < 3; depth++) {
    EQUAL(altstack(&on_other, NULL), 0);
    EQUAL(raise(SIGUSR1), 0);
    stack now = told();
    CHECK(depth == 2 ? is(&now, 4096, 0, 4096) : is(&now, on_other.sp, 0, sizeof other));
  }
}

static int overflow(int n) {
  volatile char much[1024];
  much[0] = (char)n;
  return n == -1 ? 0 : overflow(n + 1) + much[0];
}

static uintptr_t fault_address, fault_sp;
static void on_overflow(int number, siginfo_t* info, void* context) {
  (void)number;
  fault_address = (uintptr_t)info->si_addr;
  fault_sp = ((ucontext_t*)context)->context.x[1];
  _exit(is_on_other((uintptr_t)&number) && fault_address + 65536 > fault_sp &&
                fault_address < fault_sp + 65536
            ? 7
            : 1);
}

static void stack_overflow(void) {
  struct sigaction action = {.sa_sigaction = on_overflow, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  sigaction(SIGSEGV, &action, NULL);
  pid_t child = FORK();
  if (child == 0) _exit(overflow(0)); /* without: there is no room for a frame */
  ENDS(child, -SIGSEGV);
  EQUAL(altstack(&on_other, NULL), 0);
  child = FORK();
  if (child == 0) _exit(overflow(0));
  ENDS(child, 7);
}

/* It comes back to the place where the stack was full, which is mended meanwhile. */
static sigset_t mask_in_handler;
static char* page;
static void mend(int number, siginfo_t* info, void* context) {
  (void)number, (void)context;
  sigprocmask(SIG_BLOCK, NULL, &mask_in_handler);
  mmap((void*)((uintptr_t)info->si_addr & ~4095ul), 4096, PROT_READ | PROT_WRITE,
       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}
static void returns(void) {
  struct sigaction action = {.sa_sigaction = mend, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  sigaction(SIGSEGV, &action, NULL);
  EQUAL(altstack(&on_other, NULL), 0);
  page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  *(volatile char*)page = 5;
  EQUAL(page[0], 5);
  EQUAL(mask_in_handler, 1ul << (SIGSEGV - 1));
}

/* Signals that nest until the other stack is full: that is the end, and not another's memory. */
static char* small_area;
static void nest(int number) {
  (void)number;
  raise(SIGUSR1);
}
static void overflow_of_the_other(void) {
  small_area = mmap(NULL, 4 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  memset(small_area, 'x', 8192);
  pid_t child = FORK();
  if (child == 0) {
    struct sigaction action = {.sa_handler = nest, .sa_flags = SA_ONSTACK | SA_NODEFER};
    stack small = {(uintptr_t)small_area + 8192, 0, 0, 8192};
    sigaction(SIGUSR1, &action, NULL);
    altstack(&small, NULL);
    raise(SIGUSR1);
    _exit(0);
  }
  ENDS(child, -SIGSEGV);
}

/* Another signal finds no stack for its frame: that is a SIGSEGV, whose handler has one. The other
 * signal's mask is not in force there. */
static void no_frame(int number, siginfo_t* info, void* context) {
  sigset_t before = ((ucontext_t*)context)->mask;
  (void)number;
  _exit(is_on_other((uintptr_t)&number) && info->si_code == SI_KERNEL && before == 0 ? 7 : 1);
}
static void no_room_for_another(void) {
  struct sigaction action = {.sa_sigaction = no_frame, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  sigaction(SIGSEGV, &action, NULL);
  struct sigaction plain = {.sa_handler = nest, .sa_mask = ~0ul};
  sigaction(SIGUSR1, &plain, NULL);
  EQUAL(altstack(&on_other, NULL), 0);
  pid_t child = FORK();
  if (child == 0) {
    register long a0 asm("a0") = getpid();
    register long a1 asm("a1") = SIGUSR1;
    register long a7 asm("a7") = SYS_kill;
    asm volatile("li sp, 64; ecall; unimp" ::"r"(a0), "r"(a1), "r"(a7));
  }
  ENDS(child, 7);
}

/* ---- Inheritance ---- */

static volatile int verdict;
static void look_and_exit(void) {
  stack now;
  altstack(NULL, &now);
  _exit(now.flags & SS_DISABLE ? 1 : 2);
}

static void inherited(void) {
  static char* argv[] = {"wing-rtsignals", "--told", NULL};
  EQUAL(altstack(&on_other, NULL), 0);
  pid_t child = FORK();
  if (child == 0) look_and_exit();
  ENDS(child, 2);
  ENDS(vfork_into(look_and_exit), 2);
  ENDS((pid_t)clone_into(CLONE_VM | SIGCHLD, look_and_exit, 0, 0, 0), 1);
  child = FORK();
  if (child == 0) execve("/test/wing-rtsignals", argv, NULL);
  ENDS(child, 1);
}

/* ---- rt_sigtimedwait ---- */

#define BIT(number) (1ul << ((number) - 1))

static long timedwait(uint64_t set, siginfo_t* info, long ms) {
  struct timespec time = {ms / 1000, ms % 1000 * 1000000};
  return syscall(SYS_rt_sigtimedwait, &set, info, ms < 0 ? NULL : &time, 8);
}

static void block(uint64_t set) { EQUAL(sigprocmask(SIG_SETMASK, &set, NULL), 0); }

static void takes_pending(void) {
  siginfo_t info;
  block(BIT(SIGUSR1) | BIT(SIGUSR2) | BIT(40));
  kill(getpid(), SIGUSR2);
  kill(getpid(), SIGUSR1);
  kill(getpid(), 40);
  EQUAL(timedwait(BIT(SIGUSR2) | BIT(40), &info, 0), SIGUSR2);
  EQUAL(info.si_signo, SIGUSR2);
  EQUAL(info.si_code, SI_USER);
  EQUAL(info.si_pid, getpid());
  EQUAL(timedwait(~0ul, NULL, -1), SIGUSR1);
  EQUAL(timedwait(BIT(40), &info, 0), 40);
  ERROR(timedwait(~0ul, &info, 0), EAGAIN);
  block(0); /* and none of them is left to end us */
}

static void times_out(void) {
  uint64_t start = now_ns();
  block(BIT(SIGUSR1));
  ERROR(timedwait(BIT(SIGUSR1), NULL, 30), EAGAIN);
  CHECK(now_ns() - start >= 30000000u);
  uint64_t mask;
  sigprocmask(SIG_BLOCK, NULL, &mask);
  EQUAL(mask, BIT(SIGUSR1)); /* as before */
}

static pid_t sender(int number) {
  pid_t self = getpid(), child = FORK();
  if (child == 0) {
    _exit(sleeps_for(self, TINE_WAIT_SLEEP) && kill(self, number) == 0 ? 0 : 1);
  }
  return child;
}

static void waits(void) {
  siginfo_t info;
  block(BIT(SIGUSR1));
  pid_t child = sender(SIGUSR1);
  EQUAL(timedwait(BIT(SIGUSR1), &info, -1), SIGUSR1);
  EQUAL(info.si_pid, child);
  ENDS(child, 0);
  block(0);
  /* SIGCHLD is ignored by default, but not while somebody waits for it. */
  block(BIT(SIGCHLD));
  child = FORK();
  if (child == 0) _exit(sleeps_for(getppid(), TINE_WAIT_SLEEP) ? 3 : 1);
  EQUAL(timedwait(BIT(SIGCHLD), &info, 10000), SIGCHLD);
  EQUAL(info.si_code, CLD_EXITED);
  EQUAL(info.si_pid, child);
  EQUAL(info.si_status, 3);
  ENDS(child, 3);
}

static void interrupted(void) {
  block(BIT(SIGUSR2));
  handle(SIGUSR1, SA_RESTART);
  pid_t child = sender(SIGUSR1);
  deepest = 0;
  ERROR(timedwait(BIT(SIGUSR2), NULL, 10000), EINTR);
  CHECK(deepest >= 1);
  ENDS(child, 0);
  child = FORK();
  if (child == 0) {
    timedwait(~0ul, NULL, -1); /* never SIGKILL */
    _exit(0);
  }
  CHECK(sleeps_for(child, TINE_WAIT_SLEEP));
  kill(child, SIGKILL);
  ENDS(child, -SIGKILL);
}

static void timedwait_refused(void) {
  uint64_t set = BIT(SIGUSR1);
  struct timespec bad = {0, 1000000000};
  siginfo_t info;
  ERROR(syscall(SYS_rt_sigtimedwait, &set, NULL, NULL, 4), EINVAL);
  ERROR(syscall(SYS_rt_sigtimedwait, wild(8), NULL, NULL, 8), EFAULT);
  ERROR(syscall(SYS_rt_sigtimedwait, &set, NULL, &bad, 8), EINVAL);
  ERROR(syscall(SYS_rt_sigtimedwait, &set, NULL, wild(KERNEL), 8), EFAULT);
  block(set);
  kill(getpid(), SIGUSR1);
  ERROR(syscall(SYS_rt_sigtimedwait, &set, wild(8), NULL, 8), EFAULT);
  EQUAL(timedwait(set, &info, 0), SIGUSR1); /* a bad address has not cost the signal */
  block(0);
}

int main(int argc, char** argv) {
  if (argc == 2 && strcmp(argv[1], "--told") == 0) look_and_exit();
  tap_begin("wing-rtsignals");
  RUN("sigaltstack: what is set is told", set_and_told);
  RUN("sigaltstack: bad flags, too little room and bad pointers are refused", refused);
  RUN("handlers that ask for it run on the alternate stack, nested ones below", runs_on_it);
  RUN("SS_AUTODISARM: none while a handler runs, and back afterwards", disarmed);
  RUN("rt_sigreturn puts a stack back if the call would take it", frames_are_checked);
  RUN("a stack overflow has its handler, on the alternate stack", stack_overflow);
  RUN("such a handler returns to where the fault was", returns);
  RUN("when the alternate stack is full, that is the end", overflow_of_the_other);
  RUN("no room for one signal's frame is a SIGSEGV on the alternate stack", no_room_for_another);
  RUN("fork and vfork hand it on; clone with CLONE_VM alone, and exec, do not", inherited);
  RUN("rt_sigtimedwait takes what is pending, the lowest first", takes_pending);
  RUN("rt_sigtimedwait times out", times_out);
  RUN("rt_sigtimedwait waits, for ignored ones, too", waits);
  RUN("rt_sigtimedwait is interrupted by others", interrupted);
  RUN("rt_sigtimedwait: bad arguments are refused, and cost no signal", timedwait_refused);
  return tap_end();
}
