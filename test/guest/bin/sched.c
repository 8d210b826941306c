/* Preemption, time slices, yielding, sleeping. */
#include "tap.h"

static struct tine_process_info info_of(pid_t pid) {
  struct tine_process_info info;
  CHECK(tap_info(pid, &info));
  return info;
}
static struct tine_memory_info machine(void) {
  struct tine_memory_info info;
  EQUAL(memory_info(&info), 0);
  return info;
}

enum { MOST = 16 };

static void spin_all(pid_t* children, int count) {
  for (int i = 0; i < count; i++) {
    children[i] = FORK();
    if (children[i] == 0) {
      for (;;) asm volatile("");
    }
  }
}
static void kill_all(const pid_t* children, int count) {
  for (int i = 0; i < count; i++) EQUAL(kill(children[i], SIGKILL), 0);
  for (int i = 0; i < count; i++) ENDS(children[i], -SIGKILL);
}

/* More spinning processes than harts: each of them gets ahead, and so does this one. */
static void all_progress(void) {
  pid_t children[MOST];
  int count = (int)machine().harts + 1;
  spin_all(children, count);
  uint64_t ticks = machine().ticks;
  for (int i = 0; i < count; i++) {
    for (int tries = 0; tries < 10000 && info_of(children[i]).run_ticks < 4; tries++) sleep_ms(5);
    CHECK(info_of(children[i]).run_ticks >= 4);
    CHECK(info_of(children[i]).schedules >= 1);
  }
  CHECK(machine().ticks > ticks);
  kill_all(children, count);
}

/* Each time that this process wakes, it cuts the slice of one of the others in two. */
static void slices_of_three(void) {
  pid_t children[MOST];
  int count = (int)machine().harts + 1;
  spin_all(children, count);
  uint64_t ticks = 0, schedules = 0, cuts = 0;
  for (; cuts < 1000 && ticks < 24u * (unsigned)count; cuts++) {
    sleep_ms(10 * 1000 / (long)machine().hz);
    ticks = schedules = 0;
    for (int i = 0; i < count; i++) {
      ticks += info_of(children[i]).run_ticks;
      schedules += info_of(children[i]).schedules;
    }
  }
  if (ticks > 3 * schedules + (unsigned)count)
    tap_fail("expected 3 ticks a slice, got %lu ticks in %lu", ticks, schedules);
  /* On a busy host a tick may come late, so a slice has fewer ticks; but it has its time. */
  int64_t usage[18], us = 0, tick = 1000000 / (int64_t)machine().hz;
  for (int i = 0; i < count; i++) EQUAL(kill(children[i], SIGKILL), 0);
  for (int i = 0; i < count; i++) {
    EQUAL(syscall(SYS_wait4, children[i], NULL, 0, usage), children[i]);
    us += (usage[0] + usage[2]) * 1000000 + usage[1] + usage[3];
  }
  int64_t whole = (int64_t)(schedules - cuts) - 2 * count; /* the first and the last are cut, too */
  if (us < whole * 5 * tick / 2)
    tap_fail("expected 3 ticks a slice, got %ld us in %lu, %lu of them cut", us, schedules, cuts);
}

static void yields_counted(void) {
  uint64_t before = info_of(getpid()).schedules;
  for (int i = 0; i < 50; i++) EQUAL(sched_yield(), 0);
  uint64_t given = info_of(getpid()).schedules - before;
  CHECK(given >= 50);
}

/* Who yields lets others run, without waiting for a tick: a thousand turns take a moment. */
static void yield_lets_others(void) {
  pid_t parent = getpid(), child = FORK();
  struct tine_message message;
  if (child == 0) {
    while (ipc_send(parent, 1) != 0) sched_yield();
    for (int i = 0; i < 1000; i++) sched_yield();
    _exit(0);
  }
  EQUAL(ipc_recv(&message), 0);
  for (int i = 0; i < 1000; i++) sched_yield();
  ENDS(child, 0);
}

/* ---- Sleeping ---- */

static void never_early(void) {
  static const long microseconds[] = {0, 1, 10, 100, 1000, 5000, 20000, 33333};
  for (size_t i = 0; i < sizeof microseconds / sizeof microseconds[0]; i++) {
    struct timespec time = {.tv_sec = 0, .tv_nsec = microseconds[i] * 1000};
    uint64_t before = now_ns();
    EQUAL(nanosleep(&time, NULL), 0);
    uint64_t slept = now_ns() - before;
    if (slept < (uint64_t)time.tv_nsec)
      tap_fail("expected %ld ns at least, got %lu", time.tv_nsec, slept);
    CHECK(slept < 20000000000u);
  }
}

static void sleep_errors(void) {
  struct timespec time = {.tv_sec = 0, .tv_nsec = 1000000000};
  ERROR(nanosleep(&time, NULL), EINVAL);
  time.tv_nsec = -1;
  ERROR(nanosleep(&time, NULL), EINVAL);
  time.tv_nsec = INT64_MAX;
  ERROR(nanosleep(&time, NULL), EINVAL);
  time = (struct timespec){.tv_sec = -1, .tv_nsec = 0};
  ERROR(nanosleep(&time, NULL), EINVAL);
  ERROR(nanosleep(NULL, NULL), EFAULT);
  ERROR(nanosleep(wild(KERNEL), NULL), EFAULT);
  ERROR(nanosleep(wild(-8ul), NULL), EFAULT);
  time.tv_sec = 0;
  EQUAL(nanosleep(&time, wild(KERNEL)), 0); /* nothing was left, nothing is written */
}

static void sleep_forever(void) {
  static const int64_t seconds[] = {INT64_MAX, INT64_MAX / 1000000000, 1l << 40};
  for (size_t i = 0; i < sizeof seconds / sizeof seconds[0]; i++) {
    pid_t child = FORK();
    if (child == 0) {
      struct timespec time = {.tv_sec = seconds[i], .tv_nsec = 999999999};
      nanosleep(&time, NULL);
      _exit(0);
    }
    CHECK(sleeps_for(child, TINE_WAIT_SLEEP));
    sleep_ms(20);
    CHECK(sleeps_for(child, TINE_WAIT_SLEEP));
    EQUAL(kill(child, SIGKILL), 0);
    ENDS(child, -SIGKILL);
  }
}

/*
 * 64 processes sleep until moments some ms apart, in mixed order, and write their number into one
 * open file. A busy host may hold up a hart between a child's look at the clock and its sleep, so a
 * round in disorder is tried again, slower.
 */
#define ORDER_FILE "/tmp/sched.order"
enum { SLEEPERS = 64 };

static int one_round(uint64_t distance) {
  unsigned char order[SLEEPERS + 1];
  pid_t children[SLEEPERS];
  int fd = open(ORDER_FILE, O_RDWR | O_TRUNC);
  uint64_t start = now_ns() + 300000000u;
  for (int i = 0; i < SLEEPERS; i++) {
    unsigned char place = (unsigned char)(i * 37 % SLEEPERS);
    children[i] = FORK();
    if (children[i] != 0) continue;
    int64_t left = (int64_t)(start + place * distance - now_ns());
    if (left < 0) left = 0;
    struct timespec time = {.tv_sec = left / 1000000000, .tv_nsec = left % 1000000000};
    EQUAL(nanosleep(&time, NULL), 0);
    EQUAL(write(fd, &place, 1), 1);
    _exit(0);
  }
  for (int i = 0; i < SLEEPERS; i++) ENDS(children[i], 0);
  int in = open(ORDER_FILE, O_RDONLY), sorted = 1;
  EQUAL(read(in, order, sizeof order), SLEEPERS);
  for (int i = 0; i < SLEEPERS; i++) sorted &= order[i] == i;
  close(in);
  close(fd);
  close(open(ORDER_FILE, O_WRONLY | O_TRUNC));
  return sorted;
}

static void wake_in_order(void) {
  for (uint64_t ms = 3; ms < 200; ms *= 2) {
    if (one_round(ms * 1000000)) return;
  }
  tap_fail("expected one round in order, got none");
}

/* With nobody to run there are no ticks to take. */
static void idle_is_quiet(void) {
  for (int tries = 0; tries < 5; tries++) {
    uint64_t before = machine().ticks;
    sleep_ms(300);
    if (machine().ticks - before <= 10) return;
  }
  tap_fail("expected at most 10 ticks in 300 ms of sleep, got more, five times");
}

int main(void) {
  tap_begin("sched");
  make_file(ORDER_FILE);
  RUN("more spinning processes than harts: all get ahead", all_progress);
  RUN("a time slice is three ticks", slices_of_three);
  RUN("every yield is a turn given and taken", yields_counted);
  RUN("two processes yield to each other a thousand times", yield_lets_others);
  RUN("nanosleep never ends early", never_early);
  RUN("nanosleep refuses every bad argument", sleep_errors);
  RUN("a sleep of centuries can be killed", sleep_forever);
  RUN("64 sleeping processes wake in the order of their times", wake_in_order);
  RUN("an idle machine takes no ticks", idle_is_quiet);
  return tap_end();
}
