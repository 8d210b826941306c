/* dup, dup3, fcntl, lseek, ftruncate, and the table of descriptors when it is full. */
#include "tap.h"

#define FILE_A "/tmp/descriptors.a"

static int new_file(int flags) {
  int fd = open(FILE_A, O_RDWR | O_CREAT | O_TRUNC | flags, 0644);
  if (fd < 0) tap_fail("open: %s", strerror(errno));
  EQUAL(unlink(FILE_A), 0);
  return fd;
}
static int lowest(void) {
  int fd = dup(0);
  CHECK(fd > 0);
  EQUAL(close(fd), 0);
  return fd;
}

/* ---- Copies ---- */

static void copies_share_the_position(void) {
  int fd = new_file(0), copy = dup(fd), far = dup3(fd, 700, 0);
  EQUAL(far, 700);
  EQUAL(write(fd, "abcdef", 6), 6);
  EQUAL(lseek(copy, 2, SEEK_SET), 2);
  EQUAL(close(fd), 0);
  char got[3];
  EQUAL(read(far, got, 3), 3);
  CHECK(memcmp(got, "cde", 3) == 0);
  EQUAL(lseek(copy, 0, SEEK_CUR), 5);
  EQUAL(fcntl(far, F_SETFL, O_APPEND), 0); /* flags are shared */
  EQUAL(fcntl(copy, F_GETFL), O_RDWR | O_APPEND);
  EQUAL(fcntl(far, F_SETFD, FD_CLOEXEC), 0); /* this one is not */
  EQUAL(fcntl(copy, F_GETFD), 0);
}

static void the_lowest_number(void) {
  int first = lowest();
  for (int i = 0; i < 40; i++) EQUAL(dup(0), first + i);
  EQUAL(close(first + 7) + close(first + 3), 0);
  EQUAL(dup(0), first + 3);
  EQUAL(dup(0), first + 7);
  EQUAL(dup(0), first + 40);
  EQUAL(fcntl(0, F_DUPFD, 500), 500);
  EQUAL(fcntl(0, F_DUPFD, 500), 501);
  EQUAL(fcntl(0, F_DUPFD, 0), first + 41);
  EQUAL(close(first), 0);
  EQUAL(fcntl(0, F_DUPFD_CLOEXEC, 1), first);
  EQUAL(fcntl(first, F_GETFD), FD_CLOEXEC);
}

static void bad_copies(void) {
  ERROR(dup(-1), EBADF);
  ERROR(dup(999), EBADF);
  ERROR(dup(TINE_OPEN_MAX), EBADF);
  ERROR(dup3(0, 0, 0), EINVAL);
  ERROR(dup3(0, 5, 1), EINVAL);
  ERROR(dup3(-1, 5, 0), EBADF);
  ERROR(dup3(999, 5, 0), EBADF);
  ERROR(dup3(0, -1, 0), EBADF);
  ERROR(dup3(0, TINE_OPEN_MAX, 0), EBADF);
  EQUAL(dup3(0, TINE_OPEN_MAX - 1, O_CLOEXEC), TINE_OPEN_MAX - 1);
  EQUAL(fcntl(TINE_OPEN_MAX - 1, F_GETFD), FD_CLOEXEC);
  ERROR(fcntl(999, F_GETFD), EBADF);
  ERROR(fcntl(0, 12345), EINVAL);
  ERROR(fcntl(0, F_DUPFD, -1), EINVAL);
  ERROR(fcntl(0, F_DUPFD, TINE_OPEN_MAX), EINVAL);
  ERROR(fcntl(0, F_DUPFD, TINE_OPEN_MAX - 1), EMFILE);
  ERROR(close(-1), EBADF);
  ERROR(close(999), EBADF);
}

static void dup3_closes_what_was_there(void) {
  int ends[2];
  EQUAL(pipe2(ends, 0), 0);
  EQUAL(dup3(0, ends[1], 0), ends[1]); /* the last writer is gone */
  char byte;
  EQUAL(read(ends[0], &byte, 1), 0);
}

static void closed_by_exec(void) {
  static char* const argv[] = {"tiny", NULL};
  int ends[2];
  EQUAL(pipe2(ends, 0), 0);
  EQUAL(fcntl(ends[1], F_SETFD, FD_CLOEXEC), 0);
  pid_t child = FORK();
  if (child == 0) {
    execve("/test/tiny", argv, environ);
    _exit(127);
  }
  EQUAL(close(ends[1]), 0);
  char byte;
  EQUAL(read(ends[0], &byte, 1), 0);
  ENDS(child, 0);
}

/* ---- The table is full ---- */

static void full_table(void) {
  int first = lowest(), ends[2];
  for (int fd = first; fd < TINE_OPEN_MAX; fd++) EQUAL(dup(0), fd);
  ERROR(dup(0), EMFILE);
  ERROR(fcntl(0, F_DUPFD, 10), EMFILE);
  ERROR(open("/dev/null", O_RDONLY), EMFILE);
  ERROR(open(FILE_A, O_WRONLY | O_CREAT, 0644), EMFILE);
  struct stat about;
  ERROR(stat(FILE_A, &about), ENOENT); /* and no file was made */
  ERROR(pipe2(ends, 0), EMFILE);
  EQUAL(close(500), 0);
  ERROR(pipe2(ends, 0), EMFILE);
  EQUAL(open("/dev/null", O_RDONLY), 500);
  EQUAL(dup3(0, 600, 0), 600);
  EQUAL(close(600) + close(601), 0);
  EQUAL(pipe2(ends, 0), 0);
  EQUAL(ends[1], 601);
}

static void no_memory(void) {
  int first = lowest();
  for (int fd = first; fd < 64; fd++) EQUAL(dup(0), fd);
  EQUAL(syscall(SYS_fail_alloc, 1), 0);
  ERROR(dup(0), ENOMEM); /* the table has to grow */
  EQUAL(syscall(SYS_fail_alloc, 1), 0);
  ERROR(dup3(0, 200, 0), ENOMEM);
  for (long n = 1;; n++) {
    syscall(SYS_fail_alloc, n);
    int fd = open(FILE_A, O_WRONLY | O_CREAT, 0644), failed = errno;
    struct stat about;
    if (syscall(SYS_fail_alloc, 0) != 0) {
      CHECK(fd >= 0);
      break;
    }
    CHECK(n < 30 && fd == -1 && failed == ENOMEM);
    ERROR(stat(FILE_A, &about), ENOENT);
  }
  EQUAL(unlink(FILE_A), 0);
}

/* ---- Flags ---- */

static void flags(void) {
  int fd = new_file(O_CLOEXEC);
  EQUAL(fcntl(fd, F_GETFL), O_RDWR);
  EQUAL(fcntl(fd, F_GETFD), FD_CLOEXEC);
  EQUAL(fcntl(fd, F_SETFD, 0), 0);
  EQUAL(fcntl(fd, F_GETFD), 0);
  EQUAL(write(fd, "abc", 3), 3);
  EQUAL(fcntl(fd, F_SETFL, O_APPEND | O_NONBLOCK | O_WRONLY | O_CREAT), 0);
  EQUAL(fcntl(fd, F_GETFL), O_RDWR | O_APPEND | O_NONBLOCK);
  EQUAL(lseek(fd, 0, SEEK_SET), 0);
  EQUAL(write(fd, "d", 1), 1);
  EQUAL(lseek(fd, 0, SEEK_CUR), 4);
  EQUAL(fcntl(fd, F_SETFL, 0), 0);
  EQUAL(fcntl(fd, F_GETFL), O_RDWR);
  int ends[2];
  char byte;
  EQUAL(pipe2(ends, 0), 0);
  EQUAL(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
  ERROR(read(ends[0], &byte, 1), EAGAIN);
}

/* ---- lseek, ftruncate ---- */

static void seeking(void) {
  int fd = new_file(0);
  EQUAL(write(fd, "0123456789", 10), 10);
  EQUAL(lseek(fd, 3, SEEK_SET), 3);
  EQUAL(lseek(fd, 2, SEEK_CUR), 5);
  EQUAL(lseek(fd, -1, SEEK_END), 9);
  EQUAL(lseek(fd, 100, SEEK_END), 110);
  char byte;
  EQUAL(read(fd, &byte, 1), 0);
  ERROR(lseek(fd, -1, SEEK_SET), EINVAL);
  ERROR(lseek(fd, -11, SEEK_END), EINVAL);
  ERROR(lseek(fd, -111, SEEK_CUR), EINVAL);
  ERROR(lseek(fd, 1l << 62, 3), EINVAL);
  ERROR(lseek(fd, 0, -1), EINVAL);
  EQUAL(lseek(fd, (long)(~0ul >> 1), SEEK_SET), ~0ul >> 1);
  ERROR(lseek(fd, 1, SEEK_CUR), EINVAL); /* wraps */
  ERROR(write(fd, "x", 1), EFBIG);
  ERROR(lseek(-1, 0, SEEK_SET), EBADF);
  EQUAL(lseek(open("/dev/null", O_RDONLY), 5, SEEK_SET), 0); /* as on Linux */
  EQUAL(lseek(open("/dev/zero", O_RDONLY), 0, SEEK_CUR), 0);
  ERROR(lseek(open("/dev/console", O_RDONLY), 0, SEEK_CUR), ESPIPE);
}

static void truncating(void) {
  int fd = new_file(0);
  struct stat about;
  char got[20];
  EQUAL(write(fd, "0123456789", 10), 10);
  EQUAL(fstat(fd, &about), 0);
  struct timespec written = about.st_mtim;
  sleep_ms(1);
  EQUAL(ftruncate(fd, 4), 0);
  EQUAL(fstat(fd, &about), 0);
  CHECK(memcmp(&about.st_mtim, &written, sizeof written) != 0);
  EQUAL(ftruncate(fd, 3 * PAGE), 0);
  EQUAL(lseek(fd, 0, SEEK_CUR), 10);
  EQUAL(lseek(fd, 0, SEEK_SET), 0);
  EQUAL(read(fd, got, 10), 10);
  CHECK(memcmp(got, "0123\0\0\0\0\0\0", 10) == 0);
  EQUAL(fstat(fd, &about), 0);
  EQUAL(about.st_size, 3 * PAGE);
  EQUAL(about.st_blocks, 8);
  EQUAL(ftruncate(fd, 0), 0);
  EQUAL(fstat(fd, &about), 0);
  EQUAL(about.st_blocks, 0);
  ERROR(ftruncate(fd, -1), EINVAL);
  EQUAL(ftruncate(fd, INT64_MAX), 0); /* a hole takes nothing */
  ERROR(ftruncate(-1, 0), EBADF);
  ERROR(ftruncate(open("/bin/sh", O_RDONLY), 0), EINVAL);
  ERROR(ftruncate(open("/dev", O_RDONLY), 0), EINVAL);
  ERROR(ftruncate(open("/dev/null", O_RDWR), 0), EINVAL);
}

int main(void) {
  tap_begin("descriptors");
  RUN("copies share position and flags, not FD_CLOEXEC", copies_share_the_position);
  RUN("a new descriptor has the lowest free number", the_lowest_number);
  RUN("bad arguments of dup, dup3, fcntl, close", bad_copies);
  RUN("dup3 closes what was there", dup3_closes_what_was_there);
  RUN("FD_CLOEXEC closes at exec", closed_by_exec);
  RUN("a full table answers EMFILE and changes nothing", full_table);
  RUN("without memory nothing is opened and nothing made", no_memory);
  RUN("F_GETFL and F_SETFL", flags);
  RUN("lseek", seeking);
  RUN("ftruncate", truncating);
  return tap_end();
}
