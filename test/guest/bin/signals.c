/* Signals: actions, mask, delivery, faults; across fork and exec; children's ends. */
#include "signals.h"

static siginfo_t seen;
static uint64_t mask_inside;

static void note_info(int number, siginfo_t* info, void* context) {
  (void)context;
  seen = *info;
  sigprocmask(SIG_BLOCK, NULL, &mask_inside);
  order[count++] = number;
}

static void handle_info(int number, unsigned long flags, sigset_t mask) {
  struct sigaction action = {.sa_sigaction = note_info, .sa_flags = flags | SA_SIGINFO};
  action.sa_mask = mask;
  EQUAL(sigaction(number, &action, NULL), 0);
}
/* ---- sigaction ---- */

static void either_pointer_null(void) {
  struct sigaction action = {.sa_handler = note, .sa_flags = SA_RESTART, .sa_mask = 0x50}, old;
  EQUAL(sigaction(SIGUSR1, NULL, NULL), 0);
  EQUAL(sigaction(SIGUSR1, NULL, &old), 0);
  CHECK(old.sa_handler == SIG_DFL && old.sa_flags == 0 && old.sa_mask == 0);
  EQUAL(sigaction(SIGUSR1, &action, NULL), 0);
  action.sa_handler = SIG_IGN, action.sa_mask = 0;
  EQUAL(sigaction(SIGUSR1, &action, &old), 0);
  CHECK(old.sa_handler == note && old.sa_flags == SA_RESTART && old.sa_mask == 0x50);
  EQUAL(sigaction(SIGUSR1, NULL, &old), 0);
  CHECK(old.sa_handler == SIG_IGN && old.sa_mask == 0);
}

static void bad_arguments(void) {
  struct sigaction action = {.sa_handler = note}, old;
  static const uint64_t constant = 1;
  for (int number = -1; number <= 65; number++) {
    if (number == SIGKILL || number == SIGSTOP || number < 1 || number > TINE_NSIG) {
      ERROR(sigaction(number, &action, NULL), EINVAL);
    } else {
      EQUAL(sigaction(number, &action, NULL), 0);
    }
  }
  EQUAL(sigaction(SIGKILL, NULL, &old), 0);
  /* What is wrong with the signal comes before what is wrong with `old`, and tells nothing. */
  ERROR(sigaction(SIGKILL, &action, wild(KERNEL)), EINVAL);
  old.sa_flags = 77;
  ERROR(sigaction(SIGSTOP, &action, &old), EINVAL);
  EQUAL(old.sa_flags, 77);
  action.sa_mask = ~0ul;
  EQUAL(sigaction(SIGUSR1, &action, NULL), 0);
  EQUAL(sigaction(SIGUSR1, NULL, &old), 0);
  EQUAL(old.sa_mask, ~(set_of(SIGKILL) | set_of(SIGSTOP)));
  for (int size = 0; size <= 128; size += 4) {
    if (size == 8) continue;
    ERROR(syscall(SYS_rt_sigaction, (long)SIGUSR1, NULL, &old, (long)size), EINVAL);
    ERROR(syscall(SYS_rt_sigprocmask, (long)SIG_BLOCK, NULL, &old, (long)size), EINVAL);
  }
  const uintptr_t bad[] = {1, 0xfff, UNMAPPED, KERNEL, USER_TOP - 4, ~0ul - 3};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    ERROR(sigaction(SIGUSR1, wild(bad[i]), NULL), EFAULT);
    ERROR(sigaction(SIGUSR1, NULL, wild(bad[i])), EFAULT);
    ERROR(sigprocmask(SIG_BLOCK, wild(bad[i]), NULL), EFAULT);
    ERROR(sigprocmask(SIG_BLOCK, NULL, wild(bad[i])), EFAULT);
  }
  /* What cannot be told has not happened. */
  action.sa_handler = SIG_IGN;
  ERROR(sigaction(SIGUSR1, &action, wild((uintptr_t)&constant)), EFAULT);
  EQUAL(sigaction(SIGUSR1, NULL, &old), 0);
  CHECK(old.sa_handler == note);
  sigset_t set = ~0ul;
  ERROR(sigprocmask(SIG_BLOCK, &set, wild((uintptr_t)&constant)), EFAULT);
  EQUAL(sigprocmask(SIG_BLOCK, NULL, &set), 0);
  EQUAL(set, 0);
  ERROR(sigprocmask(3, &set, NULL), EINVAL);
  ERROR(sigprocmask(-1, &set, NULL), EINVAL);
  EQUAL(sigprocmask(77, NULL, &set), 0); /* nothing is to be done: nothing is looked at */
}

static void mask_arithmetic(void) {
  sigset_t set = 0x0f, old;
  EQUAL(sigprocmask(SIG_BLOCK, &set, &old), 0);
  EQUAL(old, 0);
  set = 0xf0;
  EQUAL(sigprocmask(SIG_BLOCK, &set, &old), 0);
  EQUAL(old, 0x0f);
  set = 0x3c;
  EQUAL(sigprocmask(SIG_UNBLOCK, &set, &old), 0);
  EQUAL(old, 0xff);
  set = ~0ul;
  EQUAL(sigprocmask(SIG_SETMASK, &set, &old), 0);
  EQUAL(old, 0xc3);
  EQUAL(sigprocmask(SIG_SETMASK, NULL, &old), 0);
  EQUAL(old, ~(set_of(SIGKILL) | set_of(SIGSTOP)));
}

/* ---- Delivery ---- */

static void handler_runs(void) {
  handle_info(SIGUSR1, 0, 0);
  EQUAL(kill(getpid(), SIGUSR1), 0);
  EQUAL(count, 1); /* before kill returns */
  EQUAL(order[0], SIGUSR1);
  EQUAL(seen.si_signo, SIGUSR1);
  EQUAL(seen.si_code, SI_USER);
  EQUAL(seen.si_pid, getpid());
  EQUAL(seen.si_errno, 0);
}

static void check_all_zero(const void* from, const void* to) {
  for (const char* at = from; at < (const char*)to; at++) {
    if (*at != 0) _exit(7);
  }
}
static void look_at_room(int number, siginfo_t* info, void* context) {
  const struct tine_ucontext* saved = context;
  const char* union_end = (const char*)info + sizeof(struct tine_siginfo);
  (void)number;
  check_all_zero(&info->si_pid + 3, union_end); /* behind pid, uid, status */
  check_all_zero(saved->mask_room, &saved->context);
  check_all_zero(saved->context.pad, saved + 1);
  count++;
}
static void no_stray_bytes(void) {
  struct sigaction action = {.sa_sigaction = look_at_room, .sa_flags = SA_SIGINFO};
  EQUAL(sigaction(SIGUSR1, &action, NULL), 0);
  EQUAL(kill(getpid(), SIGUSR1), 0);
  EQUAL(count, 1);
}

/* Each handler blocks all signals: else the next one could come in before it has noted anything, at
 * a tick of the clock. */
static void lowest_first(void) {
  struct sigaction action = {.sa_handler = note, .sa_mask = ~0ul};
  for (int number = 2; number <= 62; number += 5) EQUAL(sigaction(number, &action, NULL), 0);
  block(~0ul);
  for (int number = 62; number >= 1; number -= 5) EQUAL(kill(getpid(), number), 0);
  EQUAL(count, 0);
  block(0);
  while (count < 13) getpid();
  for (int i = 0; i < 13; i++) EQUAL(order[i], 2 + 5 * i);
}

/* On one hart the child does not run between the two calls, unless the slice ends just there. On
 * several it may take the first signal before the second one is sent. */
static void kill_before_others(void) {
  struct tine_memory_info info;
  int killed = 0;
  EQUAL(memory_info(&info), 0);
  for (int i = 0; i < 20; i++) {
    int status;
    pid_t child = FORK();
    if (child == 0) {
      for (;;) asm volatile("");
    }
    EQUAL(kill(child, SIGHUP), 0);
    EQUAL(kill(child, SIGKILL), 0);
    EQUAL(waitpid(child, &status, 0), child);
    CHECK(status == SIGHUP || status == SIGKILL);
    killed += status == SIGKILL;
  }
  if (info.harts == 1 && killed == 0) tap_fail("SIGKILL never came before SIGHUP");
}

static void once_while_pending(void) {
  handle(SIGUSR1, note, 0);
  block(set_of(SIGUSR1));
  for (int i = 0; i < 10; i++) EQUAL(kill(getpid(), SIGUSR1), 0);
  block(0);
  EQUAL(count, 1);
}

static void mask_in_handler(void) {
  handle_info(SIGUSR1, 0, set_of(SIGTERM) | set_of(SIGKILL));
  block(set_of(SIGINT));
  EQUAL(kill(getpid(), SIGUSR1), 0);
  EQUAL(mask_inside, set_of(SIGUSR1) | set_of(SIGTERM) | set_of(SIGINT));
  sigset_t after;
  EQUAL(sigprocmask(SIG_BLOCK, NULL, &after), 0);
  EQUAL(after, set_of(SIGINT));
  handle_info(SIGUSR1, SA_NODEFER, 0);
  EQUAL(kill(getpid(), SIGUSR1), 0);
  EQUAL(mask_inside, set_of(SIGINT));
}

static void reset_hand(void) {
  struct sigaction old;
  handle(SIGUSR1, note, SA_RESETHAND);
  EQUAL(kill(getpid(), SIGUSR1), 0);
  EQUAL(count, 1);
  EQUAL(sigaction(SIGUSR1, NULL, &old), 0);
  CHECK(old.sa_handler == SIG_DFL);
  pid_t child = FORK();
  if (child == 0) {
    kill(getpid(), SIGUSR1);
    _exit(0);
  }
  ENDS(child, -SIGUSR1);
}

static void ignored(void) {
  handle(SIGTERM, SIG_IGN, 0);
  EQUAL(kill(getpid(), SIGTERM), 0);
  EQUAL(kill(getpid(), SIGCHLD), 0);
  EQUAL(kill(getpid(), SIGWINCH), 0);
  /* Ignoring throws away what is pending. */
  handle(SIGUSR1, note, 0);
  block(set_of(SIGUSR1));
  EQUAL(kill(getpid(), SIGUSR1), 0);
  handle(SIGUSR1, SIG_IGN, 0);
  handle(SIGUSR1, note, 0);
  block(0);
  getpid();
  EQUAL(count, 0);
  /* An ignored signal that is blocked stays: its action may change. */
  handle(SIGUSR1, SIG_IGN, 0);
  block(set_of(SIGUSR1));
  EQUAL(kill(getpid(), SIGUSR1), 0);
  handle(SIGUSR1, note, 0);
  block(0);
  EQUAL(count, 1);
}

static void nested(int number) {
  order[count++] = number;
  if (number == SIGUSR1) kill(getpid(), SIGUSR2);
  order[count++] = -number;
}
static void handlers_nest(void) {
  handle(SIGUSR1, nested, 0);
  handle(SIGUSR2, nested, 0);
  EQUAL(kill(getpid(), SIGUSR1), 0);
  const int expected[] = {SIGUSR1, SIGUSR2, -SIGUSR2, -SIGUSR1};
  EQUAL(count, 4);
  for (int i = 0; i < 4; i++) EQUAL(order[i], expected[i]);
}

/* Every register, mask and floating point: a handler that destroys all of them is not noticed. */
static void destroy(int number) {
  (void)number;
  count++;
  asm volatile(
      "fmv.d.x fa0, zero; fmv.d.x fs0, zero; fmv.d.x ft0, zero; fmv.d.x fs11, zero; fscsr zero" ::
          : "memory");
}
static uint64_t registers_survive_once(uint64_t a, uint64_t b) {
  uint64_t result = 0, self = (uint64_t)getpid();
  register uint64_t a0 asm("a0") = self;
  register uint64_t a1 asm("a1") = SIGUSR1;
  register uint64_t a7 asm("a7") = SYS_kill;
  asm volatile(
      "mv t3, %2; mv t4, %3; mv t5, %2; mv t6, %3; mv s2, %2; mv s11, %3;"
      "fmv.d.x fa0, %2; fmv.d.x fs0, %3; fmv.d.x ft0, %2; fmv.d.x fs11, %3; li t0, 0x21; fscsr t0;"
      "ecall;"
      "xor t3, t3, %2; xor t4, t4, %3; xor t5, t5, %2; xor t6, t6, %3;"
      "xor s2, s2, %2; xor s11, s11, %3;"
      "or %0, t3, t4; or %0, %0, t5; or %0, %0, t6; or %0, %0, s2; or %0, %0, s11;"
      "fmv.x.d t3, fa0; xor t3, t3, %2; or %0, %0, t3; fmv.x.d t3, fs0; xor t3, t3, %3;"
      "or %0, %0, t3; fmv.x.d t3, ft0; xor t3, t3, %2; or %0, %0, t3;"
      "fmv.x.d t3, fs11; xor t3, t3, %3; or %0, %0, t3; frcsr t3; xori t3, t3, 0x21;"
      "or %0, %0, t3; or %0, %0, a0"
      : "=&r"(result), "+r"(a0)
      : "r"(a), "r"(b), "r"(a1), "r"(a7)
      : "t0", "t3", "t4", "t5", "t6", "s2", "s11", "memory");
  return result;
}
static void registers_survive(void) {
  handle(SIGUSR1, destroy, 0);
  for (int i = 0; i < 100; i++)
    EQUAL(registers_survive_once(0x1234567890abcdefu * (uint64_t)i, ~(uint64_t)i), 0);
  EQUAL(count, 100);
}

/* A tick may find the program anywhere: asynchronous signals from another process. */
static volatile uint64_t spins;
static void asynchronous(void) {
  handle(SIGUSR1, destroy, 0);
  pid_t self = getpid(), child = FORK();
  if (child == 0) {
    for (int i = 0; i < 200; i++) {
      kill(self, SIGUSR1);
      sched_yield();
    }
    _exit(0);
  }
  double x = 1.0;
  uint64_t sum = 0;
  int status;
  while (waitpid(child, &status, WNOHANG) == 0) {
    x = x * 1.5 / 1.5 + 1.0 - 1.0;
    for (int i = 0; i < 1000; i++) sum += (uint64_t)i;
    spins++;
  }
  EQUAL(status, 0);
  CHECK(x == 1.0);
  EQUAL(sum, spins * 499500);
  CHECK(count > 0 && count <= 200);
}

/* ---- Faults ---- */

static volatile uintptr_t fault_pc;
static void skip(int number, siginfo_t* info, void* context) {
  ucontext_t* saved = context;
  order[count++] = number;
  seen = *info;
  fault_pc = saved->uc_mcontext.pc;
  const uint16_t* instruction = (const uint16_t*)saved->uc_mcontext.pc;
  if (number == SIGSEGV && saved->uc_mcontext.pc == (uintptr_t)seen.si_addr) {
    saved->uc_mcontext.pc = saved->uc_mcontext.x[0]; /* a call: back to the caller */
  } else {
    saved->uc_mcontext.pc += (*instruction & 3) == 3 ? 4 : 2;
  }
}
static const uint64_t constant_word = 7;
static uint64_t words[4] __attribute__((aligned(64)));

static void expect_fault(int number, int code, uintptr_t address) {
  EQUAL(count, 1);
  EQUAL(order[0], number);
  EQUAL(seen.si_signo, number);
  EQUAL(seen.si_code, code);
  CHECK((uintptr_t)seen.si_addr == address);
  count = 0;
}
static void faults_are_caught(void) {
  struct sigaction action = {.sa_sigaction = skip, .sa_flags = SA_SIGINFO};
  const int all[] = {SIGSEGV, SIGBUS, SIGILL, SIGTRAP};
  for (int i = 0; i < 4; i++) EQUAL(sigaction(all[i], &action, NULL), 0);
  asm volatile("lb zero, 0(%0)" ::"r"(8ul) : "memory");
  expect_fault(SIGSEGV, SEGV_MAPERR, 8);
  asm volatile("sb zero, 0(%0)" ::"r"(UNMAPPED + 5) : "memory");
  expect_fault(SIGSEGV, SEGV_MAPERR, UNMAPPED + 5);
  asm volatile("sb zero, 0(%0)" ::"r"(&constant_word) : "memory");
  expect_fault(SIGSEGV, SEGV_ACCERR, (uintptr_t)&constant_word);
  asm volatile("lb zero, 0(%0)" ::"r"(KERNEL) : "memory");
  expect_fault(SIGSEGV, SEGV_MAPERR, KERNEL);
  asm volatile("jalr %0" ::"r"(UNMAPPED + 64) : "ra", "memory");
  expect_fault(SIGSEGV, SEGV_MAPERR, UNMAPPED + 64);
  asm volatile("jalr %0" ::"r"(words) : "ra", "memory");
  expect_fault(SIGSEGV, SEGV_ACCERR, (uintptr_t)words);
  asm volatile("lr.d t0, (%0)" ::"r"((uintptr_t)words + 4) : "t0", "memory");
  expect_fault(SIGBUS, BUS_ADRALN, (uintptr_t)words + 4);
  asm volatile(".word 0xffffffff" ::: "memory");
  EQUAL(seen.si_code, ILL_ILLOPC);
  expect_fault(SIGILL, ILL_ILLOPC, fault_pc);
  asm volatile("ebreak" ::: "memory");
  expect_fault(SIGTRAP, TRAP_BRKPT, fault_pc);
}

static void fault_while_blocked(void) {
  handle(SIGSEGV, note, 0);
  pid_t child = FORK();
  if (child == 0) {
    block(set_of(SIGSEGV));
    *(volatile char*)wild(8) = 0;
    _exit(0);
  }
  ENDS(child, -SIGSEGV);
  child = FORK();
  if (child == 0) {
    handle(SIGSEGV, SIG_IGN, 0);
    *(volatile char*)wild(8) = 0;
    _exit(0);
  }
  ENDS(child, -SIGSEGV);
}

static void no_stack(void) {
  handle(SIGUSR1, note, 0);
  handle(SIGSEGV, note, 0);
  const uintptr_t stacks[] = {
      0, 8, UNMAPPED, KERNEL, 0xfffffffffffffff0ul, (uintptr_t)&constant_word};
  for (size_t i = 0; i < sizeof stacks / sizeof stacks[0]; i++) {
    pid_t child = FORK();
    if (child == 0) {
      register long a0 asm("a0") = getpid();
      register long a1 asm("a1") = SIGUSR1;
      register long a7 asm("a7") = SYS_kill;
      asm volatile("mv sp, %0; ecall; unimp" ::"r"(stacks[i]), "r"(a0), "r"(a1), "r"(a7));
      _exit(0);
    }
    ENDS(child, -SIGSEGV);
  }
}

/* A program that makes no calls is interrupted where it runs, and does not go on until its tick. By
 * chance a third of the signals would come as soon, where ticks are slow: ten a second. A busy host
 * may hold up a hart as long, so the count is taken again then. */
static int meeting[2];
static void meet(int number) {
  uint64_t now = now_ns();
  (void)number;
  if (write(meeting[1], &now, sizeof now) != sizeof now) _exit(1);
}
static int signals_soon(pid_t child, int rounds) {
  enum { SOON = 30000000 };
  uint64_t came;
  int soon = 0;
  for (int round = 0; round < rounds; round++) {
    sleep_ms(3);
    uint64_t start = now_ns();
    EQUAL(kill(child, SIGUSR1), 0);
    EQUAL(read(meeting[0], &came, sizeof came), sizeof came);
    soon += came - start < SOON;
  }
  return soon;
}
static void at_once(void) {
  enum { ROUNDS = 20, ENOUGH = 15 };
  EQUAL(pipe(meeting), 0);
  pid_t child = FORK();
  if (child == 0) {
    handle(SIGUSR1, meet, 0);
    meet(0);
    for (;;) continue;
  }
  uint64_t came;
  EQUAL(read(meeting[0], &came, sizeof came), sizeof came);
  int soon = 0;
  for (int tries = 0; tries < 10 && soon < ENOUGH; tries++) soon = signals_soon(child, ROUNDS);
  EQUAL(kill(child, SIGKILL), 0);
  ENDS(child, -SIGKILL);
  if (soon < ENOUGH)
    tap_fail("only %d of %d signals came before 30 ms, again and again", soon, ROUNDS);
}

/* ---- fork and exec ---- */

static void across_fork(void) {
  handle(SIGUSR1, note, 0);
  handle(SIGTERM, SIG_IGN, 0);
  block(set_of(SIGUSR1) | set_of(SIGUSR2));
  EQUAL(kill(getpid(), SIGUSR1), 0);
  pid_t child = FORK();
  if (child == 0) {
    struct sigaction action;
    sigset_t mask;
    EQUAL(sigaction(SIGTERM, NULL, &action), 0);
    CHECK(action.sa_handler == SIG_IGN);
    EQUAL(sigaction(SIGUSR1, NULL, &action), 0);
    CHECK(action.sa_handler == note);
    EQUAL(sigprocmask(SIG_BLOCK, NULL, &mask), 0);
    EQUAL(mask, set_of(SIGUSR1) | set_of(SIGUSR2));
    block(0);
    EQUAL(count, 0);             /* the parent's pending signal is the parent's */
    handle(SIGUSR1, SIG_DFL, 0); /* and an action set here is the child's */
    _exit(7);
  }
  ENDS(child, 7);
  EQUAL(count, 0);
  block(0);
  EQUAL(count, 1);
}

/* Signals that rain on a process while it forks: the handler's count in the parent is that of
 * those sent and not merged, and the child gets none. */
static void rain(pid_t target, int drops) {
  for (int i = 0; i < drops; i++) kill(target, SIGUSR1);
  _exit(0);
}
static void during_fork(void) {
  handle(SIGUSR1, note, SA_RESTART);
  pid_t self = getpid();
  for (int round = 0; round < 40; round++) {
    count = 0;
    block(set_of(SIGUSR1));
    pid_t cloud = FORK();
    if (cloud == 0) rain(self, 1);
    pid_t child = FORK();
    if (child == 0) {
      block(0);
      getpid();
      _exit(count);
    }
    ENDS(child, 0);
    ENDS(cloud, 0);
    EQUAL(count, 0);
    block(0);
    EQUAL(count, 1);
  }
}

/* Handlers run while the process forks: the call is made again, and is never EINTR. */
static volatile int caught;
static void count_caught(int number) {
  (void)number;
  caught++;
}
static void caught_during_fork(void) {
  enum { ROUNDS = 100 };
  handle(SIGUSR1, count_caught, SA_RESTART);
  handle(SIGUSR2, count_caught, 0);
  caught = 0;
  pid_t self = getpid(), cloud = FORK();
  if (cloud == 0) {
    uint64_t random = 1;
    for (int i = 0;; i++) {
      kill(self, i % 2 ? SIGUSR1 : SIGUSR2);
      pause_a_little(&random);
    }
  }
  for (int round = 0; round < ROUNDS || caught < ROUNDS; round++) {
    pid_t child = FORK(), ended;
    if (child == 0) _exit(0);
    int status = -1;
    while ((ended = waitpid(child, &status, 0)) < 0) CHECK(errno == EINTR);
    EQUAL(ended, child);
    EQUAL(status, 0);
  }
  EQUAL(kill(cloud, SIGKILL), 0);
  int status;
  while (waitpid(cloud, &status, 0) < 0) CHECK(errno == EINTR);
}

static void across_exec(void) {
  pid_t child = FORK();
  if (child == 0) {
    handle(SIGUSR1, note, 0);
    handle(SIGTERM, SIG_IGN, 0);
    block(set_of(SIGUSR2) | set_of(SIGINT));
    kill(getpid(), SIGINT);
    char* argv[] = {"/test/signals", "after-exec", NULL};
    execve(argv[0], argv, NULL);
    _exit(1);
  }
  ENDS(child, -SIGINT); /* pending since before the exec, unblocked by the new program */
}
static int after_exec(void) {
  struct sigaction action;
  sigset_t mask;
  if (sigaction(SIGUSR1, NULL, &action) != 0 || action.sa_handler != SIG_DFL) return 2;
  if (action.sa_flags != 0 || action.sa_mask != 0) return 3;
  if (sigaction(SIGTERM, NULL, &action) != 0 || action.sa_handler != SIG_IGN) return 4;
  if (sigprocmask(SIG_BLOCK, NULL, &mask) != 0) return 5;
  if (mask != (set_of(SIGUSR2) | set_of(SIGINT))) return 6;
  block(0);
  return 7;
}

/* A signal in the middle of exec, at one moment after another. */
static void during_exec(int signal, sigset_t blocked, char* program, char* argument) {
  for (int round = 0; round < 30; round++) {
    pid_t child = FORK();
    if (child == 0) {
      block(blocked);
      char* argv[] = {program, argument, NULL};
      execve(argv[0], argv, NULL);
      _exit(1);
    }
    for (int i = 0; i < round; i++) sched_yield();
    EQUAL(kill(child, signal), 0);
    ENDS(child, -signal);
  }
}
static void kill_during_exec(void) { during_exec(SIGTERM, 0, "/bin/sleep", "100"); }
/* One that is blocked: the new program finds it pending. */
static void blocked_during_exec(void) {
  during_exec(SIGUSR2, set_of(SIGUSR2), "/test/signals", "unblock");
}
static int unblock_and_wait(void) {
  block(0);
  while (sleep(100) == 0) continue;
  return 1;
}

/* ---- SIGCHLD ---- */

static void child_signal(void) {
  handle_info(SIGCHLD, SA_RESTART, 0);
  pid_t child = FORK();
  if (child == 0) _exit(33);
  ENDS(child, 33);
  while (count < 1) getpid();
  EQUAL(seen.si_code, CLD_EXITED);
  EQUAL(seen.si_pid, child);
  EQUAL(seen.si_status, 33);
  child = FORK();
  if (child == 0) kill(getpid(), SIGTERM), _exit(0);
  ENDS(child, -SIGTERM);
  while (count < 2) getpid();
  EQUAL(seen.si_code, CLD_KILLED);
  EQUAL(seen.si_pid, child);
  EQUAL(seen.si_status, SIGTERM);
  /* clone with another signal, or with none */
  handle(SIGUSR2, note, SA_RESTART);
  long other = syscall(SYS_clone, (long)SIGUSR2, 0l);
  if (other == 0) _exit(1);
  ENDS((pid_t)other, 1);
  while (count < 3) getpid();
  EQUAL(order[2], SIGUSR2);
  other = syscall(SYS_clone, 0l, 0l);
  if (other == 0) _exit(2);
  ENDS((pid_t)other, 2);
  EQUAL(count, 3);
  ERROR(syscall(SYS_clone, 65l, 0l), EINVAL);
}

/* A signal that two programs agreed on ends with the first exec of either: the new program would
 * get it from somebody who may not even send it one. */
static void exit_signal_and_exec(void) {
  handle(SIGUSR2, note, SA_RESTART);
  handle(SIGCHLD, note, SA_RESTART);
  long child = syscall(SYS_clone, (long)SIGUSR2, 0l);
  if (child == 0) {
    char* argv[] = {"/test/signals", "end", NULL};
    execve(argv[0], argv, NULL);
    _exit(1);
  }
  ENDS((pid_t)child, 0);
  while (count < 1) getpid();
  EQUAL(order[0], SIGCHLD);
  pid_t parent = FORK();
  if (parent == 0) {
    int ends[2];
    char byte;
    if (pipe2(ends, O_CLOEXEC) != 0) _exit(1);
    if (syscall(SYS_clone, (long)SIGKILL, 0l) == 0) {
      close(ends[1]);
      _exit(read(ends[0], &byte, 1) == 0 ? 3 : 4); /* when exec has closed the other end */
    }
    char* argv[] = {"/test/signals", "wait", NULL};
    execve(argv[0], argv, NULL);
    _exit(1);
  }
  ENDS(parent, 3); /* what it waited for, and not by SIGKILL */
}
static int wait_for_heir(void) {
  int status;
  return waitpid(-1, &status, 0) > 0 ? status >> 8 : 1;
}

static void no_zombies(void) {
  for (int way = 0; way < 2; way++) {
    if (way == 0) {
      handle(SIGCHLD, SIG_IGN, 0);
    } else {
      handle(SIGCHLD, note, SA_NOCLDWAIT | SA_RESTART);
    }
    pid_t child = FORK();
    if (child == 0) _exit(5);
    ERROR(waitpid(child, NULL, 0), ECHILD);
    child = FORK();
    if (child == 0) {
      sleep_ms(20);
      _exit(5);
    }
    ERROR(waitpid(-1, NULL, 0), ECHILD); /* sleeps until the last one has gone */
  }
}

int main(int argc, char** argv) {
  if (argc > 1 && strcmp(argv[1], "after-exec") == 0) return after_exec();
  if (argc > 1 && strcmp(argv[1], "end") == 0) return 0;
  if (argc > 1 && strcmp(argv[1], "unblock") == 0) return unblock_and_wait();
  if (argc > 1 && strcmp(argv[1], "wait") == 0) return wait_for_heir();
  tap_begin("signals");
  RUN("sigaction takes either pointer null", either_pointer_null);
  RUN("sigaction and sigprocmask refuse bad arguments and change nothing then", bad_arguments);
  RUN("sigprocmask blocks, unblocks and sets; SIGKILL and SIGSTOP stay out", mask_arithmetic);
  RUN("a handler runs before kill returns, and is told who sent", handler_runs);
  RUN("nothing of the kernel's stands in the free room of a signal frame", no_stray_bytes);
  RUN("of several pending signals the lowest comes first", lowest_first);
  RUN("... but SIGKILL before all others", kill_before_others);
  RUN("a signal that is pending already is not counted twice", once_while_pending);
  RUN("the mask in a handler is the old one, sa_mask and the signal itself", mask_in_handler);
  RUN("SA_RESETHAND: the second time it is the default action", reset_hand);
  RUN("ignored signals do nothing", ignored);
  RUN("handlers nest", handlers_nest);
  RUN("a handler changes no register of the program", registers_survive);
  RUN("signals from another process, at any instruction, change nothing", asynchronous);
  RUN("faults are caught with si_code and si_addr, and can be stepped over", faults_are_caught);
  RUN("a fault whose signal is blocked or ignored ends the process", fault_while_blocked);
  RUN("without room for the frame the process ends by SIGSEGV", no_stack);
  RUN("a running program is interrupted at once", at_once);
  RUN("fork: actions and mask are copied, pending signals are not", across_fork);
  RUN("a signal during fork comes once, to the parent", during_fork);
  RUN("handlers run during fork, which is made again", caught_during_fork);
  RUN("exec: handlers go, what is ignored, blocked or pending stays", across_exec);
  RUN("SIGTERM during exec ends the process, whichever program it is", kill_during_exec);
  RUN("a blocked signal during exec is the new program's", blocked_during_exec);
  RUN("SIGCHLD says which child and how it ended", child_signal);
  RUN("exec ends what was agreed on about the end", exit_signal_and_exec);
  RUN("who ignores SIGCHLD leaves no zombies", no_zombies);
  return tap_end();
}
