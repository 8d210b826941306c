/* The wing `linux`: what may be done with files that were opened with O_PATH, or that AT_EMPTY_PATH
 * names by their descriptors. */
#include "credentials.h"

static int place(const char* path, int more) {
  int fd = open(path, O_PATH | more);
  if (fd < 0) tap_fail("open(%s, O_PATH): %s", path, strerror(errno));
  return fd;
}

static int is_there(const char* path) {
  struct stat about;
  return stat(path, &about) == 0;
}

static void on_the_file_itself(void) {
  build(0755, 0644);
  int fd = place(FILE_A, 0);
  ERROR(syscall(SYS_fchmod, fd, 0600), EBADF);
  ERROR(syscall(SYS_fchown, fd, 1, 1), EBADF);
  ERROR(syscall(SYS_fsync, fd), EBADF);
  ERROR(syscall(SYS_fdatasync, fd), EBADF);
  ERROR(syscall(SYS_fallocate, fd, 0, 0L, 1L), EBADF);
  ERROR(syscall(SYS_utimensat, fd, NULL, NULL, 0), EBADF);
  ERROR(syscall(SYS_pread64, fd, &fd, 1, 0L), EBADF);
  ERROR(syscall(SYS_sendfile, 1, fd, NULL, 1L), EBADF);
  CHECK(flock(fd, LOCK_SH) < 0 && (errno == EBADF || errno == ENOSYS)); /* without the wing locks */
  struct tine_pollfd polled = {fd, POLLIN, 0};
  EQUAL(syscall(SYS_ppoll, &polled, 1L, NULL, NULL, 8L), 1);
  EQUAL(polled.revents, POLLNVAL);
  EQUAL(mode_of(FILE_A), 0644);
  clear();
}

static void about_the_place(void) {
  build(0755, 0644);
  int fd = place(FILE_A, 0), directory = place(DIR_A, O_DIRECTORY);
  uint64_t about[15];
  EQUAL(syscall(SYS_fstatfs, fd, about), 0);
  EQUAL(about[1], PAGE);
  struct tine_statx more;
  EQUAL(syscall(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &more), 0);
  EQUAL(more.stx_mode, S_IFREG | 0644);
  EQUAL(syscall(SYS_fchownat, fd, "", STUDENT, KEEP, AT_EMPTY_PATH), 0);
  struct tine_timespec times[2] = {{5, 0}, {6, 0}};
  EQUAL(syscall(SYS_utimensat, fd, "", times, AT_EMPTY_PATH), 0);
  struct stat now;
  EQUAL(fstat(fd, &now), 0);
  EQUAL(now.st_uid, STUDENT);
  EQUAL(now.st_mtim.tv_sec, 6);
  EQUAL(syscall(SYS_faccessat2, fd, "", 6, AT_EMPTY_PATH), 0);
  ERROR(syscall(SYS_faccessat2, fd, "", 6, 0), ENOENT);
  ERROR(syscall(SYS_fchownat, fd, "", 0, 0, 0), ENOENT);
  ERROR(syscall(SYS_faccessat2, 99, "", 0, AT_EMPTY_PATH), EBADF);
  ERROR(syscall(SYS_fchdir, fd), ENOTDIR);
  EQUAL(syscall(SYS_fchdir, directory), 0);
  CHECK(is_there("file"));
  EQUAL(syscall(SYS_faccessat2, AT_FDCWD, "", 7, AT_EMPTY_PATH), 0); /* where the program is */
  EQUAL(chdir("/"), 0);
  clear();
}

static void locked_out(void) {
  int fd = place(FILE_A, 0); /* the file's own permissions do not matter */
  ERROR(open(FILE_A, O_RDONLY), EACCES);
  ERROR(syscall(SYS_faccessat2, fd, "", 4, AT_EMPTY_PATH), EACCES);
  ERROR(syscall(SYS_faccessat2, fd, "", 4, AT_EMPTY_PATH | AT_EACCESS), EACCES);
  ERROR(syscall(SYS_fchownat, fd, "", STUDENT, KEEP, AT_EMPTY_PATH), EPERM);
  ERROR(syscall(SYS_linkat, fd, "", AT_FDCWD, "/tmp/mine", AT_EMPTY_PATH), ENOENT);
  char again[32];
  snprintf(again, sizeof again, "/proc/self/fd/%d", fd);
  if (is_there("/proc/self")) ERROR(open(again, O_RDONLY), EACCES);
}
static void without_rights(void) {
  build(0711, 0);
  as(STUDENT, locked_out);
  clear();
}

static void not_found_there(void) {
  ERROR(open(FILE_A, O_PATH), EACCES);
  int directory = place(DIR_A, 0);
  ERROR(openat(directory, "file", O_PATH), EACCES);
  ERROR(syscall(SYS_fchdir, directory), EACCES);
}
static void without_search(void) {
  build(0600, 0644);
  as(STUDENT, not_found_there);
  clear();
}

/* The other end of a pipe does not hear of it, and a device does not either. */
static void a_pipe_is_not_opened(void) {
  EQUAL(syscall(SYS_mknodat, AT_FDCWD, "/tmp/fifo", S_IFIFO | 0644, 0), 0);
  int fd = place("/tmp/fifo", 0);
  ERROR(open("/tmp/fifo", O_WRONLY | O_NONBLOCK), ENXIO);
  int reader = open("/tmp/fifo", O_RDONLY | O_NONBLOCK);
  int writer = open("/tmp/fifo", O_WRONLY);
  EQUAL(close(fd), 0);
  EQUAL(write(writer, "x", 1), 1);
  char byte;
  EQUAL(read(reader, &byte, 1), 1);
  ERROR(read(reader, &byte, 1), EAGAIN); /* the writer still counts */
  EQUAL(unlink("/tmp/fifo"), 0);
}

static void through_proc(void) {
  if (!is_there("/proc/self")) return;
  build(0755, 0644);
  char path[32], text[64] = "";
  snprintf(path, sizeof path, "/proc/self/fd/%d", place(FILE_A, 0));
  EQUAL(readlink(path, text, sizeof text - 1) > 0, 1);
  int file = open(path, O_RDWR);
  EQUAL(write(file, "x", 1), 1);
  EQUAL(symlink("nowhere", DIR_A "/link"), 0);
  snprintf(path, sizeof path, "/proc/self/fd/%d", place(DIR_A "/link", O_NOFOLLOW));
  ERROR(open(path, O_RDONLY), ELOOP);
  struct stat about;
  EQUAL(stat(path, &about), 0);
  CHECK(S_ISLNK(about.st_mode));
  EQUAL(unlink(DIR_A "/link"), 0);
  clear();
}

int main(void) {
  tap_begin("wing-linux-places");
  RUN("O_PATH: what needs the file itself is EBADF", on_the_file_itself);
  RUN("O_PATH: what needs its place only is done", about_the_place);
  RUN("O_PATH: no right to the file is needed, and none comes of it", without_rights);
  RUN("O_PATH: the directories on the way must let one through", without_search);
  RUN("O_PATH: a pipe has no end more", a_pipe_is_not_opened);
  RUN("O_PATH: /proc/self/fd opens the file, with its rights", through_proc);
  return tap_end();
}
