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
  EQUAL(fcntl(copy, F_GETFL), O_RDWR | O_APPEND | O_LARGEFILE);
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
  EQUAL(fcntl(fd, F_GETFL), O_RDWR | O_LARGEFILE); /* as on Linux */
  EQUAL(fcntl(fd, F_GETFD), FD_CLOEXEC);
  EQUAL(fcntl(fd, F_SETFD, 0), 0);
  EQUAL(fcntl(fd, F_GETFD), 0);
  EQUAL(write(fd, "abc", 3), 3);
  EQUAL(fcntl(fd, F_SETFL, O_APPEND | O_NONBLOCK | O_WRONLY | O_CREAT), 0);
  EQUAL(fcntl(fd, F_GETFL), O_RDWR | O_LARGEFILE | O_APPEND | O_NONBLOCK);
  EQUAL(lseek(fd, 0, SEEK_SET), 0);
  EQUAL(write(fd, "d", 1), 1);
  EQUAL(lseek(fd, 0, SEEK_CUR), 4);
  EQUAL(fcntl(fd, F_SETFL, 0), 0);
  EQUAL(fcntl(fd, F_GETFL), O_RDWR | O_LARGEFILE);
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

/* ---- Places: O_PATH ---- */

static void a_place_is_no_file(void) {
  char byte = 'x';
  int file = open(FILE_A, O_RDWR | O_CREAT, 0644);
  EQUAL(write(file, "abc", 3), 3);
  int fd = open(FILE_A, O_PATH | O_RDWR | O_TRUNC | O_CREAT | O_EXCL | O_CLOEXEC);
  CHECK(fd > file);
  struct stat about, other;
  EQUAL(fstat(fd, &about), 0);
  EQUAL(fstat(file, &other), 0);
  EQUAL(about.st_ino, other.st_ino);
  EQUAL(about.st_size, 3); /* O_TRUNC meant nothing */
  EQUAL(fcntl(fd, F_GETFL), O_PATH);
  EQUAL(fcntl(fd, F_GETFD), FD_CLOEXEC);
  EQUAL(fcntl(fd, F_SETFD, 0), 0);
  ERROR(fcntl(fd, F_SETFL, O_APPEND), EBADF);
  ERROR(fcntl(fd, F_GETLK, 0), EBADF);
  ERROR(fcntl(fd, 77, 0), EBADF);
  ERROR(read(fd, &byte, 1), EBADF);
  ERROR(write(fd, &byte, 1), EBADF);
  ERROR(lseek(fd, 0, SEEK_SET), EBADF);
  ERROR(ftruncate(fd, 0), EBADF);
  ERROR(ioctl(fd, TIOCGWINSZ, &about), EBADF);
  EQUAL(close(file), 0);
  EQUAL(unlink(FILE_A), 0);
  ERROR(open(FILE_A, O_PATH | O_CREAT, 0644), ENOENT);
  EQUAL(fstat(fd, &about), 0);
  EQUAL(about.st_nlink, 0);
}

static void copies_of_places(void) {
  int fd = open("/", O_PATH | O_DIRECTORY);
  int copy = dup(fd), far = dup3(fd, 600, O_CLOEXEC), further = fcntl(far, F_DUPFD, 601);
  CHECK(fd > 0 && copy > fd && far == 600 && further == 601);
  EQUAL(close(fd), 0);
  EQUAL(fcntl(further, F_GETFL), O_PATH | O_DIRECTORY);
  struct tine_dirent64 room[8];
  ERROR(syscall(SYS_getdents64, copy, room, sizeof room), EBADF);
  struct stat root, here;
  EQUAL(stat("/tmp", &root), 0);
  EQUAL(syscall(SYS_newfstatat, further, "tmp", &here, 0), 0);
  EQUAL(here.st_ino, root.st_ino);
  int tmp = openat(copy, "tmp", O_RDONLY | O_DIRECTORY);
  CHECK(tmp > 0);
  EQUAL(syscall(SYS_newfstatat, tmp, "", &here, AT_EMPTY_PATH), 0);
  EQUAL(here.st_ino, root.st_ino);
  ERROR(openat(tmp, "", O_PATH), ENOENT);
  pid_t child = FORK();
  if (child == 0) _exit(fcntl(far, F_GETFL) == (O_PATH | O_DIRECTORY) ? 0 : 1);
  ENDS(child, 0);
}

static void places_of_links(void) {
  char target[8];
  EQUAL(symlink("nowhere", FILE_A), 0);
  ERROR(open(FILE_A, O_RDONLY | O_NOFOLLOW), ELOOP);
  ERROR(open(FILE_A, O_PATH), ENOENT);
  ERROR(open(FILE_A, O_PATH | O_NOFOLLOW | O_DIRECTORY), ENOTDIR);
  int fd = open(FILE_A, O_PATH | O_NOFOLLOW);
  struct stat about;
  EQUAL(fstat(fd, &about), 0);
  CHECK(S_ISLNK(about.st_mode));
  EQUAL(syscall(SYS_readlinkat, fd, "", target, sizeof target), 7);
  CHECK(memcmp(target, "nowhere", 7) == 0);
  ERROR(openat(fd, "x", O_RDONLY), ENOTDIR);
  EQUAL(unlink(FILE_A), 0);
  int root = open("/", O_PATH);
  ERROR(syscall(SYS_readlinkat, root, "", target, sizeof target), ENOENT);
  ERROR(readlink("", target, sizeof target), ENOENT);
}

/* To name a file again, by its place alone. */
static void links_to_places(void) {
  int fd = open(FILE_A, O_RDWR | O_CREAT, 0644), place = open(FILE_A, O_PATH);
  EQUAL(syscall(SYS_linkat, place, "", AT_FDCWD, FILE_A "2", AT_EMPTY_PATH), 0);
  struct stat about;
  EQUAL(fstat(fd, &about), 0);
  EQUAL(about.st_nlink, 2);
  EQUAL(unlink(FILE_A), 0);
  EQUAL(unlink(FILE_A "2"), 0);
  ERROR(syscall(SYS_linkat, place, "", AT_FDCWD, FILE_A, AT_EMPTY_PATH), ENOENT);
  ERROR(syscall(SYS_linkat, 99, "", AT_FDCWD, FILE_A, AT_EMPTY_PATH), EBADF);
  ERROR(syscall(SYS_linkat, place, "", AT_FDCWD, FILE_A, 0), ENOENT);
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
  RUN("O_PATH: the place of a file, not its contents", a_place_is_no_file);
  RUN("O_PATH: copies, and directories to start from", copies_of_places);
  RUN("O_PATH: symbolic links themselves", places_of_links);
  RUN("AT_EMPTY_PATH: a new name for an open file", links_to_places);
  return tap_end();
}
