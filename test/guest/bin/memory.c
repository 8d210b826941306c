/* brk, mmap, munmap, mprotect, page_info, and what a program may do with its memory. */
#include "tap.h"

#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define RW (PROT_READ | PROT_WRITE)

static char* map_at(void* at, size_t size, int protection, int flags) {
  return mmap(at, size, protection, ANON | flags, -1, 0);
}
static char* map(long pages) {
  char* at = map_at(NULL, (size_t)(pages * PAGE), RW, 0);
  CHECK(at != MAP_FAILED);
  return at;
}

static int read_byte(volatile char* at) { return *at; }

/* Does touching it end a process with SIGSEGV? */
#define DIES(action)       \
  do {                     \
    pid_t dying = FORK();  \
    if (dying == 0) {      \
      action;              \
      _exit(0);            \
    }                      \
    ENDS(dying, -SIGSEGV); \
  } while (0)

/* ---- brk ---- */

static void brk_up_and_down(void) {
  char* start = sbrk(0);
  CHECK((char*)sbrk(5 * PAGE) == start);
  for (int i = 0; i < 5; i++) {
    EQUAL(start[i * PAGE], 0);
    start[i * PAGE] = 'b';
  }
  EQUAL(brk(start + PAGE), 0);
  EQUAL(start[0], 'b');
  char* round_up = (char*)(((uintptr_t)start + PAGE + PAGE - 1) & ~(PAGE - 1ul));
  DIES(round_up[0] = 'x');
  EQUAL(brk(start + 5 * PAGE), 0);
  EQUAL(start[4 * PAGE], 0); /* given back and taken anew: zeros */
  EQUAL(brk(start), 0);
  EQUAL(brk(start + 1), 0);
  start[0] = 'c';
  EQUAL(brk(start), 0);
}

static void brk_edges(void) {
  char* start = sbrk(0);
  const uintptr_t bad[] = {0,
                           1,
                           0x10000,
                           (uintptr_t)start - 64 * PAGE,
                           KERNEL,
                           ~0ul,
                           ~0ul - 4095,
                           USER_TOP,
                           USER_TOP - 1,
                           USER_TOP + PAGE,
                           1ul << 63};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) EQUAL(syscall(SYS_brk, bad[i]), start);
  char* wall = map_at(start + 16 * PAGE, PAGE, RW, MAP_FIXED);
  CHECK(wall == (char*)(((uintptr_t)start & ~(PAGE - 1ul)) + 16 * PAGE) || wall == MAP_FAILED);
  if (wall == MAP_FAILED) { /* start was not aligned */
    wall = map_at((void*)(((uintptr_t)start + 16 * PAGE) & ~(PAGE - 1ul)), PAGE, RW, MAP_FIXED);
  }
  CHECK(wall != MAP_FAILED);
  CHECK(sbrk(32 * PAGE) == (void*)-1);
  CHECK(sbrk(0) == start);
  EQUAL(brk(wall), 0);
  EQUAL(brk(start), 0);
}

/* A mapping across the heap's end is more than the heap's. */
static void brk_below_a_mapping(void) {
  struct tine_page_info info;
  char* start = sbrk(0);
  char* first = (char*)(((uintptr_t)start + PAGE - 1) & ~(PAGE - 1ul));
  EQUAL(brk(first + 2 * PAGE), 0);
  CHECK(map_at(first + PAGE, 2 * PAGE, RW, MAP_FIXED) == first + PAGE);
  first[2 * PAGE] = 'm';
  EQUAL(brk(first + PAGE), 0);
  ERROR(page_info(first + PAGE, &info), EFAULT);
  EQUAL(page_info(first + 2 * PAGE, &info), 0);
  EQUAL(first[2 * PAGE], 'm');
  EQUAL(munmap(first + 2 * PAGE, PAGE), 0);
  EQUAL(brk(start), 0);
}

/* ---- mmap ---- */

static void demand_zero(void) {
  char* at = map(64);
  struct tine_page_info info;
  EQUAL(page_info(at, &info), 0);
  EQUAL(info.frame, 0);
  for (long i = 0; i < 64 * PAGE; i += 8) EQUAL(*(long*)(at + i), 0);
  EQUAL(page_info(at, &info), 0);
  CHECK(info.frame != 0);
  memset(at, 0xff, 64 * PAGE);
  EQUAL(munmap(at, 64 * PAGE), 0);
  at = map(64); /* the frames come again, as zeros */
  for (long i = 0; i < 64 * PAGE; i += 8) EQUAL(*(long*)(at + i), 0);
}

static void mmap_bad(void) {
  const struct {
    uintptr_t at;
    size_t size;
    int protection, flags, error;
  } bad[] = {
      {0, 0, RW, ANON, EINVAL},
      {0, PAGE, RW, MAP_ANONYMOUS, EINVAL},
      {0, PAGE, RW, MAP_SHARED | MAP_PRIVATE | MAP_ANONYMOUS, EINVAL},
      {0, PAGE, 8, ANON, EINVAL},
      {0, PAGE, -1, ANON, EINVAL},
      {0, 1ul << 38, RW, ANON, ENOMEM},
      {0, 1ul << 62, RW, ANON, ENOMEM},
      {0, ~0ul, RW, ANON, ENOMEM},
      {0, ~0ul - 4095, RW, ANON, ENOMEM},
      {0x20000001, PAGE, RW, ANON | MAP_FIXED, EINVAL},
      {0, PAGE, RW, ANON | MAP_FIXED, ENOMEM},
      {0x1000, PAGE, RW, ANON | MAP_FIXED, ENOMEM},
      {0xf000, PAGE, RW, ANON | MAP_FIXED, ENOMEM},
      {USER_TOP, PAGE, RW, ANON | MAP_FIXED, ENOMEM},
      {USER_TOP - PAGE, 2 * PAGE, RW, ANON | MAP_FIXED, ENOMEM},
      {0x20000000, ~0ul - 0x10000000, RW, ANON | MAP_FIXED, ENOMEM},
      {KERNEL, PAGE, RW, ANON | MAP_FIXED, ENOMEM},
      {1ul << 47, PAGE, RW, ANON | MAP_FIXED, ENOMEM},
      {-4096ul, PAGE, RW, ANON | MAP_FIXED, ENOMEM},
      {-4096ul, 2 * PAGE, RW, ANON | MAP_FIXED, ENOMEM},
  };
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    errno = 0;
    void* got = mmap((void*)bad[i].at, bad[i].size, bad[i].protection, bad[i].flags, -1, 0);
    if (got != MAP_FAILED || errno != bad[i].error) {
      tap_fail("row %lu: expected %s, got %p, %s", i, strerror(bad[i].error), got, strerror(errno));
    }
  }
}

/* What else can be mapped, a wing knows, if it is there. */
static void mmap_of_others(void) {
  void* shared = mmap(NULL, (size_t)PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  int file_error = shared == MAP_FAILED ? ENODEV : EBADF;
  if (shared == MAP_FAILED) CHECK(errno == ENODEV);
  ERROR(mmap(NULL, (size_t)PAGE, RW, MAP_PRIVATE, -1, 0), file_error);
}

static void mmap_places(void) {
  char* hint = (char*)0x30000000;
  CHECK(map_at(hint, PAGE, RW, 0) == hint);
  char* elsewhere = map_at(hint, PAGE, RW, 0);
  CHECK(elsewhere != hint && elsewhere != MAP_FAILED);
  CHECK(map_at(wild(KERNEL), PAGE, RW, 0) < (char*)USER_TOP);
  CHECK(map_at(wild(1), PAGE, RW, 0) >= (char*)USER_BASE);
  hint[0] = 'h';
  CHECK(map_at(hint, PAGE, RW, MAP_FIXED) == hint); /* replaced: */
  EQUAL(hint[0], 0);
  char* odd = map_at(NULL, 1, RW, 0);
  odd[PAGE - 1] = 'x'; /* whole pages */
  CHECK(map_at(wild(USER_BASE), 0, RW, MAP_FIXED) == MAP_FAILED);
  char* top = map_at((void*)(USER_TOP - PAGE), PAGE, RW, MAP_FIXED);
  CHECK(top == (char*)(USER_TOP - PAGE));
  top[PAGE - 1] = 'x';
  EQUAL(munmap(top, PAGE), 0);
}

static void many_regions(void) {
  char* at = map(200);
  for (int i = 1; i < 200; i += 2) EQUAL(munmap(at + i * PAGE, PAGE), 0);
  for (int i = 0; i < 200; i += 2) at[i * PAGE] = (char)i;
  for (int i = 0; i < 200; i += 2) EQUAL(at[i * PAGE], (char)i);
  for (int i = 1; i < 200; i += 40) DIES(at[i * PAGE] = 1);
  EQUAL(munmap(at, 200 * PAGE), 0);
}

/* ---- munmap ---- */

static void munmap_parts(void) {
  char* at = map(5);
  memset(at, 'm', 5 * PAGE);
  EQUAL(munmap(at + 2 * PAGE, PAGE), 0);
  DIES(read_byte(at + 2 * PAGE));
  CHECK(at[2 * PAGE - 1] == 'm' && at[3 * PAGE] == 'm');
  EQUAL(munmap(at + 2 * PAGE, PAGE), 0); /* nothing there: nothing to do */
  EQUAL(munmap(at + 4 * PAGE, 1), 0);    /* a part of a page is a page */
  DIES(read_byte(at + 4 * PAGE));
  EQUAL(munmap(at, 5 * PAGE), 0);
  DIES(read_byte(at));
}

static void munmap_bad(void) {
  char* at = map(1);
  at[0] = 'm';
  ERROR(munmap(at, 0), EINVAL);
  ERROR(munmap(at + 1, PAGE), EINVAL);
  ERROR(munmap(at, ~0ul), EINVAL);
  ERROR(munmap(at, -(uintptr_t)at), EINVAL);
  ERROR(munmap(wild(KERNEL), PAGE), EINVAL);
  ERROR(munmap(wild(1ul << 50), PAGE), EINVAL);
  ERROR(munmap(wild(-4096ul), PAGE), EINVAL);
  ERROR(munmap(wild(-4096ul), 2 * PAGE), EINVAL);
  EQUAL(munmap(NULL, PAGE), 0);
  EQUAL(at[0], 'm');
}

/* ---- mprotect ---- */

static void protect_and_back(void) {
  char* at = map(3);
  memset(at, 'p', 3 * PAGE);
  EQUAL(mprotect(at + PAGE, PAGE, PROT_READ), 0);
  DIES(at[PAGE] = 'x');
  EQUAL(at[PAGE], 'p');
  at[0] = at[2 * PAGE] = 'q';
  EQUAL(mprotect(at, 3 * PAGE, RW), 0);
  at[PAGE] = 'r';
  EQUAL(mprotect(at, 3 * PAGE, PROT_NONE), 0);
  DIES(read_byte(at));
  DIES(at[2 * PAGE] = 'x');
  EQUAL(mprotect(at, 3 * PAGE, PROT_READ), 0);
  CHECK(at[0] == 'q' && at[PAGE] == 'r' && at[2 * PAGE] == 'q');
}

static void protect_untouched(void) {
  char* at = map(2);
  EQUAL(mprotect(at, 2 * PAGE, PROT_READ), 0);
  EQUAL(at[0], 0);
  DIES(at[PAGE] = 'x');
  EQUAL(mprotect(at, 2 * PAGE, PROT_WRITE), 0); /* RISC-V: what can be written can be read */
  at[PAGE] = 'w';
  EQUAL(at[PAGE], 'w');
}

static void protect_bad(void) {
  char* at = map(3);
  at[0] = 'p';
  ERROR(mprotect(at + 1, PAGE, PROT_READ), EINVAL);
  ERROR(mprotect(at, PAGE, 8), EINVAL);
  ERROR(mprotect(at, PAGE, -1), EINVAL);
  EQUAL(munmap(at + PAGE, PAGE), 0);
  ERROR(mprotect(at, 3 * PAGE, PROT_READ), ENOMEM);
  at[0] = 'q'; /* and nothing was changed */
  ERROR(mprotect(at + PAGE, PAGE, PROT_READ), ENOMEM);
  ERROR(mprotect(wild(KERNEL), PAGE, PROT_READ), ENOMEM);
  ERROR(mprotect(NULL, PAGE, PROT_READ), ENOMEM);
  ERROR(mprotect(at, ~0ul, PROT_READ), ENOMEM);
  ERROR(mprotect(wild(-4096ul), 2 * PAGE, PROT_READ), ENOMEM);
  EQUAL(mprotect(at, 0, PROT_READ), 0);
  at[0] = 'r';
}

static void kernel_obeys_protection(void) {
  char* at = map(1);
  strcpy(at, "/dev/null");
  EQUAL(mprotect(at, PAGE, PROT_NONE), 0);
  ERROR(open(at, O_RDONLY), EFAULT);
  ERROR(write(1, at, 1), EFAULT);
  EQUAL(mprotect(at, PAGE, PROT_READ), 0);
  ERROR(memory_info((struct tine_memory_info*)at), EFAULT);
  EQUAL(close(open(at, O_RDONLY)), 0);
}

static void execution(void) {
  static const uint32_t code[] = {0x02a00513, 0x00008067}; /* li a0, 42; ret */
  char* at = map(1);
  memcpy(at, code, sizeof code);
  int (*call)(void) = (int (*)(void))at;
  DIES(call());
  EQUAL(mprotect(at, PAGE, PROT_READ | PROT_EXEC), 0);
  EQUAL(call(), 42);
  DIES(at[0] = 0);
  EQUAL(mprotect(at, PAGE, RW), 0);
  DIES(call());
  *(uint32_t*)at = 0x02b00513; /* li a0, 43: the instruction cache must not hold the old one */
  EQUAL(mprotect(at, PAGE, PROT_READ | PROT_EXEC), 0);
  EQUAL(call(), 43);
}

/* ---- The stack, and what is never there ---- */

static __attribute__((noinline)) int grow(char* limit) {
  volatile char frame[2048];
  frame[0] = frame[2047] = 1;
  return (char*)frame < limit ? frame[0] : grow(limit) + frame[2047];
}

static void stack_grows(void) {
  char* here = wild((uintptr_t)__builtin_frame_address(0));
  pid_t child = FORK();
  if (child == 0) {
    CHECK(grow(here - TINE_STACK_SIZE + (128 << 10)) > 0);
    _exit(0);
  }
  ENDS(child, 0);
  DIES(grow(here - TINE_STACK_SIZE - PAGE));
  DIES(read_byte(here - TINE_STACK_SIZE - 2 * PAGE));
  EQUAL(read(open("/dev/zero", O_RDONLY), here - (1 << 20), 1),
        1); /* the kernel's write grows it too */
  ERROR(read(open("/dev/zero", O_RDONLY), here - TINE_STACK_SIZE - 2 * PAGE, 1), EFAULT);
}

static void page_info_errors(void) {
  struct tine_page_info info;
  ERROR(page_info(NULL, &info), EFAULT);
  ERROR(page_info(wild(0xffff), &info), EFAULT);
  ERROR(page_info(wild(KERNEL), &info), EFAULT);
  ERROR(page_info(wild(-1ul), &info), EFAULT);
  ERROR(page_info(wild(1ul << 45), &info), EFAULT);
  ERROR(page_info(&info, NULL), EFAULT);
  ERROR(page_info(&info, wild(KERNEL)), EFAULT);
  EQUAL(page_info((char*)&info + 1, &info), 0);
  EQUAL(info.flags, TINE_PAGE_READ | TINE_PAGE_WRITE);
  EQUAL(page_info((void*)page_info_errors, &info), 0);
  EQUAL(info.flags & ~TINE_PAGE_COW, TINE_PAGE_READ | TINE_PAGE_EXEC);
}

/* Every second page gets other permissions, and is a region of its own then, until no region is
 * left to be had. What would need one more is refused, and changes nothing. */
enum { MOST_REGIONS = 65530 };
static void most_regions(void) {
  char* at = map_at(NULL, (size_t)(MOST_REGIONS * PAGE), PROT_READ, 0);
  CHECK(at != MAP_FAILED);
  long page = 1;
  while (page < MOST_REGIONS && mprotect(at + page * PAGE, (size_t)PAGE, RW) == 0) page += 2;
  ERROR(mprotect(at + page * PAGE, (size_t)PAGE, RW), ENOMEM);
  CHECK(page > MOST_REGIONS - 32 && page < MOST_REGIONS);
  char* rest = at + (page + 1) * PAGE; /* the pages from `page` on are one region still */
  DIES(at[page * PAGE] = 1);
  ERROR(munmap(rest, (size_t)PAGE), ENOMEM);
  /* One more, if there was one left: an mprotect as above needs two. */
  (void)mprotect(rest, (size_t)((MOST_REGIONS - page - 1) * PAGE), PROT_NONE);
  CHECK(map_at(NULL, (size_t)PAGE, PROT_NONE, 0) == MAP_FAILED);
  EQUAL(munmap(at, (size_t)PAGE), 0); /* one region less, so one more can be had */
  CHECK(map_at(at, (size_t)PAGE, PROT_READ, MAP_FIXED) == at);
  ERROR(munmap(rest, (size_t)PAGE), ENOMEM);
  pid_t child = FORK();
  if (child == 0) {
    at[PAGE] = 'x';
    ERROR(munmap(rest, (size_t)PAGE), ENOMEM);
    _exit(0);
  }
  ENDS(child, 0);
  EQUAL(read_byte(at + PAGE), 0);
  EQUAL(munmap(at, (size_t)(MOST_REGIONS * PAGE)), 0);
  char* again = map(1);
  EQUAL(read_byte(again), 0);
}

/* Between two regions, of which one goes: the room that fits best is taken, and no other. */
static void best_room(void) {
  char* at = map_at(NULL, (size_t)(16 * PAGE), PROT_READ, 0);
  CHECK(at != MAP_FAILED);
  EQUAL(munmap(at + PAGE, (size_t)(4 * PAGE)), 0);
  EQUAL(munmap(at + 6 * PAGE, (size_t)(2 * PAGE)), 0);
  EQUAL(munmap(at + 9 * PAGE, (size_t)(3 * PAGE)), 0);
  CHECK(map(2) == at + 6 * PAGE);
  CHECK(map(3) == at + 9 * PAGE);
  CHECK(map(1) == at + PAGE);
  CHECK(map(3) == at + 2 * PAGE);
  CHECK(map(1) >= at + 16 * PAGE);
}

static void write_only(void) {
  volatile char* at = map_at(NULL, (size_t)PAGE, PROT_WRITE, 0);
  CHECK(at != MAP_FAILED);
  EQUAL(at[0], 0); /* the first access is a read */
  at[0] = 'w';
  EQUAL(at[0], 'w');
  EQUAL(mprotect((char*)at, (size_t)PAGE, PROT_READ), 0);
  EQUAL(mprotect((char*)at, (size_t)PAGE, PROT_WRITE), 0);
  EQUAL(at[0], 'w');
  pid_t child = FORK();
  if (child == 0) _exit(at[0] == 'w' ? 0 : 1);
  ENDS(child, 0);
}

int main(void) {
  tap_begin("memory");
  RUN("brk goes up and down, and new pages are zeros", brk_up_and_down);
  RUN("an impossible break leaves it where it is", brk_edges);
  RUN("a heap that shrinks leaves what is mapped behind its end", brk_below_a_mapping);
  RUN("fresh pages are zeros, and come at the first touch", demand_zero);
  RUN("mmap refuses every bad argument", mmap_bad);
  RUN("mmap of files and shared memory is ENODEV, or a wing's", mmap_of_others);
  RUN("mmap: hints, fixed places, sizes rounded up", mmap_places);
  RUN("two hundred holes", many_regions);
  RUN("what is mapped goes where it fits best", best_room);
  RUN("there are at most 65,530 regions, and what needs one more is ENOMEM", most_regions);
  RUN("munmap of parts leaves the rest", munmap_parts);
  RUN("munmap refuses every bad argument", munmap_bad);
  RUN("mprotect: read-only, writable, nothing, and back with the contents", protect_and_back);
  RUN("what may be written alone can be read, too", write_only);
  RUN("mprotect of pages that were never touched", protect_untouched);
  RUN("mprotect refuses every bad argument, and changes nothing then", protect_bad);
  RUN("the kernel's own access obeys mprotect", kernel_obeys_protection);
  RUN("only what is executable can be executed, and new code is seen", execution);
  RUN("the stack grows to almost 8 MiB, and not beyond", stack_grows);
  RUN("page_info tells flags, and EFAULT for what is no memory", page_info_errors);
  return tap_end();
}
