/*
 * Files and directories: the short POSIX names of the kernel's ...at calls, which begin with the
 * directory that a path starts from, and reading directories.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <tine/syscall.h>
#include <unistd.h>

int open(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  mode_t mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
  va_end(arguments);
  return openat(AT_FDCWD, path, flags, mode);
}

int stat(const char* path, struct stat* about) { return fstatat(AT_FDCWD, path, about, 0); }

int lstat(const char* path, struct stat* about) {
  return fstatat(AT_FDCWD, path, about, AT_SYMLINK_NOFOLLOW);
}

int mkdir(const char* path, mode_t mode) { return mkdirat(AT_FDCWD, path, mode); }
int rmdir(const char* path) { return unlinkat(AT_FDCWD, path, AT_REMOVEDIR); }
int unlink(const char* path) { return unlinkat(AT_FDCWD, path, 0); }
int link(const char* old, const char* path) { return linkat(AT_FDCWD, old, AT_FDCWD, path, 0); }
int symlink(const char* target, const char* path) { return symlinkat(target, AT_FDCWD, path); }

ssize_t readlink(const char* path, char* to, size_t size) {
  return readlinkat(AT_FDCWD, path, to, size);
}

int rename(const char* old, const char* path) {
  return renameat2(AT_FDCWD, old, AT_FDCWD, path, 0);
}

/* The kernel returns the length; POSIX requires the buffer. */
char* getcwd(char* to, size_t size) { return syscall(SYS_getcwd, to, size) < 0 ? NULL : to; }

int pipe(int fds[2]) { return pipe2(fds, 0); }

/* dup3 refuses equal descriptors; dup2 returns them, if they are open. */
int dup2(int old, int fd) {
  if (old != fd) return dup3(old, fd, 0);
  return fcntl(fd, F_GETFD) < 0 ? -1 : fd;
}

/* ---- Directories ---- */

struct tine_directory {
  int fd;
  size_t next, used; /* buffer[next..used): entries that readdir has not returned yet */
  char buffer[2048] __attribute__((aligned(8)));
};

DIR* opendir(const char* path) {
  int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return NULL;
  DIR* directory = malloc(sizeof *directory);
  if (directory == NULL) {
    close(fd);
    errno = ENOMEM;
    return NULL;
  }
  directory->fd = fd;
  directory->next = directory->used = 0;
  return directory;
}

struct dirent* readdir(DIR* directory) {
  if (directory->next == directory->used) {
    ssize_t n = getdents64(directory->fd, directory->buffer, sizeof directory->buffer);
    if (n <= 0) return NULL;
    directory->next = 0;
    directory->used = (size_t)n;
  }
  struct dirent* entry = (struct dirent*)(directory->buffer + directory->next);
  directory->next += entry->d_reclen;
  return entry;
}

int closedir(DIR* directory) {
  int result = close(directory->fd);
  free(directory);
  return result;
}
