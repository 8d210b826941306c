/* The wing `linux`: statx tells of a file what newfstatat tells. */
#include "signals.h"

static void check_same(int directory, const char* path, int flags) {
  struct stat about;
  struct tine_statx more;
  memset(&more, 0x77, sizeof more);
  EQUAL(fstatat(directory, path, &about, flags), 0);
  EQUAL(syscall(SYS_statx, directory, path, flags, STATX_BASIC_STATS, &more), 0);
  EQUAL(more.stx_mask, STATX_BASIC_STATS);
  EQUAL(more.stx_mode, about.st_mode);
  EQUAL(more.stx_ino, about.st_ino);
  EQUAL(more.stx_nlink, about.st_nlink);
  EQUAL(more.stx_uid, about.st_uid);
  EQUAL(more.stx_gid, about.st_gid);
  EQUAL(more.stx_size, about.st_size);
  EQUAL(more.stx_blocks, about.st_blocks);
  EQUAL(more.stx_blksize, about.st_blksize);
  EQUAL(more.stx_mtime.tv_sec, about.st_mtim.tv_sec);
  EQUAL(more.stx_mtime.tv_nsec, about.st_mtim.tv_nsec);
  EQUAL(more.stx_ctime.tv_sec, about.st_ctim.tv_sec);
  EQUAL(more.stx_dev_major << 8 | more.stx_dev_minor, about.st_dev);
  EQUAL(more.stx_rdev_major << 8 | more.stx_rdev_minor, about.st_rdev);
  EQUAL(more.stx_attributes | more.stx_attributes_mask, 0);
  EQUAL(more.pad, 0);
  for (int i = 0; i < 14; i++) EQUAL(more.others[i], 0);
}

static void of_paths(void) {
  make_file("/tmp/statx.file");
  EQUAL(symlink("statx.file", "/tmp/statx.link"), 0);
  check_same(AT_FDCWD, "/tmp/statx.file", 0);
  check_same(AT_FDCWD, "/tmp/statx.link", 0);
  check_same(AT_FDCWD, "/tmp/statx.link", AT_SYMLINK_NOFOLLOW);
  check_same(AT_FDCWD, "/dev/console", AT_NO_AUTOMOUNT);
  int directory = open("/tmp", O_RDONLY | O_DIRECTORY);
  check_same(directory, "statx.file", 0);
  check_same(directory, "", AT_EMPTY_PATH);
  check_same(AT_FDCWD, "", AT_EMPTY_PATH);
  close(directory);
  EQUAL(unlink("/tmp/statx.link"), 0);
  EQUAL(unlink("/tmp/statx.file"), 0);
}

static long statx(int directory, const char* path, long flags, long mask, void* to) {
  return syscall(SYS_statx, directory, path, flags, mask, to);
}

static void errors(void) {
  struct tine_statx more;
  ERROR(statx(AT_FDCWD, "/tmp/none", 0, STATX_BASIC_STATS, &more), ENOENT);
  ERROR(statx(AT_FDCWD, "", 0, STATX_BASIC_STATS, &more), ENOENT);
  ERROR(statx(77, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &more), EBADF);
  ERROR(statx(77, "x", 0, STATX_BASIC_STATS, &more), EBADF);
  ERROR(statx(AT_FDCWD, "/dev/null/x", 0, STATX_BASIC_STATS, &more), ENOTDIR);
  ERROR(statx(AT_FDCWD, "/", 1, STATX_BASIC_STATS, &more), EINVAL);
  ERROR(statx(AT_FDCWD, "/", AT_STATX_SYNC_TYPE, STATX_BASIC_STATS, &more), EINVAL);
  ERROR(statx(AT_FDCWD, "/", 0, STATX_RESERVED, &more), EINVAL);
  ERROR(statx(AT_FDCWD, wild(UNMAPPED), 0, STATX_BASIC_STATS, &more), EFAULT);
  ERROR(statx(AT_FDCWD, "/", 0, STATX_BASIC_STATS, wild(UNMAPPED)), EFAULT);
  ERROR(statx(AT_FDCWD, "/", 0, STATX_BASIC_STATS, wild(KERNEL)), EFAULT);
  EQUAL(statx(AT_FDCWD, "/", AT_STATX_FORCE_SYNC, 0, &more), 0);
  EQUAL(statx(AT_FDCWD, "/", AT_STATX_DONT_SYNC, 0, &more), 0);
}

int main(void) {
  tap_begin("wing-linux-statx");
  RUN("statx tells what newfstatat tells, of every kind of path", of_paths);
  RUN("errors: paths, flags, mask, pointers", errors);
  return tap_end();
}
