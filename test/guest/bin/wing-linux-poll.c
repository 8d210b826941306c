/* The wing `linux`: sleeping until files are ready, or until a signal. */
#include "signals.h"

static int ends[2];

static long poll_one(int fd, int events, long ms, struct tine_pollfd* file) {
  struct timespec time = {ms / 1000, ms % 1000 * 1000000};
  *file = (struct tine_pollfd){fd, (int16_t)events, 0x7fff};
  return syscall(SYS_ppoll, file, 1, ms < 0 ? NULL : &time, NULL, 0);
}

static void pipes(void) {
  struct tine_pollfd file;
  EQUAL(pipe(ends), 0);
  EQUAL(poll_one(ends[0], POLLIN, 0, &file), 0);
  EQUAL(file.revents, 0);
  EQUAL(poll_one(ends[1], POLLOUT, 0, &file), 1);
  EQUAL(file.revents, POLLOUT);
  EQUAL(write(ends[1], "x", 1), 1);
  EQUAL(poll_one(ends[0], POLLIN, -1, &file), 1);
  EQUAL(file.revents, POLLIN);
  close(ends[1]);
  EQUAL(poll_one(ends[0], POLLIN, 0, &file), 1);
  EQUAL(file.revents, POLLIN | POLLHUP);
  EQUAL(pipe(ends), 0);
  close(ends[0]);
  EQUAL(poll_one(ends[1], 0, 0, &file), 1);
  EQUAL(file.revents & (POLLERR | POLLIN), POLLERR);
  EQUAL(poll_one(77, POLLIN, 0, &file), 1);
  EQUAL(file.revents, POLLNVAL);
  EQUAL(poll_one(-1, POLLIN, 0, &file), 0);
  EQUAL(file.revents, 0);
}

static void full_pipe(void) {
  static char page[4096];
  struct tine_pollfd file;
  EQUAL(pipe(ends), 0);
  EQUAL(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
  while (write(ends[1], page, sizeof page) > 0) {
  }
  EQUAL(poll_one(ends[1], POLLOUT, 0, &file), 0);
  pid_t child = FORK();
  if (child == 0) {
    sleeps_for(getppid(), TINE_WAIT_POLL);
    while (read(ends[0], page, sizeof page) == (long)sizeof page &&
           poll_one(ends[0], POLLIN, 0, &file)) {
    }
    _exit(0);
  }
  EQUAL(poll_one(ends[1], POLLOUT, -1, &file), 1);
  EQUAL(file.revents, POLLOUT);
  ENDS(child, 0);
}

static void bad_arguments(void) {
  struct tine_pollfd file = {0, POLLIN, 0};
  struct timespec bad = {0, -1}, none = {0, 0};
  uint64_t mask = 0;
  ERROR(syscall(SYS_ppoll, wild(UNMAPPED), 1, &none, NULL, 0), EFAULT);
  ERROR(syscall(SYS_ppoll, &file, 1, &bad, NULL, 0), EINVAL);
  ERROR(syscall(SYS_ppoll, &file, 1, wild(UNMAPPED), NULL, 0), EFAULT);
  ERROR(syscall(SYS_ppoll, &file, TINE_OPEN_MAX + 1, &none, NULL, 0), EINVAL);
  ERROR(syscall(SYS_ppoll, &file, 1, &none, &mask, 4), EINVAL);
  ERROR(syscall(SYS_ppoll, &file, 1, &none, wild(UNMAPPED), 8), EFAULT);
  ERROR(syscall(SYS_pselect6, -1, NULL, NULL, NULL, &none, NULL), EINVAL);
  ERROR(syscall(SYS_pselect6, 1, wild(UNMAPPED), NULL, NULL, &none, NULL), EFAULT);
  uint64_t set = 1ul << 60;
  ERROR(syscall(SYS_pselect6, 61, &set, NULL, NULL, &none, NULL), EBADF);
  EQUAL(set, 1ul << 60);
}

static void timeouts(void) {
  struct tine_pollfd file;
  EQUAL(pipe(ends), 0);
  uint64_t start = now_ns();
  EQUAL(poll_one(ends[0], POLLIN, 30, &file), 0);
  CHECK(now_ns() - start >= 30000000);
  struct timespec time = {0, 20000000};
  uint64_t set = 1ul << ends[0];
  start = now_ns();
  EQUAL(syscall(SYS_pselect6, ends[0] + 1, &set, NULL, NULL, &time, NULL), 0);
  CHECK(now_ns() - start >= 20000000);
  EQUAL(set, 0);
}

static void selecting(void) {
  struct timespec none = {0, 0};
  EQUAL(pipe(ends), 0);
  uint64_t in = 1ul << ends[0], out = 1ul << ends[1];
  EQUAL(syscall(SYS_pselect6, 64, &in, &out, NULL, &none, NULL), 1);
  EQUAL(in, 0);
  EQUAL(out, 1ul << ends[1]);
  EQUAL(write(ends[1], "x", 1), 1);
  in = 1ul << ends[0];
  EQUAL(syscall(SYS_pselect6, 64, &in, &out, NULL, NULL, NULL), 2);
  EQUAL(in, 1ul << ends[0]);
}

/* Bytes to and fro between two harts, each waited for with ppoll. */
static void to_and_fro(void) {
  int back[2];
  struct tine_pollfd file;
  char byte = 0;
  EQUAL(pipe(ends), 0);
  EQUAL(pipe(back), 0);
  pid_t child = FORK();
  for (int i = 0; i < 1000; i++) {
    if (child != 0) EQUAL(write(ends[1], &byte, 1), 1);
    EQUAL(poll_one(child ? back[0] : ends[0], POLLIN, -1, &file), 1);
    EQUAL(read(child ? back[0] : ends[0], &byte, 1), 1);
    if (child == 0) EQUAL(write(back[1], &byte, 1), 1);
  }
  if (child == 0) _exit(0);
  ENDS(child, 0);
}

/* ---- Signals ---- */

static void interrupted(void) {
  struct tine_pollfd file;
  handle(SIGUSR1, note, SA_RESTART); /* even so it is never made again */
  EQUAL(pipe(ends), 0);
  pid_t parent = getpid(), child = FORK();
  if (child == 0) {
    CHECK(sleeps_for(parent, TINE_WAIT_POLL));
    kill(parent, SIGUSR1);
    _exit(0);
  }
  ERROR(poll_one(ends[0], POLLIN, -1, &file), EINTR);
  EQUAL(count, 1);
  ENDS(child, 0);
  child = FORK();
  if (child == 0) {
    CHECK(sleeps_for(parent, TINE_WAIT_POLL));
    kill(parent, SIGUSR1);
    _exit(0);
  }
  uint64_t bits[2] = {1ul << ends[0], 0};
  ERROR(syscall(SYS_pselect6, (long)ends[0] + 1, bits, NULL, NULL, NULL, NULL), EINTR);
  EQUAL(count, 2);
  ENDS(child, 0);
}

static sigset_t blocked_now(void) {
  sigset_t set;
  EQUAL(sigprocmask(SIG_BLOCK, NULL, &set), 0);
  return set;
}

static void with_mask(void) {
  handle(SIGUSR1, note, 0);
  block(set_of(SIGUSR1));
  kill(getpid(), SIGUSR1);
  uint64_t pending = 0, mask = 0;
  EQUAL(syscall(SYS_rt_sigpending, &pending, 8), 0);
  EQUAL(pending, set_of(SIGUSR1));
  ERROR(syscall(SYS_rt_sigpending, &pending, 16), EINVAL);
  ERROR(syscall(SYS_rt_sigpending, wild(UNMAPPED), 8), EFAULT);
  EQUAL(count, 0);
  ERROR(syscall(SYS_ppoll, NULL, 0, NULL, &mask, 8), EINTR);
  EQUAL(count, 1);
  EQUAL(blocked_now(), set_of(SIGUSR1));
  struct timespec none = {0, 0};
  EQUAL(syscall(SYS_ppoll, NULL, 0, &none, &mask, 8), 0);
  EQUAL(blocked_now(), set_of(SIGUSR1));
}

/* What is pending only because it is blocked, and ignored, ends no sleep when the mask lets it in.
 */
static void with_ignored(void) {
  handle(SIGUSR2, SIG_IGN, 0);
  handle(SIGUSR1, note, 0);
  sigset_t own = set_of(SIGCHLD) | set_of(SIGUSR2) | set_of(SIGUSR1);
  block(own);
  uint64_t mask = 0;
  struct timespec time = {0, 20000000};
  kill(getpid(), SIGCHLD);
  kill(getpid(), SIGUSR2);
  uint64_t start = now_ns();
  EQUAL(syscall(SYS_ppoll, NULL, 0, &time, &mask, 8), 0);
  CHECK(now_ns() - start >= 20000000);
  kill(getpid(), SIGUSR2);
  pid_t self = getpid(), child = FORK();
  if (child == 0) {
    CHECK(sleeps_for(self, TINE_WAIT_SLEEP));
    kill(self, SIGUSR1);
    _exit(0);
  }
  ERROR(syscall(SYS_rt_sigsuspend, &mask, 8), EINTR);
  EQUAL(count, 1);
  EQUAL(blocked_now(), own);
  ENDS(child, 0);
}

static volatile sigset_t in_handler;
static void look(int number) {
  note(number);
  in_handler = blocked_now();
}

static void suspend(void) {
  handle(SIGUSR1, look, 0);
  block(set_of(SIGUSR1) | set_of(SIGUSR2));
  kill(getpid(), SIGUSR1);
  uint64_t mask = set_of(SIGTERM);
  ERROR(syscall(SYS_rt_sigsuspend, &mask, 8), EINTR);
  EQUAL(count, 1);
  EQUAL(in_handler, set_of(SIGTERM) | set_of(SIGUSR1));
  EQUAL(blocked_now(), set_of(SIGUSR1) | set_of(SIGUSR2));
  ERROR(syscall(SYS_rt_sigsuspend, &mask, 4), EINVAL);
  ERROR(syscall(SYS_rt_sigsuspend, wild(UNMAPPED), 8), EFAULT);
  ERROR(syscall(SYS_rt_sigsuspend, NULL, 8), EFAULT);
}

/* Two processes wake each other; a signal lost between unblocking and sleeping would end it. */
static void suspend_race(void) {
  handle(SIGUSR1, note, 0);
  block(set_of(SIGUSR1));
  uint64_t mask = 0;
  pid_t parent = getpid(), child = FORK(), other = child ? child : parent;
  for (int i = 0; i < 1000; i++) {
    if (child) EQUAL(kill(other, SIGUSR1), 0);
    count = 0;
    ERROR(syscall(SYS_rt_sigsuspend, &mask, 8), EINTR);
    EQUAL(count, 1);
    if (!child) EQUAL(kill(other, SIGUSR1), 0);
  }
  if (child == 0) _exit(0);
  ENDS(child, 0);
}

static void futex_interrupted(void) {
  static uint32_t word = 5;
  for (int way = 0; way < 3; way++) { /* without a time, the same with SA_RESTART, with a time */
    pid_t child = FORK();
    if (child == 0) {
      struct timespec time = {1000, 0};
      handle(SIGUSR1, note, way ? SA_RESTART : 0);
      long result = syscall(SYS_futex, &word, 0, 5, way == 2 ? &time : NULL, NULL, 0);
      _exit(result == -1 && errno == EINTR && count == 1 ? 0 : 1);
    }
    CHECK(sleeps_for(child, TINE_WAIT_SLEEP));
    EQUAL(kill(child, SIGUSR1), 0);
    if (way == 1) {
      sleep_ms(10);
      CHECK(sleeps_for(child, TINE_WAIT_SLEEP));
      EQUAL(kill(child, SIGKILL), 0);
    }
    ENDS(child, way == 1 ? -SIGKILL : 0);
  }
}

static int code_seen;
static void note_code(int number, siginfo_t* info, void* context) {
  (void)context;
  code_seen = info->si_code;
  note(number);
}
static void thread_signals(void) {
  struct sigaction action = {.sa_sigaction = note_code, .sa_flags = SA_SIGINFO};
  EQUAL(sigaction(SIGUSR1, &action, NULL), 0);
  EQUAL(syscall(SYS_tgkill, getpid(), gettid(), SIGUSR1), 0);
  EQUAL(code_seen, SI_TKILL);
  code_seen = 0;
  EQUAL(syscall(SYS_tkill, gettid(), SIGUSR1), 0);
  EQUAL(code_seen, SI_TKILL);
  EQUAL(count, 2);
  ERROR(syscall(SYS_tgkill, getpid(), getpid() + 1, SIGUSR1), ESRCH);
  ERROR(syscall(SYS_tgkill, 0, gettid(), SIGUSR1), EINVAL);
  ERROR(syscall(SYS_tgkill, getpid(), -1, SIGUSR1), EINVAL);
  ERROR(syscall(SYS_tkill, gettid(), 65), EINVAL);
}

static void sleeping(void) {
  struct timespec time = {0, 20000000}, left = {7, 7}, bad = {0, 1000000000};
  uint64_t start = now_ns();
  EQUAL(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &time, NULL), 0);
  CHECK(now_ns() - start >= 20000000);
  start = now_ns() + 20000000;
  time = (struct timespec){(long)(start / 1000000000), (long)(start % 1000000000)};
  EQUAL(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 1, &time, &left), 0);
  CHECK(now_ns() >= start);
  EQUAL(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 1, &time, &left), 0); /* past already */
  EQUAL(left.tv_sec, 7);
  ERROR(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &bad, NULL), EINVAL);
  ERROR(syscall(SYS_clock_nanosleep, 99, 0, &time, NULL), EINVAL);
  ERROR(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 2, &time, NULL), EINVAL);
  ERROR(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, wild(UNMAPPED), NULL), EFAULT);
}

/* ---- What is left of the time ---- */

enum { CALLS = 2 };
static const char* const call_names[CALLS] = {"ppoll", "pselect6"};
/* One of the two calls waits until ends[0] can be read. */
static long wait_with(int call, struct timespec* time) {
  struct tine_pollfd file = {ends[0], POLLIN, 0};
  uint64_t set = 1ul << ends[0];
  if (call == 0) return syscall(SYS_ppoll, &file, 1, time, NULL, 0);
  return syscall(SYS_pselect6, (long)ends[0] + 1, &set, NULL, NULL, time, NULL);
}

/* Less than the whole, but no less than the time that has passed since `start` leaves of it. */
static void is_left(int call, const struct timespec* left, long whole_s, uint64_t start) {
  uint64_t ns = (uint64_t)left->tv_sec * 1000000000u + (uint64_t)left->tv_nsec;
  uint64_t whole = (uint64_t)whole_s * 1000000000u, passed = now_ns() - start;
  if (ns >= whole || ns + passed + 1000 < whole)
    tap_fail("%s: %lu ns left of %lu after %lu", call_names[call], ns, whole, passed);
}

static void time_left(void) {
  handle(SIGUSR1, note, 0);
  for (int call = 0; call < CALLS; call++) {
    EQUAL(pipe(ends), 0);
    struct timespec time = {0, 20000000}, none = {0, 0};
    EQUAL(wait_with(call, &time), 0);
    CHECK(time.tv_sec == 0 && time.tv_nsec == 0);
    EQUAL(wait_with(call, &none), 0);

    pid_t parent = getpid(), child = FORK();
    if (child == 0) {
      CHECK(sleeps_for(parent, TINE_WAIT_POLL));
      kill(parent, SIGUSR1);
      _exit(0);
    }
    uint64_t start = now_ns();
    time = (struct timespec){1000, 0};
    ERROR(wait_with(call, &time), EINTR);
    is_left(call, &time, 1000, start);
    ENDS(child, 0);

    EQUAL(write(ends[1], "x", 1), 1);
    start = now_ns();
    time = (struct timespec){500, 0};
    EQUAL(wait_with(call, &time), 1);
    is_left(call, &time, 500, start);
  }
  struct timespec time = {500, 0};
  uint64_t set = 1ul << 60, start = now_ns();
  ERROR(syscall(SYS_pselect6, 61l, &set, NULL, NULL, &time, NULL), EBADF);
  is_left(1, &time, 500, start);
}

/* A program may keep its times where it cannot write. */
static void time_is_constant(void) {
  struct timespec* time =
      mmap(NULL, (size_t)PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  *time = (struct timespec){0, 20000000};
  EQUAL(mprotect(time, (size_t)PAGE, PROT_READ), 0);
  for (int call = 0; call < CALLS; call++) {
    EQUAL(pipe(ends), 0);
    EQUAL(wait_with(call, time), 0);
    EQUAL(write(ends[1], "x", 1), 1);
    EQUAL(wait_with(call, time), 1);
    EQUAL(time->tv_nsec, 20000000);
  }
}

/* ---- Many files ---- */

enum { MANY = 60 }; /* more than one piece of the kernel's memory holds */

static void make_many(struct tine_pollfd* files, int* writers) {
  for (int i = 0; i < MANY; i++) {
    EQUAL(pipe(ends), 0);
    files[i] = (struct tine_pollfd){ends[0], POLLIN, 0x7fff};
    writers[i] = ends[1];
  }
}

static void many_files(void) {
  static struct tine_pollfd files[MANY];
  int writers[MANY];
  struct timespec none = {0, 0};
  make_many(files, writers);
  files[3].fd = -1;
  files[5].fd = 900; /* not open */
  EQUAL(syscall(SYS_ppoll, files, MANY, &none, NULL, 0), 1);
  for (int i = 0; i < MANY; i++) EQUAL(files[i].revents, i == 5 ? POLLNVAL : 0);
  files[5].fd = files[4].fd;
  for (int one = 0; one < MANY; one += 7) {
    pid_t child = FORK();
    if (child == 0) {
      sleeps_for(getppid(), TINE_WAIT_POLL);
      _exit(write(writers[one], "x", 1) != 1);
    }
    EQUAL(syscall(SYS_ppoll, files, MANY, NULL, NULL, 0), 1);
    for (int i = 0; i < MANY; i++) EQUAL(files[i].revents, i == one ? POLLIN : 0);
    char byte;
    EQUAL(read(files[one].fd, &byte, 1), 1);
    ENDS(child, 0);
  }
}

/* A process that polls is not run when other pipes change, nor for what it did not ask for. */
static void elsewhere(void) {
  struct tine_process_info before, after;
  int mine[2];
  char byte;
  EQUAL(pipe(mine), 0);
  EQUAL(pipe(ends), 0);
  pid_t child = FORK();
  if (child == 0) {
    struct tine_pollfd file;
    _exit(poll_one(mine[0], POLLIN, -1, &file) != 1);
  }
  CHECK(sleeps_for(child, TINE_WAIT_POLL));
  CHECK(tap_info(child, &before));
  for (int i = 0; i < 100; i++) {
    EQUAL(write(ends[1], "x", 1), 1);
    EQUAL(read(ends[0], &byte, 1), 1);
  }
  CHECK(tap_info(child, &after));
  EQUAL(after.schedules, before.schedules);
  EQUAL(write(mine[1], "x", 1), 1);
  ENDS(child, 0);
}

/* Out of memory in the middle of the list: nothing is left in any queue. */
static void many_without_memory(void) {
  static struct tine_pollfd files[MANY];
  int writers[MANY];
  struct timespec soon = {0, 1000000};
  make_many(files, writers);
  EQUAL(syscall(SYS_ppoll, files, MANY, &soon, NULL, 0), 0);
  for (int nth = 1;; nth++) {
    CHECK(nth < 20);
    fail_alloc(nth);
    long result = syscall(SYS_ppoll, files, MANY, &soon, NULL, 0);
    int error = errno;
    fail_alloc(0);
    if (result == 0) break;
    EQUAL(result, -1);
    EQUAL(error, ENOMEM);
    CHECK(nth < 19);
  }
  for (int i = 0; i < MANY; i++) EQUAL(write(writers[i], "x", 1), 1);
  EQUAL(syscall(SYS_ppoll, files, MANY, &soon, NULL, 0), MANY);
}

int main(void) {
  tap_begin("wing-linux-poll");
  RUN("ppoll tells what a pipe is ready for", pipes);
  RUN("a full pipe that is emptied wakes its writer", full_pipe);
  RUN("bad arguments of ppoll and pselect6", bad_arguments);
  RUN("both end by their time, and not before", timeouts);
  RUN("pselect6 leaves the bits of those that are ready", selecting);
  RUN("a thousand bytes to and fro, each waited for", to_and_fro);
  RUN("a signal ends ppoll, and SA_RESTART does not make it again", interrupted);
  RUN("ppoll's mask holds while it sleeps, and no longer", with_mask);
  RUN("ignored signals end no sleep, even if they were blocked before", with_ignored);
  RUN("rt_sigsuspend: the handler's mask, and afterwards the own one", suspend);
  RUN("no signal is lost between unblocking and sleeping", suspend_race);
  RUN("a signal into a futex: EINTR, or it waits again", futex_interrupted);
  RUN("tkill and tgkill", thread_signals);
  RUN("clock_nanosleep, for a time and until a time", sleeping);
  RUN("ppoll and pselect6 tell what is left of the time, after a signal too", time_left);
  RUN("ppoll and pselect6 with a time that cannot be written to", time_is_constant);
  RUN("many files, of which one becomes ready", many_files);
  RUN("what happens elsewhere wakes no process that polls", elsewhere);
  RUN("many files without memory", many_without_memory);
  return tap_end();
}
