/* openat, close, read, write, fstat, ioctl: good and bad arguments, and what a file in memory
 * keeps. */
#include "sums.h"

#define FILE_A "/tmp/files.a"
#define RDWR_NEW (O_RDWR | O_TRUNC)

static int open_ok(const char* path, int flags) {
  int fd = open(path, flags, 0644);
  if (fd < 0) tap_fail("open(%s, %o): %s", path, (unsigned)flags, strerror(errno));
  return fd;
}
static void empty(const char* path) { EQUAL(close(open_ok(path, O_WRONLY | O_TRUNC)), 0); }
static char* pages(long count) {
  return mmap(NULL, (size_t)(count * PAGE), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
              0);
}

/* ---- openat ---- */

static void open_errors(void) {
  static const struct {
    const char* path;
    int flags, error;
  } rows[] = {
      {"/nothing", O_RDONLY, ENOENT},
      {"", O_RDONLY, ENOENT},
      {"/nothing/below", O_CREAT, ENOENT},
      {"/dev/null/below", O_RDONLY, ENOTDIR},
      {"/dev/null/", O_RDONLY, ENOTDIR},
      {"/tmp/hello.elf/x", O_CREAT, ENOTDIR},
      {"/tmp", O_WRONLY, EISDIR},
      {"/tmp", O_RDWR, EISDIR},
      {"/tmp", O_CREAT, EISDIR},
      {"/tmp/new/", O_CREAT | O_WRONLY, EISDIR},
      {"/dev/null", O_DIRECTORY, ENOTDIR},
      {"/tmp/hello.elf", O_DIRECTORY, ENOTDIR},
      {"/tmp", O_CREAT | O_DIRECTORY, EINVAL},
      {"/dev/null", 3, EINVAL},
      {"/dev/null", O_CREAT | O_EXCL, EEXIST},
      {"/tmp", O_CREAT | O_EXCL, EEXIST},
      {"/tmp/../nothing", O_RDONLY, ENOENT},
      {"/tmp/hello.elf/..", O_RDONLY, ENOTDIR},
      {"/tmp/hello.elf/.", O_RDONLY, ENOTDIR},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    errno = 0;
    int fd = open(rows[i].path, rows[i].flags, 0644);
    if (fd != -1 || errno != rows[i].error) {
      tap_fail("open(%s, %o): expected %s, got %d, %s", rows[i].path, (unsigned)rows[i].flags,
               strerror(rows[i].error), fd, strerror(errno));
    }
  }
}

static void open_pointers(void) {
  static const uintptr_t bad[] = {0, 8, KERNEL, ~0ul, -2ul, USER_TOP, 1ul << 40, 1ul << 63};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
    ERROR(open(wild(bad[i]), O_RDONLY), EFAULT);
  char* edge = pages(2);
  EQUAL(munmap(edge + PAGE, PAGE), 0);
  memcpy(edge + PAGE - 10, "/dev/null", 10);
  EQUAL(close(open_ok(edge + PAGE - 10, O_RDONLY)), 0);
  memcpy(edge + PAGE - 9, "/dev/null", 9); /* no end before the page's */
  ERROR(open(edge + PAGE - 9, O_RDONLY), EFAULT);
}

static void good_paths(void) {
  static const char* const same[] = {"/dev/null",        "//dev///null",    "/dev/./null",
                                     "/tmp/../dev/null", "/../../dev/null", "dev/null",
                                     "./dev/null"};
  struct stat first, about;
  for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
    int fd = open_ok(same[i], O_RDONLY);
    EQUAL(fstat(fd, &about), 0);
    if (i == 0) first = about;
    EQUAL(about.st_ino, first.st_ino);
    EQUAL(close(fd), 0);
  }
  CHECK(S_ISCHR(first.st_mode) && first.st_rdev == (1 << 8 | 3));
}

static void relative_to_directory(void) {
  int directory = open_ok("/dev", O_RDONLY | O_DIRECTORY), file = open_ok("/dev/null", O_RDONLY);
  CHECK(openat(directory, "zero", O_RDONLY) >= 0);
  CHECK(openat(directory, "../tmp/hello.elf", O_RDONLY) >= 0);
  CHECK(openat(-7, "/dev/zero", O_RDONLY) >= 0); /* an absolute path does not look at it */
  CHECK(openat(AT_FDCWD, "dev/zero", O_RDONLY) >= 0);
  ERROR(openat(file, "zero", O_RDONLY), ENOTDIR);
  ERROR(openat(-7, "zero", O_RDONLY), EBADF);
  ERROR(openat(1000, "zero", O_RDONLY), EBADF);
  ERROR(openat(0x7fffffff, "zero", O_RDONLY), EBADF);
  char byte;
  ERROR(read(directory, &byte, 1), EISDIR);
  ERROR(write(directory, &byte, 1), EBADF);
}

/* 255 bytes are a name, 4095 a path; one more is too long. (The file of the long name is made by
 * main.) */
static char long_name[5 + 256 + 1] = "/tmp/";

static void long_names(void) {
  EQUAL(strlen(long_name), 5 + 255);
  EQUAL(close(open_ok(long_name, O_RDONLY)), 0);
  char name[5 + 256 + 1];
  memcpy(name, long_name, sizeof name);
  name[5 + 255] = 'n';
  name[5 + 256] = 0;
  ERROR(open(name, O_RDONLY), ENAMETOOLONG);
  ERROR(open(name, O_WRONLY | O_CREAT, 0644), ENAMETOOLONG);
  name[5 + 254] = 0;
  ERROR(open(name, O_RDONLY), ENOENT);
}

static void long_paths(void) {
  static char path[TINE_PATH_MAX + 2];
  for (size_t i = 0; i < sizeof path; i++) path[i] = i % 2 ? '.' : '/';
  memcpy(path + 4095 - 9, "/dev/null", 10); /* "/./././dev/null" of 4095 bytes */
  if (path[4095 - 10] == '.') path[4095 - 10] = '/';
  EQUAL(strlen(path), 4095);
  EQUAL(close(open_ok(path, O_RDONLY)), 0);
  memmove(path + 1, path, 4096);
  path[0] = '/';
  EQUAL(strlen(path), 4096);
  ERROR(open(path, O_RDONLY), ENAMETOOLONG);
}

static void exclusive(void) {
  int fd = open("/tmp/files.exclusive", O_RDWR | O_CREAT | O_EXCL, 0640);
  CHECK(fd >= 0);
  struct stat about;
  EQUAL(fstat(fd, &about), 0);
  EQUAL(about.st_mode, S_IFREG | 0640);
  EQUAL(about.st_size, 0);
  EQUAL(about.st_nlink, 1);
  ERROR(open("/tmp/files.exclusive", O_RDWR | O_CREAT | O_EXCL, 0640), EEXIST);
  EQUAL(close(open_ok("/tmp/files.exclusive", O_RDWR | O_CREAT)), 0);
  EQUAL(unlink("/tmp/files.exclusive"), 0);
}

static void descriptors(void) {
  int count = 0, fd, last = -1;
  while ((fd = open("/dev/null", O_RDONLY)) >= 0) {
    CHECK(fd > last && fd < TINE_OPEN_MAX);
    last = fd;
    count++;
  }
  CHECK(errno == EMFILE);
  EQUAL(count, TINE_OPEN_MAX - 3);
  EQUAL(last, TINE_OPEN_MAX - 1);
  EQUAL(close(500), 0);
  EQUAL(close(77), 0);
  EQUAL(open("/dev/zero", O_RDONLY), 77); /* the lowest free one */
  pid_t child = FORK();
  char byte = 1;
  if (child == 0) {
    EQUAL(read(77, &byte, 1), 1);
    EQUAL(close(last), 0);
    _exit(byte);
  }
  ENDS(child, 0);
  EQUAL(close(last), 0);
}

static void bad_descriptors(void) {
  static const int bad[] = {-1, -100, 3, 1023, 1024, 65536, 0x7fffffff, (int)0x80000000};
  char byte;
  struct stat about;
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    ERROR(read(bad[i], &byte, 1), EBADF);
    ERROR(write(bad[i], &byte, 1), EBADF);
    ERROR(fstat(bad[i], &about), EBADF);
    ERROR(ioctl(bad[i], TCGETS, &byte), EBADF);
    ERROR(close(bad[i]), EBADF);
  }
  int fd = open_ok("/dev/null", O_WRONLY), input = open_ok("/dev/null", O_RDONLY);
  ERROR(read(fd, &byte, 1), EBADF);
  ERROR(write(input, &byte, 1), EBADF);
  EQUAL(close(fd), 0);
  ERROR(close(fd), EBADF);
  ERROR(read(fd, &byte, 1), EBADF);
}

/* ---- Buffers ---- */

static void bad_buffers(void) {
  int zero = open_ok("/dev/zero", O_RDONLY), file = open_ok(FILE_A, RDWR_NEW);
  static const uintptr_t bad[] = {0, 8, KERNEL, ~0ul, -8ul, USER_TOP, 1ul << 40, 1ul << 63};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    ERROR(read(zero, wild(bad[i]), 16), EFAULT);
    ERROR(write(file, wild(bad[i]), 16), EFAULT);
    ERROR(fstat(file, wild(bad[i])), EFAULT);
    /* What no program could have is refused even where there is nothing to bring. */
    if (bad[i] >= USER_TOP) {
      ERROR(read(file, wild(bad[i]), 16), EFAULT);
    } else {
      EQUAL(read(file, wild(bad[i]), 16), 0);
    }
    if (bad[i] > USER_TOP) {
      ERROR(read(zero, wild(bad[i]), 0), EFAULT);
      ERROR(write(file, wild(bad[i]), 0), EFAULT);
    } else {
      EQUAL(read(zero, wild(bad[i]), 0), 0);
      EQUAL(write(file, wild(bad[i]), 0), 0);
    }
  }
  ERROR(read(zero, wild((uintptr_t)bad_buffers), 16), EFAULT); /* code */
  ERROR(read(zero, wild((uintptr_t)bad), 16), EFAULT);         /* constants */
  ERROR(read(zero, wild(-8ul), ~0ul), EFAULT);
  struct stat about;
  EQUAL(fstat(file, &about), 0);
  EQUAL(about.st_size, 0);
  empty(FILE_A); /* what the failed writes had made ready */
}

static void half_good_buffers(void) {
  int zero = open_ok("/dev/zero", O_RDONLY), file = open_ok(FILE_A, RDWR_NEW);
  char* edge = pages(2);
  memset(edge, 'e', 2 * PAGE);
  EQUAL(munmap(edge + PAGE, PAGE), 0);
  EQUAL(read(zero, edge + PAGE - 100, 200), 100);
  EQUAL(edge[PAGE - 1], 0);
  EQUAL(edge[PAGE - 101], 'e');
  EQUAL(write(file, edge + PAGE - 200, 1000), 200);
  ERROR(write(file, edge + PAGE, 1), EFAULT);
  struct stat about;
  EQUAL(fstat(file, &about), 0);
  EQUAL(about.st_size, 200);
  EQUAL(read(zero, edge, 1ul << 32), PAGE); /* as much as there is */
  EQUAL(write(open_ok("/dev/null", O_WRONLY), edge, 1ul << 32) > 0, 1);
  ERROR(read(zero, edge, ~0ul), EFAULT);
  empty(FILE_A);
}

/* ---- Contents ---- */

static void write_then_read(void) {
  enum { SIZE = 3 * 4096 + 777 };
  static unsigned char data[SIZE], back[SIZE];
  uint64_t seed = 42;
  for (int i = 0; i < SIZE; i++) data[i] = (unsigned char)tap_random(&seed);
  static const int steps[] = {1, 7, 4095, 4096, 4097, SIZE};
  for (size_t s = 0; s < sizeof steps / sizeof steps[0]; s++) {
    int out = open_ok(FILE_A, O_WRONLY | O_TRUNC), in = open_ok(FILE_A, O_RDONLY);
    for (int done = 0; done < SIZE;) {
      int here = SIZE - done < steps[s] ? SIZE - done : steps[s];
      EQUAL(write(out, data + done, (size_t)here), here);
      done += here;
    }
    memset(back, 0, SIZE);
    for (int done = 0; done < SIZE;) {
      int here = SIZE - done < 1000 ? SIZE - done : 1000;
      EQUAL(read(in, back + done, (size_t)here), here);
      done += here;
    }
    EQUAL(memcmp(data, back, SIZE), 0);
    EQUAL(read(in, back, 10), 0);
    struct stat about;
    EQUAL(fstat(in, &about), 0);
    EQUAL(about.st_size, SIZE);
    EQUAL(about.st_blocks, 4 * 8);
    EQUAL(close(out) + close(in), 0);
  }
  empty(FILE_A);
}

static void truncation(void) {
  int fd = open_ok(FILE_A, RDWR_NEW), reader = open_ok(FILE_A, O_RDONLY);
  char buffer[16];
  EQUAL(write(fd, "hello world", 11), 11);
  EQUAL(read(reader, buffer, 6), 6);
  empty(FILE_A);
  EQUAL(read(reader, buffer, 6), 0);
  EQUAL(write(fd, "x", 1), 1); /* at its old position: a hole before it */
  EQUAL(close(reader), 0);
  reader = open_ok(FILE_A, O_RDONLY);
  EQUAL(read(reader, buffer, 16), 12);
  for (int i = 0; i < 11; i++) EQUAL(buffer[i], 0);
  EQUAL(buffer[11], 'x');
  empty(FILE_A);
}

static void appending(void) {
  int first = open_ok(FILE_A, O_WRONLY | O_TRUNC | O_APPEND),
      second = open_ok(FILE_A, O_WRONLY | O_APPEND);
  for (int i = 0; i < 5; i++) {
    EQUAL(write(first, "ab", 2), 2);
    EQUAL(write(second, "cd", 2), 2);
  }
  char buffer[32];
  EQUAL(read(open_ok(FILE_A, O_RDONLY), buffer, 32), 20);
  EQUAL(memcmp(buffer, "abcdabcdabcdabcdabcd", 20), 0);
  empty(FILE_A);
}

static void nothing_to_write(void) {
  int fd = open_ok(FILE_A, RDWR_NEW);
  struct stat before, after;
  EQUAL(write(fd, "hello", 5), 5);
  EQUAL(fstat(fd, &before), 0);
  EQUAL(lseek(fd, 2, SEEK_SET), 2);
  EQUAL(fcntl(fd, F_SETFL, O_APPEND), 0);
  sleep_ms(1);
  EQUAL(write(fd, "", 0), 0);
  EQUAL(lseek(fd, 0, SEEK_CUR), 2);
  EQUAL(fstat(fd, &after), 0);
  CHECK(memcmp(&before, &after, sizeof before) == 0);
  empty(FILE_A);
}

/* Four processes write to one open file, or append to a file that each has opened: every record is
 * whole, none is lost. */
enum { WRITERS = 4, RECORDS = 500, SIZE = 24 };
static void concurrent_writes(int own_flags) {
  int fd = open_ok(FILE_A, O_WRONLY | O_TRUNC);
  pid_t children[WRITERS];
  for (int w = 0; w < WRITERS; w++) {
    children[w] = FORK();
    if (children[w] != 0) continue;
    char record[SIZE];
    memset(record, 'A' + w, SIZE);
    if (own_flags) fd = open_ok(FILE_A, own_flags);
    for (int i = 0; i < RECORDS; i++) EQUAL(write(fd, record, SIZE), SIZE);
    _exit(0);
  }
  for (int w = 0; w < WRITERS; w++) ENDS(children[w], 0);
  int in = open_ok(FILE_A, O_RDONLY), counts[WRITERS] = {0};
  char record[SIZE];
  while (read(in, record, SIZE) == SIZE) {
    for (int i = 1; i < SIZE; i++) EQUAL(record[i], record[0]);
    CHECK(record[0] >= 'A' && record[0] < 'A' + WRITERS);
    counts[record[0] - 'A']++;
  }
  for (int w = 0; w < WRITERS; w++) EQUAL(counts[w], RECORDS);
  empty(FILE_A);
}
static void one_position(void) { concurrent_writes(0); }
static void several_ends(void) { concurrent_writes(O_WRONLY | O_APPEND); }

/* Four processes read one open file: each byte goes to one of them. */
static int shared_fd;
static long take_bytes(void) {
  unsigned char byte;
  long sum = 0;
  while (read(shared_fd, &byte, 1) == 1) sum += byte;
  return sum;
}
static void concurrent_reads(void) {
  enum { TOTAL = 8000 };
  int fd = shared_fd = open_ok(FILE_A, RDWR_NEW);
  long expected = 0;
  for (int i = 0; i < TOTAL; i += 8) {
    unsigned char piece[8];
    for (int k = 0; k < 8; k++) expected += piece[k] = (unsigned char)((i + k) * 7);
    EQUAL(write(fd, piece, 8), 8);
  }
  EQUAL(lseek(fd, 0, SEEK_SET), 0);
  struct takers takers = start_takers(WRITERS, take_bytes);
  EQUAL(sum_of(&takers), expected);
  empty(FILE_A);
}

static void devices(void) {
  char buffer[100];
  int null = open_ok("/dev/null", O_RDWR), zero = open_ok("/dev/zero", O_RDWR);
  EQUAL(read(null, buffer, 100), 0);
  EQUAL(write(null, buffer, 100), 100);
  memset(buffer, 1, 100);
  EQUAL(read(zero, buffer, 99), 99);
  for (int i = 0; i < 99; i++) EQUAL(buffer[i], 0);
  EQUAL(buffer[99], 1);
  EQUAL(write(zero, buffer, 100), 100);
  ERROR(ioctl(null, TCGETS, buffer), ENOTTY);
  ERROR(ioctl(open_ok(FILE_A, O_RDONLY), TCGETS, buffer), ENOTTY);
  int console = open_ok("/dev/console", O_RDWR);
  ERROR(ioctl(console, 0, buffer), ENOTTY);
  ERROR(ioctl(console, ~0ul, buffer), ENOTTY);
  EQUAL(fcntl(console, F_SETFL, O_NONBLOCK), 0);
  ERROR(read(console, buffer, sizeof buffer), EAGAIN); /* nobody has typed anything */
}

static void make_long_name(void) {
  memset(long_name + 5, 'n', 255);
  make_file(long_name);
}

int main(void) {
  tap_begin("files");
  make_file(FILE_A);
  make_long_name();
  RUN("open answers the right error for every bad path and flag", open_errors);
  RUN("a path that cannot be read is EFAULT, to the last byte", open_pointers);
  RUN("slashes, dots and relative paths name the same file", good_paths);
  RUN("openat starts at its directory", relative_to_directory);
  RUN("names of 255 bytes are allowed, of 256 not", long_names);
  RUN("paths of 4095 bytes are allowed, of 4096 not", long_paths);
  RUN("O_EXCL makes a file once", exclusive);
  RUN("1024 descriptors, then EMFILE; the lowest free one comes first", descriptors);
  RUN("a bad descriptor is EBADF in every call", bad_descriptors);
  RUN("a bad buffer is EFAULT in every call", bad_buffers);
  RUN("a buffer that is good in part gives a short count", half_good_buffers);
  RUN("what was written is read, in pieces of any size, across pages", write_then_read);
  RUN("O_TRUNC empties, and writing behind the end leaves zeros", truncation);
  RUN("O_APPEND writes at the end, whoever wrote before", appending);
  RUN("a write of no bytes changes nothing", nothing_to_write);
  RUN("four processes write one open file: no record is lost or torn", one_position);
  RUN("four processes append to one file: no record is lost or torn", several_ends);
  RUN("four processes read one open file: each byte once", concurrent_reads);
  RUN("/dev/null, /dev/zero, /dev/console and ioctl", devices);
  return tap_end();
}
