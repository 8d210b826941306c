/* pipe2, and read and write on pipes: ends that close, full and empty, atomic writes, bad pointers,
 * signals, several readers and writers at once. */
#include <dirent.h>

#include "sums.h"

enum { ATOMIC = 4096, CAPACITY = 64 << 10 };

static char* pages(long count) {
  return mmap(NULL, (size_t)(count * PAGE), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
              0);
}
/* `count` pages and behind them none. */
static char* edge(long count) {
  char* at = pages(count + 1);
  EQUAL(munmap(at + count * PAGE, (size_t)PAGE), 0);
  return at + count * PAGE;
}
static int ends[2];
static void make_pipe(int flags) { EQUAL(pipe2(ends, flags), 0); }
/* Fills a pipe that does not block; answers how many bytes it took. */
static long fill(size_t piece) {
  static char bytes[CAPACITY * 2];
  long total = 0;
  for (ssize_t n; (n = write(ends[1], bytes, piece)) > 0;) total += n;
  CHECK(errno == EAGAIN);
  return total;
}

/* ---- pipe2 ---- */

static void arguments(void) {
  ERROR(pipe2(ends, 1), EINVAL);
  ERROR(pipe2(ends, O_APPEND), EINVAL);
  ERROR(pipe2(wild(0), 0), EFAULT);
  ERROR(pipe2(wild(KERNEL), 0), EFAULT);
  ERROR(pipe2((int*)(void*)(edge(1) - 4), 0), EFAULT);
  int lowest = dup(0);
  EQUAL(close(lowest), 0);
  make_pipe(0); /* what failed has left no descriptor */
  EQUAL(ends[0], lowest);
  EQUAL(ends[1], lowest + 1);
  EQUAL(fcntl(ends[0], F_GETFD), 0);
  EQUAL(fcntl(ends[0], F_GETFL), O_RDONLY);
  EQUAL(fcntl(ends[1], F_GETFL), O_WRONLY);
  EQUAL(close(ends[0]) + close(ends[1]), 0);
  make_pipe(O_CLOEXEC | O_NONBLOCK);
  EQUAL(fcntl(ends[0], F_GETFD), FD_CLOEXEC);
  EQUAL(fcntl(ends[1], F_GETFD), FD_CLOEXEC);
  EQUAL(fcntl(ends[1], F_GETFL), O_WRONLY | O_NONBLOCK);
}

static void other_calls(void) {
  make_pipe(0);
  char byte = 0;
  ERROR(write(ends[0], &byte, 1), EBADF);
  ERROR(read(ends[1], &byte, 1), EBADF);
  ERROR(lseek(ends[0], 0, SEEK_CUR), ESPIPE);
  ERROR(ftruncate(ends[1], 0), EINVAL);
  ERROR(getdents64(ends[0], &byte, 1), ENOTDIR);
  ERROR(openat(ends[0], "x", O_RDONLY), ENOTDIR);
  ERROR(syscall(SYS_ioctl, ends[0], TCGETS, &byte), ENOTTY);
  struct stat about;
  EQUAL(fstat(ends[0], &about), 0);
  CHECK(S_ISFIFO(about.st_mode));
}

/* ---- One process ---- */

static void order(void) {
  make_pipe(O_NONBLOCK);
  char got[8];
  ERROR(read(ends[0], got, 8), EAGAIN);
  EQUAL(write(ends[1], "abc", 3), 3);
  EQUAL(write(ends[1], "defg", 4), 4);
  EQUAL(read(ends[0], got, 2), 2);
  EQUAL(read(ends[0], got + 2, 6), 5);
  CHECK(memcmp(got, "abcdefg", 7) == 0);
  EQUAL(read(ends[0], got, 0), 0);
  EQUAL(write(ends[1], got, 0), 0);
}

/* Pieces of all sizes through a ring that is mostly full. */
static void round_and_round(void) {
  make_pipe(O_NONBLOCK);
  uint64_t random = 5;
  unsigned char out = 0, in = 0;
  long held = 0;
  unsigned char* bytes = (unsigned char*)pages(4);
  for (int i = 0; i < 500; i++) {
    size_t size = tap_random(&random) % (size_t)(4 * PAGE);
    if (tap_random(&random) % 2) {
      for (size_t n = 0; n < size; n++) bytes[n] = (unsigned char)(in + n);
      ssize_t n = write(ends[1], bytes, size);
      if (n < 0) CHECK(errno == EAGAIN && held > CAPACITY - (size <= ATOMIC ? (long)size : 1));
      if (n > 0) in = (unsigned char)(in + n), held += n;
    } else {
      ssize_t n = read(ends[0], bytes, size);
      if (n < 0) CHECK(errno == EAGAIN && held == 0);
      for (ssize_t k = 0; k < n; k++) EQUAL(bytes[k], (unsigned char)(out + k));
      if (n > 0) out = (unsigned char)(out + n), held -= n;
    }
  }
}

static void full(void) {
  make_pipe(O_NONBLOCK);
  EQUAL(fill(1000), CAPACITY / 1000 * 1000); /* an atomic piece goes in whole or not at all */
  EQUAL(fill(1), CAPACITY % 1000);
  char* bytes = pages(32);
  EQUAL(read(ends[0], bytes, ATOMIC - 1), ATOMIC - 1);
  ERROR(write(ends[1], bytes, ATOMIC), EAGAIN);
  EQUAL(write(ends[1], bytes, ATOMIC + 1), ATOMIC - 1); /* what is longer may be cut */
  EQUAL(read(ends[0], bytes, 32 * PAGE), CAPACITY);
  EQUAL(write(ends[1], bytes, 32 * PAGE), CAPACITY);
}

static void memory_is_given_back(void) {
  struct tine_memory_info empty, used, after;
  make_pipe(O_NONBLOCK);
  fill(PAGE);
  char* bytes = pages(16);
  memset(bytes, 1, CAPACITY);
  memory_info(&used);
  EQUAL(close(ends[0]) + close(ends[1]), 0);
  memory_info(&after);
  EQUAL(used.file_frames - after.file_frames, CAPACITY / PAGE);
  memory_info(&empty);
  make_pipe(0);
  for (int i = 0; i < 100; i++) {
    EQUAL(write(ends[1], bytes, 1000), 1000);
    EQUAL(read(ends[0], bytes, 1000), 1000);
  }
  memory_info(&used);
  EQUAL(used.file_frames - empty.file_frames, 1); /* what fits into a page takes one */
}

/* ---- Ends ---- */

static void no_writer(void) {
  make_pipe(0);
  char byte = 'x';
  int copy = dup(ends[1]);
  EQUAL(write(ends[1], &byte, 1), 1);
  EQUAL(close(ends[1]), 0);
  EQUAL(write(copy, &byte, 1), 1);
  EQUAL(close(copy), 0);
  char got[4];
  EQUAL(read(ends[0], got, 4), 2);
  EQUAL(read(ends[0], got, 4), 0);
  EQUAL(read(ends[0], got, 4), 0);
}

static void no_reader(void) {
  make_pipe(0);
  EQUAL(close(ends[0]), 0);
  pid_t child = FORK();
  if (child == 0) {
    write(ends[1], "x", 1);
    _exit(1);
  }
  ENDS(child, -SIGPIPE);
  signal(SIGPIPE, SIG_IGN);
  ERROR(write(ends[1], "x", 1), EPIPE);
  ERROR(write(ends[1], pages(3), (size_t)(3 * PAGE)), EPIPE);
  EQUAL(write(ends[1], "x", 0), 0);
}

static void a_sleeping_reader_sees_the_end(void) {
  make_pipe(0);
  pid_t child = FORK();
  if (child == 0) {
    char byte;
    close(ends[1]);
    _exit((int)read(ends[0], &byte, 1));
  }
  CHECK(sleeps_for(child, TINE_WAIT_PIPE));
  EQUAL(close(ends[1]), 0);
  ENDS(child, 0);
}

static volatile int broken;
static void count_broken(int number) { broken += number == SIGPIPE; }

static void a_sleeping_writer_sees_the_end(void) {
  make_pipe(0);
  pid_t child = FORK();
  if (child == 0) {
    close(ends[0]);
    signal(SIGPIPE, count_broken);
    char* bytes = pages(20);
    ssize_t n = write(ends[1], bytes, (size_t)(20 * PAGE)); /* what went in is the answer */
    EQUAL(n, CAPACITY);
    EQUAL(broken, 1); /* and the signal comes as well */
    ERROR(write(ends[1], bytes, 1), EPIPE);
    EQUAL(broken, 2);
    _exit(0);
  }
  CHECK(sleeps_for(child, TINE_WAIT_PIPE));
  EQUAL(close(ends[0]), 0);
  ENDS(child, 0);
}

/* ---- Bad pointers ---- */

static void pointers(void) {
  make_pipe(O_NONBLOCK);
  static const uintptr_t bad[] = {0, 8, KERNEL, ~0ul, USER_TOP, 1ul << 40, 1ul << 63};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    ERROR(write(ends[1], wild(bad[i]), 10), EFAULT);
    ERROR(write(ends[1], wild(bad[i]), 100000), EFAULT);
  }
  char byte;
  ERROR(read(ends[0], &byte, 1), EAGAIN);
  EQUAL(write(ends[1], "abcdefgh", 8), 8);
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
    ERROR(read(ends[0], wild(bad[i]), 8), EFAULT);
  char *border = edge(1), got[8];
  EQUAL(read(ends[0], border - 3, 8), 3); /* half way: what did not fit is still there */
  CHECK(memcmp(border - 3, "abc", 3) == 0);
  EQUAL(read(ends[0], got, 8), 5);
  CHECK(memcmp(got, "defgh", 5) == 0);
  memcpy(border - 5, "12345", 5);
  EQUAL(write(ends[1], border - 5, 8), 5);
  EQUAL(read(ends[0], got, 8), 5);
  CHECK(memcmp(got, "12345", 5) == 0);
  char* constant = pages(1);
  EQUAL(mprotect(constant, (size_t)PAGE, PROT_READ), 0);
  EQUAL(write(ends[1], constant, 8), 8);
  ERROR(read(ends[0], constant, 8), EFAULT);
  EQUAL(read(ends[0], got, 8), 8);
}

static void without_memory(void) {
  make_pipe(O_NONBLOCK);
  EQUAL(syscall(SYS_fail_alloc, 1), 0);
  ERROR(write(ends[1], "abc", 3), ENOMEM);
  EQUAL(syscall(SYS_fail_alloc, 0), 0);
  EQUAL(write(ends[1], "abc", 3), 3);
  /* What is to go in at once has its second page before it begins. */
  static char bytes[3 * 4096];
  EQUAL(write(ends[1], bytes, 3000), 3000);
  EQUAL(syscall(SYS_fail_alloc, 1), 0);
  ERROR(write(ends[1], bytes, 3000), ENOMEM);
  EQUAL(syscall(SYS_fail_alloc, 1), 0);
  ERROR(write(ends[1], bytes, sizeof bytes), ENOMEM);
  EQUAL(syscall(SYS_fail_alloc, 2), 0);
  EQUAL(write(ends[1], bytes, sizeof bytes), ATOMIC); /* the first of its pieces */
  EQUAL(read(ends[0], bytes, sizeof bytes), 3 + 3000 + ATOMIC);
  EQUAL(close(ends[0]) + close(ends[1]), 0);
  int first = dup(0);
  EQUAL(close(first), 0);
  for (long n = 1;; n++) {
    syscall(SYS_fail_alloc, n);
    int got = pipe2(ends, 0);
    int failed = errno;
    if (syscall(SYS_fail_alloc, 0) != 0) {
      EQUAL(got, 0);
      break;
    }
    CHECK(n < 20 && got == -1 && failed == ENOMEM);
  }
  EQUAL(ends[0], first);
}

/* ---- Signals ---- */

static volatile int signals;
static void count(int number) { signals += number == SIGUSR1; }

/* A handler without SA_RESTART ends the sleep; what a write had moved by then is its answer. */
static void interrupted(void) {
  struct tine_sigaction action = {.handler = (uint64_t)count};
  make_pipe(0);
  int verdict[2];
  EQUAL(pipe2(verdict, 0), 0);
  pid_t child = FORK();
  if (child == 0) {
    EQUAL(syscall(SYS_rt_sigaction, SIGUSR1, &action, NULL, 8), 0);
    char byte;
    ERROR(read(verdict[0], &byte, 1), EINTR);
    EQUAL(write(ends[1], pages(20), (size_t)(20 * PAGE)), CAPACITY);
    ERROR(write(ends[1], &byte, 1), EINTR);
    _exit(signals == 3 ? 0 : 1);
  }
  for (int i = 0; i < 3; i++) {
    CHECK(sleeps_for(child, TINE_WAIT_PIPE));
    EQUAL(kill(child, SIGUSR1), 0);
    sleep_ms(20);
  }
  ENDS(child, 0);
}

static void killed(void) {
  make_pipe(0);
  pid_t reader = FORK();
  if (reader == 0) {
    char byte;
    _exit((int)read(ends[0], &byte, 1));
  }
  CHECK(sleeps_for(reader, TINE_WAIT_PIPE));
  EQUAL(kill(reader, SIGKILL), 0);
  ENDS(reader, -SIGKILL);
}

/* ---- Several at once ---- */

enum { WRITERS = 4, RECORDS = 200, RECORD = 1024 };

/* Records of four writers come out whole, each one's in order, whatever two readers do. */
static void atomic_writes(void) {
  struct record {
    int writer, number;
    unsigned char body[RECORD - 8];
  } record;
  make_pipe(0);
  for (int writer = 0; writer < WRITERS; writer++) {
    if (FORK() != 0) continue;
    for (int number = 0; number < RECORDS; number++) {
      record.writer = writer, record.number = number;
      memset(record.body, writer * 50 + number, sizeof record.body);
      EQUAL(write(ends[1], &record, sizeof record), RECORD);
    }
    _exit(0);
  }
  EQUAL(close(ends[1]), 0);
  int next[WRITERS] = {0};
  for (ssize_t n; (n = read(ends[0], &record, sizeof record)) > 0;) {
    EQUAL(n, RECORD);
    CHECK(record.writer >= 0 && record.writer < WRITERS);
    EQUAL(record.number, next[record.writer]++);
    for (size_t i = 0; i < sizeof record.body; i++)
      EQUAL(record.body[i], (unsigned char)(record.writer * 50 + record.number));
  }
  for (int writer = 0; writer < WRITERS; writer++) {
    EQUAL(next[writer], RECORDS);
    int status = -1;
    CHECK(wait(&status) > 0 && status == 0);
  }
}

/* A megabyte from one to another, in pieces of odd sizes: every byte, in order. */
static void a_long_way(void) {
  enum { TOTAL = 1 << 20 };
  make_pipe(0);
  unsigned char* bytes = (unsigned char*)pages(25);
  uint64_t random = 11;
  long done = 0;
  pid_t writer = FORK();
  if (writer == 0) {
    while (done < TOTAL) {
      size_t size = 1 + tap_random(&random) % 99999;
      if (done + (long)size > TOTAL) size = (size_t)(TOTAL - done);
      for (size_t i = 0; i < size; i++) bytes[i] = (unsigned char)((done + (long)i) % 251);
      EQUAL(write(ends[1], bytes, size), size); /* blocking: all of it */
      done += (long)size;
    }
    _exit(0);
  }
  EQUAL(close(ends[1]), 0);
  random = 12;
  for (ssize_t n; (n = read(ends[0], bytes, 1 + tap_random(&random) % 99999)) > 0;) {
    for (ssize_t i = 0; i < n; i++) {
      if (bytes[i] != (done + i) % 251) tap_fail("byte %ld is wrong", done + i);
    }
    done += n;
  }
  EQUAL(done, TOTAL);
  ENDS(writer, 0);
}

/* Several readers: every byte goes to exactly one of them. */
static long take_bytes(void) {
  close(ends[1]);
  unsigned char some[7];
  long sum = 0;
  for (ssize_t n; (n = read(ends[0], some, sizeof some)) > 0;) {
    for (ssize_t k = 0; k < n; k++) sum += some[k];
  }
  return sum;
}
static void several_readers(void) {
  enum { READERS = 3, PIECES = 200, PIECE = 1000 };
  make_pipe(0);
  struct takers takers = start_takers(READERS, take_bytes);
  long expected = 0;
  for (int i = 0; i < PIECES; i++) {
    unsigned char piece[PIECE];
    for (int k = 0; k < PIECE; k++) expected += piece[k] = (unsigned char)((i + k) * 7);
    EQUAL(write(ends[1], piece, PIECE), PIECE);
  }
  EQUAL(close(ends[1]), 0);
  EQUAL(sum_of(&takers), expected);
}

/* Two processes that answer each other: no wakeup is ever lost. */
static void ping_pong(void) {
  enum { ROUNDS = 2000 };
  int there[2], back[2];
  EQUAL(pipe2(there, 0) + pipe2(back, 0), 0);
  pid_t child = FORK();
  if (child == 0) {
    close(there[1]);
    for (int word; read(there[0], &word, sizeof word) == sizeof word;) {
      word++;
      EQUAL(write(back[1], &word, sizeof word), sizeof word);
    }
    _exit(0);
  }
  for (int i = 0; i < ROUNDS; i++) {
    int word = i;
    EQUAL(write(there[1], &word, sizeof word), sizeof word);
    EQUAL(read(back[0], &word, sizeof word), sizeof word);
    EQUAL(word, i + 1);
  }
  EQUAL(close(there[1]), 0);
  ENDS(child, 0);
}

/* ---- One waiter for one piece of news ---- */

enum { WAITING = 6 };
static pid_t waiting[WAITING];

static uint64_t times_run(pid_t pid) {
  struct tine_process_info info;
  CHECK(tap_info(pid, &info));
  return info.schedules;
}

/* Children that each move one byte and end with 0; all of them sleep when this returns. */
static void start_waiting(ssize_t (*move)(void)) {
  for (int i = 0; i < WAITING; i++) {
    waiting[i] = FORK();
    if (waiting[i] == 0) _exit(move() != 1);
    CHECK(sleeps_for(waiting[i], TINE_WAIT_PIPE));
  }
}
static ssize_t read_one(void) {
  char byte;
  return read(ends[0], &byte, 1);
}
static ssize_t write_one(void) { return write(ends[1], "x", 1); }

/* The first child ends, and the others have not been run. */
static void one_was_woken(void (*act)(void)) {
  uint64_t before[WAITING];
  for (int i = 0; i < WAITING; i++) before[i] = times_run(waiting[i]);
  act();
  ENDS(waiting[0], 0);
  for (int i = 1; i < WAITING; i++) EQUAL(times_run(waiting[i]), before[i]);
}
static void give_one(void) { EQUAL(write(ends[1], "x", 1), 1); }
static void take_page(void) {
  static char page[ATOMIC];
  EQUAL(read(ends[0], page, sizeof page), sizeof page);
}
static void one_reader(void) {
  make_pipe(0);
  start_waiting(read_one);
  one_was_woken(give_one);
  for (int i = 1; i < WAITING; i++) give_one();
  for (int i = 1; i < WAITING; i++) ENDS(waiting[i], 0);
}
/* The one that is woken leaves room, and wakes the next: all can go on. */
static void writers_wake_each_other(void) {
  make_pipe(O_NONBLOCK);
  fill(ATOMIC);
  EQUAL(fcntl(ends[1], F_SETFL, 0), 0);
  start_waiting(write_one);
  take_page();
  for (int i = 0; i < WAITING; i++) ENDS(waiting[i], 0);
}
static void readers_wake_each_other(void) {
  make_pipe(0);
  start_waiting(read_one);
  EQUAL(write(ends[1], "xxxxxx", WAITING), WAITING);
  for (int i = 0; i < WAITING; i++) ENDS(waiting[i], 0);
}

/* A reader is killed at the moment at which a byte comes. Either it has taken the byte, or the
 * other one gets it: then that one ends. */
static void no_byte_is_lost_with_a_reader(void) {
  uint64_t random = 7;
  for (int i = 0; i < 200; i++) {
    make_pipe(0);
    pid_t first = FORK();
    if (first == 0) {
      read_one();
      for (;;) sleep_ms(1000);
    }
    CHECK(sleeps_for(first, TINE_WAIT_PIPE));
    pid_t second = FORK();
    if (second == 0) _exit(read_one() != 1);
    CHECK(sleeps_for(second, TINE_WAIT_PIPE));
    give_one();
    if (i % 2) pause_a_little(&random);
    EQUAL(kill(first, SIGKILL), 0);
    ENDS(first, -SIGKILL);
    EQUAL(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
    sched_yield();
    char byte;
    if (read(ends[0], &byte, 1) == 1) tap_fail("round %d: a byte lies beside a reader", i);
    give_one(); /* the second one had it, or gets this */
    ENDS(second, 0);
    close(ends[0]);
    close(ends[1]);
  }
}

static int bytes_in(int fd) {
  int count = -1;
  EQUAL(ioctl(fd, FIONREAD, &count), 0);
  return count;
}

/* FIONREAD, at either end. */
static void bytes_are_counted(void) {
  int pair[2];
  char buffer[5000] = "";
  EQUAL(pipe(pair), 0);
  EQUAL(bytes_in(pair[0]), 0);
  EQUAL(write(pair[1], buffer, 5000), 5000);
  EQUAL(bytes_in(pair[0]), 5000);
  EQUAL(bytes_in(pair[1]), 5000);
  EQUAL(read(pair[0], buffer, 4999), 4999);
  EQUAL(bytes_in(pair[0]), 1);
  ERROR(ioctl(pair[0], FIONREAD, wild(KERNEL)), EFAULT);
  ERROR(ioctl(pair[0], FIONREAD, NULL), EFAULT);
  ERROR(ioctl(pair[0], TCGETS, buffer), ENOTTY);
  close(pair[1]);
  EQUAL(read(pair[0], buffer, 5), 1);
  EQUAL(bytes_in(pair[0]), 0);
}

int main(void) {
  tap_begin("pipes");
  RUN("pipe2: flags, pointers, descriptors", arguments);
  RUN("what a pipe is not", other_calls);
  RUN("bytes come out in order", order);
  RUN("500 pieces of all sizes through the ring", round_and_round);
  RUN("full: EAGAIN, atomic pieces, cut pieces", full);
  RUN("memory comes with the bytes and goes with the pipe", memory_is_given_back);
  RUN("no writer: what is there, then the end", no_writer);
  RUN("no reader: SIGPIPE and EPIPE", no_reader);
  RUN("a reader sleeps until the last writer is gone", a_sleeping_reader_sees_the_end);
  RUN("a writer sleeps until the last reader is gone", a_sleeping_writer_sees_the_end);
  RUN("bad pointers lose no byte", pointers);
  RUN("without memory", without_memory);
  RUN("signals end a sleep; what was moved counts", interrupted);
  RUN("a sleeping reader can be killed", killed);
  RUN("records of four writers stay whole", atomic_writes);
  RUN("a megabyte in odd pieces", a_long_way);
  RUN("three readers share the bytes", several_readers);
  RUN("2000 times to and fro", ping_pong);
  RUN("one byte wakes one of six readers", one_reader);
  RUN("each reader wakes the next if bytes are left", readers_wake_each_other);
  RUN("each writer wakes the next if room is left", writers_wake_each_other);
  RUN("a reader that is killed as a byte comes does not take the news with it",
      no_byte_is_lost_with_a_reader);
  RUN("FIONREAD tells how many bytes are in it", bytes_are_counted);
  return tap_end();
}
