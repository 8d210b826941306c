/* SEEDS.md section 1: exec by app id with its arguments, what it resets; the mailbox; what ps is
 * told of a process. */
#include "tap.h"

/* ---- exec(app_id), execv(app_id, argv), getargs ---- */

/* Runs for a while, and tells how many ticks it has had by then: more than an exec takes. */
static uint64_t have_ticks(void) {
  uint64_t stop = now_ns() + 50000000u;
  struct tine_process_info info;
  do {
    CHECK(tap_info(getpid(), &info));
  } while (now_ns() < stop || info.run_ticks < 5);
  return info.run_ticks;
}

static void exec_resets(void) {
  int ticks[2];
  uint64_t before;
  EQUAL(pipe(ticks), 0);
  pid_t child = FORK();
  if (child == 0) {
    before = have_ticks();
    EQUAL(write(ticks[1], &before, sizeof before), sizeof before);
    exec(APP_ID_IPC_RX);
    tap_fail("exec: %s", strerror(errno));
  }
  EQUAL(read(ticks[0], &before, sizeof before), sizeof before);
  CHECK(sleeps_for(child, TINE_WAIT_IPC));
  struct tine_process_info info;
  CHECK(tap_info(child, &info));
  EQUAL(strcmp(info.name, "ipc_rx"), 0);
  EQUAL(info.args.argc, 1);
  EQUAL(strcmp(info.args.argv[0], "ipc_rx"), 0);
  CHECK(info.run_ticks < before);
  EQUAL(info.wait_pid, 0);
  EQUAL(info.parent, getpid());
  EQUAL(ipc_send(child, 0x1234), 0);
  ENDS(child, 0);
}

static void fork_keeps_name(void) {
  pid_t child = FORK();
  if (child == 0) {
    struct tine_message message;
    ipc_recv(&message);
    _exit(0);
  }
  struct tine_process_info own, info;
  CHECK(tap_info(getpid(), &own) && tap_info(child, &info));
  EQUAL(strcmp(info.name, "process"), 0);
  EQUAL(strcmp(info.name, own.name), 0);
  EQUAL(memcmp(&info.args, &own.args, sizeof own.args), 0);
  EQUAL(ipc_send(child, 0), 0);
  ENDS(child, 0);
}

static void run_app(int app_id, char* const* argv, int code) {
  pid_t child = FORK();
  if (child == 0) {
    execv(app_id, argv);
    tap_fail("execv: %s", strerror(errno));
  }
  ENDS(child, code);
}

#define CHARS_31 "0123456789012345678901234567890"

static void eight_of_31(void) {
  char* argv[] = {"args", CHARS_31, "a", "", "b c", CHARS_31, "x", CHARS_31, NULL};
  run_app(APP_ID_ARGS, argv, 0);
  char* none[] = {NULL};
  run_app(APP_ID_HELLO, none, 0);
  run_app(APP_ID_HELLO, NULL, 0);
}

static void too_many_or_long(void) {
  struct tine_process_info before, after;
  CHECK(tap_info(getpid(), &before));
  char* nine[] = {"1", "2", "3", "4", "5", "6", "7", "8", "9", NULL};
  ERROR(execv(APP_ID_ARGS, nine), E2BIG);
  char* longer[] = {"args", CHARS_31 "1", NULL};
  ERROR(execv(APP_ID_ARGS, longer), E2BIG);
  char* last_longer[] = {"1", "2", "3", "4", "5", "6", "7", CHARS_31 "1", NULL};
  ERROR(execv(APP_ID_ARGS, last_longer), E2BIG);
  CHECK(tap_info(getpid(), &after));
  EQUAL(strcmp(before.name, after.name), 0);
  EQUAL(memcmp(&before.args, &after.args, sizeof before.args), 0);
}

static void bad_exec(void) {
  static const int unknown[] = {0, -1, 9, 1000, 0x7fffffff, (int)0x80000000};
  for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
    ERROR(exec(unknown[i]), ENOENT);
    ERROR(execv(unknown[i], NULL), ENOENT);
  }
  ERROR(execv(APP_ID_ARGS, wild(8)), EFAULT);
  ERROR(execv(APP_ID_ARGS, wild(KERNEL)), EFAULT);
  ERROR(execv(APP_ID_ARGS, wild(-8ul)), EFAULT);
  char* bad_string[] = {"args", wild(16), NULL};
  ERROR(execv(APP_ID_ARGS, bad_string), EFAULT);
  char* map = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  char** unended = (char**)(map + PAGE - 8);
  *unended = "x";
  ERROR(execv(APP_ID_ARGS, unended), EFAULT);
}

static int show_args(int argc, char** argv) {
  struct tine_args args;
  if (getargs(&args) != argc || args.argc != argc) return 2;
  for (int i = 0; i < argc; i++) {
    if (strncmp(args.argv[i], argv[i], 31) != 0 || args.argv[i][31] != 0) return 3;
  }
  return 0;
}

/* After execve they are the first arguments, cut to fit. */
static void getargs_after_execve(void) {
  pid_t child = FORK();
  if (child == 0) {
    char* argv[] = {"process", "--args", CHARS_31 "and more", "", "last", NULL};
    execve("/test/process", argv, environ);
    tap_fail("execve: %s", strerror(errno));
  }
  ENDS(child, 0);
  ERROR(getargs(NULL), EFAULT);
  ERROR(getargs(wild(KERNEL)), EFAULT);
  ERROR(getargs((struct tine_args*)bad_exec), EFAULT);
}

/* ---- The mailbox ---- */

static void one_slot(void) {
  struct tine_message message;
  EQUAL(ipc_send(getpid(), 1), 0);
  ERROR(ipc_send(getpid(), 2), EAGAIN);
  EQUAL(ipc_recv(&message), 0);
  EQUAL(message.word, 1);
  EQUAL(message.sender, getpid());
  EQUAL(ipc_send(getpid(), ~0ul), 0);
  EQUAL(ipc_recv(&message), 0);
  EQUAL(message.word, -1);
}

static void nobody_there(void) {
  pid_t child = FORK();
  if (child == 0) _exit(0);
  for (struct tine_process_info info; tap_info(child, &info) && info.state != TINE_ZOMBIE;)
    sleep_ms(1);
  ERROR(ipc_send(child, 1), ESRCH); /* a zombie reads no more */
  ENDS(child, 0);
  ERROR(ipc_send(child, 1), ESRCH);
  ERROR(ipc_send(0, 1), ESRCH);
  ERROR(ipc_send(-1, 1), ESRCH);
  ERROR(ipc_send(32767, 1), ESRCH);
  ERROR(ipc_send(32768, 1), ESRCH);
  ERROR(ipc_send(0x7fffffff, 1), ESRCH);
}

static void bad_place_keeps_message(void) {
  struct tine_message message;
  EQUAL(ipc_send(getpid(), 77), 0);
  ERROR(ipc_recv(NULL), EFAULT);
  ERROR(ipc_recv((struct tine_message*)bad_exec), EFAULT);
  ERROR(ipc_recv(wild(KERNEL)), EFAULT);
  ERROR(ipc_recv(wild(-8ul)), EFAULT);
  EQUAL(ipc_recv(&message), 0);
  EQUAL(message.word, 77);
}

static void ping_pong(void) {
  pid_t parent = getpid(), child = FORK();
  struct tine_message message;
  for (uint64_t i = 0; i < 500; i++) {
    if (child == 0) {
      EQUAL(ipc_recv(&message), 0);
      EQUAL(message.sender, parent);
      EQUAL(message.word, i);
      EQUAL(ipc_send(parent, ~i), 0);
    } else {
      EQUAL(ipc_send(child, i), 0);
      EQUAL(ipc_recv(&message), 0);
      EQUAL(message.word, ~i);
      EQUAL(message.sender, child);
    }
  }
  if (child == 0) _exit(0);
  ENDS(child, 0);
}

/* Four senders, one receiver: every message comes once, the full box is told to who meets it. */
static void many_senders(void) {
  enum { SENDERS = 4, EACH = 100 };
  pid_t parent = getpid(), children[SENDERS];
  for (int s = 0; s < SENDERS; s++) {
    children[s] = FORK();
    if (children[s] != 0) continue;
    for (uint64_t i = 0; i < EACH; i++) {
      while (ipc_send(parent, (uint64_t)s << 32 | i) != 0) {
        CHECK(errno == EAGAIN);
        sched_yield();
      }
    }
    _exit(0);
  }
  uint64_t next[SENDERS] = {0};
  for (int i = 0; i < SENDERS * EACH; i++) {
    struct tine_message message;
    EQUAL(ipc_recv(&message), 0);
    uint64_t s = message.word >> 32;
    CHECK(s < SENDERS && message.sender == children[s]);
    EQUAL(message.word & 0xffffffff, next[s]);
    next[s]++;
  }
  for (int s = 0; s < SENDERS; s++) ENDS(children[s], 0);
}

/* ---- What ps is told ---- */

static void wait_reasons(void) {
  pid_t sleeper = FORK();
  if (sleeper == 0) {
    sleep(100);
    _exit(0);
  }
  pid_t waiter = FORK();
  if (waiter == 0) {
    pid_t child = FORK();
    if (child == 0) {
      struct tine_message message;
      ipc_recv(&message);
      _exit(0);
    }
    ENDS(child, 0);
    _exit(0);
  }
  CHECK(sleeps_for(sleeper, TINE_WAIT_SLEEP));
  CHECK(sleeps_for(waiter, TINE_WAIT_CHILD));
  struct tine_process_info info;
  CHECK(tap_info(waiter, &info));
  pid_t child = info.wait_pid;
  CHECK(sleeps_for(child, TINE_WAIT_IPC));
  CHECK(tap_info(child, &info));
  EQUAL(info.parent, waiter);
  EQUAL(ipc_send(child, 0), 0);
  ENDS(waiter, 0);
  EQUAL(kill(sleeper, SIGTERM), 0);
  ENDS(sleeper, -SIGTERM);
}

static void all_processes_listed(void) {
  struct tine_process_info info;
  int found = 0, count = 0;
  pid_t last = 0;
  for (pid_t pid = 0; (pid = process_info(pid, &info)) > 0; pid++) {
    EQUAL(info.pid, pid);
    CHECK(pid > last);
    last = pid;
    count++;
    found += pid == getpid() && info.parent == getppid() && info.state == TINE_RUNNING;
    if (pid == 1) EQUAL(strcmp(info.name, "init"), 0);
  }
  CHECK(errno == ESRCH);
  EQUAL(found, 1);
  struct tine_memory_info memory;
  EQUAL(memory_info(&memory), 0);
  EQUAL(memory.processes, count);
  EQUAL(memory.threads, count);
  CHECK(memory.harts >= 1 && memory.hz >= 1);
  EQUAL(process_info(-5, &info), 1);
  ERROR(process_info(last + 1, &info), ESRCH);
  ERROR(process_info(0x7fffffff, &info), ESRCH);
  ERROR(process_info(1, NULL), EFAULT);
  ERROR(process_info(1, wild(KERNEL)), EFAULT);
  ERROR(memory_info(NULL), EFAULT);
  ERROR(memory_info((struct tine_memory_info*)bad_exec), EFAULT);
}

int main(int argc, char** argv) {
  if (argc > 1 && strcmp(argv[1], "--args") == 0) return show_args(argc, argv);
  tap_begin("process");
  RUN("exec(app_id) keeps pid and parent, and resets name, arguments and ticks", exec_resets);
  RUN("fork keeps name and arguments", fork_keeps_name);
  RUN("execv takes eight arguments of 31 characters", eight_of_31);
  RUN("nine arguments or 32 characters are E2BIG, and the caller goes on unchanged",
      too_many_or_long);
  RUN("an unknown app id is ENOENT, a bad argv EFAULT", bad_exec);
  RUN("after execve getargs tells the first arguments, cut to fit", getargs_after_execve);
  RUN("a mailbox has one slot: a second message is EAGAIN", one_slot);
  RUN("a message to nobody, or to a zombie, is ESRCH", nobody_there);
  RUN("ipc_recv to a bad place is EFAULT and the message stays", bad_place_keeps_message);
  RUN("five hundred messages there and back", ping_pong);
  RUN("four senders at once: every message arrives once, in order", many_senders);
  RUN("process_info tells why a process sleeps, and for whom", wait_reasons);
  RUN("process_info lists every process once; bad arguments are ESRCH and EFAULT",
      all_processes_listed);
  return tap_end();
}
