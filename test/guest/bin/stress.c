/* stress [COUNT]: forks and waits, COUNT of them over four processes at once, then everything
 * mixed. */
#include "tap.h"

enum { WORKERS = 4 };
static int count = 1000;

/* `body` in four processes; all must end well. */
static void in_workers(void (*body)(int worker, int rounds), int rounds) {
  pid_t workers[WORKERS];
  for (int w = 0; w < WORKERS; w++) {
    workers[w] = FORK();
    if (workers[w] == 0) {
      body(w, rounds);
      _exit(0);
    }
  }
  for (int w = 0; w < WORKERS; w++) ENDS(workers[w], 0);
}

static void fork_and_wait(int worker, int rounds) {
  for (int i = 0; i < rounds; i++) {
    pid_t child = FORK();
    if (child == 0) _exit((worker + i) & 0xff);
    ENDS(child, (worker + i) & 0xff);
  }
}
static void forks(void) { in_workers(fork_and_wait, (count + WORKERS - 1) / WORKERS); }

/* Bursts: several children at once, reaped in the order in which they end. */
static void burst(int worker, int rounds) {
  for (int i = 0; i < rounds; i++) {
    enum { BURST = 8 };
    int sum = 0, expected = 0;
    for (int c = 0; c < BURST; c++) {
      if (FORK() == 0) _exit(c + worker);
      expected += c + worker;
    }
    for (int c = 0; c < BURST; c++) {
      int status = -1;
      CHECK(wait(&status) > 0 && WIFEXITED(status));
      sum += WEXITSTATUS(status);
    }
    EQUAL(sum, expected);
  }
}
static void bursts(void) { in_workers(burst, count / 80 + 1); }

/* ---- Everything mixed ---- */

static void exec_something(void) {
  pid_t child = FORK();
  if (child == 0) {
    char* argv[] = {"stress", "--exit", "33", NULL};
    execve("/test/stress", argv, environ);
    _exit(1);
  }
  ENDS(child, 33);
}

static void kill_something(uint64_t random) {
  pid_t child = FORK();
  if (child == 0) {
    struct tine_message message;
    if (random & 1) ipc_recv(&message);
    if (random & 2) sleep(100);
    for (;;) sched_yield();
  }
  for (uint64_t i = 0; i < (random >> 2) % 4; i++) sched_yield();
  EQUAL(kill(child, SIGKILL), 0);
  ENDS(child, -SIGKILL);
}

static void send_something(uint64_t random) {
  pid_t child = FORK();
  struct tine_message message;
  if (child == 0) {
    CHECK(ipc_recv(&message) == 0);
    _exit((int)(message.word & 0x7f));
  }
  EQUAL(ipc_send(child, random & 0x7f), 0);
  ENDS(child, (int)(random & 0x7f));
}

static void map_something(uint64_t random) {
  long size = (long)(1 + random % 32);
  char* at =
      mmap(NULL, (size_t)(size * PAGE), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(at != MAP_FAILED);
  for (long i = 0; i < size; i++) at[i * PAGE] = (char)i;
  pid_t child = FORK();
  if (child == 0) {
    for (long i = 0; i < size; i += 2) at[i * PAGE] = 'c';
    EQUAL(munmap(at, (size_t)(size / 2 * PAGE + PAGE)), 0);
    _exit(0);
  }
  for (long i = 0; i < size; i++) {
    CHECK(at[i * PAGE] == (char)i);
    at[i * PAGE] = 'p';
  }
  ENDS(child, 0);
  for (long i = 0; i < size; i++) CHECK(at[i * PAGE] == 'p');
  EQUAL(munmap(at, (size_t)(size * PAGE)), 0);
}

static void orphan_something(void) {
  pid_t child = FORK();
  if (child == 0) {
    for (int i = 0; i < 3; i++) {
      if (FORK() == 0) {
        for (int y = 0; y < i; y++) sched_yield();
        _exit(0);
      }
    }
    _exit(0);
  }
  ENDS(child, 0);
}

static void break_something(uint64_t random) {
  char* old = sbrk((ptrdiff_t)(random % 9 * PAGE));
  CHECK(old != (char*)-1);
  if (random % 9 != 0) old[0] = 'b';
  pid_t child = FORK();
  if (child == 0) {
    if (random % 9 != 0) CHECK(old[0] == 'b');
    *(volatile char*)wild(8) = 1; /* dies */
    _exit(0);
  }
  ENDS(child, -SIGSEGV);
  EQUAL(brk(old), 0);
}

static void mix(int worker, int rounds) {
  uint64_t seed = 12345 + (uint64_t)worker;
  for (int i = 0; i < rounds; i++) {
    uint64_t random = tap_random(&seed) >> 8;
    switch (random % 8) {
      case 0: exec_something(); break;
      case 1:
      case 2: kill_something(random >> 8); break;
      case 3: send_something(random >> 8); break;
      case 4: map_something(random >> 8); break;
      case 5: orphan_something(); break;
      case 6: fork_and_wait(worker, 3); break;
      default:
        if (i % 8 == 0) break_something(random >> 8);
    }
  }
}
static void mixed(void) { in_workers(mix, count / 8); }

/* A tree of processes, each with two children. */
static void grow(int depth) {
  pid_t left, right;
  if (depth == 0) return;
  left = FORK();
  if (left == 0) {
    grow(depth - 1);
    _exit(depth);
  }
  right = FORK();
  if (right == 0) {
    grow(depth - 1);
    _exit(depth);
  }
  ENDS(left, depth);
  ENDS(right, depth);
}
static void tree(void) { grow(6); }

int main(int argc, char** argv) {
  if (argc == 3 && strcmp(argv[1], "--exit") == 0) return atoi(argv[2]);
  if (argc > 1) count = atoi(argv[1]);
  tap_begin("stress");
  printf("# %d forks\n", count);
  RUN("many forks and waits over four processes", forks);
  RUN("bursts of eight children in four processes", bursts);
  RUN("a tree of 127 processes", tree);
  RUN("fork, exec, kill, messages, mappings, orphans and faults, mixed over four processes", mixed);
  return tap_end();
}
