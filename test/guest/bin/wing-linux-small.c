/* The wing `linux`: the small calls. Time, the machine's size, use of resources, limits; files by
 * path and descriptor; the edges of reading and writing in pieces and at places. */
#include "clone.h"
#include "signals.h"

static char memory[256];

static int scratch(int flags) {
  int fd = open("/tmp/small", O_RDWR | O_CREAT | O_TRUNC | flags, 0644);
  CHECK(fd >= 0);
  return fd;
}

static long size_of(const char* path) {
  struct stat about;
  EQUAL(stat(path, &about), 0);
  return about.st_size;
}

/* The last bytes of a page behind which there is nothing. */
static char* before_hole(size_t size) {
  char* at = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(at != MAP_FAILED);
  EQUAL(munmap(at + PAGE, PAGE), 0);
  return at + PAGE - size;
}

/* ---- Time ---- */

static void time_of_day(void) {
  struct timespec before, after;
  int64_t now[2] = {-1, -1};
  EQUAL(clock_gettime(CLOCK_REALTIME, &before), 0);
  EQUAL(syscall(SYS_gettimeofday, now, NULL), 0);
  EQUAL(clock_gettime(CLOCK_REALTIME, &after), 0);
  CHECK(now[1] >= 0 && now[1] < 1000000);
  int64_t us = now[0] * 1000000 + now[1];
  CHECK(us >= before.tv_sec * 1000000 + before.tv_nsec / 1000);
  CHECK(us <= after.tv_sec * 1000000 + after.tv_nsec / 1000);
  EQUAL(syscall(SYS_gettimeofday, NULL, NULL), 0);
  ERROR(syscall(SYS_gettimeofday, wild(UNMAPPED), NULL), EFAULT);
  ERROR(syscall(SYS_gettimeofday, wild(KERNEL), NULL), EFAULT);
  int32_t zone[2] = {77, 77};
  EQUAL(syscall(SYS_gettimeofday, now, zone), 0);
  CHECK(zone[0] == 0 && zone[1] == 0);
  EQUAL(syscall(SYS_gettimeofday, NULL, zone), 0);
  ERROR(syscall(SYS_gettimeofday, now, wild(UNMAPPED)), EFAULT);
}

static void resolution(void) {
  struct timespec step = {5, 5};
  EQUAL(syscall(SYS_clock_getres, CLOCK_MONOTONIC, &step), 0);
  CHECK(step.tv_sec == 0 && step.tv_nsec >= 1 && step.tv_nsec <= 1000000);
  EQUAL(syscall(SYS_clock_getres, CLOCK_REALTIME, NULL), 0);
  ERROR(syscall(SYS_clock_getres, 77, NULL), EINVAL);
  ERROR(syscall(SYS_clock_getres, -1, &step), EINVAL);
  ERROR(syscall(SYS_clock_getres, CLOCK_MONOTONIC, wild(UNMAPPED)), EFAULT);
}

enum { MS = 1000000, ABSOLUTE = 1 };

static void sleep_by_clock(void) {
  struct timespec length = {0, 20 * MS}, until;
  uint64_t start = now_ns();
  EQUAL(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &length, NULL), 0);
  CHECK(now_ns() - start >= 20 * MS);
  EQUAL(clock_gettime(CLOCK_MONOTONIC, &until), 0);
  until.tv_sec++;
  start = (uint64_t)until.tv_sec * 1000000000u + (uint64_t)until.tv_nsec;
  EQUAL(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, ABSOLUTE, &until, NULL), 0);
  CHECK(now_ns() >= start);
  EQUAL(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, ABSOLUTE, &until, NULL), 0); /* long past */
  EQUAL(clock_gettime(CLOCK_REALTIME, &until), 0);
  EQUAL(syscall(SYS_clock_nanosleep, CLOCK_REALTIME, ABSOLUTE, &until, NULL), 0);
  length.tv_nsec = 1000000000;
  ERROR(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &length, NULL), EINVAL);
  length = (struct timespec){-1, 0};
  ERROR(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &length, NULL), EINVAL);
  ERROR(syscall(SYS_clock_nanosleep, 77, 0, &until, NULL), EINVAL);
  ERROR(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, NULL, NULL), EFAULT);
  ERROR(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, wild(UNMAPPED), NULL), EFAULT);
}

/* A child that sends SIGUSR1 once its parent sleeps. */
static pid_t start_waker(void) {
  pid_t sleeper = getpid(), child = FORK();
  if (child == 0) _exit(!sleeps_for(sleeper, TINE_WAIT_SLEEP) || kill(sleeper, SIGUSR1) != 0);
  return child;
}

static void interrupted_sleep(void) {
  struct timespec length = {1000, 0}, left = {-7, -7};
  handle(SIGUSR1, note, SA_RESTART); /* which is no matter: this call is never made again */
  pid_t waker = start_waker();
  ERROR(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &length, &left), EINTR);
  ENDS(waker, 0);
  CHECK(left.tv_sec > 900 && left.tv_sec < 1000);
  waker = start_waker();
  ERROR(syscall(SYS_clock_nanosleep, CLOCK_REALTIME, 0, &length, wild(UNMAPPED)), EFAULT);
  ENDS(waker, 0);
  EQUAL(clock_gettime(CLOCK_MONOTONIC, &length), 0);
  length.tv_sec += 1000;
  left.tv_sec = -7;
  waker = start_waker();
  ERROR(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, ABSOLUTE, &length, &left), EINTR);
  ENDS(waker, 0);
  EQUAL(left.tv_sec, -7); /* of a point of time nothing is left */
  EQUAL(count, 3);
}

/* ---- The machine, and what the process uses of it ---- */

static void machine(void) {
  struct tine_memory_info info;
  uint64_t about[14]; /* struct sysinfo of Linux: 112 bytes */
  memset(about, 0xff, sizeof about);
  EQUAL(syscall(SYS_sysinfo, about), 0);
  EQUAL(memory_info(&info), 0);
  const uint32_t* unit = (const uint32_t*)&about[13];
  EQUAL(*unit, 1);
  EQUAL(about[4], info.total_frames * TINE_PAGE_SIZE);
  CHECK(about[5] > 0 && about[5] < about[4]);
  CHECK(about[0] <= info.uptime_ns / 1000000000u);
  CHECK((uint16_t)about[10] >= 2); /* init and we */
  ERROR(syscall(SYS_sysinfo, wild(UNMAPPED)), EFAULT);
  ERROR(syscall(SYS_sysinfo, before_hole(100)), EFAULT);
}

static void harts(void) {
  struct tine_memory_info info;
  uint64_t set[16] = {0};
  EQUAL(syscall(SYS_sched_getaffinity, 0, sizeof set, set), 8);
  EQUAL(memory_info(&info), 0);
  CHECK(set[0] != 0 && (set[0] & (set[0] + 1)) == 0);         /* the lowest bits, without a gap */
  CHECK((uint64_t)__builtin_popcountl(set[0]) >= info.harts); /* one may be starting yet */
  EQUAL(syscall(SYS_sched_getaffinity, getpid(), 8l, set), 8);
  ERROR(syscall(SYS_sched_getaffinity, 0, 4l, set), EINVAL);
  ERROR(syscall(SYS_sched_getaffinity, 0, 12l, set), EINVAL);
  ERROR(syscall(SYS_sched_getaffinity, 0, 0l, set), EINVAL);
  ERROR(syscall(SYS_sched_getaffinity, 30000, 8l, set), ESRCH);
  ERROR(syscall(SYS_sched_getaffinity, 0, 8l, wild(KERNEL)), EFAULT);
}

/* Runs until the kernel has counted `us` more of the process's time. */
static void spend(int64_t us) {
  struct timespec now, stop;
  EQUAL(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &stop), 0);
  do {
    EQUAL(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now), 0);
  } while ((now.tv_sec - stop.tv_sec) * 1000000 + (now.tv_nsec - stop.tv_nsec) / 1000 < us);
}

enum { PEAK = 4, FAULTS = 8 }; /* words of a struct rusage: ru_maxrss in KiB, ru_minflt */

/* User and system time of a struct rusage. */
static int64_t microseconds(const int64_t* usage) {
  return (usage[0] + usage[2]) * 1000000 + usage[1] + usage[3];
}

static void use_of_time(void) {
  int64_t before[4], after[4], usage[18];
  long start = syscall(SYS_times, before);
  CHECK(start >= 0);
  spend(200000);
  long end = syscall(SYS_times, after);
  CHECK(end > start);
  long ran = after[0] + after[1] - before[0] - before[1];
  CHECK(ran > 0 && ran <= end - start + 2);
  CHECK(after[0] >= before[0] && after[1] >= before[1]);
  CHECK(after[2] == 0 && after[3] == 0);
  memset(usage, 0xff, sizeof usage);
  EQUAL(syscall(SYS_getrusage, 0, usage), 0); /* RUSAGE_SELF */
  CHECK(microseconds(usage) > 0 && usage[1] < 1000000 && usage[3] < 1000000);
  EQUAL(syscall(SYS_getrusage, 1, usage), 0);  /* RUSAGE_THREAD */
  EQUAL(syscall(SYS_getrusage, -1, usage), 0); /* RUSAGE_CHILDREN */
  ERROR(syscall(SYS_getrusage, -2, usage), EINVAL);
  ERROR(syscall(SYS_getrusage, 0, NULL), EFAULT);
  ERROR(syscall(SYS_getrusage, 0, before_hole(100)), EFAULT);
}

/* Of a child counts what it ran before an exec, too, and what the children ran that it waited for.
 */
static void use_of_time_by_children(void) {
  static char* const arguments[] = {"true", NULL};
  int64_t usage[18], children[18], clocks[4];
  pid_t child = FORK();
  if (child == 0) {
    if (FORK() == 0) {
      spend(40000);
      _exit(0);
    }
    wait(NULL);
    spend(40000);
    execve("/bin/true", arguments, NULL);
    _exit(1);
  }
  memset(usage, 0xff, sizeof usage);
  EQUAL(syscall(SYS_wait4, child, NULL, 0, usage), child);
  int64_t ran = microseconds(usage);
  CHECK(ran >= 80000 - 2 && usage[1] < 1000000 && usage[3] < 1000000);
  for (int i = 5; i < 18; i++) {
    if (i != FAULTS) EQUAL(usage[i], 0);
  }
  EQUAL(syscall(SYS_getrusage, -1, children), 0);
  EQUAL(memcmp(usage, children, sizeof usage), 0);
  CHECK(syscall(SYS_times, clocks) > 0);
  EQUAL(clocks[2], (usage[0] * 1000000 + usage[1]) / 10000);
  EQUAL(clocks[3], (usage[2] * 1000000 + usage[3]) / 10000);
}

/* Whatever number the own group has, a signal to it is not one to all processes. */
static void own_group(void) {
  long group = syscall(SYS_getpgid, 0);
  CHECK(group >= 0 && group != 1);
  EQUAL(syscall(SYS_getpgid, getpid()), group);
  EQUAL(syscall(SYS_getpgid, getppid()), group);
  EQUAL(syscall(SYS_getsid, 0), group);
  ERROR(syscall(SYS_getpgid, 32767), ESRCH);
  ERROR(syscall(SYS_getsid, -1), ESRCH);
  pid_t bystander = FORK();
  if (bystander == 0) {
    struct tine_message message;
    EQUAL(ipc_recv(&message), 0);
    _exit(7);
  }
  ERROR(kill((pid_t)-group, SIGTERM), ESRCH);
  EQUAL(ipc_send(bystander, 1), 0);
  ENDS(bystander, 7);
}

static void identity(void) {
  int word = 5;
  EQUAL(syscall(SYS_set_tid_address, &word), gettid());
  EQUAL(syscall(SYS_set_tid_address, wild(UNMAPPED)), gettid()); /* looked at by nobody */
  EQUAL(syscall(SYS_set_tid_address, NULL), gettid());
  EQUAL(word, 5);
  uint64_t limit[2];
  EQUAL(syscall(SYS_prlimit64, getpid(), 3, NULL, limit), 0); /* the stack */
  EQUAL(limit[0], TINE_STACK_SIZE);
  EQUAL(syscall(SYS_prlimit64, 0, 9, NULL, limit), 0); /* the address space */
  EQUAL(limit[0], -1);
  EQUAL(syscall(SYS_prlimit64, 0, 9, NULL, NULL), 0);
  ERROR(syscall(SYS_prlimit64, 0, 9, wild(UNMAPPED), NULL), EFAULT);
  ERROR(syscall(SYS_prlimit64, 0, -1, NULL, limit), EINVAL);
}

/* ---- Files ---- */

static void truncation(void) {
  int fd = scratch(0);
  EQUAL(write(fd, "0123456789", 10), 10);
  EQUAL(syscall(SYS_truncate, "/tmp/small", 4l), 0);
  EQUAL(size_of("/tmp/small"), 4);
  EQUAL(syscall(SYS_truncate, "/tmp/small", 3 * PAGE), 0);
  EQUAL(size_of("/tmp/small"), 3 * PAGE);
  EQUAL(syscall(SYS_pread64, fd, memory, 8, 0l), 8);
  EQUAL(memcmp(memory, "0123\0\0\0\0", 8), 0);
  ERROR(syscall(SYS_truncate, "/tmp/small", -1l), EINVAL);
  ERROR(syscall(SYS_truncate, "/tmp", 0l), EISDIR);
  ERROR(syscall(SYS_truncate, "/dev/null", 0l), EINVAL);
  ERROR(syscall(SYS_truncate, "/tmp/none", 0l), ENOENT);
  ERROR(syscall(SYS_truncate, "/tmp/small/x", 0l), ENOTDIR);
  ERROR(syscall(SYS_truncate, wild(UNMAPPED), 0l), EFAULT);
  EQUAL(unlink("/tmp/small"), 0);
}

static void syncing(void) {
  int fd = scratch(0), folder = open("/tmp", O_RDONLY | O_DIRECTORY), ends[2];
  EQUAL(pipe(ends), 0);
  for (long call = SYS_fsync; call <= SYS_fdatasync; call++) {
    EQUAL(syscall(call, fd), 0);
    EQUAL(syscall(call, folder), 0);
    ERROR(syscall(call, ends[1]), EINVAL); /* what cannot be written to a disk */
    ERROR(syscall(call, open("/dev/null", O_RDONLY)), EINVAL);
    ERROR(syscall(call, 99), EBADF);
    ERROR(syscall(call, -1), EBADF);
  }
  EQUAL(syscall(SYS_sync), 0);
  uint64_t by_path[15], by_fd[15];
  EQUAL(syscall(SYS_statfs, "/tmp", by_path), 0);
  EQUAL(syscall(SYS_fstatfs, folder, by_fd), 0);
  EQUAL(by_path[0], by_fd[0]);
  EQUAL(by_path[2], by_fd[2]);
  EQUAL(by_fd[8], 255); /* the longest name */
  ERROR(syscall(SYS_statfs, "/tmp/small/x", by_path), ENOTDIR);
  ERROR(syscall(SYS_fstatfs, folder, wild(UNMAPPED)), EFAULT);
  EQUAL(unlink("/tmp/small"), 0);
}

struct piece {
  const void* at;
  size_t size;
};

/* What is at the edge of too much is taken as far as it goes. */
static void pieces(void) {
  int fd = scratch(0), ends[2];
  struct piece none[] = {{wild(UNMAPPED), 0}, {NULL, 0}};
  EQUAL(syscall(SYS_writev, fd, none, 2l), 0);
  EQUAL(syscall(SYS_writev, fd, NULL, 0l), 0);
  ERROR(syscall(SYS_writev, fd, NULL, 1l), EFAULT);
  static struct piece many[1024];
  for (int i = 0; i < 1024; i++) many[i] = (struct piece){"xy", 2};
  EQUAL(syscall(SYS_writev, fd, many, 1024l), 2048);
  EQUAL(lseek(fd, 2040, SEEK_SET), 2040);
  struct piece in[] = {{memory, 4}, {memory + 4, 100}, {wild(UNMAPPED), 100}};
  EQUAL(syscall(SYS_readv, fd, in, 3l), 8); /* the end of the file comes before the bad piece */
  EQUAL(memcmp(memory, "xyxyxyxy", 8), 0);
  struct piece edge[] = {{"abcd", 4}, {before_hole(4), 8}};
  EQUAL(syscall(SYS_writev, fd, edge, 2l), 8);
  EQUAL(size_of("/tmp/small"), 2056);
  EQUAL(pipe(ends), 0);
  struct piece out[] = {{"one", 3}, {"two", 3}};
  EQUAL(syscall(SYS_writev, ends[1], out, 2l), 6);
  in[0].size = 5;
  EQUAL(syscall(SYS_readv, ends[0], in, 1l), 5);
  ERROR(syscall(SYS_readv, ends[1], in, 1l), EBADF);
  handle(SIGPIPE, SIG_IGN, 0);
  close(ends[0]);
  ERROR(syscall(SYS_writev, ends[1], out, 2l), EPIPE);
  EQUAL(unlink("/tmp/small"), 0);
}

static void places(void) {
  int fd = scratch(0), folder = open("/tmp", O_RDONLY | O_DIRECTORY);
  EQUAL(write(fd, "0123456789", 10), 10);
  EQUAL(syscall(SYS_pread64, fd, wild(UNMAPPED), 0, 0l), 0);
  EQUAL(syscall(SYS_pread64, fd, before_hole(2), 5, 0l), 2);
  ERROR(syscall(SYS_pread64, folder, memory, 1, 0l), EISDIR);
  int reader = open("/tmp/small", O_RDONLY), writer = open("/tmp/small", O_WRONLY | O_APPEND);
  ERROR(syscall(SYS_pwrite64, reader, "x", 1, 0l), EBADF);
  ERROR(syscall(SYS_pread64, writer, memory, 1, 0l), EBADF);
  EQUAL(syscall(SYS_pwrite64, writer, "end", 3, 0l), 3); /* O_APPEND wins, as on Linux */
  EQUAL(syscall(SYS_pread64, reader, memory, 20, 0l), 13);
  EQUAL(memcmp(memory, "0123456789end", 13), 0);
  ERROR(syscall(SYS_pwrite64, fd, wild(KERNEL), 1, 0l), EFAULT);
  EQUAL(unlink("/tmp/small"), 0);
}

static void from_file_to_file(void) {
  int from = scratch(0), to = open("/tmp/small2", O_RDWR | O_CREAT | O_TRUNC, 0644);
  for (int i = 0; i < 300; i++) EQUAL(write(from, "a line of 32 bytes, or a half..\n", 32), 32);
  long at = 32;
  EQUAL(syscall(SYS_sendfile, to, from, &at, 2 * PAGE), 2 * PAGE);
  EQUAL(at, 32 + 2 * PAGE);
  EQUAL(syscall(SYS_sendfile, to, from, &at, 1l << 40), 9600 - 32 - 2 * PAGE);
  EQUAL(at, 9600);
  EQUAL(size_of("/tmp/small2"), 9600 - 32);
  EQUAL(syscall(SYS_sendfile, to, from, &at, 10), 0); /* the end */
  at = 1l << 40;
  EQUAL(syscall(SYS_sendfile, to, from, &at, 10), 0);
  EQUAL(syscall(SYS_sendfile, to, from, NULL, 0), 0);
  EQUAL(lseek(from, 0, SEEK_CUR), 9600);
  ERROR(syscall(SYS_sendfile, to, 99, NULL, 1), EBADF);
  ERROR(syscall(SYS_sendfile, -1, from, NULL, 1), EBADF);
  EQUAL(unlink("/tmp/small"), 0);
  EQUAL(unlink("/tmp/small2"), 0);
}

/* ---- Code that a program writes itself ---- */

static uint32_t* code; /* li a0, N; ret */

static void write_code(int value) {
  code[0] = (uint32_t)value << 20 | 0x513;
  code[1] = 0x8067;
}

static int run_code(void) {
  int (*function)(void);
  memcpy(&function, &code, sizeof function);
  return function();
}

static void map_code(void) {
  code = mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(code != MAP_FAILED);
}

static void own_code(void) {
  map_code();
  for (int i = 0; i < 1000; i++) {
    write_code(i);
    EQUAL(syscall(SYS_riscv_flush_icache, code, code + 2, (long)(i % 2)), 0); /* 1: local */
    EQUAL(run_code(), i);
    if (i % 100 == 0) sched_yield(); /* maybe to another hart */
    EQUAL(run_code(), i);
  }
  EQUAL(syscall(SYS_riscv_flush_icache, wild(KERNEL), wild(UNMAPPED), 0l), 0); /* as on Linux */
  ERROR(syscall(SYS_riscv_flush_icache, code, code + 2, 2l), EINVAL);
  ERROR(syscall(SYS_riscv_flush_icache, code, code + 2, 1l << 32), EINVAL);
  ERROR(syscall(SYS_riscv_flush_icache, code, code + 2, -1l), EINVAL);
}

/* Another thread of control, maybe on another hart, runs what we write. */
enum { ROUNDS = 200 };
static volatile int written, found;

static void run_what_is_written(void) {
  for (int i = 1; i <= ROUNDS; i++) {
    while (__atomic_load_n(&written, __ATOMIC_ACQUIRE) < i) sched_yield();
    if (run_code() != i) {
      __atomic_store_n(&found, ROUNDS, __ATOMIC_RELEASE); /* lets the other end */
      _exit(1);
    }
    __atomic_store_n(&found, i, __ATOMIC_RELEASE);
  }
  _exit(0);
}

static void code_for_others(void) {
  map_code();
  write_code(0);
  long child = clone_into(CLONE_VM | SIGCHLD, run_what_is_written, NULL, 0, 0);
  CHECK(child > 0);
  for (int i = 1; i <= ROUNDS; i++) {
    write_code(i);
    EQUAL(syscall(SYS_riscv_flush_icache, code, code + 2, 0l), 0);
    __atomic_store_n(&written, i, __ATOMIC_RELEASE);
    while (__atomic_load_n(&found, __ATOMIC_ACQUIRE) < i) sched_yield();
  }
  ENDS((pid_t)child, 0);
}

/* ---- Pages in a struct rusage ---- */

static void touch_pages(long pages) {
  char* at = mmap(NULL, (size_t)(pages * PAGE), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                  -1, 0);
  CHECK(at != MAP_FAILED);
  for (long i = 0; i < pages; i++) at[i * PAGE] = 1;
  EQUAL(munmap(at, (size_t)(pages * PAGE)), 0);
}
static void peaks_and_faults(void) {
  enum { PAGES = 500 };
  uint64_t before[18], after[18], later[18];
  EQUAL(syscall(SYS_getrusage, 0, before), 0);
  CHECK(before[PEAK] > 0 && before[PEAK] < PAGES * 4);
  touch_pages(PAGES);
  EQUAL(syscall(SYS_getrusage, 0, after), 0);
  CHECK(after[FAULTS] >= before[FAULTS] + PAGES && after[FAULTS] < before[FAULTS] + PAGES + 20);
  CHECK(after[PEAK] >= PAGES * 4 && after[PEAK] <= before[PEAK] + (PAGES + 20) * 4);
  touch_pages(PAGES / 2); /* not the most any more */
  EQUAL(syscall(SYS_getrusage, 1, later), 0);
  EQUAL(later[PEAK], after[PEAK]);
  CHECK(later[FAULTS] >= after[FAULTS] + PAGES / 2);
}

/* A child's peak is not added to that of another; its faults are. Exec forgets neither. */
static void pages_of_children(void) {
  enum { PAGES = 400 };
  uint64_t usage[18], children[18];
  for (int i = 0; i < 2; i++) {
    pid_t child = FORK();
    if (child == 0) {
      touch_pages(PAGES);
      char* arguments[] = {"true", NULL};
      syscall(SYS_execve, "/bin/true", arguments, NULL);
      _exit(9);
    }
    EQUAL(syscall(SYS_wait4, child, NULL, 0, usage), child);
    CHECK(usage[PEAK] >= PAGES * 4 && usage[PEAK] < PAGES * 6);
    CHECK(usage[FAULTS] >= PAGES && usage[FAULTS] < PAGES * 2);
  }
  EQUAL(syscall(SYS_getrusage, -1, children), 0);
  EQUAL(children[PEAK], usage[PEAK]);
  CHECK(children[FAULTS] >= 2 * PAGES);
}

int main(void) {
  tap_begin("wing-linux-small");
  RUN("gettimeofday is the clock", time_of_day);
  RUN("clock_getres", resolution);
  RUN("clock_nanosleep, for a time and until one", sleep_by_clock);
  RUN("clock_nanosleep interrupted: what is left", interrupted_sleep);
  RUN("sysinfo tells the size of memory", machine);
  RUN("sched_getaffinity: all harts", harts);
  RUN("times and getrusage count what was run", use_of_time);
  RUN("times, getrusage and wait4 count what children ran", use_of_time_by_children);
  RUN("getrusage: the most pages at one time, and the faults", peaks_and_faults);
  RUN("getrusage and wait4: pages of children, over exec", pages_of_children);
  RUN("getpgid, getsid; a signal to the own group reaches nobody else", own_group);
  RUN("set_tid_address, limits", identity);
  RUN("riscv_flush_icache: written code is run, wrong flags are told", own_code);
  RUN("riscv_flush_icache: written code is run by who shares the memory", code_for_others);
  RUN("truncate by path", truncation);
  RUN("fsync, fdatasync, sync, fstatfs", syncing);
  RUN("readv and writev at their limits", pieces);
  RUN("pread and pwrite at their edges", places);
  RUN("sendfile by pages, to the end", from_file_to_file);
  return tap_end();
}
