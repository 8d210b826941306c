/*
 * fork_test: one call that returns twice. The parent gets the child's pid, the child 0; both
 * continue with the same memory contents; waitpid returns the child's exit status.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int failures;

static void check(int good, const char* what) {
  if (good) return;
  failures++;
  printf("fork_test: FAIL: %s\n", what);
}

static int in_child(pid_t parent) {
  printf("fork() returned 0 in the child, pid %d, parent %d\n", getpid(), getppid());
  check(getpid() != parent, "the child has the parent's pid");
  check(getppid() == parent, "getppid() in the child is not the parent");
  return failures == 0 ? 42 : 1;
}

static void in_parent(pid_t child) {
  printf("fork() returned %d in the parent, pid %d\n", child, getpid());
  int status = 0;
  pid_t ended = waitpid(child, &status, 0);
  printf("waitpid(%d) returned %d, exit status %d\n", child, ended, WEXITSTATUS(status));
  check(ended == child, "waitpid(child) is not the child");
  check(WIFEXITED(status) && WEXITSTATUS(status) == 42, "the child's status is not 42");
  check(waitpid(child, &status, 0) == -1 && errno == ECHILD, "a reaped child can be waited for");
}

/* Three children at the same time: all three are reaped, each once. */
static void three_children(void) {
  pid_t children[3];
  for (int i = 0; i < 3; i++) {
    children[i] = fork();
    if (children[i] == 0) _exit(10 + i);
    check(children[i] > 0, "fork() of three children");
  }
  for (int i = 0; i < 3; i++) {
    int status = 0;
    check(waitpid(children[i], &status, 0) == children[i], "one of three was not reaped");
    check(status == (10 + i) << 8, "one of three has a wrong status");
  }
  check(wait(NULL) == -1 && errno == ECHILD, "there were more children than were made");
}

int main(void) {
  pid_t parent = getpid();
  pid_t child = fork();
  if (child == 0) return in_child(parent);
  check(child > 0, "fork() did not return a pid in the parent");
  if (child > 0) in_parent(child);
  three_children();
  printf("fork_test: %s\n", failures == 0 ? "PASS" : "FAIL");
  return failures == 0 ? 0 : 1;
}
