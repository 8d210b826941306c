/*
 * forkbomb [MAX]: forks until fork fails (or MAX times), reports the error, and leaves the machine
 * as it was.
 *
 * Three kinds of process. The root makes BREEDERS and waits for them; it writes no memory while
 * they work, so that it needs no new page when there is none left. The breeders fork sleepers at
 * the same time until fork fails; then each kills and reaps its own, and only then prints, because
 * printing takes memory. A sleeper sleeps.
 *
 * When memory runs out, a page fault cannot get a page either, and the kernel may have to kill a
 * process. So no process relies on another one: a sleeper whose parent is gone ends by itself, and
 * the root waits until no other forkbomb process is left.
 */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <tine.h>
#include <unistd.h>

enum { BREEDERS = 2 };

static void sleeper(pid_t parent) {
  while (getppid() == parent) sleep(1);
  _exit(0);
}

/* Kills all children of this process. process_info finds them, so no list is needed, which would
 * take memory. */
static void kill_children(void) {
  struct tine_process_info info;
  pid_t self = getpid();
  for (pid_t pid = 0; (pid = process_info(pid, &info)) > 0; pid++) {
    if (info.parent == self && info.state != TINE_ZOMBIE) kill(pid, SIGKILL);
  }
}

static int breeder(long max) {
  pid_t self = getpid();
  long made = 0;
  int error = 0;
  while (made < max) {
    pid_t pid = fork();
    if (pid == 0) sleeper(self);
    if (pid < 0) {
      error = errno;
      break;
    }
    made++;
  }
  kill_children();
  long reaped = 0;
  while (wait(NULL) > 0) reaped++;
  const char* name = error == EAGAIN ? "EAGAIN" : error == ENOMEM ? "ENOMEM" : "errno";
  printf("forkbomb: %d made %ld processes and reaped %ld; ", self, made, reaped);
  if (error == 0)
    printf("that was the maximum\n");
  else
    printf("then fork failed: %s %d, %s\n", name, error, strerror(error));
  int refused_well = error == 0 || error == EAGAIN || error == ENOMEM;
  return refused_well && made == reaped ? 0 : 1;
}

/* Counts the processes of this name; -1 when process_info fails. */
static int count_bombs(void) {
  struct tine_process_info info;
  int count = 0;
  for (pid_t pid = 0; (pid = process_info(pid, &info)) > 0; pid++) {
    count += strcmp(info.name, "forkbomb") == 0;
  }
  return errno == ESRCH ? count : -1;
}

/* Waits until the root is the last one; half a minute at most. Returns 0 when it is. */
static int wait_for_the_rest(void) {
  struct timespec pause = {.tv_sec = 0, .tv_nsec = 100000000};
  for (int tries = 0; tries < 300; tries++) {
    if (count_bombs() == 1) return 0;
    nanosleep(&pause, NULL);
  }
  printf("forkbomb: FAIL: %d processes are left\n", count_bombs() - 1);
  return -1;
}

int main(int argc, char** argv) {
  long max = argc > 1 ? strtol(argv[1], NULL, 10) / BREEDERS : LONG_MAX;
  if (count_bombs() < 0) {
    perror("forkbomb: process_info");
    return 1;
  }
  int failures = 0, killed = 0, status;
  for (int i = 0; i < BREEDERS; i++) {
    pid_t pid = fork();
    if (pid == 0) return breeder(max);
    if (pid < 0) failures++;
  }
  while (wait(&status) > 0) {
    if (WIFSIGNALED(status))
      killed++;
    else if (status != 0)
      failures++;
  }
  if (killed > 0) printf("forkbomb: the kernel killed %d breeders for their memory\n", killed);
  if (wait_for_the_rest() != 0) failures++;
  printf("forkbomb: %s\n", failures == 0 ? "PASS" : "FAIL");
  return failures == 0 ? 0 : 1;
}
