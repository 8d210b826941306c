/* A signal into every call that blocks: EINTR, or the call is made again. */
#include "signals.h"

static int pipe_ends[2];
static char page[70000];

static long wait_for_child(void) { return waitpid(-1, NULL, 0); }
static long receive(void) {
  struct tine_message message;
  return ipc_recv(&message);
}
static long read_console(void) { return read(0, page, 1); }
static long read_pipe(void) { return read(pipe_ends[0], page, 1); }
static long write_pipe(void) { return write(pipe_ends[1], page, sizeof page); }
static long pause_long(void) {
  struct timespec time = {.tv_sec = 1000};
  return nanosleep(&time, &time);
}

struct blocking {
  const char* what;
  long (*call)(void);
  int reason;
  int restarts;
};
static const struct blocking blockings[] = {
    {"wait4", wait_for_child, TINE_WAIT_CHILD, 1},
    {"ipc_recv", receive, TINE_WAIT_IPC, 1},
    {"read of the console", read_console, TINE_WAIT_CONSOLE, 1},
    {"read of a pipe", read_pipe, TINE_WAIT_PIPE, 1},
    {"write of a pipe", write_pipe, TINE_WAIT_PIPE, 1},
    {"nanosleep", pause_long, TINE_WAIT_SLEEP, 0},
};

/* In the child: makes the call, with a handler that has `flags`. Exits 1 after EINTR. */
static void blocked_child(const struct blocking* how, unsigned long flags) {
  if (how->call == wait_for_child && FORK() == 0) {
    for (int parent = getppid(); getppid() == parent;) sleep_ms(5);
    _exit(0);
  }
  if (how->call == write_pipe) {
    while (fcntl(pipe_ends[1], F_SETFL, O_NONBLOCK), write(pipe_ends[1], page, 4096) == 4096)
      continue;
    fcntl(pipe_ends[1], F_SETFL, 0);
  }
  handle(SIGUSR1, note, flags);
  long result = how->call();
  _exit(result == -1 && errno == EINTR && count == 1 ? 1 : 2);
}

static const struct blocking* current;
static void answers_eintr(void) {
  if (current->reason == TINE_WAIT_PIPE) EQUAL(pipe(pipe_ends), 0);
  pid_t child = FORK();
  if (child == 0) blocked_child(current, 0);
  CHECK(sleeps_for(child, current->reason));
  EQUAL(kill(child, SIGUSR1), 0);
  ENDS(child, 1);
}
/* With SA_RESTART it sleeps again, and is still to be killed. */
static void restarts(void) {
  if (current->reason == TINE_WAIT_PIPE) EQUAL(pipe(pipe_ends), 0);
  pid_t child = FORK();
  if (child == 0) blocked_child(current, SA_RESTART);
  for (int i = 0; i < 3; i++) {
    CHECK(sleeps_for(child, current->reason));
    EQUAL(kill(child, SIGUSR1), 0);
    if (!current->restarts) {
      ENDS(child, 1);
      return;
    }
    sleep_ms(10);
  }
  CHECK(sleeps_for(child, current->reason));
  EQUAL(kill(child, SIGKILL), 0);
  ENDS(child, -SIGKILL);
}
/* Ignored and blocked signals disturb nobody. */
static void undisturbed(void) {
  if (current->reason == TINE_WAIT_PIPE) EQUAL(pipe(pipe_ends), 0);
  pid_t child = FORK();
  if (child == 0) {
    handle(SIGTERM, SIG_IGN, 0);
    block(set_of(SIGUSR2));
    blocked_child(current, 0);
  }
  CHECK(sleeps_for(child, current->reason));
  struct tine_process_info before, after;
  CHECK(tap_info(child, &before));
  EQUAL(kill(child, SIGTERM), 0);
  EQUAL(kill(child, SIGUSR2), 0);
  EQUAL(kill(child, SIGCHLD), 0);
  EQUAL(kill(child, SIGTSTP), 0);
  sleep_ms(10);
  CHECK(tap_info(child, &after));
  EQUAL(after.schedules, before.schedules);
  EQUAL(kill(child, SIGINT), 0);
  ENDS(child, -SIGINT);
}

static void nanosleep_tells_the_rest(void) {
  handle(SIGUSR1, note, SA_RESTART);
  pid_t self = getpid(), child = FORK();
  if (child == 0) {
    sleeps_for(self, TINE_WAIT_SLEEP);
    sleep_ms(30);
    kill(self, SIGUSR1);
    _exit(0);
  }
  struct timespec time = {.tv_sec = 500}, left = {0};
  uint64_t start = now_ns();
  ERROR(nanosleep(&time, &left), EINTR);
  uint64_t slept = now_ns() - start;
  uint64_t rest = (uint64_t)left.tv_sec * 1000000000u + (uint64_t)left.tv_nsec;
  CHECK(slept >= 30000000u);
  CHECK(rest + slept >= 500ul * 1000000000u - 1000000u);
  CHECK(rest <= 500ul * 1000000000u - 30000000u);
  ENDS(child, 0);
}

int main(void) {
  tap_begin("interrupted");
  RUN("nanosleep interrupted tells what was left", nanosleep_tells_the_rest);
  for (size_t i = 0; i < sizeof blockings / sizeof blockings[0]; i++) {
    char what[96];
    current = &blockings[i];
    snprintf(what, sizeof what, "a signal into %s: EINTR", current->what);
    RUN(what, answers_eintr);
    snprintf(what, sizeof what, "a signal with SA_RESTART into %s", current->what);
    RUN(what, restarts);
    snprintf(what, sizeof what, "ignored and blocked signals do not disturb %s", current->what);
    RUN(what, undisturbed);
  }
  return tap_end();
}
