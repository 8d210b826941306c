/* Limits of size and time, as root and as a user: RLIMIT_FSIZE, RLIMIT_STACK, RLIMIT_AS,
 * RLIMIT_DATA and RLIMIT_CPU (kernel/sched/thread.hh, ThreadLimits). */
#include "credentials.h"
#include "tap.h"

enum { MIB = 1 << 20 };
#define PROGRAM "/test/wing-linux-limits-obeyed"
#define FILE_NAME "/tmp/limited"

static void limit(unsigned resource, uint64_t now, uint64_t most) {
  uint64_t numbers[2] = {now, most};
  EQUAL(syscall(SYS_setrlimit, resource, numbers), 0);
}

/* Runs `body` as root, and in the same way as a user. */
#define FOR_BOTH(name, body) \
  static void name(void) {   \
    as(0, body);             \
    as(STUDENT, body);       \
  }

static volatile int caught[TINE_NSIG + 1];
static void note_limit(int signal) { caught[signal]++; }
static long pwrite(int fd, const void* bytes, size_t size, long at) {
  return syscall(SYS_pwrite64, fd, bytes, size, at);
}

/* ---- RLIMIT_FSIZE ---- */

static void write_past_limit(void) {
  static char bytes[3 * TINE_PAGE_SIZE];
  signal(SIGXFSZ, note_limit);
  limit(RLIMIT_FSIZE, 5000, RLIM_INFINITY);
  int fd = open(FILE_NAME, O_CREAT | O_RDWR, 0600);
  CHECK(fd >= 0);
  EQUAL(write(fd, bytes, 4990), 4990);
  EQUAL(write(fd, bytes, 100), 10); /* what fits */
  EQUAL(caught[SIGXFSZ], 0);
  ERROR(write(fd, bytes, 1), EFBIG);
  EQUAL(caught[SIGXFSZ], 1);
  ERROR(pwrite(fd, bytes, 1, 5000), EFBIG);
  EQUAL(caught[SIGXFSZ], 2);
  EQUAL(pwrite(fd, bytes, sizeof bytes, 4999), 1);
  ERROR(ftruncate(fd, 5001), EFBIG);
  EQUAL(caught[SIGXFSZ], 3);
  ERROR(syscall(SYS_truncate, FILE_NAME, 5001l), EFBIG);
  EQUAL(caught[SIGXFSZ], 4);
  EQUAL(lseek(fd, 0, SEEK_END), 5000);
  EQUAL(fcntl(fd, F_SETFL, O_APPEND), 0);
  ERROR(write(fd, bytes, 1), EFBIG);
  EQUAL(write(fd, bytes, 0), 0);
  EQUAL(fcntl(fd, F_SETFL, 0), 0);
  /* A file that is longer already may become shorter, and what is there may be written. */
  limit(RLIMIT_FSIZE, 1000, RLIM_INFINITY);
  EQUAL(ftruncate(fd, 4000), 0);
  EQUAL(pwrite(fd, bytes, 500, 100), 500);
  /* No other kind of file has a limit. */
  int ends[2];
  EQUAL(pipe2(ends, 0), 0);
  EQUAL(write(ends[1], bytes, 2000), 2000);
  EQUAL(unlink(FILE_NAME), 0);
}
FOR_BOTH(file_size, write_past_limit)

static void die_of_size(void) {
  limit(RLIMIT_FSIZE, 0, 0);
  int fd = open(FILE_NAME, O_CREAT | O_RDWR, 0600);
  unlink(FILE_NAME);
  pid_t child = FORK();
  if (child == 0) _exit(write(fd, "x", 1) == 1 ? 1 : 2); /* the child has the limit, too */
  ENDS(child, -SIGXFSZ);
}
FOR_BOTH(file_size_default, die_of_size)

/* ---- RLIMIT_AS, RLIMIT_DATA ---- */

static void* map(size_t size, int prot) {
  return mmap(NULL, size, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}
static void* move(void* at, size_t old, size_t size) {
  return (void*)syscall(SYS_mremap, at, old, size, MREMAP_MAYMOVE, 0);
}

static void map_past_limit(void) {
  char* old = map(2 * MIB, PROT_NONE);
  CHECK(old != MAP_FAILED);
  limit(RLIMIT_AS, 16 * MIB, RLIM_INFINITY);
  ERROR((long)map(16 * MIB, PROT_NONE), ENOMEM);
  char* more = map(4 * MIB, PROT_READ);
  CHECK(more != MAP_FAILED);
  ERROR((long)move(more, 4 * MIB, 20 * MIB), ENOMEM);
  char* end = (char*)syscall(SYS_brk, 0);
  EQUAL(syscall(SYS_brk, end + 16 * MIB), (long)end);
  EQUAL(syscall(SYS_brk, end + MIB), (long)(end + MIB));
  limit(RLIMIT_AS, PAGE, RLIM_INFINITY); /* what is there stays, and nothing comes */
  ERROR((long)map(PAGE, PROT_NONE), ENOMEM);
  EQUAL(syscall(SYS_brk, end + MIB + PAGE), (long)(end + MIB));
  EQUAL(syscall(SYS_brk, end), (long)end);
  CHECK(mmap(more, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == more);
  EQUAL(mprotect(more, PAGE, PROT_READ | PROT_WRITE), 0);
  more[0] = 1;
  EQUAL(munmap(old, 2 * MIB), 0);
  limit(RLIMIT_AS, RLIM_INFINITY, RLIM_INFINITY);
  CHECK(map(16 * MIB, PROT_NONE) != MAP_FAILED);
}
FOR_BOTH(space, map_past_limit)

static void data_past_limit(void) {
  limit(RLIMIT_DATA, 8 * MIB, RLIM_INFINITY);
  char* only_read = map(64 * MIB, PROT_READ);
  CHECK(only_read != MAP_FAILED); /* is no data */
  ERROR(mprotect(only_read, 64 * MIB, PROT_READ | PROT_WRITE), ENOMEM);
  ERROR((long)map(8 * MIB, PROT_READ | PROT_WRITE), ENOMEM);
  char* some = map(2 * MIB, PROT_READ | PROT_WRITE);
  CHECK(some != MAP_FAILED);
  ERROR((long)move(some, 2 * MIB, 9 * MIB), ENOMEM);
  char* end = (char*)syscall(SYS_brk, 0);
  EQUAL(syscall(SYS_brk, end + 8 * MIB), (long)end);
  CHECK(mmap(NULL, 16 * MIB, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0) !=
        MAP_FAILED);
}
FOR_BOTH(data, data_past_limit)

/* ---- RLIMIT_STACK ---- */

/* Touches each page of so many bytes of stack. */
static void __attribute__((noinline)) use_stack(size_t size) {
  char bytes[PAGE];
  asm volatile("" : : "r"(memset(bytes, 1, sizeof bytes)) : "memory");
  if (size > (size_t)PAGE) use_stack(size - PAGE);
  asm volatile("" : : "r"(bytes) : "memory");
}
static int ends_of_stack(size_t size) {
  pid_t child = FORK();
  if (child == 0) {
    use_stack(size);
    _exit(0);
  }
  int status;
  EQUAL(waitpid(child, &status, 0), child);
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static void deep_stack(void) {
  EQUAL(ends_of_stack(4 * MIB), 0);
  limit(RLIMIT_STACK, MIB, RLIM_INFINITY);
  EQUAL(ends_of_stack(MIB / 2), 0);
  EQUAL(ends_of_stack(4 * MIB), -SIGSEGV);
  limit(RLIMIT_STACK, RLIM_INFINITY, RLIM_INFINITY);
  EQUAL(ends_of_stack(4 * MIB), 0);
  EQUAL(ends_of_stack(TINE_STACK_SIZE + MIB), -SIGSEGV); /* there is no more room */
  limit(RLIMIT_AS, 4 * MIB, RLIM_INFINITY);
  EQUAL(ends_of_stack(MIB), 0);
  EQUAL(ends_of_stack(6 * MIB), -SIGSEGV);
}
FOR_BOTH(stack, deep_stack)

static char long_argument[100 << 10];
static void exec_with_limit(void) {
  char* arguments[] = {PROGRAM, "--end", long_argument, long_argument, long_argument, NULL};
  memset(long_argument, 'a', sizeof long_argument - 1);
  pid_t child = FORK();
  if (child == 0) _exit(execve(PROGRAM, arguments, NULL));
  ENDS(child, 0);
  limit(RLIMIT_STACK, MIB, MIB); /* a quarter is less than these take */
  ERROR(execve(PROGRAM, arguments, NULL), E2BIG);
  limit(RLIMIT_STACK, 64 << 10, MIB);
  arguments[3] = NULL;
  ERROR(execve(PROGRAM, arguments, NULL), E2BIG);
  limit(RLIMIT_STACK, 0, MIB);
  ERROR(execve(PROGRAM, arguments, NULL), E2BIG);
  limit(RLIMIT_STACK, 64 << 10, MIB);
  arguments[2] = NULL;
  execve(PROGRAM, arguments, NULL);
  _exit(1);
}
FOR_BOTH(arguments, exec_with_limit)

/* ---- RLIMIT_CPU ---- */

static void spend(void) {
  for (;;) (void)getppid();
}
/* The first signal comes after a second of its time, the next one after another. */
static void spend_time(void) {
  signal(SIGXCPU, note_limit);
  limit(RLIMIT_CPU, 1, 10);
  for (int seconds = 1; seconds <= 2; seconds++) {
    while (caught[SIGXCPU] < seconds) {
      struct timespec used;
      EQUAL(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used), 0);
      CHECK(used.tv_sec <= seconds);
    }
    struct timespec used;
    EQUAL(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used), 0);
    EQUAL(used.tv_sec, seconds);
  }
}
static void die_of_time(void) {
  signal(SIGXCPU, note_limit);
  limit(RLIMIT_CPU, 1, 1);
  pid_t child = FORK();
  if (child == 0) spend();
  ENDS(child, -SIGKILL);
  signal(SIGXCPU, SIG_DFL);
  child = FORK();
  if (child == 0) {
    limit(RLIMIT_CPU, 0, 1); /* at the next tick */
    spend();
  }
  ENDS(child, -SIGXCPU);
}
FOR_BOTH(time_signal, spend_time)
FOR_BOTH(time_end, die_of_time)

static int has_call(long number) {
  errno = 0;
  syscall(number, -1, 0, 0, 0, 0, 0);
  return errno != ENOSYS;
}

int main(int argc, char** argv) {
  if (argc >= 2 && strcmp(argv[1], "--end") == 0) return 0;
  tap_begin("wing-linux-limits-obeyed");
  RUN("RLIMIT_FSIZE: what fits is written, then SIGXFSZ and EFBIG", file_size);
  RUN("RLIMIT_FSIZE: SIGXFSZ ends a program that does not catch it", file_size_default);
  if (has_call(SYS_mremap)) { /* the wing mmap */
    RUN("RLIMIT_AS: mmap, mremap and brk", space);
    RUN("RLIMIT_DATA: private memory that can be written", data);
  }
  RUN("RLIMIT_STACK and RLIMIT_AS: how far the stack grows", stack);
  RUN("RLIMIT_STACK: arguments take a quarter of it", arguments);
  RUN("RLIMIT_CPU: SIGXCPU in each second past the limit", time_signal);
  RUN("RLIMIT_CPU: SIGKILL at the hard limit", time_end);
  return tap_end();
}
