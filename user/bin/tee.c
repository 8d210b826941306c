/* tee [-a] [FILE...]: copies its input to its output and into each file; -a: appends. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int failed;

static void complain(const char* name) {
  fprintf(stderr, "tee: %s: %s\n", name, strerror(errno));
  failed = 1;
}

static void write_all(int fd, const char* from, ssize_t size, const char* name) {
  while (fd >= 0 && size > 0) {
    ssize_t n = write(fd, from, (size_t)size);
    if (n < 0) {
      complain(name);
      return;
    }
    from += n;
    size -= n;
  }
}

int main(int argc, char** argv) {
  static char buffer[4096];
  int how = O_WRONLY | O_CREAT | O_TRUNC;
  for (int option; (option = getopt(argc, argv, "a")) != -1;) {
    if (option != 'a') return 2;
    how = O_WRONLY | O_CREAT | O_APPEND;
  }
  int fds[argc]; /* fds[i] belongs to argv[i] */
  for (int i = optind; i < argc; i++) {
    fds[i] = open(argv[i], how, 0666);
    if (fds[i] < 0) complain(argv[i]);
  }
  ssize_t n;
  while ((n = read(STDIN_FILENO, buffer, sizeof buffer)) > 0) {
    write_all(STDOUT_FILENO, buffer, n, "output");
    for (int i = optind; i < argc; i++) write_all(fds[i], buffer, n, argv[i]);
  }
  if (n < 0) complain("input");
  return failed;
}
