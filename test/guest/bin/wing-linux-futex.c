/* The wing `linux`: futex between processes, by private and by shared memory. */
#include "clone.h"
#include "signals.h"

enum {
  WAIT = 0,
  WAKE = 1,
  REQUEUE = 3,
  CMP_REQUEUE = 4,
  WAIT_BITSET = 9,
  WAKE_BITSET = 10,
  PRIVATE = 128
};

static volatile uint32_t word;
static volatile uint32_t* shared;

static long futex(volatile uint32_t* at, int operation, uint32_t value, struct timespec* time,
                  uint32_t bits) {
  return syscall(SYS_futex, at, operation, value, time, NULL, bits);
}
static int has_shared_memory(void) {
  void* at = mmap(NULL, (size_t)PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  return at != MAP_FAILED && munmap(at, (size_t)PAGE) == 0;
}
static void map_shared(void) {
  shared = mmap(NULL, (size_t)PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  CHECK(shared != MAP_FAILED);
}

/* Children that wait for a word and end with 0 when they are woken. */
static pid_t start_waiter(volatile uint32_t* at, int operation, uint32_t bits) {
  pid_t child = FORK();
  if (child == 0) _exit(futex(at, operation, 0, NULL, bits) != 0);
  CHECK(sleeps_for(child, TINE_WAIT_SLEEP));
  return child;
}

static void counts(void) {
  map_shared();
  pid_t first = start_waiter(shared, WAIT, 0), second = start_waiter(shared, WAIT, 0);
  pid_t third = start_waiter(shared, WAIT, 0);
  EQUAL(futex(shared + 1, WAKE, 9, NULL, 0), 0);
  EQUAL(futex(&word, WAKE, 9, NULL, 0), 0);
  EQUAL(futex(shared, WAKE, 0, NULL, 0), 0);
  EQUAL(futex(shared, WAKE, 1, NULL, 0), 1);
  ENDS(first, 0);
  EQUAL(futex(shared, WAKE, 9, NULL, 0), 2);
  ENDS(second, 0);
  ENDS(third, 0);
  EQUAL(futex(shared, WAKE, 9, NULL, 0), 0);
}

/* The same page at another address is the same word. */
static void two_addresses(void) {
  int fd = open("/tmp/futex", O_RDWR | O_CREAT | O_TRUNC, 0600);
  CHECK(fd >= 0);
  EQUAL(ftruncate(fd, 2 * PAGE), 0);
  EQUAL(unlink("/tmp/futex"), 0);
  volatile uint32_t* one =
      mmap(NULL, (size_t)(2 * PAGE), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  volatile uint32_t* other = mmap(NULL, (size_t)PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, PAGE);
  CHECK(one != MAP_FAILED && other != MAP_FAILED);
  pid_t child = start_waiter(one + PAGE / 4 + 5, WAIT, 0);
  EQUAL(futex(one + 5, WAKE, 1, NULL, 0), 0);
  EQUAL(futex(other + 5, WAKE, 1, NULL, 0), 1);
  ENDS(child, 0);
}

/* Private memory after fork: the same address is another word. */
static void not_across_fork(void) {
  pid_t child = start_waiter(&word, WAIT | PRIVATE, 0);
  EQUAL(futex(&word, WAKE | PRIVATE, 9, NULL, 0), 0);
  EQUAL(kill(child, SIGKILL), 0);
  ENDS(child, -SIGKILL);
}

static volatile int went_on;
static void waits_in_our_memory(void) {
  long result = syscall(SYS_futex, &word, WAIT | PRIVATE, 0, NULL, NULL, 0);
  went_on = result == 0 ? 1 : 2;
  _exit(result != 0);
}
static void in_one_space(void) {
  pid_t child = (pid_t)clone_into(CLONE_VM | SIGCHLD, waits_in_our_memory, NULL, 0, NULL);
  CHECK(child > 0);
  CHECK(sleeps_for(child, TINE_WAIT_SLEEP));
  EQUAL(went_on, 0);
  EQUAL(futex(&word, WAKE | PRIVATE, 9, NULL, 0), 1);
  ENDS(child, 0);
  EQUAL(went_on, 1);
}

static void bitsets(void) {
  map_shared();
  pid_t first = start_waiter(shared, WAIT_BITSET, 1), second = start_waiter(shared, WAIT_BITSET, 6);
  EQUAL(futex(shared, WAKE_BITSET, 9, NULL, 8), 0);
  EQUAL(futex(shared, WAKE_BITSET, 9, NULL, 4), 1);
  ENDS(second, 0);
  EQUAL(futex(shared, WAKE, 9, NULL, 0), 1);
  ENDS(first, 0);
  ERROR(futex(shared, WAKE_BITSET, 9, NULL, 0), EINVAL);
}

/* As pthread_cond_broadcast did it: one goes on, the others wait for something else. */
static long requeue(int operation, volatile uint32_t* from, volatile uint32_t* to, int wake,
                    int move, uint32_t expected) {
  return syscall(SYS_futex, from, operation, wake, (long)move, to, expected);
}
static void requeues(void) {
  map_shared();
  pid_t waiting[4];
  for (int i = 0; i < 4; i++) waiting[i] = start_waiter(shared, WAIT, 0);
  EQUAL(requeue(REQUEUE, shared + 9, shared + 1, 1, 9, 0), 0);
  EQUAL(requeue(REQUEUE, shared, shared + 1, 1, 1, 0), 2); /* woken and moved */
  ENDS(waiting[0], 0);
  ERROR(requeue(CMP_REQUEUE, shared, shared + 1, 9, 9, 7), EAGAIN);
  EQUAL(requeue(CMP_REQUEUE, shared, shared + 1, 0, 1, 0), 1);
  EQUAL(requeue(REQUEUE, shared, shared, 0, 9, 0), 1); /* to where it is */
  EQUAL(futex(shared + 1, WAKE, 9, NULL, 0), 2);
  ENDS(waiting[1], 0);
  ENDS(waiting[2], 0);
  EQUAL(futex(shared, WAKE, 9, NULL, 0), 1);
  ENDS(waiting[3], 0);
}

/* One that was moved leaves the queue that it is in then: by a signal, and when its time ends. */
static void leaves_after_a_move(void) {
  map_shared();
  pid_t killed = start_waiter(shared, WAIT, 0);
  for (int to = 1; to < 200; to++) {
    EQUAL(requeue(REQUEUE, shared + to - 1, shared + to, 0, 1, 0), 1);
  }
  EQUAL(kill(killed, SIGKILL), 0);
  ENDS(killed, -SIGKILL);
  EQUAL(futex(shared + 199, WAKE, 9, NULL, 0), 0);
  pid_t late = FORK();
  if (late == 0) {
    struct timespec time = {0, 20000000};
    long result = futex(shared, WAIT, 0, &time, 0);
    _exit(result == -1 && errno == ETIMEDOUT ? 0 : 1);
  }
  int status = -1;
  for (int at = 0; waitpid(late, &status, WNOHANG) == 0; at = 1 - at) {
    requeue(REQUEUE, shared + at, shared + 1 - at, 0, 9, 0);
  }
  EQUAL(status, 0);
  EQUAL(futex(shared, WAKE, 9, NULL, 0) + futex(shared + 1, WAKE, 9, NULL, 0), 0);
}

/* The word is compared in one step with the move: one that waits for another value of the word than
 * the move expects is never moved. If it is, then no wake reaches it. */
static void moves_at_zero(void) {
  for (;;) {
    requeue(CMP_REQUEUE, shared, shared + 1, 0, 9, 0);
    sched_yield();
  }
}
static void wakes_always(void) {
  for (;;) {
    futex(shared, WAKE, 9, NULL, 0);
    sched_yield();
  }
}
static void compares_and_moves_at_once(void) {
  map_shared();
  pid_t mover = FORK();
  if (mover == 0) moves_at_zero();
  pid_t waker = FORK();
  if (waker == 0) wakes_always();
  for (int i = 0; i < 3000; i++) {
    struct timespec time = {10, 0};
    *shared = 1;
    EQUAL(futex(shared, WAIT, 1, &time, 0), 0);
    *shared = 0;
    if (i % 3 == 0) sched_yield();
  }
  EQUAL(kill(mover, SIGKILL), 0);
  EQUAL(kill(waker, SIGKILL), 0);
  ENDS(mover, -SIGKILL);
  ENDS(waker, -SIGKILL);
}

static void bad_requeues(void) {
  map_shared();
  ERROR(requeue(REQUEUE, shared, shared + 1, -1, 1, 0), EINVAL);
  ERROR(requeue(REQUEUE, shared, shared + 1, 1, -1, 0), EINVAL);
  ERROR(requeue(REQUEUE, shared, (volatile uint32_t*)wild((uintptr_t)shared + 2), 1, 1, 0), EINVAL);
  ERROR(requeue(REQUEUE, shared, wild(UNMAPPED), 1, 1, 0), EFAULT);
  ERROR(requeue(CMP_REQUEUE, shared, wild(KERNEL), 1, 1, 0), EFAULT);
  ERROR(requeue(CMP_REQUEUE, wild(UNMAPPED), shared, 1, 1, 0), EFAULT);
}

static void bad_words(void) {
  ERROR(futex(wild(UNMAPPED), WAKE, 1, NULL, 0), EFAULT);
  ERROR(futex(wild(KERNEL), WAKE | PRIVATE, 1, NULL, 0), EFAULT);
  ERROR(futex(wild(0), WAKE, 1, NULL, 0), EFAULT);
  ERROR(futex(wild(UNMAPPED), WAKE_BITSET, 1, NULL, 1), EFAULT);
  ERROR(futex((volatile uint32_t*)wild((uintptr_t)&word + 2), WAKE, 1, NULL, 0), EINVAL);
}

/* A lock of one word, as libraries make it: 0 free, 1 held, 2 held and waited for. */
static void lock(volatile uint32_t* at) {
  uint32_t free = 0;
  if (__atomic_compare_exchange_n(at, &free, 1, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) return;
  while (__atomic_exchange_n(at, 2, __ATOMIC_ACQUIRE) != 0) futex(at, WAIT, 2, NULL, 0);
}
static void unlock(volatile uint32_t* at) {
  if (__atomic_exchange_n(at, 0, __ATOMIC_RELEASE) == 2) futex(at, WAKE, 1, NULL, 0);
}
static void a_lock_for_four(void) {
  enum { PROCESSES = 4, ROUNDS = 300 };
  pid_t children[PROCESSES];
  map_shared();
  for (int i = 0; i < PROCESSES; i++) {
    children[i] = FORK();
    if (children[i] != 0) continue;
    for (int round = 0; round < ROUNDS; round++) {
      lock(shared);
      uint32_t count = shared[1];
      if (round % 3 == 0) sched_yield();
      shared[1] = count + 1;
      unlock(shared);
    }
    _exit(0);
  }
  for (int i = 0; i < PROCESSES; i++) ENDS(children[i], 0);
  EQUAL(shared[1], PROCESSES * ROUNDS);
}

/* A wake that was counted reaches a waiter, though its time ends at the same moment. */
static void counted_wakes_arrive(void) {
  uint64_t random = 3;
  map_shared();
  for (int i = 0; i < 100; i++) {
    pid_t child = FORK();
    if (child == 0) {
      struct timespec time = {0, 200000};
      long result = futex(shared, WAIT, 0, &time, 0);
      _exit(result == 0 ? 0 : errno == ETIMEDOUT ? 1 : 2);
    }
    long woken = 0;
    for (uint64_t until = now_ns() + 150000 + tap_random(&random) % 100000; now_ns() < until;) {
      sched_yield();
    }
    woken = futex(shared, WAKE, 1, NULL, 0);
    int status;
    EQUAL(waitpid(child, &status, 0), child);
    EQUAL(WEXITSTATUS(status), woken == 1 ? 0 : 1);
  }
}

int main(void) {
  tap_begin("wing-linux-futex");
  RUN("a private word is one space's own", not_across_fork);
  RUN("processes in one space wake each other", in_one_space);
  RUN("a word that is not there", bad_words);
  if (!has_shared_memory()) return tap_end(); /* the wing mmap has it */
  RUN("FUTEX_WAKE wakes as many as it is told, and counts them", counts);
  RUN("a shared word is known at each of its addresses", two_addresses);
  RUN("only those whose bits match are woken", bitsets);
  RUN("FUTEX_REQUEUE wakes some, and moves others to another word", requeues);
  RUN("... which they leave by a signal and by the clock", leaves_after_a_move);
  RUN("FUTEX_CMP_REQUEUE compares and moves in one step", compares_and_moves_at_once);
  RUN("FUTEX_REQUEUE with bad words, counts and values", bad_requeues);
  RUN("a lock of one word, for four processes", a_lock_for_four);
  RUN("a wake that was counted arrives", counted_wakes_arrive);
  return tap_end();
}
