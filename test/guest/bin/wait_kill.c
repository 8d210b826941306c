/* wait4 and kill: every form and every argument; blocked and running targets; orphans. */
#include "tap.h"

static long wait4(pid_t pid, int* status, int options) {
  return syscall(SYS_wait4, (long)pid, status, (long)options, NULL);
}

static pid_t spinner(void) {
  pid_t pid = FORK();
  if (pid == 0) {
    for (;;) asm volatile("");
  }
  return pid;
}
static pid_t sleeper(void) {
  pid_t pid = FORK();
  if (pid == 0) {
    for (;;) sleep(1000);
  }
  return pid;
}
static void become_zombie(pid_t pid) {
  struct tine_process_info info;
  for (int i = 0; i < 5000 && tap_info(pid, &info) && info.state != TINE_ZOMBIE; i++) sleep_ms(1);
  CHECK(tap_info(pid, &info) && info.state == TINE_ZOMBIE);
}

/* ---- wait4 ---- */

static void forms(void) {
  int status;
  for (int form = 0; form < 3; form++) {
    pid_t child = FORK();
    if (child == 0) _exit(5);
    status = 0x7777;
    EQUAL(wait4(form == 0 ? child : form == 1 ? -1 : 0, &status, 0), child);
    EQUAL(status, 5 << 8);
  }
}

static void one_of_many(void) {
  pid_t first = sleeper(), second = FORK();
  if (second == 0) _exit(2);
  ENDS(second, 2); /* although `first` has not ended */
  EQUAL(wait4(first, NULL, WNOHANG), 0);
  EQUAL(wait4(-1, NULL, WNOHANG), 0);
  EQUAL(kill(first, SIGKILL), 0);
  ENDS(first, -SIGKILL);
}

static void no_hang(void) {
  int status = 0x7777;
  pid_t child = sleeper();
  EQUAL(wait4(child, &status, WNOHANG), 0);
  EQUAL(wait4(child, &status, WNOHANG | WUNTRACED | WCONTINUED), 0);
  EQUAL(status, 0x7777);
  EQUAL(kill(child, SIGTERM), 0);
  become_zombie(child);
  EQUAL(wait4(child, &status, WNOHANG | WUNTRACED | WCONTINUED | __WALL), child);
  EQUAL(status, SIGTERM);
  ERROR(wait4(child, &status, WNOHANG), ECHILD);
}

static void bad_options(void) {
  pid_t child = FORK();
  if (child == 0) _exit(0);
  ERROR(wait4(child, NULL, 0x80), EINVAL);
  ERROR(wait4(child, NULL, 0x20), EINVAL);
  ERROR(wait4(child, NULL, -1), EINVAL);
  ENDS(child, 0);
}

static void no_children(void) {
  ERROR(wait4(-1, NULL, 0), ECHILD);
  ERROR(wait4(-1, NULL, WNOHANG), ECHILD);
  ERROR(wait4(getpid(), NULL, 0), ECHILD);
  ERROR(wait4(1, NULL, 0), ECHILD);
  ERROR(wait4(32767, NULL, 0), ECHILD);
  ERROR(wait4(0x7fffffff, NULL, 0), ECHILD);
  ERROR(wait4(-2, NULL, 0), ECHILD);
  ERROR(wait4((int)0x80000000, NULL, 0), ESRCH); /* as on Linux */
  pid_t child = FORK();
  if (child == 0) {
    pid_t grandchild = FORK();
    if (grandchild == 0) _exit(0);
    EQUAL(ipc_send(getppid(), (uint64_t)grandchild), 0);
    struct tine_message message;
    EQUAL(ipc_recv(&message), 0);
    ENDS(grandchild, 0);
    _exit(0);
  }
  struct tine_message message;
  EQUAL(ipc_recv(&message), 0);
  ERROR(wait4((pid_t)message.word, NULL, 0),
        ECHILD); /* a grandchild is nobody's but its parent's */
  EQUAL(ipc_send(child, 0), 0);
  ENDS(child, 0);
}

static void bad_status_pointer(void) {
  static const uintptr_t bad[] = {8, KERNEL, -4ul, USER_TOP, 1ul << 40};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0] + 1; i++) {
    int* status = i < sizeof bad / sizeof bad[0] ? wild(bad[i]) : wild((uintptr_t)forms);
    pid_t child = FORK();
    if (child == 0) _exit(0);
    ERROR(wait4(child, status, 0), EFAULT);
    EQUAL(wait4(child, NULL, 0), child); /* it was not taken */
  }
  pid_t child = FORK();
  if (child == 0) _exit(3);
  EQUAL(wait4(child, NULL, 0), child);
  child = FORK();
  if (child == 0) _exit(3);
  ERROR(syscall(SYS_wait4, (long)child, NULL, 0L, wild(KERNEL)), EFAULT);
  uint64_t usage[18];
  memset(usage, 0xff, sizeof usage);
  EQUAL(syscall(SYS_wait4, (long)child, NULL, 0L, usage), child);
  CHECK(usage[0] < 60 && usage[1] < 1000000 && usage[2] < 60 && usage[3] < 1000000);
  const int maxrss = 4, minflt = 8; /* of what follows the two times, the ones that are counted */
  CHECK(usage[maxrss] > 0 && usage[maxrss] < 4096);
  CHECK(usage[minflt] < 1000); /* none, if it has written to no page */
  for (int i = 4; i < 18; i++) CHECK(i == maxrss || i == minflt || usage[i] == 0);
}

static void all_codes(void) {
  for (int code = 0; code < 256; code++) {
    pid_t child = FORK();
    if (child == 0) _exit(code);
    int status = -1;
    EQUAL(wait4(child, &status, 0), child);
    EQUAL(status, code << 8);
  }
}

/* ---- kill ---- */

static void dies_by(pid_t target, int signal) {
  EQUAL(kill(target, signal), 0);
  ENDS(target, -signal);
}

static void blocked_in_sleep(void) {
  pid_t target = sleeper();
  CHECK(sleeps_for(target, TINE_WAIT_SLEEP));
  dies_by(target, SIGKILL);
}
static void blocked_in_receive(void) {
  pid_t target = FORK();
  if (target == 0) {
    struct tine_message message;
    ipc_recv(&message);
    _exit(0);
  }
  CHECK(sleeps_for(target, TINE_WAIT_IPC));
  dies_by(target, SIGTERM);
}
static void blocked_in_wait(void) {
  pid_t target = FORK();
  if (target == 0) {
    pid_t child = sleeper();
    EQUAL(ipc_send(getppid(), (uint64_t)child), 0);
    waitpid(child, NULL, 0);
    _exit(0);
  }
  struct tine_message message;
  EQUAL(ipc_recv(&message), 0);
  CHECK(sleeps_for(target, TINE_WAIT_CHILD));
  dies_by(target, SIGINT);
  EQUAL(kill((pid_t)message.word, SIGKILL), 0); /* an orphan now: init reaps it */
}
static void blocked_in_console(void) {
  pid_t target = FORK();
  if (target == 0) {
    char byte;
    read(0, &byte, 1);
    _exit(0);
  }
  for (int i = 0; i < 100; i++) {
    struct tine_process_info info;
    CHECK(tap_info(target, &info));
    if (info.state == TINE_ZOMBIE) break; /* standard input has ended, or something was typed */
    if (info.wait_reason == TINE_WAIT_CONSOLE) break;
    sleep_ms(1);
  }
  if (sleeps_for(target, TINE_WAIT_CONSOLE)) {
    dies_by(target, SIGHUP);
  } else {
    ENDS(target, 0);
  }
}
static void running(void) {
  pid_t targets[6];
  for (int i = 0; i < 6; i++) targets[i] = spinner();
  sleep_ms(30);
  for (int i = 5; i >= 0; i--) dies_by(targets[i], i % 2 ? SIGKILL : SIGTERM);
}
static void at_once(void) {
  for (int i = 0; i < 50; i++)
    dies_by(i % 2 ? spinner() : sleeper(), SIGKILL); /* perhaps before it first ran */
}
static void yielding(void) {
  for (int i = 0; i < 20; i++) {
    pid_t target = FORK();
    while (target == 0) sched_yield();
    sched_yield();
    dies_by(target, SIGKILL);
  }
}
static void itself(void) {
  for (int signal = 1; signal <= 64; signal++) {
    if (signal == SIGCHLD || (signal >= SIGCONT && signal <= SIGURG) || signal == SIGWINCH)
      continue;
    pid_t child = FORK();
    if (child == 0) {
      kill(getpid(), signal);
      _exit(0);
    }
    ENDS(child, -signal);
  }
}
static void ignored(void) {
  static const int harmless[] = {0, SIGCHLD, SIGCONT, SIGURG, SIGWINCH};
  pid_t target = sleeper();
  CHECK(sleeps_for(target, TINE_WAIT_SLEEP));
  for (size_t i = 0; i < sizeof harmless / sizeof harmless[0]; i++)
    EQUAL(kill(target, harmless[i]), 0);
  CHECK(sleeps_for(target, TINE_WAIT_SLEEP));
  dies_by(target, SIGKILL);
}
static void bad_kill(void) {
  static const int bad[] = {-1, 65, 100, 0x7fffffff, (int)0x80000000};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) ERROR(kill(getpid(), bad[i]), EINVAL);
  pid_t child = FORK();
  if (child == 0) _exit(0);
  ENDS(child, 0);
  ERROR(kill(child, SIGKILL), ESRCH);
  ERROR(kill(child, 0), ESRCH);
  ERROR(kill(32767, SIGTERM), ESRCH);
  ERROR(kill(32768, SIGTERM), ESRCH);
  ERROR(kill(0x7fffffff, SIGTERM), ESRCH);
  ERROR(kill(-2, SIGTERM), ESRCH); /* no group of others */
  ERROR(kill(0, SIGTERM), ESRCH);  /* nor one of the caller */
  ERROR(kill((int)0x80000000, SIGTERM), ESRCH);
}
static void zombie(void) {
  pid_t child = FORK();
  if (child == 0) _exit(6);
  become_zombie(child);
  EQUAL(kill(child, SIGKILL), 0);
  EQUAL(kill(child, 0), 0);
  ENDS(child, 6);
}
static void init_lives(void) {
  EQUAL(kill(1, SIGKILL), 0);
  EQUAL(kill(1, SIGTERM), 0);
  EQUAL(kill(1, 0), 0);
  sleep_ms(20);
  struct tine_process_info info;
  CHECK(tap_info(1, &info) && info.state != TINE_ZOMBIE);
}

/* ---- Orphans ---- */

static void orphans_go_to_init(void) {
  pid_t self = getpid(), child = FORK();
  if (child == 0) {
    pid_t parent = getpid();
    for (int i = 0; i < 3; i++) {
      if (FORK() != 0) continue;
      while (getppid() == parent) sleep_ms(1);
      while (ipc_send(self, (uint64_t)getppid()) != 0) sleep_ms(1);
      _exit(0);
    }
    _exit(0);
  }
  ENDS(child, 0);
  for (int i = 0; i < 3; i++) {
    struct tine_message message;
    EQUAL(ipc_recv(&message), 0);
    EQUAL(message.word, 1);
  }
  ERROR(wait4(-1, NULL, 0), ECHILD);
}

static void zombie_orphans(void) {
  pid_t child = FORK();
  if (child == 0) {
    pid_t last = 0;
    for (int i = 0; i < 10; i++) {
      last = FORK();
      if (last == 0) _exit(i);
    }
    become_zombie(last);
    _exit(0); /* ten zombies change their parent; the books tell whether init takes them */
  }
  ENDS(child, 0);
}

int main(void) {
  tap_begin("wait_kill");
  RUN("wait4 for a pid, for any (-1), for the group (0)", forms);
  RUN("wait4 for a pid takes that one only", one_of_many);
  RUN("WNOHANG answers 0 until a child has ended", no_hang);
  RUN("an unknown option is EINVAL, and the child stays", bad_options);
  RUN("wait4 without such a child is ECHILD", no_children);
  RUN("a bad status or usage pointer is EFAULT; null is allowed", bad_status_pointer);
  RUN("every exit code from 0 to 255 arrives", all_codes);
  RUN("kill ends a process that sleeps", blocked_in_sleep);
  RUN("kill ends a process in ipc_recv", blocked_in_receive);
  RUN("kill ends a process in wait4", blocked_in_wait);
  RUN("kill ends a process that reads the console", blocked_in_console);
  RUN("kill ends processes that run and make no calls", running);
  RUN("kill ends a process however early it comes", at_once);
  RUN("kill ends a process that yields", yielding);
  RUN("a process can kill itself, by every signal", itself);
  RUN("signal 0 and those ignored by default change nothing", ignored);
  RUN("a bad signal is EINVAL, a missing target ESRCH", bad_kill);
  RUN("a zombie can be killed, and keeps its status", zombie);
  RUN("init cannot be killed", init_lives);
  RUN("orphans become init's children", orphans_go_to_init);
  RUN("orphans that have ended are reaped by init", zombie_orphans);
  return tap_end();
}
