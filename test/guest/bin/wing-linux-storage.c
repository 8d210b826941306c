/* What files take and keep: sizes, places, times, and who may write to what runs. */
#include "credentials.h"

#define FILE_PATH "/tmp/storage-file"

static int make_open(int flags) {
  int fd = open(FILE_PATH, O_RDWR | O_CREAT | O_TRUNC | flags, 0644);
  CHECK(fd >= 0);
  return fd;
}

static void edges(void) {
  int fd = make_open(0);
  char byte = 1;
  ERROR(syscall(SYS_pread64, fd, &byte, 2l, INT64_MAX - 1), EINVAL);
  ERROR(syscall(SYS_pwrite64, fd, &byte, 2l, INT64_MAX - 1), EINVAL);
  ERROR(syscall(SYS_pwrite64, fd, &byte, -1l, 0l), EINVAL);
  EQUAL(syscall(SYS_pread64, fd, &byte, 1l, INT64_MAX - 1), 0);
  EQUAL(syscall(SYS_pwrite64, fd, "x", 1l, INT64_MAX - 1), 1);
  EQUAL(lseek(fd, 0, SEEK_END), INT64_MAX);
  ERROR(lseek(fd, 1, SEEK_CUR), EINVAL);
  ERROR(write(fd, "y", 1), EFBIG);
  EQUAL(syscall(SYS_pread64, fd, &byte, 1l, INT64_MAX - 1), 1);
  EQUAL(byte, 'x');
  ERROR(syscall(SYS_fallocate, fd, 0, 0l, 100l), EOPNOTSUPP);
  ERROR(syscall(SYS_fallocate, fd, 0, -1l, 100l), EINVAL);
  ERROR(syscall(SYS_fallocate, fd, 0, 0l, 0l), EINVAL);
  ERROR(syscall(SYS_fallocate, 99, 0, 0l, 1l), EBADF);
  int appends = make_open(O_APPEND), source = open("/bin/sh", O_RDONLY);
  ERROR(syscall(SYS_sendfile, appends, source, NULL, 100l), EINVAL);
  ERROR(syscall(SYS_sendfile, fd, source, NULL, -1l), EINVAL);
  EQUAL(unlink(FILE_PATH), 0);
}

/* What statfs says moves with what is stored. */
static void sizes(void) {
  uint64_t before[15], after[15], proc[15];
  static char block[8 * 4096];
  int fd = make_open(0);
  EQUAL(syscall(SYS_statfs, "/tmp", before), 0);
  CHECK(before[2] > before[3] && before[3] == before[4] && before[5] > before[6]);
  EQUAL(write(fd, block, sizeof block), sizeof block);
  CHECK(close(open(FILE_PATH "2", O_WRONLY | O_CREAT, 0644)) == 0);
  EQUAL(syscall(SYS_fstatfs, fd, after), 0);
  EQUAL(after[2], before[2]);
  CHECK(before[3] - after[3] >= 8 && before[3] - after[3] <= 10);
  EQUAL(before[6] - after[6], 1);
  EQUAL(unlink(FILE_PATH "2"), 0);
  EQUAL(unlink(FILE_PATH), 0);
  if (syscall(SYS_statfs, "/proc", proc) == 0 && proc[0] == 0x9fa0) EQUAL(proc[2], 0);
}

static long set_times(long accessed, long modified) {
  struct timespec times[2] = {{1000, accessed}, {2000, modified}};
  return syscall(SYS_utimensat, AT_FDCWD, FILE_PATH, times, 0);
}

static void times(void) {
  enum { NOW = (1 << 30) - 1, OMIT = (1 << 30) - 2 };
  struct stat about;
  char byte;
  CHECK(write(make_open(0), "text", 4) == 4);
  EQUAL(set_times(1, 2), 0);
  EQUAL(stat(FILE_PATH, &about), 0);
  EQUAL(about.st_atim.tv_sec, 1000);
  EQUAL(about.st_atim.tv_nsec, 1);
  EQUAL(about.st_mtim.tv_sec, 2000);
  EQUAL(set_times(7, OMIT), 0);
  EQUAL(stat(FILE_PATH, &about), 0);
  EQUAL(about.st_atim.tv_nsec, 7);
  EQUAL(about.st_mtim.tv_nsec, 2);
  ERROR(set_times(1000000000, 0), EINVAL);
  ERROR(set_times(0, 1000000000), EINVAL);
  ERROR(set_times(-1, 0), EINVAL);
  int quiet = open(FILE_PATH, O_RDONLY | O_NOATIME), fd = open(FILE_PATH, O_RDONLY);
  EQUAL(read(quiet, &byte, 1), 1);
  EQUAL(stat(FILE_PATH, &about), 0);
  EQUAL(about.st_atim.tv_sec, 1000);
  EQUAL(read(fd, &byte, 1), 1);
  EQUAL(stat(FILE_PATH, &about), 0);
  CHECK(about.st_atim.tv_sec > 1000 && about.st_mtim.tv_sec == 2000);
  EQUAL(unlink(FILE_PATH), 0);
}

static void as_a_user(void) {
  ERROR(open(FILE_PATH, O_RDONLY | O_NOATIME), EPERM);
  CHECK(open(FILE_PATH, O_RDONLY) >= 0);
  ERROR(set_times(1, 1), EPERM);
  int fd = open("/tmp/storage-own", O_WRONLY | O_CREAT | O_EXCL, 06755);
  struct stat about;
  CHECK(fd >= 0);
  EQUAL(fstat(fd, &about), 0);
  EQUAL(about.st_mode & 07777, 06755);
  EQUAL(unlink("/tmp/storage-own"), 0);
}

static void users(void) {
  make_open(0);
  as(1000, as_a_user);
  EQUAL(unlink(FILE_PATH), 0);
}

int main(void) {
  tap_begin("wing-linux-storage");
  RUN("the last place of a file, and beyond", edges);
  RUN("statfs counts blocks and files", sizes);
  RUN("access times are kept, and change with reads", times);
  RUN("O_NOATIME, times and mode bits of a user", users);
  return tap_end();
}
