/* What wing-linux-bounded.c needs around the calls that it measures: what they work on, the clock
 * beside them, and SIGKILL in the middle of them. */
#pragma once

#include "tap.h"

#define MIB (1l << 20)
#define SPACE (128 * MIB)
#define FILE_SIZE (64 * MIB)
#define PIECE (2 * MIB)
#define RANDOM_SIZE (8 * MIB)
enum {
  PIECES = 1024,
  REGIONS = 10000,
  NAMES_MADE = 20000,
  LOCKS = 8000,
  CHILDREN = 1000,
  DESCRIPTORS = 1024,
  MANY_WORDS = 100000,
  LONG_WORDS = 8,
  LONG_WORD = 100000,
  LINKS = 40,
};
#define BOUND 2000000ul /* ns */
#define INTERVAL 250000 /* ns, between two wakeups */
#define WORLD "/tmp/bounded"
#define NAMES WORLD "/names"
#define NEW NAMES "/new"
#define LARGE WORLD "/large"
#define SMALL WORLD "/small"
#define LONG WORLD "/39/item" /* 40 links, each of 4,000 bytes, to WORLD */

struct entry {
  const char* call;
  const char* what;
  void (*prepare)(void);
  void (*work)(void);
  enum { RETURNS, LEAVES, SLEEPS } kind; /* LEAVES: it is the end itself; SLEEPS: until SIGKILL */
};
static const struct entry* current;

/* Seen by the measuring process and its children. */
enum phase { BEFORE, DURING, AFTER };
static struct shared {
  volatile int phase;
  volatile uint64_t start, end; /* of the work */
  volatile int word;            /* of a futex */
  int count;
  struct figure {
    char what[80];
    uint64_t late, took, killed;
  } figures[300];
}* shared;

/* ---- What the calls work on; all of it is made in the child ---- */

static char* room;
static size_t room_size;
static int file;

static void need(size_t size) {
  room_size = size;
  room = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(room != MAP_FAILED);
}
static void touch(size_t size) {
  for (size_t at = 0; at < size; at += PAGE) room[at] = 1;
}
static inline void space(void) {
  need(SPACE);
  touch(SPACE);
}
static inline void regions(void) {
  need(REGIONS * PAGE);
  touch(MIB); /* read_maps reads to there */
  for (int i = 256; i < REGIONS; i += 2) {
    room[i * PAGE] = 1;
    EQUAL(mprotect(room + i * PAGE, PAGE, PROT_READ), 0);
  }
}

static struct iovec {
  char* at;
  size_t size;
} pieces[PIECES];
static inline void iovecs(void) {
  need(PIECE);
  touch(PIECE);
  for (int i = 0; i < PIECES; i++) pieces[i] = (struct iovec){room, PIECE};
}

static inline void small_file(void) {
  file = open(LARGE, O_RDWR | O_CREAT | O_TRUNC, 0644);
  CHECK(file >= 0);
  EQUAL(unlink(LARGE), 0);
}
static void fill(void) {
  need(MIB);
  for (long size = 0; size < FILE_SIZE; size += MIB) EQUAL(write(file, room, MIB), MIB);
  EQUAL(lseek(file, 0, SEEK_SET), 0);
}
static inline void large_file(void) {
  small_file();
  fill();
}
static inline void named_file(void) {
  file = open(LARGE, O_RDWR | O_CREAT | O_TRUNC, 0644);
  fill();
}
static inline void file_and_room(void) {
  small_file();
  need(FILE_SIZE);
}
static inline void large_and_room(void) {
  large_file();
  need(FILE_SIZE);
}
static inline void random_room(void) { need(RANDOM_SIZE); }

static int record_lock(int type, long start, long length) {
  struct tine_flock lock = {
      .l_type = (int16_t)type, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
  return fcntl(file, F_SETLK, &lock);
}
static inline void record_locks(void) {
  small_file();
  for (int i = 0; i < LOCKS; i++) EQUAL(record_lock(F_WRLCK, 2 * i, 1), 0);
}

static inline void many_descriptors(void) {
  int ends[2];
  EQUAL(pipe2(ends, 0), 0);
  while (dup(ends[0]) >= 0) {
  }
}

static inline void new_name(void) { make_file(NEW); }
static inline void deep(void) {
  char name[251];
  memset(name, 'd', sizeof name);
  name[250] = 0;
  EQUAL(chdir(WORLD "/deep"), 0);
  while (chdir(name) == 0) {
  }
}

/* ---- Other processes ---- */

static pid_t last_child;

static void make_children(void (*body)(void)) {
  for (int i = 0; i < CHILDREN; i++) {
    last_child = FORK();
    if (last_child == 0) {
      body();
      _exit(0);
    }
  }
}
/* Sleeps until the parent is gone: that is also how all of them end. */
static int ends_of_parent[2];
static void wait_for_parent(void) {
  char byte;
  close(ends_of_parent[1]);
  read(ends_of_parent[0], &byte, 1);
}
static inline void many_children(void) {
  EQUAL(pipe2(ends_of_parent, O_CLOEXEC), 0);
  make_children(wait_for_parent);
}
static inline void student_children(void) {
  EQUAL(syscall(SYS_setresuid, 1000, 1000, 1000), 0);
  many_children();
}
static inline void dead_children(void) {
  make_children(tap_nothing);
  sleep_ms(100);
}
static void wait_for_word(void) { syscall(SYS_futex, &shared->word, 0, 0, NULL, NULL, 0); }
static inline void waiting_children(void) {
  make_children(wait_for_word);
  sleep_ms(100);
}

/* ---- The files that all entries share ---- */

static void make_links(void) {
  char path[64], target[TINE_PATH_MAX];
  for (int i = 0; i < LINKS; i++) {
    size_t size = 0;
    while (size < TINE_PATH_MAX - 100) size += (size_t)snprintf(target + size, 8, "./././");
    snprintf(target + size, 32, "%s%.0d", i == 0 ? "." : "", i == 0 ? 0 : i - 1);
    if (i == 1) snprintf(target + size, 32, "0");
    snprintf(path, sizeof path, WORLD "/%d", i);
    if (symlink(target, path) < 0) printf("# %s: %s\n", path, strerror(errno));
  }
}
static void make_deep(int make) {
  char name[251];
  memset(name, 'd', sizeof name);
  name[250] = 0;
  mkdir(WORLD "/deep", 0755);
  chdir(WORLD "/deep");
  for (int i = 0; make && i < 16; i++) {
    mkdir(name, 0755);
    if (chdir(name) < 0) break;
  }
  for (int i = 0; !make && i < 16; i++) chdir(name);
  for (int i = 0; !make && i < 17; i++) {
    chdir("..");
    rmdir(name);
  }
  chdir("/");
}
static void make_world(void) {
  char path[64];
  mkdir(WORLD, 0755);
  mkdir(NAMES, 0777);
  for (int i = 0; i < NAMES_MADE; i++) {
    snprintf(path, sizeof path, NAMES "/%d", i);
    int fd = open(path, O_WRONLY | O_CREAT, 0644);
    if (fd < 0) printf("# %s: %s\n", path, strerror(errno));
    close(fd);
  }
  make_links();
  struct stat about;
  if (stat(WORLD "/39", &about) < 0) printf("not ok - %s/39: %s\n", WORLD, strerror(errno));
  make_deep(1);
  shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  memset(shared, 0, sizeof *shared);
}
static void clear_world(void) {
  char path[64];
  for (int i = 0; i < NAMES_MADE; i++) {
    snprintf(path, sizeof path, NAMES "/%d", i);
    unlink(path);
  }
  for (int i = 0; i < LINKS; i++) {
    snprintf(path, sizeof path, WORLD "/%d", i);
    unlink(path);
  }
  make_deep(0);
  rmdir(WORLD "/deep");
  rmdir(NAMES);
  rmdir(WORLD);
}

/* What a case may have made. */
static void clear_new(void) {
  unlink(LARGE);
  unlink(SMALL);
  unlink(NEW);
  unlink(WORLD "/item");
  rmdir(WORLD "/item");
  rename(NAMES "/moved", NAMES "/5");
}

/* ---- Measuring ---- */

/* Sleeps until the time; how late it is then. */
static uint64_t sleep_until(uint64_t at) {
  struct timespec time = {.tv_sec = (long)(at / 1000000000), .tv_nsec = (long)(at % 1000000000)};
  syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 1, &time, NULL);
  uint64_t now = now_ns();
  return now > at ? now - at : 0;
}

static pid_t start(void (*work)(void)) {
  shared->phase = BEFORE;
  pid_t child = FORK();
  if (child != 0) return child;
  current->prepare();
  shared->start = now_ns();
  shared->phase = DURING;
  work();
  shared->end = now_ns();
  shared->phase = AFTER;
  _exit(0);
}

/* Wakes again and again until the child has ended. */
static uint64_t watch(pid_t child) {
  uint64_t worst = 0;
  int status = 0;
  while (waitpid(child, &status, WNOHANG) == 0) {
    int before = shared->phase;
    uint64_t late = sleep_until(now_ns() + INTERVAL);
    if ((before == DURING || shared->phase == DURING) && late > worst) worst = late;
    if (current->kind == SLEEPS && shared->phase == DURING) kill(child, SIGKILL);
  }
  if (current->kind != SLEEPS) EQUAL(status, 0);
  if (shared->phase == DURING) shared->end = now_ns();
  return worst;
}

/* Runs the work once more and kills it after `ns`; how long it took to end. The clock wakes us to
 * look: woken by the child's end, we would wait for a turn behind all others that are ready. */
static uint64_t kill_after(void (*work)(void), uint64_t ns) {
  int status = 0;
  pid_t child = start(work);
  while (shared->phase == BEFORE && waitpid(child, &status, WNOHANG) == 0)
    sleep_until(now_ns() + 1000000);
  sleep_until(shared->start + ns);
  int phase = shared->phase;
  uint64_t from = now_ns();
  kill(child, SIGKILL);
  while (waitpid(child, &status, WNOHANG) == 0) sleep_until(now_ns() + 100000);
  return phase == DURING ? now_ns() - from : 0;
}

static void idle(void) {
  for (;;) sleep_ms(1000);
}

/* What is over the bound, and why; the figure is its own bound, in ns. */
static const struct {
  const char* what;
  uint64_t late, killed;
} exceptions[] = {
    /* half a copy of the space was made, and is given back first */
    {"clone, 10,000 regions", BOUND, 4000000},
};

static void judge(const struct figure* figure) {
  uint64_t late = BOUND, killed = BOUND;
  for (size_t i = 0; i < sizeof exceptions / sizeof exceptions[0]; i++) {
    if (strcmp(exceptions[i].what, figure->what) != 0) continue;
    late = exceptions[i].late;
    killed = exceptions[i].killed;
  }
  if (figure->late > late) tap_fail("a sleeper was %lu ns late", figure->late);
  if (figure->killed > killed) tap_fail("ended %lu ns after SIGKILL", figure->killed);
}

static void measure(void) {
  struct figure* figure = &shared->figures[shared->count++];
  snprintf(figure->what, sizeof figure->what, "%s, %s", current->call, current->what);
  figure->late = watch(start(current->work));
  figure->took = shared->end - shared->start;
  if (current->kind == RETURNS && figure->took > 2 * BOUND) {
    /* The end of what was prepared is no part of the call. */
    figure->killed = kill_after(current->work, figure->took / 2);
    if (figure->killed > BOUND) {
      uint64_t end = kill_after(idle, BOUND);
      figure->killed = figure->killed > end ? figure->killed - end : 0;
    }
  }
  clear_new();
  judge(figure);
}

static void print_longest(void) {
  for (int i = 0; i < 10; i++) {
    struct figure* worst = &shared->figures[0];
    for (int j = 1; j < shared->count; j++)
      if (shared->figures[j].late > worst->late) worst = &shared->figures[j];
    printf("# %6lu us late, %6lu us after SIGKILL, %7lu us in all: %s\n", worst->late / 1000,
           worst->killed / 1000, worst->took / 1000, worst->what);
    worst->late = 0;
  }
}
