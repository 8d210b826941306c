/* The wing `mmap`: mremap, madvise, msync, and mappings that are split and merged. */
#include "tap.h"
#include "walk.h"

#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define SHARED (MAP_SHARED | MAP_ANONYMOUS)
#define BYTES(pages) ((size_t)((pages) * PAGE))

static char* map(long pages, int flags) {
  char* at = mmap(NULL, BYTES(pages), RW, flags, -1, 0);
  CHECK(at != MAP_FAILED);
  return at;
}
/* `pages` pages with nothing behind them; page n begins with 'a' + n. */
static char* map_before_room(long pages, int flags) {
  char* at = map(pages + 8, flags);
  for (long n = 0; n < pages; n++) at[n * PAGE] = (char)('a' + n);
  EQUAL(munmap(at + pages * PAGE, BYTES(8)), 0);
  return at;
}
static void has_letters(const char* at, long pages) {
  for (long n = 0; n < pages; n++) EQUAL(at[n * PAGE], 'a' + n);
}
#define DIES(action)        \
  do {                      \
    pid_t child_ = FORK();  \
    if (child_ == 0) {      \
      action;               \
      _exit(0);             \
    }                       \
    ENDS(child_, -SIGSEGV); \
  } while (0)
#define REMAP(...) mremap(__VA_ARGS__)

/* ---- mremap ---- */

static void grows_where_it_is(void) {
  char* at = map_before_room(2, ANON);
  CHECK(REMAP(at, BYTES(2), BYTES(5), 0, NULL) == at);
  has_letters(at, 2);
  EQUAL(at[4 * PAGE], 0);
  CHECK(REMAP(at, BYTES(5), BYTES(5), 0, NULL) == at);
  CHECK(REMAP(at, BYTES(5), BYTES(1), 0, NULL) == at);
  EQUAL(at[0], 'a');
  DIES(at[PAGE] = 1);
}

/* A mapping that grows up to another one of its kind is one with it: mremap takes both at once. */
static void grows_into_its_neighbour(void) {
  char* at = map_before_room(6, ANON);
  EQUAL(munmap(at + 2 * PAGE, BYTES(2)), 0);
  ERROR(REMAP(at, BYTES(6), BYTES(6), 0, NULL), EFAULT);
  CHECK(REMAP(at, BYTES(2), BYTES(4), 0, NULL) == at);
  CHECK(REMAP(at, BYTES(6), BYTES(6), 0, NULL) == at);
  CHECK(REMAP(at, BYTES(6), BYTES(8), 0, NULL) == at);
  has_letters(at, 2);
  EQUAL(at[2 * PAGE], 0);
  EQUAL(at[5 * PAGE], 'f');
  EQUAL(at[7 * PAGE], 0);
}

static void moves(int flags) {
  char* at = map_before_room(3, flags);
  char* wall = mmap(at + 3 * PAGE, BYTES(1), RW, ANON | MAP_FIXED_NOREPLACE, -1, 0);
  CHECK(wall == at + 3 * PAGE);
  EQUAL(mprotect(wall, BYTES(1), PROT_READ), 0); /* so that the two do not become one */
  ERROR(REMAP(at, BYTES(3), BYTES(6), 0, NULL), ENOMEM);
  has_letters(at, 3);
  char* to = REMAP(at, BYTES(3), BYTES(6), MREMAP_MAYMOVE, NULL);
  CHECK(to != MAP_FAILED && to != at);
  has_letters(to, 3);
  EQUAL(to[5 * PAGE], 0);
  DIES(at[0] = 1);
  EQUAL(wall[0], 0);
}
static void moves_private(void) { moves(ANON); }
static void moves_shared(void) {
  char* at = map_before_room(2, SHARED);
  char* to = REMAP(at, BYTES(2), BYTES(2), MREMAP_MAYMOVE | MREMAP_FIXED, at + 4 * PAGE);
  CHECK(to == at + 4 * PAGE);
  pid_t child = FORK();
  if (child == 0) {
    to[0] = 'x';
    _exit(0);
  }
  ENDS(child, 0);
  EQUAL(to[0], 'x'); /* still shared */
  EQUAL(to[PAGE], 'b');
}

static void protected_and_shared(void) {
  char* at = map_before_room(1, SHARED);
  pid_t child = FORK();
  if (child == 0) {
    EQUAL(at[0], 'a');
    EQUAL(mprotect(at, BYTES(1), PROT_READ), 0);
    EQUAL(mprotect(at, BYTES(1), RW), 0);
    at[0] = 'b';
    _exit(0);
  }
  ENDS(child, 0);
  EQUAL(at[0], 'b');
}

static void a_part_moves(void) {
  char* at = map_before_room(4, ANON);
  char* to = map(3, ANON);
  to[2 * PAGE] = 'z';
  CHECK(REMAP(at + PAGE, BYTES(2), BYTES(2), MREMAP_MAYMOVE | MREMAP_FIXED, to) == to);
  EQUAL(to[0], 'b');
  EQUAL(to[PAGE], 'c');
  EQUAL(to[2 * PAGE], 'z');
  EQUAL(at[0], 'a');
  EQUAL(at[3 * PAGE], 'd');
  DIES(at[PAGE] = 1);
}

static void after_fork(void) {
  char* at = map_before_room(2, ANON);
  pid_t child = FORK();
  if (child == 0) {
    char* to = REMAP(at, BYTES(2), BYTES(2), MREMAP_MAYMOVE | MREMAP_FIXED, at + 4 * PAGE);
    if (to != at + 4 * PAGE || to[PAGE] != 'b') _exit(1);
    to[0] = 'x';
    _exit(0);
  }
  ENDS(child, 0);
  has_letters(at, 2);
}

static void mremap_refuses(void) {
  char* at = map_before_room(2, ANON);
  int fixed = MREMAP_MAYMOVE | MREMAP_FIXED;
  ERROR(REMAP(at + 1, BYTES(1), BYTES(2), 0, NULL), EINVAL);
  ERROR(REMAP(at, 0, BYTES(2), MREMAP_MAYMOVE, NULL), EINVAL);
  ERROR(REMAP(at, BYTES(1), 0, 0, NULL), EINVAL);
  ERROR(REMAP(at, BYTES(1), BYTES(1), 8, NULL), EINVAL);
  ERROR(REMAP(at, BYTES(1), BYTES(1), MREMAP_FIXED, at + 8 * PAGE), EINVAL);
  ERROR(REMAP(at, BYTES(2), BYTES(2), fixed, at + PAGE), EINVAL);
  ERROR(REMAP(at, BYTES(2), BYTES(2), fixed, at + 8 * PAGE + 1), EINVAL);
  ERROR(REMAP(at, BYTES(2), BYTES(2), fixed, wild(KERNEL)), EINVAL);
  ERROR(REMAP(at, BYTES(2), BYTES(2), fixed, NULL), EINVAL);
  ERROR(REMAP(at, BYTES(3), BYTES(4), MREMAP_MAYMOVE, NULL), EFAULT);
  ERROR(REMAP(at + 4 * PAGE, BYTES(1), BYTES(2), MREMAP_MAYMOVE, NULL), EFAULT);
  ERROR(REMAP(wild(KERNEL), BYTES(1), BYTES(2), MREMAP_MAYMOVE, NULL), EFAULT);
  ERROR(REMAP(at, ~0ul, BYTES(2), MREMAP_MAYMOVE, NULL), EFAULT);
  ERROR(REMAP(at, BYTES(1), ~0ul, MREMAP_MAYMOVE, NULL), ENOMEM);
  ERROR(REMAP(at, BYTES(1), 1ul << 38, MREMAP_MAYMOVE, NULL), ENOMEM);
  has_letters(at, 2);
}

/* ---- madvise, msync ---- */

static void dont_need(void) {
  char* at = map_before_room(3, ANON);
  EQUAL(madvise(at + PAGE, BYTES(1), MADV_DONTNEED), 0);
  EQUAL(at[0], 'a');
  EQUAL(at[PAGE], 0);
  EQUAL(at[2 * PAGE], 'c');
  char* shared = map_before_room(2, SHARED);
  EQUAL(madvise(shared, BYTES(2), MADV_DONTNEED), 0);
  has_letters(shared, 2);
}
static void advice_refused(void) {
  char* at = map_before_room(2, ANON);
  ERROR(madvise(at + 1, BYTES(1), MADV_NORMAL), EINVAL);
  ERROR(madvise(at, BYTES(1), 99), EINVAL);
  ERROR(madvise(at, BYTES(1), -1), EINVAL);
  ERROR(madvise(at, BYTES(4), MADV_WILLNEED), ENOMEM);
  ERROR(madvise(wild(KERNEL), BYTES(1), MADV_DONTNEED), ENOMEM);
  ERROR(madvise(at, ~0ul, MADV_DONTNEED), EINVAL);          /* wraps when it is rounded up */
  ERROR(madvise(at, (size_t)-PAGE, MADV_DONTNEED), EINVAL); /* wraps */
  ERROR(madvise(at, 1ul << 40, MADV_WILLNEED), ENOMEM);
  EQUAL(madvise(at, 0, MADV_NORMAL), 0);
  has_letters(at, 2);
}
static void msync_checks(void) {
  char* at = map_before_room(2, SHARED);
  EQUAL(msync(at, BYTES(2), MS_SYNC), 0);
  EQUAL(msync(at, BYTES(1), MS_ASYNC | MS_INVALIDATE), 0);
  EQUAL(msync(at, 0, 0), 0);
  ERROR(msync(at, BYTES(1), MS_SYNC | MS_ASYNC), EINVAL);
  ERROR(msync(at, BYTES(1), 8), EINVAL);
  ERROR(msync(at + 1, BYTES(1), MS_SYNC), EINVAL);
  ERROR(msync(at, BYTES(3), MS_SYNC), ENOMEM);
  ERROR(msync(wild(KERNEL), BYTES(1), MS_SYNC), ENOMEM);
}

/* ---- Regions ---- */

/* The kernel's heap holds an object for each mapping: it must not grow if mappings become one. A
 * space keeps the memory of the last one that went: so one goes here before each look, and that
 * memory is always counted. */
static uint64_t region_bytes(void) {
  void* other = mmap(NULL, PAGE, PROT_NONE, ANON, -1, 0);
  CHECK(other != MAP_FAILED);
  EQUAL(munmap(other, PAGE), 0);
  struct tine_memory_info info;
  EQUAL(memory_info(&info), 0);
  return info.heap_bytes;
}
static void neighbours_become_one(void) {
  enum { PAGES = 32 };
  char* at = map(PAGES, ANON);
  at[0] = 'a';
  uint64_t before = region_bytes();
  for (long n = 0; n < PAGES; n += 2) EQUAL(mprotect(at + n * PAGE, BYTES(1), PROT_READ), 0);
  CHECK(region_bytes() > before);
  for (long n = 0; n < PAGES; n += 2) EQUAL(mprotect(at + n * PAGE, BYTES(1), RW), 0);
  EQUAL(region_bytes(), before);
  EQUAL(munmap(at + 4 * PAGE, BYTES(2)), 0);
  CHECK(mmap(at + 4 * PAGE, BYTES(2), RW, ANON | MAP_FIXED, -1, 0) == at + 4 * PAGE);
  EQUAL(region_bytes(), before);
  at[5 * PAGE] = 'x'; /* and the one mapping works */
  EQUAL(mprotect(at, BYTES(PAGES), PROT_READ), 0);
  EQUAL(at[0], 'a');
  EQUAL(at[5 * PAGE], 'x');
}

/* A mapping that grows until it meets its neighbour becomes one with it; and that one, which grows
 * in turn, with the next one. */
static void grown_becomes_one(void) {
  char* at = map(12, ANON);
  at[0] = 'a';
  uint64_t whole = region_bytes();
  EQUAL(munmap(at + 2 * PAGE, BYTES(2)), 0);
  EQUAL(munmap(at + 8 * PAGE, BYTES(2)), 0);
  uint64_t parts = region_bytes();
  CHECK(parts > whole);
  CHECK(REMAP(at, BYTES(2), BYTES(4), 0, NULL) == at);
  CHECK(region_bytes() < parts);
  CHECK(REMAP(at, BYTES(8), BYTES(10), 0, NULL) == at); /* from the first page of both */
  EQUAL(region_bytes(), whole);
  at[11 * PAGE] = 'x';
  EQUAL(at[0], 'a');
}

/* Of a file, only what goes on in the file does; shared and private never. */
static void strangers_stay_apart(void) {
  int fd = open("/tmp/wing-mmap-change", O_RDWR | O_CREAT, 0644);
  CHECK(fd >= 0);
  EQUAL(unlink("/tmp/wing-mmap-change"), 0);
  EQUAL(ftruncate(fd, 4 * PAGE), 0);
  char* at = map(4, ANON);
  uint64_t before = region_bytes();
  for (long n = 0; n < 4; n++) {
    char* here = at + n * PAGE;
    CHECK(mmap(here, BYTES(1), RW, MAP_SHARED | MAP_FIXED, fd, n * PAGE) == here);
  }
  EQUAL(region_bytes(), before);
  for (long n = 0; n < 4; n++) {
    char* here = at + n * PAGE;
    CHECK(mmap(here, BYTES(1), RW, MAP_SHARED | MAP_FIXED, fd, (3 - n) * PAGE) == here);
  }
  CHECK(region_bytes() > before);
  at[0] = 'd';
  char byte = 0;
  EQUAL(lseek(fd, 3 * PAGE, SEEK_SET), 3 * PAGE);
  EQUAL(read(fd, &byte, 1), 1);
  EQUAL(byte, 'd');
}

/* ---- Want of memory ---- */

static void all_there(const char* at) {
  if (at[0] != 'a' || at[PAGE] != 'b') _exit(1);
}
static void arguments(const void* at, long size, long a2, long a3, long a4) {
  const uintptr_t values[] = {(uintptr_t)at, (uintptr_t)size, (uintptr_t)a2,
                              (uintptr_t)a3, (uintptr_t)a4,   0};
  memcpy(argument, values, sizeof values);
}
static int try_share(long n) {
  long at;
  arguments(NULL, 2 * PAGE, RW, SHARED, -1);
  return attempt(n, SYS_mmap, &at);
}
/* The two pages come into two page tables, so that one may be there before memory is short. */
static int try_move(long n) {
  enum { TABLE = 2 << 20 };
  char* at = map_before_room(2, ANON);
  char* far = wild(((uintptr_t)at + (1l << 30)) / TABLE * TABLE - (uintptr_t)PAGE);
  long to;
  arguments(at, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, (long)far);
  int how = attempt(n, SYS_mremap, &to);
  all_there(to == (long)far ? far : at);
  return how;
}
static int try_split(long n) {
  char* at = map_before_room(2, ANON);
  long result;
  arguments(at, PAGE, PROT_READ, 0, 0);
  int how = attempt(n, SYS_mprotect, &result);
  all_there(at);
  return how;
}
static void refused_share(void) { WALK(try_share, 0, 2); }
static void refused_move(void) { WALK(try_move, 0, 4); }
static void refused_split(void) { WALK(try_split, 0, 1); }

int main(void) {
  tap_begin("wing-mmap-change");
  RUN("mremap grows and shrinks a mapping where it is", grows_where_it_is);
  RUN("a mapping that grew up to its neighbour is one with it", grows_into_its_neighbour);
  RUN("mremap moves a mapping that has no room", moves_private);
  RUN("mremap moves shared memory, which stays shared", moves_shared);
  RUN("shared memory that is protected and opened again is still shared", protected_and_shared);
  RUN("mremap moves a part, and replaces what is there", a_part_moves);
  RUN("mremap moves pages that are shared until written", after_fork);
  RUN("mremap refuses every bad argument, and changes nothing then", mremap_refuses);
  RUN("madvise(MADV_DONTNEED) drops private pages, and no shared ones", dont_need);
  RUN("madvise refuses every bad argument", advice_refused);
  RUN("msync looks at its arguments", msync_checks);
  RUN("neighbours that are alike become one mapping again", neighbours_become_one);
  RUN("what has grown to its neighbour becomes one with it", grown_becomes_one);
  RUN("mappings of a file become one only where they go on in the file", strangers_stay_apart);
  RUN("every allocation of a shared mapping may fail", refused_share);
  RUN("every allocation of mremap may fail, and nothing has moved then", refused_move);
  RUN("every allocation of mprotect may fail", refused_split);
  return tap_end();
}
