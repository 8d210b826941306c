/* As the first process (init=/test/first): it learns by SIGCHLD of every orphan that ends, whatever
 * the orphan's parent wanted to get. */
#include "clone.h"

static volatile int told, others;

static void child_ended(int number) {
  if (number == SIGCHLD) told++;
  if (number != SIGCHLD) others++;
}

/* Waits for so many signals, and a moment for one too many. */
static int tells(int expected) {
  for (int i = 0; i < 2000 && told < expected; i++) sleep_ms(1);
  sleep_ms(20);
  return told == expected && others == 0;
}

static void wait_for_zombie(pid_t child) {
  struct tine_process_info info;
  while (tap_info(child, &info) && info.state != TINE_ZOMBIE) sleep_ms(1);
}

/* A zombie is handed on by a process that is no child of ours. */
static int zombie_is_told_of(void) {
  int status;
  pid_t child = fork();
  if (child == 0) {
    pid_t middle = fork();
    if (middle == 0) {
      pid_t last = fork();
      if (last == 0) _exit(5);
      wait_for_zombie(last);
      _exit(0);
    }
    waitpid(middle, NULL, 0);
    for (;;) sleep(1000);
  }
  if (!tells(1) || waitpid(-1, &status, WNOHANG) <= 0 || status != 5 << 8) return 0;
  kill(child, SIGKILL);
  return tells(2) && waitpid(child, &status, 0) == child;
}

static void end_later(void) {
  sleep_ms(200);
  _exit(6);
}
static int other_signal_is_forgotten(void) {
  int status;
  pid_t child = fork();
  if (child == 0) {
    clone_into(SIGUSR1, end_later, 0, 0, 0);
    _exit(0);
  }
  if (waitpid(child, &status, 0) != child || !tells(1)) return 0;
  return tells(2) && waitpid(-1, &status, WNOHANG) > 0 && status == 6 << 8;
}

static int number;
static int report(int good, const char* what) {
  printf("%s %d - %s\n", good ? "ok" : "not ok", ++number, what);
  told = others = 0;
  return good;
}

int main(void) {
  printf("# first\n");
  struct sigaction action = {.sa_handler = child_ended};
  if (sigaction(SIGCHLD, &action, NULL) != 0 || sigaction(SIGUSR1, &action, NULL) != 0) return 1;
  int good = report(zombie_is_told_of(), "a zombie that becomes init's sends SIGCHLD");
  good &= report(other_signal_is_forgotten(), "an orphan sends SIGCHLD, not what its parent chose");
  printf("1..%d\n[first] %s\n", number, good ? "PASS" : "FAIL");
  return power(TINE_POWER_OFF, good ? 0 : 1);
}
