/* The wing `locks`: flock, and record locks of fcntl. */
#include "tap.h"
#include "walk.h"

#define NAME "/tmp/wing-locks"

static int fresh_file(void) {
  int fd = open(NAME, O_RDWR | O_CREAT | O_TRUNC, 0644);
  CHECK(fd >= 0);
  return fd;
}
static int again(int flags) {
  int fd = open(NAME, flags);
  CHECK(fd >= 0);
  return fd;
}

static int record(int fd, int command, int type, long start, long length) {
  struct tine_flock lock = {
      .l_type = (int16_t)type, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
  return fcntl(fd, command, &lock);
}
/* Who is in the way of a write lock? 0: nobody. */
static pid_t holder(int fd, long start, long length) {
  struct tine_flock lock = {
      .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
  EQUAL(fcntl(fd, F_GETLK, &lock), 0);
  return lock.l_type == F_UNLCK ? 0 : lock.l_pid;
}
#define SET(...) record(fd, F_SETLK, __VA_ARGS__)
#define WAIT(...) record(fd, F_SETLKW, __VA_ARGS__)

/* A child that runs `body` and then stays until it is told to end. */
static int to_child[2], from_child[2];
static pid_t start_child(void (*body)(void)) {
  EQUAL(pipe2(to_child, 0), 0);
  EQUAL(pipe2(from_child, 0), 0);
  pid_t child = FORK();
  char byte = 'r';
  if (child == 0) {
    close(to_child[1]);
    close(from_child[0]);
    body();
    write(from_child[1], &byte, 1);
    read(to_child[0], &byte, 1);
    _exit(0);
  }
  close(from_child[1]);
  close(to_child[0]);
  EQUAL(read(from_child[0], &byte, 1), 1);
  return child;
}
static void end_child(pid_t child) {
  close(to_child[1]);
  ENDS(child, 0);
}

static int fd;
static void must(int result) {
  if (result != 0) _exit(1);
}

/* ---- flock ---- */

static void take_exclusive(void) { must(flock(again(O_RDONLY), LOCK_EX)); }
static void take_shared(void) { must(flock(again(O_RDONLY), LOCK_SH)); }

static void flock_excludes(void) {
  fd = fresh_file();
  pid_t child = start_child(take_exclusive);
  ERROR(flock(fd, LOCK_EX | LOCK_NB), EAGAIN);
  ERROR(flock(fd, LOCK_SH | LOCK_NB), EAGAIN);
  end_child(child); /* its end gives the lock up */
  EQUAL(flock(fd, LOCK_EX | LOCK_NB), 0);
  EQUAL(flock(fd, LOCK_UN), 0);
  child = start_child(take_shared);
  EQUAL(flock(fd, LOCK_SH | LOCK_NB), 0);
  ERROR(flock(fd, LOCK_EX | LOCK_NB), EAGAIN);
  end_child(child);
}

/* The lock is the open file's: of two opens of one process, and of all who share one. */
static void flock_owner(void) {
  fd = fresh_file();
  int other = again(O_RDWR), copy = dup(fd);
  EQUAL(flock(fd, LOCK_EX), 0);
  EQUAL(flock(copy, LOCK_EX | LOCK_NB), 0);
  ERROR(flock(other, LOCK_SH | LOCK_NB), EAGAIN);
  pid_t child = FORK();
  if (child == 0) _exit(flock(fd, LOCK_EX | LOCK_NB) == 0 ? 0 : 1);
  ENDS(child, 0);
  EQUAL(close(fd), 0);
  ERROR(flock(other, LOCK_EX | LOCK_NB), EAGAIN); /* the copy is still open */
  EQUAL(close(copy), 0);
  EQUAL(flock(other, LOCK_EX | LOCK_NB), 0);
}

static void wait_exclusive(void) {
  int own = again(O_RDWR);
  must(flock(own, LOCK_EX));
  must(write(own, "x", 1) == 1 ? 0 : -1);
  _exit(0);
}
static void flock_waits(void) {
  fd = fresh_file();
  EQUAL(flock(fd, LOCK_SH), 0);
  pid_t child = FORK();
  if (child == 0) {
    close(fd); /* or it would have our lock as well */
    wait_exclusive();
  }
  CHECK(sleeps_for(child, TINE_WAIT_LOCK));
  EQUAL(lseek(fd, 0, SEEK_END), 0);
  EQUAL(flock(fd, LOCK_UN), 0);
  ENDS(child, 0);
  EQUAL(lseek(fd, 0, SEEK_END), 1);
  EQUAL(ftruncate(fd, 0), 0);
}

static void flock_refuses(void) {
  fd = fresh_file();
  ERROR(flock(-1, LOCK_EX), EBADF);
  ERROR(flock(99, LOCK_EX), EBADF);
  ERROR(flock(fd, 0), EINVAL);
  ERROR(flock(fd, LOCK_NB), EINVAL);
  ERROR(flock(fd, LOCK_SH | LOCK_EX), EINVAL);
  ERROR(flock(fd, 16), EINVAL);
  EQUAL(flock(fd, LOCK_UN), 0);
}

/* ---- Record locks ---- */

static void hold_middle(void) {
  fd = again(O_RDWR);
  must(SET(F_WRLCK, 100, 100));
}
static void records_exclude(void) {
  fd = fresh_file();
  pid_t child = start_child(hold_middle);
  EQUAL(holder(fd, 0, 100), 0);
  EQUAL(holder(fd, 0, 101), child);
  EQUAL(holder(fd, 199, 1), child);
  EQUAL(holder(fd, 200, 0), 0);
  ERROR(SET(F_RDLCK, 150, 1), EAGAIN);
  EQUAL(SET(F_WRLCK, 0, 100), 0);
  EQUAL(SET(F_WRLCK, 200, 0), 0);
  EQUAL(flock(fd, LOCK_EX | LOCK_NB), 0); /* the other kind does not see them */
  end_child(child);
  EQUAL(SET(F_WRLCK, 150, 1), 0);
}

static void readers_share(void) {
  fd = again(O_RDONLY);
  must(SET(F_RDLCK, 0, 10));
}
static void shared_records(void) {
  fd = fresh_file();
  pid_t child = start_child(readers_share);
  EQUAL(SET(F_RDLCK, 0, 10), 0);
  ERROR(SET(F_WRLCK, 5, 1), EAGAIN);
  EQUAL(SET(F_RDLCK, 5, 1), 0); /* and what we have stays */
  end_child(child);
  EQUAL(SET(F_WRLCK, 0, 10), 0);
}

/* A child that looks at who holds what, through the parent's locks. */
static void look(long start, long length, pid_t expected) {
  pid_t child = FORK();
  if (child == 0) _exit(holder(fd, start, length) == expected ? 0 : 1);
  ENDS(child, 0);
}
static void ranges_are_cut(void) {
  fd = fresh_file();
  pid_t self = getpid();
  EQUAL(SET(F_WRLCK, 0, 100), 0);
  EQUAL(SET(F_UNLCK, 40, 20), 0);
  look(0, 40, self);
  look(40, 20, 0);
  look(60, 40, self);
  look(100, 0, 0);
  EQUAL(SET(F_WRLCK, 40, 20), 0); /* and are one again */
  EQUAL(SET(F_UNLCK, 0, 10), 0);
  EQUAL(SET(F_UNLCK, 90, 0), 0);
  look(0, 10, 0);
  look(10, 80, self);
  look(90, 10, 0);
  EQUAL(SET(F_RDLCK, 30, 10), 0); /* a part becomes a reader's */
  pid_t child = FORK();
  if (child == 0) {
    int mine = again(O_RDWR);
    must(record(mine, F_SETLK, F_RDLCK, 30, 10));
    _exit(record(mine, F_SETLK, F_RDLCK, 29, 1) == -1 && errno == EAGAIN ? 0 : 1);
  }
  ENDS(child, 0);
}

/* Closing any descriptor of the file gives all record locks up; a child of fork has none. */
static void any_close_releases(void) {
  fd = fresh_file();
  EQUAL(SET(F_WRLCK, 0, 0), 0);
  look(0, 0, getpid());
  int other = again(O_RDONLY);
  EQUAL(close(other), 0);
  look(0, 0, 0);
  EQUAL(SET(F_WRLCK, 0, 0), 0);
  EQUAL(dup3(1, again(O_RDONLY), 0) >= 0, 1);
  look(0, 0, 0);
  EQUAL(SET(F_WRLCK, 0, 0), 0);
  pid_t child = FORK();
  if (child == 0) _exit(SET(F_WRLCK, 5, 1) == -1 && errno == EAGAIN ? 0 : 1);
  ENDS(child, 0); /* its end closed its descriptors, and took nothing of ours */
  look(0, 0, getpid());
}

static void records_wait(void) {
  fd = fresh_file();
  EQUAL(SET(F_WRLCK, 0, 1), 0);
  pid_t child = FORK();
  if (child == 0) {
    fd = again(O_RDWR);
    must(WAIT(F_WRLCK, 0, 1));
    must(write(fd, "x", 1) == 1 ? 0 : -1);
    _exit(0);
  }
  CHECK(sleeps_for(child, TINE_WAIT_LOCK));
  EQUAL(lseek(fd, 0, SEEK_END), 0);
  EQUAL(SET(F_UNLCK, 0, 1), 0);
  ENDS(child, 0);
  EQUAL(lseek(fd, 0, SEEK_END), 1);
  EQUAL(ftruncate(fd, 0), 0);
}

static volatile int handled;
static void on_signal(int number) { handled = number; }
static void a_signal_ends_the_wait(void) {
  fd = fresh_file();
  EQUAL(SET(F_WRLCK, 0, 1), 0);
  EQUAL(flock(fd, LOCK_EX), 0);
  for (int way = 0; way < 4; way++) {
    int kind = way & 1, restarts = way & 2;
    pid_t child = FORK();
    if (child == 0) {
      struct sigaction action = {.sa_handler = on_signal, .sa_flags = restarts ? SA_RESTART : 0};
      must(sigaction(SIGUSR1, &action, NULL));
      int own = again(O_RDWR);
      close(fd);
      int result = kind ? record(own, F_SETLKW, F_WRLCK, 0, 1) : flock(own, LOCK_EX);
      _exit(result == -1 && errno == EINTR && handled == SIGUSR1 ? 0 : 1);
    }
    CHECK(sleeps_for(child, TINE_WAIT_LOCK));
    EQUAL(kill(child, SIGUSR1), 0);
    if (!restarts) {
      ENDS(child, 0);
      continue;
    }
    sleep_ms(10);
    CHECK(sleeps_for(child, TINE_WAIT_LOCK)); /* again */
    EQUAL(kill(child, SIGKILL), 0);
    ENDS(child, -SIGKILL);
  }
}

static void hold_second_want_first(void) {
  fd = again(O_RDWR);
  must(SET(F_WRLCK, 1, 1));
}
static void deadlock(void) {
  fd = fresh_file();
  EQUAL(SET(F_WRLCK, 0, 1), 0);
  pid_t child = FORK();
  if (child == 0) {
    hold_second_want_first();
    must(WAIT(F_WRLCK, 0, 1)); /* we have to wait for the parent ... */
    _exit(0);
  }
  CHECK(sleeps_for(child, TINE_WAIT_LOCK));
  ERROR(WAIT(F_WRLCK, 1, 1), EDEADLK); /* ... which must not wait for us, then */
  EQUAL(SET(F_UNLCK, 0, 1), 0);
  ENDS(child, 0);
}

/* Who has been let through does not wait for us any more, though it has not run yet. */
static void no_deadlock(void) {
  fd = fresh_file();
  for (int round = 0; round < 20; round++) {
    EQUAL(SET(F_WRLCK, 0, 1), 0);
    pid_t child = FORK();
    if (child == 0) {
      hold_second_want_first();
      must(WAIT(F_WRLCK, 0, 1));
      _exit(0);
    }
    CHECK(sleeps_for(child, TINE_WAIT_LOCK));
    EQUAL(SET(F_UNLCK, 0, 1), 0);
    EQUAL(WAIT(F_WRLCK, 1, 1), 0);
    ENDS(child, 0);
    EQUAL(SET(F_UNLCK, 0, 2), 0);
  }
}

static void record_refuses(void) {
  fd = fresh_file();
  int reader = again(O_RDONLY), writer = again(O_WRONLY), ends[2];
  EQUAL(pipe2(ends, 0), 0);
  ERROR(record(-1, F_SETLK, F_WRLCK, 0, 1), EBADF);
  ERROR(record(reader, F_SETLK, F_WRLCK, 0, 1), EBADF);
  ERROR(record(writer, F_SETLK, F_RDLCK, 0, 1), EBADF);
  ERROR(record(ends[0], F_SETLK, F_RDLCK, 0, 1), EINVAL);
  ERROR(SET(3, 0, 1), EINVAL);
  ERROR(SET(-1, 0, 1), EINVAL);
  ERROR(SET(F_WRLCK, -1, 1), EINVAL);
  ERROR(SET(F_WRLCK, 5, -6), EINVAL);
  ERROR(SET(F_WRLCK, INT64_MAX, 2), EOVERFLOW);
  ERROR(record(fd, F_GETLK, F_UNLCK, 0, 1), EINVAL);
  struct tine_flock odd = {.l_type = F_WRLCK, .l_whence = 3};
  ERROR(fcntl(fd, F_SETLK, &odd), EINVAL);
  ERROR(fcntl(fd, F_SETLK, wild(0)), EFAULT);
  ERROR(fcntl(fd, F_GETLK, wild(KERNEL)), EFAULT);
  ERROR(fcntl(fd, F_SETLKW, wild(~0ul)), EFAULT);
  EQUAL(SET(F_WRLCK, 5, -5), 0); /* the five bytes before */
  look(0, 5, getpid());
  look(5, 0, 0);
}

static void from_position_and_end(void) {
  fd = fresh_file();
  EQUAL(write(fd, "0123456789", 10), 10);
  EQUAL(lseek(fd, 4, SEEK_SET), 4);
  struct tine_flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_CUR, .l_start = -1, .l_len = 2};
  EQUAL(fcntl(fd, F_SETLK, &lock), 0);
  look(3, 2, getpid());
  look(0, 3, 0);
  lock = (struct tine_flock){.l_type = F_WRLCK, .l_whence = SEEK_END, .l_start = -1, .l_len = 0};
  EQUAL(fcntl(fd, F_SETLK, &lock), 0);
  look(5, 4, 0);
  look(1000000, 1, getpid());
  EQUAL(ftruncate(fd, 0), 0);
}

/* Four processes add to a number in a file; the lock alone makes it come out right. */
static void counting(void) {
  enum { PROCESSES = 4, ROUNDS = 50 };
  fd = fresh_file();
  long number = 0;
  EQUAL(write(fd, &number, sizeof number), sizeof number);
  pid_t children[PROCESSES];
  for (int i = 0; i < PROCESSES; i++) {
    children[i] = FORK();
    if (children[i] != 0) continue;
    fd = again(O_RDWR);
    for (int round = 0; round < ROUNDS; round++) {
      must(i % 2 ? WAIT(F_WRLCK, 0, 8) : WAIT(F_WRLCK, 7, 1));
      lseek(fd, 0, SEEK_SET);
      must(read(fd, &number, sizeof number) == sizeof number ? 0 : -1);
      number++;
      lseek(fd, 0, SEEK_SET);
      must(write(fd, &number, sizeof number) == sizeof number ? 0 : -1);
      must(SET(F_UNLCK, 0, 0));
    }
    _exit(0);
  }
  for (int i = 0; i < PROCESSES; i++) ENDS(children[i], 0);
  EQUAL(lseek(fd, 0, SEEK_SET), 0);
  EQUAL(read(fd, &number, sizeof number), sizeof number);
  EQUAL(number, PROCESSES * ROUNDS);
  EQUAL(ftruncate(fd, 0), 0);
}

/* ---- Want of memory ---- */

static int try_flock(long n) {
  long result;
  argument[0] = (uintptr_t)again(O_RDWR);
  argument[1] = LOCK_EX;
  return attempt(n, SYS_flock, &result);
}
static int try_record(long n) {
  static struct tine_flock lock;
  lock = (struct tine_flock){.l_type = F_UNLCK, .l_start = 5, .l_len = 1};
  long result;
  fd = again(O_RDWR);
  must(SET(F_WRLCK, 0, 10));
  argument[0] = (uintptr_t)fd;
  argument[1] = F_SETLK;
  argument[2] = (uintptr_t)&lock;
  int how = attempt(n, SYS_fcntl, &result);
  if (how == REFUSED) look(5, 1, getpid());
  return how;
}
static void refused(void) {
  close(fresh_file());
  WALK(try_flock, 0, 2);
  WALK(try_record, 0, 1);
}

int main(void) {
  tap_begin("wing-locks");
  close(fresh_file());
  RUN("flock: exclusive and shared, given up at the end", flock_excludes);
  RUN("flock: the lock is the open file's", flock_owner);
  RUN("flock waits", flock_waits);
  RUN("flock refuses every bad argument", flock_refuses);
  RUN("record locks exclude each other where they overlap", records_exclude);
  RUN("record locks of readers overlap", shared_records);
  RUN("record locks are cut, joined and changed in part", ranges_are_cut);
  RUN("closing any descriptor gives record locks up", any_close_releases);
  RUN("F_SETLKW waits", records_wait);
  RUN("a signal ends the wait: EINTR, or it waits again with SA_RESTART", a_signal_ends_the_wait);
  RUN("two that wait for each other: EDEADLK for the second", deadlock);
  RUN("who waits no more is in nobody's way: no EDEADLK", no_deadlock);
  RUN("record locks refuse every bad argument", record_refuses);
  RUN("ranges from the position and from the end", from_position_and_end);
  RUN("four processes count under a lock", counting);
  RUN("every allocation may fail", refused);
  unlink(NAME);
  return tap_end();
}
