/* SEEDS.md section 2, test_fork_wait_cycle: three children, all zombies, three of three reaped. */
#include "tap.h"

static int is_zombie(pid_t pid) {
  struct tine_process_info info;
  return tap_info(pid, &info) && info.state == TINE_ZOMBIE;
}

static void wait_for_zombies(const pid_t* children, int count) {
  for (int i = 0; i < count; i++) {
    for (int tries = 0; tries < 5000 && !is_zombie(children[i]); tries++) sleep_ms(1);
    CHECK(is_zombie(children[i]));
  }
}

static void three_of_three(void) {
  pid_t children[3];
  for (int i = 0; i < 3; i++) {
    children[i] = FORK();
    if (children[i] == 0) _exit(10 + i);
  }
  wait_for_zombies(children, 3);
  int reaped = 0;
  for (int i = 0; i < 3; i++) {
    int status = 0;
    pid_t ended = wait(&status);
    for (int j = 0; j < 3; j++) {
      if (ended != children[j]) continue;
      EQUAL(status, (10 + j) << 8);
      children[j] = -1;
      reaped++;
    }
  }
  EQUAL(reaped, 3);
  ERROR(wait(NULL), ECHILD);
}

static void backwards(void) {
  pid_t children[3];
  for (int i = 0; i < 3; i++) {
    children[i] = FORK();
    if (children[i] == 0) _exit(i);
  }
  wait_for_zombies(children, 3);
  for (int i = 2; i >= 0; i--) ENDS(children[i], i);
}

static void cycles(void) {
  for (int i = 0; i < 30; i++) three_of_three();
}

int main(void) {
  tap_begin("test_fork_wait_cycle");
  RUN("three children become zombies, and three of three are reaped", three_of_three);
  RUN("they can be reaped in the opposite order", backwards);
  RUN("thirty such cycles leave nothing behind", cycles);
  return tap_end();
}
