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

int main(void) {
  tap_begin("wing-trace-unknown");
  RUN("calls that there are not are ENOSYS", many_calls);
  return tap_end();
}
