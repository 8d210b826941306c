/*
 * touch FILE...: sets the time of the last change to now; makes an empty file if there is none.
 *
 * Only the kernel's wing `linux` has the call that sets times. Without it, touch still makes
 * files, but does not change times.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <tine/syscall.h>
#include <unistd.h>

static int touch(const char* path) {
  struct stat about;
  if (stat(path, &about) == 0) {
    int result = (int)syscall(SYS_utimensat, AT_FDCWD, path, NULL, 0); /* NULL: now */
    return result == 0 || errno == ENOSYS ? 0 : -1;
  }
  int fd = errno == ENOENT ? open(path, O_WRONLY | O_CREAT, 0666) : -1;
  return fd < 0 ? -1 : close(fd);
}

int main(int argc, char** argv) {
  int failed = 0;
  if (argc == 1) {
    fprintf(stderr, "usage: touch FILE...\n");
    return 2;
  }
  for (int i = 1; i < argc; i++) {
    if (touch(argv[i]) == 0) continue;
    fprintf(stderr, "touch: %s: %s\n", argv[i], strerror(errno));
    failed = 1;
  }
  return failed;
}
