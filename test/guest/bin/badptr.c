/*
 * Every pointer of every call of the core, in one list of bad places: EFAULT, and the world
 * (world.h) is as it was. And in one list of places that are only not there yet: pages of zeros, of
 * the program's file, shared with the parent until written, two pages for one object, and its last
 * byte the last one before a hole. There the call does what it does anywhere.
 */
#include "world.h"

enum kind { TEXT, IN, OUT };
enum {
  OPTIONAL = 1, /* may be null */
  UNSTABLE = 2, /* answers something else each time */
  PARTIAL = 4,  /* may move less */
  BAD_ONLY = 8, /* where it succeeds, we are gone */
  INSIDE = 16   /* the place is not the argument itself but the first word that it points to */
};

struct row {
  const char* what;
  long number;
  long a[5];
  int place; /* the argument that is tried */
  enum kind kind;
  size_t size;      /* of the object; of a text with its 0 */
  const void* from; /* IN, TEXT: what stands there */
  int flags;
  int good_error; /* what a good place leads to, where it is not success */
};
static const struct row* row;

#define A(object) (long)(object)
#define NO_PROGRAM "/tmp/badptr.no_program" /* may be executed, but is none */
#define TEXT_OF(text) TEXT, sizeof(text), text

static struct tine_timespec moment = {0, 1000};
static struct tine_sigaction action = {.handler = TINE_SIG_IGN};
static uint64_t set = 1 << 9;
static const char bytes[100] = "a hundred bytes, most of them 0";
static char* vector[] = {"argument", NULL};
static char* inside[] = {NULL, NULL};
static char answer[600];

static const struct row rows[] = {
    {"getcwd", SYS_getcwd, {0, 100}, 0, OUT, 7, 0, 0, 0},
    {"mkdirat", SYS_mkdirat, {DIR_FD, 0, 0755}, 1, TEXT_OF("new"), 0, 0},
    {"unlinkat", SYS_unlinkat, {DIR_FD, 0, 0}, 1, TEXT_OF("link"), 0, 0},
    {"symlinkat's target", SYS_symlinkat, {0, DIR_FD, A("new")}, 0, TEXT_OF("to"), 0, 0},
    {"symlinkat's name", SYS_symlinkat, {A("to"), DIR_FD, 0}, 2, TEXT_OF("new"), 0, 0},
    {"linkat's old name", SYS_linkat, {DIR_FD, 0, DIR_FD, A("new")}, 1, TEXT_OF("file"), 0, 0},
    {"linkat's new name", SYS_linkat, {DIR_FD, A("file"), DIR_FD, 0}, 3, TEXT_OF("new"), 0, 0},
    {"renameat2's old name",
     SYS_renameat2,
     {DIR_FD, 0, DIR_FD, A("new")},
     1,
     TEXT_OF("file"),
     0,
     0},
    {"renameat2's new name",
     SYS_renameat2,
     {DIR_FD, A("file"), DIR_FD, 0},
     3,
     TEXT_OF("dir/in"),
     0,
     0},
    {"chdir", SYS_chdir, {0}, 0, TEXT_OF("dir"), 0, 0},
    {"openat O_CREAT", SYS_openat, {DIR_FD, 0, O_CREAT, 0600}, 1, TEXT_OF("new"), 0, 0},
    {"openat O_TRUNC", SYS_openat, {DIR_FD, 0, O_RDWR | O_TRUNC}, 1, TEXT_OF("./file"), 0, 0},
    {"pipe2", SYS_pipe2, {0, 0}, 0, OUT, 8, 0, 0, 0},
    {"getdents64", SYS_getdents64, {DIR_FD, 0, 24}, 1, OUT, 24, 0, UNSTABLE, 0},
    {"read of a file", SYS_read, {FILE_FD, 0, 100}, 1, OUT, 100, 0, PARTIAL, 0},
    {"read of a pipe", SYS_read, {READ_FD, 0, 5}, 1, OUT, 5, 0, PARTIAL, 0},
    {"write to a file", SYS_write, {FILE_FD, 0, 100}, 1, IN, 100, bytes, PARTIAL, 0},
    {"write to a pipe", SYS_write, {WRITE_FD, 0, 100}, 1, IN, 100, bytes, PARTIAL, 0},
    {"readlinkat's path", SYS_readlinkat, {DIR_FD, 0, A(answer), 9}, 1, TEXT_OF("link"), 0, 0},
    {"readlinkat's answer", SYS_readlinkat, {DIR_FD, A("link"), 0, 9}, 2, OUT, 4, 0, 0, 0},
    {"newfstatat's path", SYS_newfstatat, {DIR_FD, 0, A(answer)}, 1, TEXT_OF("file"), 0, 0},
    {"newfstatat's answer", SYS_newfstatat, {DIR_FD, A("file")}, 2, OUT, 128, 0, UNSTABLE, 0},
    {"fstat", SYS_fstat, {FILE_FD, 0}, 1, OUT, 128, 0, UNSTABLE, 0},
    {"nanosleep", SYS_nanosleep, {0, 0}, 0, IN, sizeof moment, &moment, 0, 0},
    {"rt_sigaction's new action",
     SYS_rt_sigaction,
     {SIGUSR1, 0, A(answer), 8},
     1,
     IN,
     sizeof action,
     &action,
     OPTIONAL,
     0},
    {"rt_sigaction's old action",
     SYS_rt_sigaction,
     {SIGUSR1, A(&action), 0, 8},
     2,
     OUT,
     sizeof action,
     0,
     OPTIONAL,
     0},
    {"rt_sigprocmask's new mask",
     SYS_rt_sigprocmask,
     {SIG_BLOCK, 0, A(answer), 8},
     1,
     IN,
     8,
     &set,
     OPTIONAL,
     0},
    {"rt_sigprocmask's old mask",
     SYS_rt_sigprocmask,
     {SIG_BLOCK, A(&set), 0, 8},
     2,
     OUT,
     8,
     0,
     OPTIONAL,
     0},
    {"execve's path", SYS_execve, {0}, 0, TEXT_OF("/none"), 0, ENOENT},
    {"execve's argv", SYS_execve, {A(NO_PROGRAM)}, 1, IN, 16, vector, OPTIONAL, ENOEXEC},
    {"execve's envp", SYS_execve, {A(NO_PROGRAM), 0}, 2, IN, 16, vector, OPTIONAL, ENOEXEC},
    {"execve's argument",
     SYS_execve,
     {A(NO_PROGRAM), A(inside)},
     1,
     TEXT_OF("one"),
     INSIDE | OPTIONAL,
     ENOEXEC},
    {"execv's argv", SYS_execv, {APP_ID_HELLO, 0}, 1, IN, 16, vector, OPTIONAL | BAD_ONLY, 0},
    {"execv's argument",
     SYS_execv,
     {APP_ID_HELLO, A(inside)},
     1,
     TEXT_OF("one"),
     INSIDE | OPTIONAL | BAD_ONLY,
     0},
    {"wait4's status", SYS_wait4, {-1, 0, 0, 0}, 1, OUT, 4, 0, OPTIONAL, 0},
    {"wait4's usage", SYS_wait4, {-1, 0, 0, 0}, 3, OUT, 144, 0, OPTIONAL | UNSTABLE, 0},
    {"getargs", SYS_getargs, {0}, 0, OUT, sizeof(struct tine_args), 0, 0, 0},
    {"ipc_recv", SYS_ipc_recv, {0}, 0, OUT, sizeof(struct tine_message), 0, UNSTABLE, 0},
    {"process_info", SYS_process_info, {1, 0}, 1, OUT, sizeof(struct tine_process_info), 0, 2, 0},
    {"memory_info", SYS_memory_info, {0}, 0, OUT, sizeof(struct tine_memory_info), 0, 2, 0},
    {"page_info", SYS_page_info, {A(bytes), 0}, 1, OUT, sizeof(struct tine_page_info), 0, 2, 0},
};
enum { ROWS = sizeof rows / sizeof rows[0], PATTERN = 0x5a };

/* ---- One call ---- */

static struct world before, after;

/* What the call needs of the world besides. */
static void build(void) {
  build_world();
  if (row->number == SYS_wait4) {
    pid_t child = FORK();
    if (child == 0) _exit(9);
    struct tine_process_info info;
    while (tap_info(child, &info) && info.state != TINE_ZOMBIE) sleep_ms(1);
  }
  if (row->number == SYS_ipc_recv) EQUAL(ipc_send(getpid(), 77), 0);
}

static long call_with(void* place) {
  uint64_t a[5];
  for (int i = 0; i < 5; i++) a[i] = (uint64_t)row->a[i];
  if (row->flags & INSIDE) {
    inside[0] = place;
  } else {
    a[row->place] = (uintptr_t)place;
  }
  errno = 0;
  return syscall(row->number, a[0], a[1], a[2], a[3], a[4]);
}

/* ---- Bad places ---- */

static void refused(uintptr_t place, const char* why) {
  long result = call_with(wild(place));
  if (result != -1 || errno != EFAULT)
    tap_fail("%s (%lx): expected EFAULT, got %ld, %s", why, place, result, strerror(errno));
}

static void all_bad_places(void) {
  static const uintptr_t bad[] = {8,        USER_BASE - 1, KERNEL,     USER_TOP - 1,
                                  USER_TOP, 1ul << 38,     ~0ul << 38, 1ul << 63,
                                  -8ul,     -1ul,          -4096ul,    0x80200000};
  char* map = mmap(NULL, 4 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  char* edge = map + 4096;
  if (row->kind != OUT) memcpy(edge - row->size + 1, row->from, row->size - 1);
  EQUAL(munmap(edge, 4096), 0);
  memset(edge + 4096, 1, 4096);
  EQUAL(mprotect(edge + 4096, 2 * 4096, PROT_NONE), 0);

  if (!(row->flags & OPTIONAL)) refused(0, "null");
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) refused(bad[i], "outside");
  refused((uintptr_t)edge, "a hole");
  refused((uintptr_t)edge + 4096, "a page that may not be accessed");
  refused((uintptr_t)edge + 2 * 4096, "a fresh page that may not be accessed");
  if (!(row->flags & PARTIAL)) refused((uintptr_t)edge - row->size + 1, "a hole in the last byte");
  if (row->kind == OUT) {
    refused((uintptr_t)all_bad_places, "code");
    refused((uintptr_t)bytes, "constants");
  }
}

static void in_bad_places(void) {
  build();
  describe(&before);
  all_bad_places();
  describe(&after);
  if (!same_world(&before, &after, 1)) tap_fail("the world has changed");
  if (row->number == SYS_wait4) EQUAL(waitpid(-1, NULL, 0) > 0, 1);
  if (row->number == SYS_ipc_recv) {
    struct tine_message message;
    EQUAL(ipc_recv(&message), 0);
    EQUAL(message.word, 77);
  }
  leave_world();
}

/* ---- Good places ---- */

static char in_the_file[2 * 4096] __attribute__((aligned(4096))) = {PATTERN};
static char shared[2 * 4096] __attribute__((aligned(4096)));

enum { ORDINARY, FRESH, TWO_PAGES, OF_THE_FILE, SHARED, AT_THE_EDGE, ONE_TOO_FAR, PLACES };

static char* place_of(int which) {
  static char ordinary[600];
  char* map = mmap(NULL, 2 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  switch (which) {
    case FRESH: return map;
    case TWO_PAGES: return map + 4096 - (row->size + 1) / 2;
    case OF_THE_FILE: return in_the_file + 4096 - (row->size + 1) / 2;
    case SHARED: return shared + 4096 - (row->size + 1) / 2;
    case AT_THE_EDGE:
    case ONE_TOO_FAR:
      EQUAL(munmap(map + 4096, 4096), 0);
      return map + 4096 - row->size + (which == ONE_TOO_FAR);
    default: return ordinary;
  }
}

/* In a process of its own: what the call answers in `which` is what it answers anywhere. */
static void in_place(int which) {
  build();
  char* place = place_of(which);
  size_t size = row->size - (which == ONE_TOO_FAR);
  if (row->kind != OUT) memcpy(place, row->from, size);
  long result = call_with(place);
  if (row->good_error) {
    CHECK(result == -1 && errno == row->good_error);
  } else if (result < 0) {
    tap_fail("place %d: expected success, got %s", which, strerror(errno));
  }
  if (row->flags & PARTIAL) EQUAL(result, size);
  if (row->kind == OUT) {
    unsigned long sum = 0;
    for (size_t i = 0; i < size; i++) sum += (unsigned char)place[i] != PATTERN;
    CHECK(sum > 0);
    memcpy(answer, place, size);
  }
  leave_world();
}

static int same_answer(const int* ends) {
  char got[600];
  ssize_t size = read(ends[0], got, sizeof got);
  return size == (ssize_t)row->size && memcmp(got, answer, row->size) == 0;
}

static void in_good_places(void) {
  int ends[2];
  EQUAL(pipe(ends), 0);
  for (int which = ORDINARY; which < PLACES; which++) {
    if (which == ONE_TOO_FAR && !(row->flags & PARTIAL)) continue;
    pid_t child = FORK();
    if (child == 0) {
      in_place(which);
      if (row->kind == OUT) write(ends[1], answer, row->size);
      _exit(0);
    }
    ENDS(child, 0);
    if (row->kind != OUT) continue;
    int comparable = which != ORDINARY && which != ONE_TOO_FAR && !(row->flags & UNSTABLE);
    if (!comparable) {
      EQUAL(read(ends[0], answer, sizeof answer), row->size);
    } else if (!same_answer(ends)) {
      tap_fail("place %d: another answer", which);
    }
  }
  for (size_t i = 0; i < sizeof shared; i++) {
    if (shared[i] != PATTERN) tap_fail("a child's answer appeared in its parent's page");
  }
}

/* ---- Transfers across a hole ---- */

/* What comes before the hole is moved, what comes behind is not, and nothing is lost. */
static void a_hole_in_a_file(void) {
  char* map = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  char rest[6000];
  build_world();
  EQUAL(munmap(map + 4096, 4096), 0);
  EQUAL(read(FILE_FD, map + 96, 3 * 4096), 4000);
  EQUAL(lseek(FILE_FD, 0, SEEK_CUR), 4100);
  EQUAL(read(FILE_FD, rest, sizeof rest), 1900);
  memset(map, 'w', 4096);
  EQUAL(lseek(FILE_FD, 10, SEEK_SET), 10);
  EQUAL(write(FILE_FD, map + 4096 - 20, 5000), 20);
  EQUAL(lseek(FILE_FD, 0, SEEK_CUR), 30);
  EQUAL(lseek(FILE_FD, 0, SEEK_SET), 0);
  EQUAL(read(FILE_FD, rest, 40), 40);
  CHECK(rest[9] == 'f' && rest[10] == 'w' && rest[29] == 'w' && rest[30] == 'f');
  leave_world();
}

static void a_count_too_large(void) {
  char there[16];
  build_world();
  const size_t counts[] = {USER_TOP, 1ul << 38, 1ul << 63, (1ul << 63) - 1, ~0ul, ~0ul - 4095};
  for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
    ERROR(read(FILE_FD, there, counts[i]), EFAULT);
    ERROR(write(FILE_FD, there, counts[i]), EFAULT);
    ERROR(read(READ_FD, there, counts[i]), EFAULT);
  }
  ERROR(read(FILE_FD, wild(USER_TOP), 1), EFAULT);
  ERROR(write(FILE_FD, wild(USER_TOP - 1), 2), EFAULT);
  EQUAL(lseek(FILE_FD, 0, SEEK_CUR), 100);
  leave_world();
}

/* There is no room for another piece, but there is none to be waited for either. */
static void a_hole_in_a_full_pipe(void) {
  enum { PAGES = 16, IN_LAST = 2000, GOOD = (PAGES - 1) * 4096 + IN_LAST };
  char* map =
      mmap(NULL, (PAGES + 1) * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  int ends[2];
  char* from = map + PAGES * 4096 - GOOD;
  EQUAL(pipe(ends), 0);
  memset(from, 'p', GOOD);
  EQUAL(munmap(map + PAGES * 4096, 4096), 0);
  EQUAL(write(ends[1], from, GOOD + 4096), GOOD);
  EQUAL(read(ends[0], map, PAGES * 4096), GOOD);
  for (int i = 0; i < GOOD; i++) CHECK(map[i] == 'p');
  EQUAL(munmap(map, PAGES * 4096), 0);
  EQUAL(close(ends[0]), 0);
  EQUAL(close(ends[1]), 0);
}

static void a_hole_in_a_pipe(void) {
  char* map = mmap(NULL, 2 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  char rest[100];
  build_world();
  EQUAL(munmap(map + 4096, 4096), 0);
  EQUAL(read(READ_FD, map + 4096 - 2, 5), 2);
  CHECK(memcmp(map + 4094, "pi", 2) == 0);
  EQUAL(read(READ_FD, rest, sizeof rest), 3);
  CHECK(memcmp(rest, "ped", 3) == 0);
  memcpy(map + 4096 - 3, "abc", 3);
  EQUAL(write(WRITE_FD, map + 4096 - 3, 100), 3);
  EQUAL(read(READ_FD, rest, sizeof rest), 3);
  CHECK(memcmp(rest, "abc", 3) == 0);
  leave_world();
}

static char title[2 * ROWS][100];

int main(void) {
  tap_begin("badptr");
  memset(shared, PATTERN, sizeof shared);
  close(open(NO_PROGRAM, O_WRONLY | O_CREAT, 0755));
  build_world(); /* once for the pages that it takes here */
  describe(&before);
  describe(&after);
  leave_world();
  for (int i = 0; i < ROWS; i++) {
    row = &rows[i];
    snprintf(title[2 * i], sizeof title[0], "%s: a bad pointer is EFAULT and changes nothing",
             row->what);
    RUN(title[2 * i], in_bad_places);
    if (row->flags & BAD_ONLY) continue;
    snprintf(title[2 * i + 1], sizeof title[0], "%s: a page that is not there yet will do",
             row->what);
    RUN(title[2 * i + 1], in_good_places);
  }
  RUN("a count that goes past the address space: EFAULT, and nothing moves", a_count_too_large);
  RUN("a hole in the middle of a file's bytes: a short count", a_hole_in_a_file);
  RUN("a hole in the middle of a pipe's bytes: a short count, nothing is lost", a_hole_in_a_pipe);
  RUN("a hole behind what fills a pipe: a short count, and no waiting", a_hole_in_a_full_pipe);
  return tap_end();
}
