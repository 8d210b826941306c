/* The wing `locks`: many record locks, several owners, several files. */
#include "credentials.h"

#define NAME "/tmp/wing-locks-many"
#define OTHER "/tmp/wing-locks-other"

static int fd;

static int fresh(const char* name) {
  int file = open(name, O_RDWR | O_CREAT | O_TRUNC, 0666);
  CHECK(file >= 0);
  return file;
}
static int record(int command, int type, long start, long length) {
  struct tine_flock lock = {
      .l_type = (int16_t)type, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
  return fcntl(fd, command, &lock);
}
static void must(int result) {
  if (result != 0) _exit(1);
}

/* Children that run `body` and stay until they are killed. */
static pid_t start_child(void (*body)(void)) {
  int ends[2];
  char byte = 'r';
  EQUAL(pipe2(ends, 0), 0);
  pid_t child = FORK();
  if (child == 0) {
    body();
    write(ends[1], &byte, 1);
    for (;;) sleep_ms(1000000);
  }
  EQUAL(read(ends[0], &byte, 1), 1);
  close(ends[0]);
  close(ends[1]);
  return child;
}
static void end_child(pid_t child) {
  EQUAL(kill(child, SIGKILL), 0);
  ENDS(child, -SIGKILL);
}

/* ---- The first lock in the way ---- */

static void hold_300_and_20(void) {
  must(record(F_SETLK, F_WRLCK, 300, 10));
  must(record(F_SETLK, F_RDLCK, 20, 10));
}
static void hold_100_and_320(void) {
  must(record(F_SETLK, F_RDLCK, 100, 10));
  must(record(F_SETLK, F_WRLCK, 320, 0));
}
static void first_in_the_way(int type, long start, long found, long length, pid_t holder) {
  struct tine_flock lock = {.l_type = (int16_t)type, .l_whence = SEEK_SET, .l_start = start};
  EQUAL(fcntl(fd, F_GETLK, &lock), 0);
  EQUAL(lock.l_start, found);
  EQUAL(lock.l_len, length);
  EQUAL(lock.l_pid, holder);
}
static void lowest_first(void) {
  fd = fresh(NAME);
  pid_t one = start_child(hold_300_and_20), two = start_child(hold_100_and_320);
  EQUAL(record(F_SETLK, F_WRLCK, 0, 5), 0); /* our own is in nobody's way but others' */
  first_in_the_way(F_WRLCK, 0, 20, 10, one);
  first_in_the_way(F_WRLCK, 29, 20, 10, one);
  first_in_the_way(F_WRLCK, 30, 100, 10, two);
  first_in_the_way(F_WRLCK, 110, 300, 10, one);
  first_in_the_way(F_RDLCK, 0, 300, 10, one);
  first_in_the_way(F_RDLCK, 310, 320, 0, two);
  end_child(one);
  first_in_the_way(F_WRLCK, 0, 100, 10, two);
  first_in_the_way(F_RDLCK, 0, 320, 0, two);
  end_child(two);
}

/* ---- Waiting ---- */

static long place;
static void hold_place(void) { must(record(F_SETLK, F_WRLCK, place, 1)); }
static pid_t hold_and_want(long own, long wanted) {
  int ready[2];
  char byte = 'r';
  EQUAL(pipe2(ready, 0), 0);
  pid_t child = FORK();
  if (child == 0) {
    place = own;
    hold_place();
    write(ready[1], &byte, 1);
    must(record(F_SETLKW, F_WRLCK, wanted, 1));
    _exit(0);
  }
  EQUAL(read(ready[0], &byte, 1), 1);
  close(ready[0]);
  close(ready[1]);
  return child;
}
static void circle_of_three(void) {
  fd = fresh(NAME);
  place = 3;
  pid_t outside = start_child(hold_place);
  EQUAL(record(F_SETLK, F_WRLCK, 0, 1), 0);
  pid_t second = hold_and_want(1, 0);
  CHECK(sleeps_for(second, TINE_WAIT_LOCK));
  pid_t third = hold_and_want(2, 1);
  CHECK(sleeps_for(third, TINE_WAIT_LOCK));
  ERROR(record(F_SETLKW, F_WRLCK, 2, 1), EDEADLK);
  pid_t fourth = hold_and_want(4, 3); /* waits, but for a process that does not */
  CHECK(sleeps_for(fourth, TINE_WAIT_LOCK));
  pid_t fifth = hold_and_want(5, 4); /* a chain, and no circle */
  CHECK(sleeps_for(fifth, TINE_WAIT_LOCK));
  end_child(outside);
  ENDS(fourth, 0);
  ENDS(fifth, 0);
  EQUAL(record(F_SETLK, F_UNLCK, 0, 1), 0);
  ENDS(second, 0);
  ENDS(third, 0);
}

static uint64_t schedules(pid_t pid) {
  struct tine_process_info info;
  CHECK(tap_info(pid, &info));
  return info.schedules;
}
static void woken_by_its_own(void) {
  int other = fresh(OTHER), own = fd = fresh(NAME);
  EQUAL(record(F_SETLK, F_WRLCK, 0, 1), 0);
  pid_t child = hold_and_want(1, 0);
  CHECK(sleeps_for(child, TINE_WAIT_LOCK));
  uint64_t before = schedules(child);
  for (int round = 0; round < 100; round++) {
    fd = other;
    EQUAL(record(F_SETLK, F_WRLCK, 0, 1), 0);
    EQUAL(record(F_SETLK, F_UNLCK, 0, 1), 0);
    fd = own; /* the same file, other bytes */
    EQUAL(record(F_SETLK, F_WRLCK, 10, 1), 0);
    EQUAL(record(F_SETLK, F_UNLCK, 10, 1), 0);
    if (round % 10 == 0) sleep_ms(1);
  }
  EQUAL(schedules(child), before);
  EQUAL(record(F_SETLK, F_UNLCK, 0, 0), 0);
  ENDS(child, 0);
  EQUAL(unlink(OTHER), 0);
}

/* ---- Many ---- */

enum { MANY = 8000 };
static void hold_many(void) {
  for (long i = 0; i < MANY; i++) must(record(F_SETLK, i % 3 ? F_WRLCK : F_RDLCK, 3 * i, 1));
}
/* Are the locks of `hold_many` there, from `first` on? */
static void see_many(pid_t holder, long first) {
  for (long i = first; i < MANY; i += 97) first_in_the_way(F_WRLCK, 3 * i - 1, 3 * i, 1, holder);
}
static void hold_many_and_cut(void) {
  hold_many();
  must(record(F_SETLK, F_UNLCK, 0, 3000));
  must(record(F_SETLK, F_RDLCK, 3 * (MANY - 1000), 3000));
}
static void thousands(void) {
  fd = fresh(NAME);
  pid_t child = start_child(hold_many);
  see_many(child, 1);
  end_child(child);
  child = start_child(hold_many_and_cut);
  first_in_the_way(F_WRLCK, 0, 3000, 1, child);
  first_in_the_way(F_RDLCK, 0, 3000, 1, child);
  first_in_the_way(F_RDLCK, 3004, 3009, 1, child); /* after a shared one */
  first_in_the_way(F_WRLCK, 3 * (MANY - 1000) - 1, 3 * (MANY - 1000), 3000, child);
  ERROR(record(F_SETLK, F_WRLCK, 0, 0), EAGAIN);
  EQUAL(record(F_SETLK, F_RDLCK, 3 * (MANY - 1000), 0), 0);
  end_child(child);
  EQUAL(record(F_SETLK, F_WRLCK, 0, 0), 0);
}

/* ---- Accounts ---- */

/* Takes what the user may have, and then locks one byte of each two. */
static void until_refused(void) {
  static char block[64 << 10];
  int store = open(NAME "-store", O_WRONLY | O_CREAT, 0600);
  CHECK(store >= 0);
  while (write(store, block, sizeof block) > 0) {
  }
  EQUAL(record(F_SETLK, F_WRLCK, 1000000, 100), 0);
  long i = 0;
  while (i < 100000 && record(F_SETLK, F_WRLCK, 2 * i, 1) == 0) i++;
  int why = errno;
  EQUAL(why, ENOLCK);
  ERROR(record(F_SETLK, F_UNLCK, 1000050, 1), ENOLCK); /* it would be two then */
  EQUAL(record(F_SETLK, F_UNLCK, 0, 0), 0);
  EQUAL(record(F_SETLK, F_WRLCK, 0, 1), 0);
  EQUAL(unlink(NAME "-store"), 0);
}
static void users_pay(void) {
  if (!has_users()) return;
  fd = fresh(NAME);
  as(1000, until_refused);
}

int main(void) {
  tap_begin("wing-locks-many");
  close(fresh(NAME));
  RUN("F_GETLK tells the lock with the lowest offset, of all processes", lowest_first);
  RUN("EDEADLK for a circle of three, and for no chain", circle_of_three);
  RUN("a waiter is woken by changes of its bytes alone", woken_by_its_own);
  RUN("8000 locks of two kinds are found, cut, joined and given up", thousands);
  RUN("a user who has too much gets no more locks: ENOLCK", users_pay);
  unlink(NAME);
  return tap_end();
}
