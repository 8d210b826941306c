/* The wing `linux`: user and group ids, how they change, and what they permit towards other
 * processes and the machine. */
#include "credentials.h"

static void has_ids(long get, uint32_t real, uint32_t effective, uint32_t saved) {
  uint32_t ids[3];
  EQUAL(syscall(get, &ids[0], &ids[1], &ids[2]), 0);
  EQUAL(ids[0], real);
  EQUAL(ids[1], effective);
  EQUAL(ids[2], saved);
}
static void users(uint32_t real, uint32_t effective, uint32_t saved) {
  has_ids(SYS_getresuid, real, effective, saved);
  EQUAL(syscall(SYS_getuid), real);
  EQUAL(syscall(SYS_geteuid), effective);
}

/* ---- Ids ---- */

static void superuser_sets(void) {
  users(0, 0, 0);
  EQUAL(syscall(SYS_setresuid, KEEP, STUDENT, 7), 0);
  users(0, STUDENT, 7);
  EQUAL(syscall(SYS_setresuid, KEEP, 0, KEEP), 0);
  EQUAL(syscall(SYS_setreuid, 5, 6), 0);
  users(5, 6, 6);
}
static void superuser_gives_up(void) {
  EQUAL(syscall(SYS_setgid, GROUP), 0);
  has_ids(SYS_getresgid, GROUP, GROUP, GROUP);
  EQUAL(syscall(SYS_getgid), GROUP);
  EQUAL(syscall(SYS_getegid), GROUP);
  EQUAL(syscall(SYS_setuid, STUDENT), 0);
  users(STUDENT, STUDENT, STUDENT);
  ERROR(syscall(SYS_setuid, 0), EPERM);
  ERROR(syscall(SYS_setgid, 0), EPERM);
}
static void users_change_among_theirs(void) {
  EQUAL(syscall(SYS_setresuid, 1, 2, 3), 0);
  ERROR(syscall(SYS_setuid, 2), EPERM); /* neither real nor saved */
  EQUAL(syscall(SYS_setuid, 3), 0);
  users(1, 3, 3);
  EQUAL(syscall(SYS_setuid, 1), 0);
  users(1, 1, 3);
  ERROR(syscall(SYS_setresuid, 1, 1, 0), EPERM);
  ERROR(syscall(SYS_setresuid, 9, KEEP, KEEP), EPERM);
  users(1, 1, 3); /* all or nothing */
  EQUAL(syscall(SYS_setresuid, 3, 1, 1), 0);
  users(3, 1, 1);
  ERROR(syscall(SYS_setreuid, 4, KEEP), EPERM);
  ERROR(syscall(SYS_setreuid, KEEP, 4), EPERM);
  EQUAL(syscall(SYS_setreuid, KEEP, 3), 0); /* the real one: the saved one stays */
  users(3, 3, 1);
  EQUAL(syscall(SYS_setreuid, 3, 1), 0);
  users(3, 1, 1);
}
static void groups_change_among_theirs(void) {
  EQUAL(syscall(SYS_setresgid, 1, 2, 3), 0);
  EQUAL(syscall(SYS_setuid, STUDENT), 0);
  ERROR(syscall(SYS_setgid, 2), EPERM);
  EQUAL(syscall(SYS_setgid, 3), 0);
  has_ids(SYS_getresgid, 1, 3, 3);
  ERROR(syscall(SYS_setregid, 7, KEEP), EPERM);
  EQUAL(syscall(SYS_setregid, 3, 1), 0);
  has_ids(SYS_getresgid, 3, 1, 1);
  ERROR(syscall(SYS_setresgid, KEEP, 0, KEEP), EPERM);
}
static void supplementary(void) {
  uint32_t set[40] = {GROUP, 60, 70}, got[40] = {0};
  EQUAL(syscall(SYS_getgroups, 0, NULL), 0);
  EQUAL(syscall(SYS_setgroups, 3, set), 0);
  EQUAL(syscall(SYS_getgroups, 0, NULL), 3);
  EQUAL(syscall(SYS_getgroups, 40, got), 3);
  EQUAL(memcmp(set, got, 12), 0);
  ERROR(syscall(SYS_getgroups, 2, got), EINVAL);
  ERROR(syscall(SYS_getgroups, -1, got), EINVAL);
  ERROR(syscall(SYS_getgroups, 3, wild(UNMAPPED)), EFAULT);
  ERROR(syscall(SYS_setgroups, 33, set), EINVAL);
  ERROR(syscall(SYS_setgroups, -1, set), EINVAL);
  ERROR(syscall(SYS_setgroups, 2, wild(KERNEL)), EFAULT);
  EQUAL(syscall(SYS_getgroups, 40, got), 3); /* as before */
  EQUAL(syscall(SYS_setresuid, STUDENT, STUDENT, STUDENT), 0);
  ERROR(syscall(SYS_setgroups, 0, NULL), EPERM);
}
static void bad_ids(void) {
  uint32_t id;
  ERROR(syscall(SYS_setuid, KEEP), EINVAL);
  ERROR(syscall(SYS_setgid, KEEP), EINVAL);
  ERROR(syscall(SYS_getresuid, &id, wild(UNMAPPED), &id), EFAULT);
  ERROR(syscall(SYS_getresuid, wild(KERNEL), &id, &id), EFAULT);
  ERROR(syscall(SYS_getresgid, &id, &id, NULL), EFAULT);
  EQUAL(syscall(SYS_setresuid, KEEP, KEEP, KEEP), 0);
  users(0, 0, 0);
}
static void inherited(void) {
  become(STUDENT, GROUP);
  pid_t child = FORK();
  if (child == 0) {
    users(STUDENT, STUDENT, STUDENT);
    has_ids(SYS_getresgid, GROUP, GROUP, GROUP);
    _exit(0);
  }
  ENDS(child, 0);
}

/* ---- Others ---- */

static volatile pid_t target;
static void cannot_signal(void) {
  ERROR(kill(target, SIGTERM), EPERM);
  ERROR(kill(target, 0), EPERM);
  ERROR(kill(1, SIGTERM), EPERM);
  ERROR(syscall(SYS_tkill, target, SIGTERM), EPERM);
  ERROR(syscall(SYS_tgkill, target, target, SIGTERM), EPERM);
  ERROR(kill(-1, 0), EPERM);
  ERROR(kill(-1, SIGTERM), EPERM); /* reaches none of them */
}
static void can_signal(void) { EQUAL(kill(target, SIGTERM), 0); }
static siginfo_t seen;
static void note_sender(int number, siginfo_t* info, void* context) {
  (void)context;
  seen = *info;
  note(number);
}
static void names_itself(void) {
  EQUAL(kill(getpid(), SIGUSR1), 0);
  EQUAL(seen.si_uid, STUDENT);
}
static void who_sent(void) {
  struct sigaction action = {.sa_sigaction = note_sender, .sa_flags = SA_SIGINFO | SA_RESTART};
  EQUAL(sigaction(SIGUSR1, &action, NULL), 0);
  as(STUDENT, names_itself);
  EQUAL(sigaction(SIGCHLD, &action, NULL), 0);
  as(STUDENT, tap_nothing);
  while (count < 1) getpid();
  EQUAL(seen.si_uid, STUDENT);
}

/* A chain of processes: each makes the next one and ends (not too fast: there are 32768 pids). A
 * signal to everybody ends the chain, whichever link it finds: the one that is being made gets it,
 * too. */
static void chain(void) {
  for (;;) {
    pid_t next = fork();
    if (next > 0) _exit(0);
    for (uint64_t until = now_ns() + 30000; now_ns() < until;) continue;
  }
}
static unsigned long processes(void) {
  while (waitpid(-1, NULL, WNOHANG) > 0) continue;
  struct tine_memory_info info;
  EQUAL(memory_info(&info), 0);
  return info.processes;
}
static void ends_chains(void) {
  enum { ROUNDS = 20 };
  for (int round = 0; round < ROUNDS; round++) {
    unsigned long before = processes();
    if (FORK() == 0) chain();
    sleep_ms(2 + round % 5);
    kill(-1, SIGKILL);
    for (int tries = 0; processes() > before; tries++) {
      if (tries == 1000) {
        while (processes() > before) kill(-1, SIGKILL);
        tap_fail("round %d: somebody survived kill(-1, SIGKILL)", round);
      }
      sleep_ms(5);
    }
  }
}
static void everybody(void) { as(STUDENT, ends_chains); }

static pid_t sleeper(long real, long effective, long saved) {
  pid_t child = FORK();
  if (child == 0) {
    EQUAL(syscall(SYS_setresuid, real, effective, saved), 0);
    for (;;) sleep(100);
  }
  CHECK(sleeps_for(child, TINE_WAIT_SLEEP));
  return child;
}
static void signals(void) {
  target = sleeper(0, 0, 0);
  as(STUDENT, cannot_signal);
  EQUAL(kill(target, SIGKILL), 0);
  ENDS(target, -SIGKILL);
  target = sleeper(0, STUDENT, 0); /* the effective one of the target does not count */
  as(STUDENT, cannot_signal);
  EQUAL(kill(target, SIGKILL), 0);
  ENDS(target, -SIGKILL);
  target = sleeper(STUDENT, OTHER, OTHER);
  as(STUDENT, can_signal);
  ENDS(target, -SIGTERM);
  target = sleeper(OTHER, OTHER, STUDENT);
  as(STUDENT, can_signal);
  ENDS(target, -SIGTERM);
}

static void cannot_administer(void) {
  ERROR(power(TINE_POWER_OFF, 0), EPERM);
  ERROR(syscall(SYS_mount, "none", "/tmp", "tmpfs", 0, NULL), EPERM);
}
static void administration(void) { as(STUDENT, cannot_administer); }

int main(void) {
  tap_begin("wing-linux-credentials");
  RUN("the superuser takes on any ids", superuser_sets);
  RUN("setuid and setgid of the superuser are for good", superuser_gives_up);
  RUN("others change among their three user ids", users_change_among_theirs);
  RUN("others change among their three group ids", groups_change_among_theirs);
  RUN("supplementary groups", supplementary);
  RUN("bad ids and pointers change nothing", bad_ids);
  RUN("a child inherits ids", inherited);
  RUN("kill: EPERM unless real or effective are the target's real or saved", signals);
  RUN("a signal says who sent it, SIGCHLD whose child ended", who_sent);
  RUN("kill(-1) also reaches who is just being made", everybody);
  RUN("power and mount are the superuser's", administration);
  return tap_end();
}
