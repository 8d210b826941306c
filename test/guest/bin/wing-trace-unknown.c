/* The wing `trace`: calls that there are not. What the log says of them, test/guest/suite.cc sees.
 */
#include "tap.h"

/* More than the log can remember one by one; with others in between, and in a child, too. */
static void many_calls(void) {
  enum { FIRST = 300, CALLS = 120 };
  for (int round = 0; round < 3; round++) {
    for (int i = 0; i < CALLS; i++) ERROR(syscall(FIRST + i), ENOSYS);
  }
  pid_t child = FORK();
  if (child == 0) {
    ERROR(syscall(FIRST), ENOSYS);
    ERROR(syscall(51), ENOSYS); /* chroot */
    ERROR(syscall(100000), ENOSYS);
    ERROR(syscall(-1), ENOSYS);
    _exit(0);
  }
  ENDS(child, 0);
}

/* A program with a name that is to look like a line of the log. */
#define FORGED "/tmp/x\nforged[1]: a line\033[2J\\"
static void forged_name(void) {
  copy_file("/test/wing-trace-unknown", FORGED);
  pid_t child = FORK();
  if (child == 0) {
    char* arguments[] = {"asks", NULL};
    execve(FORGED, arguments, NULL);
    _exit(1);
  }
  ENDS(child, 0);
  EQUAL(unlink(FORGED), 0);
}

int main(int argc, char** argv) {
  (void)argc;
  if (strcmp(argv[0], "asks") == 0) return syscall(51) != -1;
  tap_begin("wing-trace-unknown");
  RUN("calls that there are not are ENOSYS", many_calls);
  RUN("a name with a newline and an escape sequence", forged_name);
  return tap_end();
}
