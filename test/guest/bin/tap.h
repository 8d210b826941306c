/*
 * The frame of a guest test. A program runs its cases one by one and prints TAP: `ok K - what is
 * true`, or `not ok K - what # expected X, got Y`, and at the end the plan, `1..N`.
 *
 * Each case runs in a child, so it may crash, leak and be killed as it likes. Around it the
 * kernel's books are compared: frames by kind, heap bytes, stacks, processes, threads and open
 * files must be afterwards what they were before, to the last one. What the kernel keeps on purpose
 * (pooled stacks, the process table's rows) is known below.
 */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <tine.h>
#include <tine/syscall.h>
#include <unistd.h>

#define PAGE ((long)TINE_PAGE_SIZE)

static struct {
  int number; /* of the case that runs */
  const char* what;
  pid_t owner;    /* the process that runs it: it alone may print the verdict */
  int failed;     /* cases so far */
  pid_t last_pid; /* the newest one that this program has seen */
  const char* program;
} tap;

/* ---- Inside a case: the first thing that is not as expected ends it ---- */

/* The verdict of the case, or, from a process that the case made, a remark: that case fails by the
 * child's status. */
static void __attribute__((noreturn, format(printf, 1, 2))) tap_fail(const char* format, ...) {
  char why[200];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(why, sizeof why, format, arguments);
  va_end(arguments);
  if (getpid() == tap.owner) {
    printf("not ok %d - %s # %s\n", tap.number, tap.what, why);
  } else {
    printf("# case %d, process %d: %s\n", tap.number, getpid(), why);
  }
  fflush(NULL);
  _exit(1);
}

static inline void tap_equal(long got, long expected, const char* text, int line) {
  if (got == expected) return;
  if (errno != 0 && got == -1) {
    tap_fail("line %d: %s: expected %ld, got -1 (%s)", line, text, expected, strerror(errno));
  }
  tap_fail("line %d: %s: expected %ld, got %ld", line, text, expected, got);
}

static inline void tap_error(long got, int error, const char* text, int line) {
  if (got == -1 && errno == error) return;
  if (got != -1) tap_fail("line %d: %s: expected %s, got %ld", line, text, strerror(error), got);
  tap_fail("line %d: %s: expected %s, got %s", line, text, strerror(error), strerror(errno));
}

#define EQUAL(got, expected) (errno = 0, tap_equal((long)(got), (long)(expected), #got, __LINE__))
#define ERROR(got, error) (errno = 0, tap_error((long)(got), error, #got, __LINE__))
#define CHECK(condition) \
  ((condition) ? (void)0 : tap_fail("line %d: expected %s", __LINE__, #condition))

/* Waits for a child and checks how it ended: exit code, or -signal. */
#define ENDS(child, how) tap_ends(child, how, __LINE__)
static inline void tap_ends(pid_t child, int how, int line) {
  int status = -1;
  tap_equal(waitpid(child, &status, 0), child, "waitpid(child)", line);
  int got = WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
  if (got != how) tap_fail("line %d: the child's end: expected %d, got %d", line, how, got);
}

/* Forks; a failure ends the case. */
#define FORK() tap_fork(__LINE__)
static inline pid_t tap_fork(int line) {
  pid_t pid = fork();
  if (pid < 0) tap_fail("line %d: fork: %s", line, strerror(errno));
  return pid;
}

/* An address that the compiler knows nothing of. */
static inline void* wild(uintptr_t address) {
  asm("" : "+r"(address));
  return (void*)address;
}
#define KERNEL 0xffffffc080200000ul /* where the kernel sees its own image */

static inline void sleep_ms(long ms) {
  struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
  nanosleep(&time, NULL);
}

/* CLOCK_MONOTONIC without a system call: QEMU's clock counts units of 100 ns. */
static inline uint64_t now_ns(void) {
  uint64_t now;
  __asm__ volatile("rdtime %0" : "=r"(now));
  return now * 100;
}

/* What the kernel says of this very process; a zombie's or stranger's pid is no answer. */
static inline int tap_info(pid_t pid, struct tine_process_info* info) {
  return process_info(pid, info) == pid;
}

/* Waits, at most some seconds, until the process sleeps for this reason; answers whether it does.
 */
static inline int sleeps_for(pid_t pid, int reason) {
  struct tine_process_info info;
  for (int i = 0; i < 5000; i++) {
    if (!tap_info(pid, &info)) return 0;
    if (info.state == TINE_SLEEPING && info.wait_reason == reason) return 1;
    sleep_ms(1);
  }
  return 0;
}

/* Random numbers, the same in every run (xorshift64*). */
static inline uint64_t tap_random(uint64_t* state) {
  *state ^= *state >> 12;
  *state ^= *state << 25;
  *state ^= *state >> 27;
  return *state * 0x2545f4914f6cdd1du;
}

/* Lets others run for a while, up to 0.1 ms. */
static inline void pause_a_little(uint64_t* random) {
  for (uint64_t until = now_ns() + tap_random(random) % 100000; now_ns() < until;) sched_yield();
}

/* An empty file; it stays, so it is made before the cases that use it. */
static inline void make_file(const char* path) {
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (fd < 0) printf("# make_file(%s): %s\n", path, strerror(errno));
  close(fd);
}

/* ---- The kernel's books ---- */

enum {
  TAP_PIDS_A_CHUNK = 256, /* the process table has a row for 256 pids while one of them is used */
  TAP_CHUNK_BYTES = 2048, /* and the row of the newest pid, which no process may use any more */
  TAP_FRAMES_A_STACK = 4,
  TAP_STACKS_A_TABLE =
      64, /* kernel stacks stay; a page table for the window of so many of them does, too */
};

/* Writes into `why` what differs; returns whether anything does. `new_chunk`: the newest pid has
 * another row of the process table now. */
static inline int tap_differs(const struct tine_memory_info* before,
                              const struct tine_memory_info* after, int new_chunk, char* why,
                              size_t size) {
  uint64_t new_stacks = after->stack_frames - before->stack_frames;
  int more_stacks = after->stack_frames > before->stack_frames; /* idle ones go when memory ends */
  uint64_t new_tables = more_stacks ? 1 + new_stacks / TAP_STACKS_A_TABLE : 0;
  uint64_t heap = after->heap_bytes, grown = heap - before->heap_bytes;
  if (new_chunk && (grown == TAP_CHUNK_BYTES || -grown == TAP_CHUNK_BYTES)) {
    heap = before->heap_bytes;
  }
  const struct {
    const char* name;
    uint64_t before, after, kept; /* may have grown by up to `kept` */
  } books[] = {{"user_frames", before->user_frames, after->user_frames, 0},
               {"table_frames", before->table_frames, after->table_frames, 0},
               {"file_frames", before->file_frames, after->file_frames, 0},
               {"heap_bytes", before->heap_bytes, heap, 0},
               {"stacks", before->stacks, after->stacks, 0},
               {"processes", before->processes, after->processes, 0},
               {"threads", before->threads, after->threads, 0},
               {"open_files", before->open_files, after->open_files, 0},
               {"kernel_frames", before->kernel_frames, after->kernel_frames, new_tables}};
  size_t length = 0;
  why[0] = 0;
  for (size_t i = 0; i < sizeof books / sizeof books[0]; i++) {
    if (books[i].after - books[i].before <= books[i].kept) continue;
    length += (size_t)snprintf(why + length, size - length, "%s%s: expected %lu, got %lu",
                               length ? "; " : "", books[i].name, books[i].before, books[i].after);
    if (length + 80 > size) break;
  }
  return length != 0;
}

/* Frames that programs can have: the free ones, and those of idle kernel stacks. */
static inline uint64_t tap_usable(const struct tine_memory_info* info) {
  return info->free_frames + info->stack_frames - TAP_FRAMES_A_STACK * info->stacks;
}

static inline void tap_books(struct tine_memory_info* info) {
  memory_info(info);
  uint64_t sum = info->free_frames + info->user_frames + info->table_frames + info->file_frames +
                 info->heap_frames + info->stack_frames + info->kernel_frames;
  if (sum != info->total_frames)
    printf("# the kinds of frames add up to %lu of %lu\n", sum, info->total_frames);
}

/* The newest pid; the process is gone again. */
static inline pid_t tap_probe(void) {
  pid_t pid = fork();
  if (pid == 0) _exit(0);
  if (pid > 0) waitpid(pid, NULL, 0);
  return pid;
}

/* Has everything been given back? Orphans are reaped by init, which needs its turn: so a second
 * chance. */
static inline int tap_leaked(const struct tine_memory_info* before, char* why, size_t size) {
  pid_t newest = tap_probe();
  int new_chunk = newest / TAP_PIDS_A_CHUNK != tap.last_pid / TAP_PIDS_A_CHUNK;
  struct tine_memory_info after;
  int differs = 1;
  for (int i = 0; i < 1000 && differs; i++) {
    if (i > 0) sleep_ms(10);
    tap_books(&after);
    differs = tap_differs(before, &after, new_chunk, why, size);
  }
  tap.last_pid = newest;
  return differs;
}

/*
 * Waits until nobody else is in the middle of something that the books would show: whoever started
 * us, up to init, sleeps (a hart of a busy host may stop for long right behind a fork), and harts
 * that start late have done so.
 */
static inline void tap_settle(void) {
  struct tine_process_info info;
  struct tine_memory_info memory, before;
  for (pid_t pid = getppid(); pid > 0 && tap_info(pid, &info); pid = info.parent) {
    for (int i = 0; i < 5000 && tap_info(pid, &info) && info.state != TINE_SLEEPING; i++)
      sleep_ms(1);
  }
  tap_books(&memory);
  if (memory.uptime_ns > 2000000000u) return;
  do {
    before = memory;
    sleep_ms(50);
    tap_books(&memory);
  } while (memory.heap_bytes != before.heap_bytes || memory.harts != before.harts);
}

/* ---- Programs ---- */

static inline void tap_run(const char* what, void (*body)(void)) {
  char why[256];
  struct tine_memory_info before;
  tap.number++;
  tap.what = what;
  tap_books(&before);
  pid_t pid = fork();
  if (pid == 0) {
    tap.owner = getpid();
    body();
    fflush(NULL);
    _exit(0);
  }
  int status = -1;
  pid_t ended = pid < 0 ? -1 : waitpid(pid, &status, 0);
  int good = ended == pid && pid > 0 && status == 0;
  int leaked = tap_leaked(&before, why, sizeof why);
  if (good && leaked) {
    printf("not ok %d - %s # not given back: %s\n", tap.number, what, why);
  } else if (good) {
    printf("ok %d - %s\n", tap.number, what);
  } else if (pid < 0) {
    printf("not ok %d - %s # fork: %s\n", tap.number, what, strerror(errno));
  } else if (status != 1 << 8) { /* else it has said so itself */
    printf("not ok %d - %s # expected exit 0, got %s %d\n", tap.number, what,
           WIFSIGNALED(status) ? "signal" : "exit",
           WIFSIGNALED(status) ? WTERMSIG(status) : status >> 8);
  }
  if (!good && leaked) printf("# case %d, besides: not given back: %s\n", tap.number, why);
  fflush(NULL);
  tap.failed += !good || leaked;
}

#define RUN(what, body) tap_run(what, body)

static inline void tap_nothing(void) {}

/* Touches what this program's own part of a case will touch, so that it is not taken for a leak. */
static inline void tap_begin(const char* program) {
  volatile char stack[16 << 10];
  for (size_t i = 0; i < sizeof stack; i += 1024) stack[i] = 0;
  tap.program = program;
  printf("# %s\n", program);
  fflush(NULL);
  tap_settle();
  struct tine_memory_info info;
  tap_books(&info);
  tap.last_pid = tap_probe();
  char why[256];
  tap_differs(&info, &info, 0, why, sizeof why);
}

static inline int tap_end(void) {
  printf("1..%d\n", tap.number);
  printf("[%s] %s\n", tap.program, tap.failed == 0 ? "PASS" : "FAIL");
  fflush(NULL);
  return tap.failed != 0;
}

/* All bytes of the one into the other, which is made if it is not there. */
static inline void copy_file(const char* from_path, const char* to_path) {
  static char block[4096];
  int from = open(from_path, O_RDONLY), to = open(to_path, O_WRONLY | O_CREAT | O_TRUNC, 0755);
  ssize_t got;
  CHECK(from >= 0 && to >= 0);
  while ((got = read(from, block, sizeof block)) > 0) EQUAL(write(to, block, (size_t)got), got);
  close(from);
  close(to);
}
