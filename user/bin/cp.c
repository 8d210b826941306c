/* cp OLD NEW, cp OLD... FOLDER: copies files (no folders). */
#include <fcntl.h>
#include <unistd.h>

#include "target.h"

static int write_all(int fd, const char* from, size_t size) {
  while (size > 0) {
    ssize_t n = write(fd, from, size);
    if (n < 0) return -1;
    from += n;
    size -= (size_t)n;
  }
  return 0;
}

static int copy_bytes(int from, int to) {
  static char buffer[4096];
  ssize_t n;
  while ((n = read(from, buffer, sizeof buffer)) > 0) {
    if (write_all(to, buffer, (size_t)n) != 0) return -1;
  }
  return n < 0 ? -1 : 0;
}

/* Opening the new file empties it, so it must not be the old one under another name. */
static int same(const struct stat* old, const char* path) {
  struct stat about;
  return stat(path, &about) == 0 && about.st_dev == old->st_dev && about.st_ino == old->st_ino;
}

static int copy(const char* old, const char* path) {
  struct stat about;
  int from = open(old, O_RDONLY);
  if (from < 0) return -1;
  int to = -1, error = 0;
  if (fstat(from, &about) != 0) {
    error = errno;
  } else if (S_ISDIR(about.st_mode) || same(&about, path)) {
    error = S_ISDIR(about.st_mode) ? EISDIR : EEXIST;
  } else {
    to = open(path, O_WRONLY | O_CREAT | O_TRUNC, about.st_mode & 0777);
    if (to < 0 || copy_bytes(from, to) != 0) error = errno;
  }
  close(from);
  if (to >= 0) close(to);
  errno = error;
  return error == 0 ? 0 : -1;
}

int main(int argc, char** argv) { return for_each_target("cp", argv + 1, argc - 1, copy); }
