/* cat [FILE...]: prints files one after the other; without any, or for -, the standard input. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int complain(const char* name) {
  fprintf(stderr, "cat: %s: %s\n", name, strerror(errno));
  return 1;
}

static int write_all(const char* from, size_t size) {
  while (size > 0) {
    ssize_t n = write(STDOUT_FILENO, from, size);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return -1;
    from += n;
    size -= (size_t)n;
  }
  return 0;
}

static int copy(int fd, const char* name) {
  static char buffer[4096];
  for (;;) {
    ssize_t n = read(fd, buffer, sizeof buffer);
    if (n == 0) return 0;
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return complain(name);
    if (write_all(buffer, (size_t)n) != 0) return complain("write");
  }
}

static int show(const char* name) {
  if (strcmp(name, "-") == 0) return copy(STDIN_FILENO, "input");
  int fd = open(name, O_RDONLY);
  if (fd < 0) return complain(name);
  int failed = copy(fd, name);
  close(fd);
  return failed;
}

int main(int argc, char** argv) {
  if (argc == 1) return show("-");
  int failed = 0;
  for (int i = 1; i < argc; i++) failed |= show(argv[i]);
  return failed;
}
