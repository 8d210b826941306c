/* touch FILE...: makes files that are not there. (The times of one that is there stay: no call of
 * the kernel sets them.) */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char** argv) {
  int failed = 0;
  if (argc == 1) {
    fprintf(stderr, "usage: touch FILE...\n");
    return 2;
  }
  for (int i = 1; i < argc; i++) {
    int fd = open(argv[i], O_WRONLY | O_CREAT, 0666);
    if (fd < 0) {
      fprintf(stderr, "touch: %s: %s\n", argv[i], strerror(errno));
      failed = 1;
    } else {
      close(fd);
    }
  }
  return failed;
}
