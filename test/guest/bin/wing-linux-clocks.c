/* The wing `linux`: what the clocks show, and what system this is. */
#include "signals.h"

static uint64_t own_time(clockid_t clock) {
  struct timespec time;
  EQUAL(clock_gettime(clock, &time), 0);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void clocks(void) {
  struct timespec real;
  EQUAL(clock_gettime(CLOCK_REALTIME, &real), 0);
  CHECK(real.tv_sec > 1600000000 && real.tv_nsec >= 0 && real.tv_nsec < 1000000000);
  static const int bad[] = {10, 11, 12, -1, 0x7fffffff, (int)0x80000000};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
    ERROR(clock_gettime(bad[i], &real), EINVAL);
  ERROR(clock_gettime(CLOCK_MONOTONIC, NULL), EFAULT);
  ERROR(clock_gettime(CLOCK_MONOTONIC, wild(KERNEL)), EFAULT);
  ERROR(clock_gettime(CLOCK_MONOTONIC, wild((uintptr_t)bad)), EFAULT);
  uint64_t last = 0;
  for (int i = 0; i < 2000; i++) { /* over several harts, too */
    uint64_t now = own_time(CLOCK_MONOTONIC);
    CHECK(now >= last);
    last = now;
    if (i % 10 == 0) sched_yield();
  }
  struct tine_memory_info memory;
  EQUAL(memory_info(&memory), 0);
  CHECK(memory.uptime_ns >= last);
}

/* What a process runs, and not what it sleeps. */
static void cpu_clocks(void) {
  uint64_t began = now_ns(), start = own_time(CLOCK_PROCESS_CPUTIME_ID), last = start;
  CHECK(own_time(CLOCK_THREAD_CPUTIME_ID) >= start);
  while (last < start + 50000000) {
    uint64_t now = own_time(CLOCK_PROCESS_CPUTIME_ID);
    CHECK(now >= last);
    last = now;
  }
  CHECK(last - start <= now_ns() - began);
  began = now_ns();
  uint64_t before = own_time(CLOCK_PROCESS_CPUTIME_ID);
  sleep_ms(1000);
  CHECK(own_time(CLOCK_PROCESS_CPUTIME_ID) - before < (now_ns() - began) / 2);
}

/* The process's own time: what it computes counts, what it sleeps does not. */
static void process_clock(void) {
  uint64_t began = now_ns();
  clock_t start = clock();
  CHECK(start >= 0);
  while (clock() - start < CLOCKS_PER_SEC / 20) {
  }
  uint64_t passed = now_ns() - began;
  CHECK(passed >= 50000000 - 1000000); /* one hart cannot give more than passes */
  start = clock();
  sleep_ms(300);
  CHECK(clock() - start < CLOCKS_PER_SEC / 5);
  struct timespec run;
  clock_t before = clock();
  EQUAL(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &run), 0);
  long told = run.tv_sec * 1000000 + run.tv_nsec / 1000;
  CHECK(before <= told && told <= clock());
}

/* The structure comes whole, or the call fails. */
static void bad_addresses(void) {
  char* page = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  EQUAL(munmap(page + PAGE, PAGE), 0);
  static const unsigned long bad[] = {0, 8, UNMAPPED, KERNEL, 1ul << 63, -8ul};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    ERROR(syscall(SYS_clock_gettime, CLOCK_REALTIME, bad[i]), EFAULT);
    ERROR(syscall(SYS_uname, bad[i]), EFAULT);
  }
  for (size_t room = 1; room < sizeof(struct timespec); room++)
    ERROR(syscall(SYS_clock_gettime, CLOCK_REALTIME, page + PAGE - room), EFAULT);
  for (size_t room = 1; room < sizeof(struct tine_utsname); room++)
    ERROR(syscall(SYS_uname, page + PAGE - room), EFAULT);
  ERROR(syscall(SYS_uname, "read only"), EFAULT);
}

static void name_of_the_system(void) {
  struct tine_utsname name;
  EQUAL(syscall(SYS_uname, &name), 0);
  EQUAL(strcmp(name.sysname, "Tine"), 0);
  EQUAL(strcmp(name.machine, "riscv64"), 0);
}

int main(void) {
  tap_begin("wing-linux-clocks");
  RUN("clocks go forward; bad clocks and pointers are refused", clocks);
  RUN("the clocks of process and thread count what they run", cpu_clocks);
  RUN("clock: the time that the process ran", process_clock);
  RUN("uname tells the system's name", name_of_the_system);
  RUN("clock_gettime and uname refuse every bad address", bad_addresses);
  return tap_end();
}
