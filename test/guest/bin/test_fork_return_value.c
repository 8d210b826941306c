/* SEEDS.md section 2, test_fork_return_value: the child exits 42, the parent reads 42. */
#include "tap.h"

static void forty_two(void) {
  pid_t child = FORK();
  if (child == 0) _exit(42);
  int status = 0;
  EQUAL(waitpid(child, &status, 0), child);
  CHECK(WIFEXITED(status));
  EQUAL(WEXITSTATUS(status), 42);
  EQUAL(status, 42 << 8);
}

static void by_main_and_exit(void) {
  pid_t child = FORK();
  if (child == 0) exit(42);
  ENDS(child, 42);
}

static void low_byte(void) {
  pid_t child = FORK();
  if (child == 0) _exit(0x12a);
  ENDS(child, 0x2a);
}

static void raw_exit(void) {
  pid_t child = FORK();
  if (child == 0) syscall(SYS_exit, 42);
  ENDS(child, 42);
}

int main(void) {
  tap_begin("test_fork_return_value");
  RUN("the child exits with 42 and the parent reads 42", forty_two);
  RUN("the library's exit brings the same code", by_main_and_exit);
  RUN("of the code the low byte arrives", low_byte);
  RUN("exit ends a process as exit_group does", raw_exit);
  return tap_end();
}
