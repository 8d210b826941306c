/* Limits of processes (wing `linux`, limits.cc): set, inherited, obeyed; as root and as a user. */
#include "credentials.h"
#include "tap.h"

enum { LONER = 7777 }; /* a user whom no other test knows, so that his processes can be counted */

struct limit {
  uint64_t now, most;
};

static long set_limit_of(pid_t pid, unsigned resource, uint64_t now, uint64_t most) {
  struct limit limit = {now, most};
  return syscall(SYS_prlimit64, pid, resource, &limit, NULL);
}
static long set_limit(unsigned resource, uint64_t now) {
  struct limit limit = {0, 0};
  EQUAL(syscall(SYS_getrlimit, resource, &limit), 0);
  limit.now = now;
  return syscall(SYS_setrlimit, resource, &limit);
}
static uint64_t now_of(pid_t pid, unsigned resource) {
  struct limit limit = {0, 0};
  EQUAL(syscall(SYS_prlimit64, pid, resource, NULL, &limit), 0);
  return limit.now;
}

/* ---- Setting ---- */

static void defaults(void) {
  EQUAL(now_of(0, RLIMIT_STACK), TINE_STACK_SIZE);
  EQUAL(now_of(0, RLIMIT_NOFILE), TINE_OPEN_MAX);
  EQUAL(now_of(0, RLIMIT_CORE), 0);
  CHECK(now_of(0, RLIMIT_NPROC) > 100);
  static const unsigned endless[] = {RLIMIT_CPU, RLIMIT_FSIZE, RLIMIT_DATA,  RLIMIT_RSS,
                                     RLIMIT_AS,  RLIMIT_LOCKS, RLIMIT_RTTIME};
  for (unsigned i = 0; i < sizeof endless / sizeof endless[0]; i++) {
    EQUAL(now_of(0, endless[i]), RLIM_INFINITY);
  }
}

static void wrong_arguments(void) {
  struct limit limit = {5, 4};
  ERROR(syscall(SYS_prlimit64, 0, RLIMIT_CPU, &limit, NULL), EINVAL);
  ERROR(syscall(SYS_prlimit64, 0, RLIM_NLIMITS, NULL, &limit), EINVAL);
  ERROR(syscall(SYS_prlimit64, 0, -1, NULL, &limit), EINVAL);
  ERROR(syscall(SYS_prlimit64, 32000, RLIMIT_CPU, NULL, &limit), ESRCH);
  ERROR(syscall(SYS_prlimit64, -1, RLIMIT_CPU, NULL, &limit), ESRCH);
  ERROR(syscall(SYS_prlimit64, 0, RLIMIT_CPU, wild(16), NULL), EFAULT);
  ERROR(syscall(SYS_prlimit64, 0, RLIMIT_CPU, NULL, wild(16)), EFAULT);
  ERROR(syscall(SYS_getrlimit, RLIMIT_CPU, wild(16)), EFAULT);
  ERROR(syscall(SYS_setrlimit, RLIMIT_CPU, wild(16)), EFAULT);
  ERROR(syscall(SYS_getrlimit, RLIM_NLIMITS, &limit), EINVAL);
  ERROR(set_limit_of(0, RLIMIT_NOFILE, 10, TINE_OPEN_MAX + 1), EPERM); /* even root */
}

static void raise_and_lower(void) {
  ERROR(set_limit_of(0, RLIMIT_NPROC, 10, ~0ul), EPERM);
  EQUAL(set_limit_of(0, RLIMIT_NOFILE, 100, 200), 0);
  EQUAL(set_limit_of(0, RLIMIT_NOFILE, 200, 200), 0);
  ERROR(set_limit_of(0, RLIMIT_NOFILE, 100, 201), EPERM);
  EQUAL(now_of(0, RLIMIT_NOFILE), 200);
}
static void of_a_user(void) { as(STUDENT, raise_and_lower); }
static void of_root(void) {
  EQUAL(set_limit_of(0, RLIMIT_NOFILE, 100, 200), 0);
  EQUAL(set_limit_of(0, RLIMIT_NOFILE, 500, 500), 0);
}

/* A child that has become `user` and sleeps. */
static pid_t sleeper_of(long user) {
  int ready[2];
  char byte;
  EQUAL(pipe2(ready, 0), 0);
  pid_t child = FORK();
  if (child == 0) {
    become(user, user);
    write(ready[1], "r", 1);
    for (;;) sleep_ms(1000000);
  }
  EQUAL(read(ready[0], &byte, 1), 1);
  close(ready[0]);
  close(ready[1]);
  return child;
}

static pid_t others, own;
static void limit_others(void) {
  ERROR(set_limit_of(others, RLIMIT_CPU, 5, 5), EPERM);
  struct limit limit;
  ERROR(syscall(SYS_prlimit64, others, RLIMIT_CPU, NULL, &limit), EPERM);
  ERROR(syscall(SYS_prlimit64, 1, RLIMIT_CPU, NULL, &limit), EPERM);
  EQUAL(set_limit_of(own, RLIMIT_NPROC, 5, 5), 0);
  EQUAL(now_of(own, RLIMIT_NPROC), 5);
}
static void of_other_processes(void) {
  others = sleeper_of(OTHER);
  own = sleeper_of(STUDENT);
  as(STUDENT, limit_others);
  EQUAL(set_limit_of(others, RLIMIT_CPU, 7, 8), 0); /* root may */
  EQUAL(now_of(others, RLIMIT_CPU), 7);
  kill(others, SIGKILL);
  kill(own, SIGKILL);
  ENDS(others, -SIGKILL);
  ENDS(own, -SIGKILL);
}

static void inheritance(void) {
  EQUAL(set_limit_of(0, RLIMIT_CPU, 1234, 5678), 0);
  EQUAL(set_limit(RLIMIT_NOFILE, 40), 0);
  pid_t child = FORK();
  if (child == 0) {
    char* arguments[] = {"wing-linux-limits", "--told", NULL};
    EQUAL(now_of(0, RLIMIT_CPU), 1234);
    EQUAL(set_limit_of(0, RLIMIT_CPU, 99, 99), 0); /* of the child alone */
    _exit(execve("/test/wing-linux-limits", arguments, NULL));
  }
  ENDS(child, 0);
  EQUAL(now_of(0, RLIMIT_CPU), 1234);
}
static int told(void) { return now_of(0, RLIMIT_CPU) == 99 && dup2(0, 40) == -1 ? 0 : 1; }

/* ---- Obeyed ---- */

static void open_files(void) {
  int ends[2], last = -1, fd;
  EQUAL(dup2(0, 50), 50);
  EQUAL(set_limit(RLIMIT_NOFILE, 20), 0);
  while ((fd = dup(0)) >= 0) last = fd;
  CHECK(errno == EMFILE);
  EQUAL(last, 19);
  ERROR(open("/dev/null", O_RDONLY), EMFILE);
  ERROR(pipe2(ends, 0), EMFILE);
  ERROR(dup2(0, 20), EBADF);
  ERROR(fcntl(0, F_DUPFD, 20), EINVAL);
  EQUAL(fcntl(50, F_GETFD), 0); /* what is open stays */
  EQUAL(close(50), 0);
  close(last);
  EQUAL(dup(0), last);
  EQUAL(set_limit(RLIMIT_NOFILE, 0), 0);
  ERROR(dup(0), EMFILE);
  EQUAL(set_limit(RLIMIT_NOFILE, TINE_OPEN_MAX), 0);
  EQUAL(dup2(0, TINE_OPEN_MAX - 1), TINE_OPEN_MAX - 1);
}

/* With two processes: this one, and one child more. */
static void fork_at_limit(void) {
  char byte;
  int go[2];
  EQUAL(pipe2(go, 0), 0);
  EQUAL(set_limit(RLIMIT_NPROC, 2), 0);
  pid_t child = FORK();
  if (child == 0) _exit(read(go[0], &byte, 1) == 1 ? 0 : 1);
  ERROR(fork(), EAGAIN);
  EQUAL(write(go[1], "g", 1), 1);
  ENDS(child, 0);
  child = FORK(); /* the place is free again */
  if (child == 0) _exit(0);
  ENDS(child, 0);
}
static void processes(void) { as(LONER, fork_at_limit); }

static void processes_of_root(void) {
  EQUAL(set_limit(RLIMIT_NPROC, 1), 0);
  pid_t child = FORK();
  if (child == 0) _exit(0);
  ENDS(child, 0);
}

/* Those that another program of the same user's has started count, too; and those that became the
 * user's by setuid. */
static void fork_beside_another(void) {
  EQUAL(set_limit(RLIMIT_NPROC, 2), 0);
  ERROR(fork(), EAGAIN);
}
static void processes_of_others(void) {
  pid_t other = sleeper_of(LONER);
  as(LONER, fork_beside_another);
  kill(other, SIGKILL);
  ENDS(other, -SIGKILL);
}

int main(int argc, char** argv) {
  if (argc == 2 && strcmp(argv[1], "--told") == 0) return told();
  tap_begin("wing-linux-limits");
  RUN("without a change the limits are Linux's", defaults);
  RUN("what cannot be is refused", wrong_arguments);
  RUN("a user lowers limits and cannot raise the most", of_a_user);
  RUN("root raises the most", of_root);
  RUN("other processes: a user's own, and all for root", of_other_processes);
  RUN("fork copies limits and exec keeps them", inheritance);
  RUN("RLIMIT_NOFILE: no descriptor from there on", open_files);
  RUN("RLIMIT_NPROC: fork is EAGAIN until a child is reaped", processes);
  RUN("RLIMIT_NPROC: root forks on", processes_of_root);
  RUN("RLIMIT_NPROC: all processes of the user count", processes_of_others);
  return tap_end();
}
