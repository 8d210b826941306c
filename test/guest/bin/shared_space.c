/*
 * Two processes that run in one address space (CLONE_VM): while one is in a system call, the other
 * changes the memory that the call moves bytes to or from. A copy may come out whole, short, or as
 * EFAULT; what it moved is right, and nothing else happens.
 */
#include "clone.h"

enum { ROUNDS = 300, REPLACED = 20, SIZE = 2 * TINE_PAGE_SIZE };

static char* range;       /* two pages; the changer changes the second one, over and over */
static volatile int stop; /* tells the changer to end */
static volatile long changes;

static void* at_second(void) { return range + PAGE; }

static void map_second(void) {
  void* at = mmap(at_second(), PAGE, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  if (at != at_second()) _exit(2);
}

/* The changers' calls all succeed: so they never write to errno, which is the parent's as well. */
static void unmaps(void) {
  while (!stop) {
    if (munmap(at_second(), PAGE) != 0) _exit(1);
    map_second();
    changes++;
  }
  _exit(0);
}
static void protects(void) {
  while (!stop) {
    if (mprotect(at_second(), PAGE, PROT_NONE) != 0) _exit(1);
    if (mprotect(at_second(), PAGE, PROT_READ) != 0) _exit(1);
    if (mprotect(at_second(), PAGE, PROT_READ | PROT_WRITE) != 0) _exit(1);
    changes++;
  }
  _exit(0);
}

static int file;
static long whole, partly, refused;

/* A call that moves up to SIZE bytes answered `moved`. */
static void count_result(long moved) {
  if (moved == SIZE) {
    whole++;
  } else if (moved == PAGE) {
    partly++;
  } else if (moved == -1 && errno == EFAULT) {
    refused++;
  } else {
    tap_fail("moved %ld, errno %d", moved, errno);
  }
}

static void write_range(void) {
  lseek(file, 0, SEEK_SET);
  memset(range, 'w', PAGE);
  count_result(write(file, range, SIZE));
  char first;
  lseek(file, PAGE - 1, SEEK_SET);
  EQUAL(read(file, &first, 1), 1);
  EQUAL(first, 'w');
}
static void read_range(void) {
  lseek(file, 0, SEEK_SET);
  memset(range, 0, PAGE);
  count_result(read(file, range, SIZE));
  EQUAL(range[0], 'w');
  EQUAL(range[PAGE - 1], 'w');
}
static void write_second(void) {
  lseek(file, 0, SEEK_SET);
  long moved = write(file, at_second(), PAGE);
  count_result(moved == PAGE ? SIZE : moved);
}

static void while_changed(void (*change)(void), void (*call)(void)) {
  range = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(range != MAP_FAILED);
  file = open("/tmp/shared_space", O_RDWR | O_CREAT, 0644);
  CHECK(file >= 0);
  EQUAL(unlink("/tmp/shared_space"), 0);
  EQUAL(ftruncate(file, SIZE), 0);
  memset(range, 'w', SIZE);
  EQUAL(write(file, range, SIZE), SIZE);
  pid_t changer = (pid_t)clone_into(CLONE_VM | SIGCHLD, change, 0, 0, 0);
  CHECK(changer > 0);
  while (changes == 0) sched_yield();
  for (int i = 0; i < ROUNDS; i++) call();
  stop = 1;
  ENDS(changer, 0);
  printf("# whole %ld, partly %ld, refused %ld; changes %ld\n", whole, partly, refused, changes);
}

static void written_while_unmapped(void) { while_changed(unmaps, write_range); }
static void read_while_unmapped(void) { while_changed(unmaps, read_range); }
static void written_while_protected(void) { while_changed(protects, write_second); }
static void read_while_protected(void) { while_changed(protects, read_range); }

/* A store that the other process has to see, with neither in the kernel. */
static volatile int ball;
static void play(void) {
  for (int i = 1; i < 200; i += 2) {
    while (ball != i) sched_yield();
    ball = i + 1;
  }
  _exit(0);
}
static void stores_are_seen(void) {
  pid_t other = (pid_t)clone_into(CLONE_VM | SIGCHLD, play, 0, 0, 0);
  for (int i = 0; i < 200; i += 2) {
    while (ball != i) sched_yield();
    ball = i + 1;
  }
  ENDS(other, 0);
  EQUAL(ball, 200);
}

/* What one hart unmaps, no other may remember: the other looks at the same address at once. */
static void replace(void) {
  for (int i = 1; i < REPLACED; i += 2) {
    while (ball != i) sched_yield();
    if (munmap(at_second(), PAGE) != 0) _exit(1);
    map_second();
    ball = i + 1;
  }
  _exit(0);
}
static void old_pages_are_forgotten(void) {
  range = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(range != MAP_FAILED);
  pid_t other = (pid_t)clone_into(CLONE_VM | SIGCHLD, replace, 0, 0, 0);
  volatile int* word = at_second();
  for (int i = 0; i < REPLACED; i += 2) {
    *word = -1;
    ball = i + 1;
    /* Stays in user mode, so that this hart keeps what it remembers; unless there is only one. */
    for (int spins = 0; ball == i + 1; spins++) {
      if (spins > 100000) sched_yield();
    }
    EQUAL(*word, 0);
  }
  ENDS(other, 0);
}

/* Each ends on its own; the memory stays until the last one has gone. */
static void outlive(void) {
  while (getppid() != 1) sched_yield();
  changes = 5;
  _exit(0);
}
static void memory_outlives_its_maker(void) {
  pid_t middle = FORK();
  if (middle == 0) {
    clone_into(CLONE_VM | SIGCHLD, outlive, 0, 0, 0);
    _exit(9);
  }
  ENDS(middle, 9);
}

int main(void) {
  tap_begin("shared_space");
  RUN("one address space: each sees what the other stores", stores_are_seen);
  RUN("one address space: a page that the other replaced is the new one", old_pages_are_forgotten);
  RUN("one address space: it stays until the last process has left it", memory_outlives_its_maker);
  RUN("write from a range whose second page comes and goes", written_while_unmapped);
  RUN("read into a range whose second page comes and goes", read_while_unmapped);
  RUN("write from a page whose protection changes", written_while_protected);
  RUN("read into a range whose second page's protection changes", read_while_protected);
  return tap_end();
}
