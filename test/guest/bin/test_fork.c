/* SEEDS.md section 2, test_fork: create, wait, exit. Both sides go on behind the same call, with
 * different values. */
#include "tap.h"

static void two_returns(void) {
  pid_t child = FORK();
  if (child == 0) _exit(7);
  CHECK(child > 0);
  ENDS(child, 7);
}

/* `if (fork() == 0)`: different code on the two sides, from the same variables. */
static int local_code(int is_child, int value) { return is_child ? value * 2 : value + 1; }

static void different_code(void) {
  int value = 20;
  pid_t child = fork();
  if (child == 0) {
    value = local_code(1, value);
    _exit(value);
  }
  CHECK(child > 0);
  value = local_code(0, value);
  EQUAL(value, 21);
  ENDS(child, 40);
}

static void first_wait_then_nothing(void) {
  pid_t child = FORK();
  if (child == 0) _exit(0);
  ENDS(child, 0);
  ERROR(waitpid(child, NULL, 0), ECHILD);
  ERROR(wait(NULL), ECHILD);
}

static int depth_of_calls(int depth) {
  volatile int here = depth;
  if (depth == 0) {
    pid_t child = FORK();
    if (child != 0) {
      ENDS(child, 45);
      return 0;
    }
    return here;
  }
  int below = depth_of_calls(depth - 1);
  return below + here;
}

/* The child returns through every frame that the parent had built: stack and return addresses are
 * its own copies. */
static void returns_through_frames(void) {
  pid_t self = getpid();
  int sum = depth_of_calls(9);
  if (getpid() != self) _exit(sum);
  EQUAL(sum, 45);
}

static void grandchild(void) {
  pid_t child = FORK();
  if (child == 0) {
    pid_t grandchild = FORK();
    if (grandchild == 0) _exit(3);
    ENDS(grandchild, 3);
    _exit(4);
  }
  ENDS(child, 4);
}

int main(void) {
  tap_begin("test_fork");
  RUN("fork returns the child's pid in the parent and 0 in the child", two_returns);
  RUN("parent and child run different code after the same call", different_code);
  RUN("a child can be waited for once", first_wait_then_nothing);
  RUN("the child returns through the frames of the parent's stack", returns_through_frames);
  RUN("a child can have a child", grandchild);
  return tap_end();
}
