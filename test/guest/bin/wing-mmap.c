/* The wing `mmap`: files and shared memory as part of a program's own memory. */
#include "tap.h"

#include <sys/stat.h>

#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

/* ---- Helpers ---- */

/* A file without a name, of `pages` pages; page n is full of 'a' + n. */
static int file_of(long pages, int flags) {
  int fd = open("/tmp/wing-mmap", O_RDWR | O_CREAT | O_TRUNC, 0644);
  CHECK(fd >= 0);
  static char page[TINE_PAGE_SIZE];
  for (long n = 0; n < pages; n++) {
    memset(page, 'a' + (int)n, sizeof page);
    EQUAL(write(fd, page, sizeof page), PAGE);
  }
  int again = open("/tmp/wing-mmap", flags);
  CHECK(again >= 0);
  close(fd);
  EQUAL(unlink("/tmp/wing-mmap"), 0);
  return again;
}
static char* map_file(int fd, long pages, int protection, int flags, long offset) {
  char* at = mmap(NULL, (size_t)(pages * PAGE), protection, flags, fd, offset);
  CHECK(at != MAP_FAILED);
  return at;
}
static char* map_shared(long pages) {
  return map_file(-1, pages, RW, MAP_SHARED | MAP_ANONYMOUS, 0);
}
static char byte_of(int fd, long at) {
  char byte = 0;
  EQUAL(lseek(fd, at, SEEK_SET), at);
  EQUAL(read(fd, &byte, 1), 1);
  return byte;
}
static void set_byte(int fd, long at, char byte) {
  EQUAL(lseek(fd, at, SEEK_SET), at);
  EQUAL(write(fd, &byte, 1), 1);
}

#define IN_CHILD(action)   \
  do {                     \
    pid_t child_ = FORK(); \
    if (child_ == 0) {     \
      action;              \
      _exit(0);            \
    }                      \
    ENDS(child_, 0);       \
  } while (0)
#define DIES(action, signal) \
  do {                       \
    pid_t child_ = FORK();   \
    if (child_ == 0) {       \
      action;                \
      _exit(0);              \
    }                        \
    ENDS(child_, -(signal)); \
  } while (0)

/* ---- Files ---- */

static void private_file(void) {
  int fd = file_of(3, O_RDWR);
  volatile char* at = map_file(fd, 2, RW, MAP_PRIVATE, PAGE);
  EQUAL(at[0], 'b');
  EQUAL(at[2 * PAGE - 1], 'c');
  at[0] = 'x';
  EQUAL(byte_of(fd, PAGE), 'b'); /* the file does not hear of it */
  IN_CHILD(if (at[0] != 'x') _exit(1); at[PAGE] = 'y');
  EQUAL(at[PAGE], 'c');
  close(fd);
  EQUAL(at[1], 'b'); /* the mapping needs no descriptor */
}

static void shared_file(void) {
  int fd = file_of(2, O_RDWR);
  volatile char* at = map_file(fd, 2, RW, MAP_SHARED, 0);
  volatile char* other = map_file(fd, 1, PROT_READ, MAP_SHARED, PAGE);
  EQUAL(at[PAGE], 'b');
  at[PAGE] = 'x'; /* a store is in the file, and in every mapping */
  EQUAL(byte_of(fd, PAGE), 'x');
  EQUAL(other[0], 'x');
  set_byte(fd, PAGE, 'y'); /* a write is in the mappings */
  EQUAL(at[PAGE], 'y');
  EQUAL(other[0], 'y');
  static char page[TINE_PAGE_SIZE];
  memset(page, 'z', sizeof page);
  lseek(fd, PAGE, SEEK_SET);
  EQUAL(write(fd, page, sizeof page), PAGE); /* of a whole page, too */
  EQUAL(at[2 * PAGE - 1], 'z');
  IN_CHILD(at[0] = 'c'; set_byte(fd, 1, 'd'));
  EQUAL(at[0], 'c');
  EQUAL(at[1], 'd');
  EQUAL(munmap((void*)at, (size_t)(2 * PAGE)), 0);
  EQUAL(byte_of(fd, 0), 'c'); /* and stays there */
}

/* Who maps privately sees the file as it was when the page was first touched, or as it is now: but
 * what the two store is never the other's. */
static void private_beside_shared(void) {
  int fd = file_of(2, O_RDWR);
  volatile char* early = map_file(fd, 2, RW, MAP_PRIVATE, 0);
  EQUAL(early[0], 'a');
  volatile char* shared = map_file(fd, 2, RW, MAP_SHARED, 0);
  shared[1] = 'x';
  EQUAL(early[1], 'a'); /* it was touched before somebody shared the page */
  volatile char* late = map_file(fd, 2, RW, MAP_PRIVATE, 0);
  EQUAL(late[1], 'x');
  shared[1] = 'y';
  EQUAL(late[1], 'x'); /* it has been touched */
  early[0] = 'e';
  late[0] = 'l';
  EQUAL(shared[0], 'a');
  shared[0] = 's';
  EQUAL(early[0], 'e');
  EQUAL(late[0], 'l');
  EQUAL(byte_of(fd, 0), 's');
  EQUAL(munmap((void*)shared, (size_t)(2 * PAGE)), 0);
  volatile char* again = map_file(fd, 1, PROT_READ, MAP_PRIVATE, 0);
  EQUAL(again[0], 's'); /* nobody shares the page any more */
  set_byte(fd, 0, 't');
  EQUAL(again[0], 's'); /* so it is replaced, not changed */
}

static int is_there(const volatile char* at) {
  struct tine_page_info info;
  EQUAL(page_info((const void*)at, &info), 0);
  return info.references != 0;
}
/* A file, mapped so that its first page is the n-th of a page table. */
static char* map_in_table(int fd, long pages, int protection, long n) {
  enum { TABLE = 512 * PAGE };
  char* room = map_file(-1, 3 * 512, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, 0);
  EQUAL(munmap(room, 3 * TABLE), 0);
  char* table = (char*)(((uintptr_t)room + TABLE - 1) & -(uintptr_t)TABLE);
  char* at =
      mmap(table + n * PAGE, (size_t)(pages * PAGE), protection, MAP_PRIVATE | MAP_FIXED, fd, 0);
  CHECK(at == table + n * PAGE);
  return at;
}
/* Who reads two pages, one after the other, has those behind them as well; up to a hole, to one
 * that is there already, and never the page before. */
static void read_ahead(void) {
  enum { PAGES = 20, HOLE = 12 };
  int fd = file_of(HOLE, O_RDWR);
  EQUAL(ftruncate(fd, PAGES * PAGE), 0);
  volatile char* at = map_in_table(fd, PAGES, RW, 0);
  EQUAL(at[4 * PAGE], 'e');
  EQUAL(is_there(at + 5 * PAGE), 0);
  at[8 * PAGE] = 'W';
  EQUAL(is_there(at + 9 * PAGE), 0);
  EQUAL(at[5 * PAGE], 'f');
  for (int n = 0; n < PAGES; n++) EQUAL(is_there(at + n * PAGE), n >= 4 && n < HOLE);
  for (int n = 4; n < HOLE; n++) EQUAL(at[n * PAGE], n == 8 ? 'W' : 'a' + n);
  at[9 * PAGE] = 'X'; /* as private as any other */
  EQUAL(byte_of(fd, 9 * PAGE), 'j');
  EQUAL(byte_of(fd, 8 * PAGE), 'i');
  set_byte(fd, 10 * PAGE, 'Y');
  EQUAL(at[10 * PAGE], 'k'); /* it had been mapped before the file changed */
  EQUAL(at[HOLE * PAGE], 0);
  volatile char* shared = map_file(fd, 1, RW, MAP_SHARED, 6 * PAGE);
  shared[0] = 'S';
  EQUAL(at[6 * PAGE], 'g');
  volatile char* late = map_in_table(fd, PAGES, PROT_READ, 0);
  EQUAL(late[4 * PAGE] + late[5 * PAGE], 'e' + 'f');
  EQUAL(is_there(late + 6 * PAGE), 0); /* who shares it may change it */
  EQUAL(late[6 * PAGE], 'S');
}

static void read_ahead_ends(void) {
  volatile char* at = map_in_table(file_of(10, O_RDWR), 10, PROT_READ, 512 - 7);
  EQUAL(at[4 * PAGE] + at[5 * PAGE], 'e' + 'f');
  EQUAL(is_there(at + 6 * PAGE), 1);
  EQUAL(is_there(at + 7 * PAGE), 0); /* would need another table */
  EQUAL(at[7 * PAGE], 'h');
}

static siginfo_t bus;
static void step_over(int number, siginfo_t* info, void* context) {
  uint64_t* pc = &((ucontext_t*)context)->uc_mcontext.pc;
  (void)number;
  bus = *info;
  *pc += (*(const uint16_t*)*pc & 3) == 3 ? 4 : 2;
}
static void holes_and_ends(void) {
  int fd = file_of(0, O_RDWR);
  EQUAL(ftruncate(fd, 2 * PAGE + 100), 0);
  volatile char* at = map_file(fd, 4, RW, MAP_SHARED, 0);
  EQUAL(at[PAGE], 0);
  at[PAGE] = 'h'; /* a hole becomes a page */
  EQUAL(byte_of(fd, PAGE), 'h');
  EQUAL(at[2 * PAGE + 100], 0); /* behind the end, in the last page */
  DIES((void)at[3 * PAGE], SIGBUS);
  struct sigaction action = {.sa_sigaction = step_over, .sa_flags = SA_SIGINFO};
  EQUAL(sigaction(SIGBUS, &action, NULL), 0);
  asm volatile("lb zero, 0(%0)" ::"r"(at + 3 * PAGE + 5) : "memory");
  EQUAL(bus.si_code, BUS_ADRERR);
  CHECK(bus.si_addr == at + 3 * PAGE + 5);
  ERROR(write(fd, (char*)at + 3 * PAGE, 1), EFAULT);
  EQUAL(ftruncate(fd, 4 * PAGE), 0);
  EQUAL(at[3 * PAGE], 0); /* now it is there */
  EQUAL(ftruncate(fd, 0), 0);
  EQUAL(ftruncate(fd, PAGE), 0);
  EQUAL(byte_of(fd, 0), 0); /* what was cut off does not come back */
}

/* A file that is cut takes its pages from who shares them; who maps privately keeps what it has. */
static void cut_while_mapped(void) {
  int fd = file_of(4, O_RDWR);
  volatile char* at = map_file(fd, 4, RW, MAP_SHARED, 0);
  volatile char* second = map_file(fd, 2, RW, MAP_SHARED, 2 * PAGE);
  volatile char* own = map_file(fd, 4, RW, MAP_PRIVATE, 0);
  for (int i = 0; i < 4; i++) EQUAL(at[i * PAGE] - own[i * PAGE], 0);
  EQUAL(second[PAGE], 'd');
  int ready[2], cut[2];
  CHECK(pipe2(ready, 0) == 0 && pipe2(cut, 0) == 0);
  pid_t child = FORK();
  if (child == 0) {
    char byte = at[3 * PAGE];
    if (write(ready[1], &byte, 1) != 1 || read(cut[0], &byte, 1) != 1) _exit(1);
    if (at[PAGE] != 'b' || at[PAGE + 100] != 0) _exit(2);
    at[3 * PAGE] = 'x';
    _exit(3);
  }
  char byte = 0;
  EQUAL(read(ready[0], &byte, 1), 1);
  EQUAL(byte, 'd');
  EQUAL(ftruncate(fd, PAGE + 100), 0);
  EQUAL(write(cut[1], "c", 1), 1);
  ENDS(child, -SIGBUS);
  DIES(at[2 * PAGE] = 'x', SIGBUS);
  DIES((void)second[0], SIGBUS);
  EQUAL(at[PAGE + 99], 'b');
  EQUAL(at[PAGE + 100], 0);
  EQUAL(own[3 * PAGE], 'd');
  at[PAGE + 100] = 'y'; /* behind the end: no part of the file */
  EQUAL(ftruncate(fd, 4 * PAGE), 0);
  EQUAL(at[PAGE + 100], 0);
  EQUAL(at[3 * PAGE], 0);
  second[PAGE] = 'z'; /* the mappings are the file again */
  EQUAL(at[3 * PAGE], 'z');
  EQUAL(byte_of(fd, 3 * PAGE), 'z');
  EQUAL(own[3 * PAGE], 'd');
}

/* One process cuts the file and lets it grow, over and over; others store into it meanwhile, and
 * try again when the page is gone. A store is in the file or lost, and nothing is left over. */
static volatile char* racing;
static void touch_again(int signal) {
  (void)signal;
  sched_yield();
}
static void cut_in_a_race(void) {
  enum { ROUNDS = 100, WRITERS = 3 };
  int fd = file_of(0, O_RDWR);
  racing = map_file(fd, 2, RW, MAP_SHARED, 0);
  pid_t writers[WRITERS];
  for (int w = 0; w < WRITERS; w++) {
    writers[w] = FORK();
    if (writers[w] != 0) continue;
    signal(SIGBUS, touch_again);
    for (;;) racing[PAGE + w] = (char)('1' + w);
  }
  for (int round = 0; round < ROUNDS; round++) {
    EQUAL(ftruncate(fd, 2 * PAGE), 0);
    if (round % 16 == 0) {
      for (int w = 0; w < WRITERS; w++) {
        while (byte_of(fd, PAGE + w) != '1' + w) sched_yield();
      }
    }
    EQUAL(ftruncate(fd, round % 2 ? PAGE : 0), 0);
  }
  for (int w = 0; w < WRITERS; w++) {
    EQUAL(kill(writers[w], SIGKILL), 0);
    ENDS(writers[w], -SIGKILL);
  }
}

/* A process sleeps while its file is cut, and wakes in the middle of it, on another hart. Whatever
 * it sees before, after the cut the page is gone. The page behind the mapping keeps the page table
 * in use: one that is freed makes the hart forget everything. */
struct watch {
  volatile int ready, cut;
};
static void gone(int signal) {
  (void)signal;
  _exit(0);
}
static void watch_the_cut(int fd, long pages, struct watch* watch, long nanoseconds) {
  volatile char* at = map_file(fd, pages, RW, MAP_SHARED, 0);
  for (long n = 0; n < pages; n++) at[n * PAGE] = 1;
  char* behind = mmap((void*)(at + pages * PAGE), PAGE, RW, ANON | MAP_FIXED, -1, 0);
  CHECK(behind != MAP_FAILED);
  behind[0] = 1;
  signal(SIGBUS, gone);
  watch->ready = 1;
  struct timespec time = {0, nanoseconds};
  nanosleep(&time, NULL);
  while (!watch->cut) (void)at[(pages - 1) * PAGE];
  (void)at[(pages - 1) * PAGE];
  tap_fail("a page of a file that was cut can still be read");
}
static void cut_beside_a_sleeper(void) {
  enum { ROUNDS = 10, PAGES = 8192 };
  struct watch* watch = (struct watch*)map_shared(1);
  int fd = file_of(0, O_RDWR);
  uint64_t random = 1;
  for (int round = 0; round < ROUNDS; round++) {
    EQUAL(ftruncate(fd, PAGES * PAGE), 0);
    watch->ready = watch->cut = 0;
    long sleeps = 500000 + (long)(tap_random(&random) % 1500000);
    pid_t child = FORK();
    if (child == 0) watch_the_cut(fd, PAGES, watch, sleeps);
    while (!watch->ready) sched_yield();
    for (uint64_t until = now_ns() + 500000; now_ns() < until;) continue;
    EQUAL(ftruncate(fd, 0), 0);
    watch->cut = 1;
    ENDS(child, 0);
  }
}

static void what_may_be_mapped(void) {
  int reader = file_of(1, O_RDONLY), writer = file_of(1, O_WRONLY), both = file_of(1, O_RDWR);
  size_t size = (size_t)PAGE;
  ERROR(mmap(NULL, size, PROT_READ, MAP_PRIVATE, writer, 0), EACCES);
  ERROR(mmap(NULL, size, RW, MAP_SHARED, reader, 0), EACCES);
  char* at = map_file(reader, 1, PROT_READ, MAP_SHARED, 0);
  ERROR(mprotect(at, size, RW), EACCES);
  EQUAL(at[0], 'a');
  DIES(at[0] = 'x', SIGSEGV);
  at = map_file(reader, 1, RW, MAP_PRIVATE, 0);
  at[0] = 'p';
  at = map_file(both, 1, PROT_READ, MAP_SHARED, 0);
  EQUAL(mprotect(at, size, RW), 0);
  at[0] = 'w';
  EQUAL(byte_of(both, 0), 'w');

  int ends[2];
  EQUAL(pipe2(ends, 0), 0);
  int tmp = open("/tmp", O_RDONLY), null = open("/dev/null", O_RDWR);
  ERROR(mmap(NULL, size, PROT_READ, MAP_PRIVATE, ends[0], 0), ENODEV);
  ERROR(mmap(NULL, size, PROT_READ, MAP_PRIVATE, tmp, 0), ENODEV);
  ERROR(mmap(NULL, size, PROT_READ, MAP_PRIVATE, null, 0), ENODEV);
  ERROR(mmap(NULL, size, PROT_READ, MAP_PRIVATE, 99, 0), EBADF);
  ERROR(mmap(NULL, size, PROT_READ, MAP_PRIVATE, -1, 0), EBADF);
  ERROR(mmap(NULL, size, PROT_READ, MAP_PRIVATE, open("/bin/true", O_PATH), 0), EBADF);
  ERROR(mmap(NULL, 0, PROT_READ, MAP_PRIVATE, both, 0), EINVAL);
  ERROR(mmap(NULL, size, PROT_READ, 0, both, 0), EINVAL);
  ERROR(mmap(NULL, size, PROT_READ, MAP_PRIVATE, both, 1), EINVAL);
  ERROR(mmap(NULL, size, PROT_READ, MAP_PRIVATE, both, -PAGE), EOVERFLOW);
  ERROR(mmap(NULL, ~0ul, PROT_READ, MAP_PRIVATE, both, 0), ENOMEM);
  ERROR(mmap(NULL, size, PROT_READ, MAP_PRIVATE, both, INT64_MAX - PAGE + 1), EOVERFLOW);
  ERROR(mmap(NULL, size, PROT_READ, MAP_PRIVATE, both, INT64_MIN), EOVERFLOW);
  ERROR(mmap(NULL, size, PROT_READ, MAP_SHARED_VALIDATE | 0x80000, both, 0), EOPNOTSUPP);
  CHECK(mmap(NULL, size, PROT_READ, MAP_SHARED | 0x80000, both, 0) != MAP_FAILED);
  CHECK(mmap(NULL, size, PROT_READ, MAP_SHARED_VALIDATE, both, 0) != MAP_FAILED);
  ERROR(mmap(wild(KERNEL), size, PROT_READ, MAP_PRIVATE | MAP_FIXED, both, 0), ENOMEM);
  ERROR(mmap(wild(PAGE), size, PROT_READ, MAP_PRIVATE | MAP_FIXED, both, 0), ENOMEM);
}

/* Another way to say MAP_ANONYMOUS. */
static void zero_device(void) {
  int fd = open("/dev/zero", O_RDWR);
  CHECK(fd >= 0);
  char* private = map_file(fd, 2, RW, MAP_PRIVATE, 0);
  char* shared = map_file(fd, 2, RW, MAP_SHARED, PAGE);
  EQUAL(close(fd), 0);
  for (long i = 0; i < 2 * PAGE; i++) CHECK(private[i] == 0 && shared[i] == 0);
  pid_t child = FORK();
  if (child == 0) {
    private[0] = shared[PAGE] = 'x';
    _exit(0);
  }
  ENDS(child, 0);
  EQUAL(private[0], 0);
  EQUAL(shared[PAGE], 'x');
}

static void fixed_places(void) {
  int fd = file_of(1, O_RDWR);
  char* at = map_file(-1, 3, RW, ANON, 0);
  memset(at, 'm', (size_t)(3 * PAGE));
  CHECK(mmap(at + PAGE, (size_t)PAGE, RW, MAP_SHARED | MAP_FIXED, fd, 0) == at + PAGE);
  EQUAL(at[0], 'm');
  EQUAL(at[PAGE], 'a');
  EQUAL(at[2 * PAGE], 'm');
  int free_only = MAP_PRIVATE | MAP_FIXED_NOREPLACE;
  ERROR(mmap(at + 2 * PAGE, (size_t)(2 * PAGE), PROT_READ, free_only, fd, 0), EEXIST);
  EQUAL(at[2 * PAGE], 'm');
  EQUAL(munmap(at + PAGE, (size_t)PAGE), 0);
  CHECK(mmap(at + PAGE, (size_t)PAGE, PROT_READ, free_only, fd, 0) == at + PAGE);
  EQUAL(at[PAGE], 'a');
}

/* ---- Shared memory ---- */

static void shared_memory(void) {
  volatile int* at = (int*)map_shared(3);
  EQUAL(at[0], 0);
  at[1] = 11;
  IN_CHILD(if (at[0] != 0 || at[1] != 11) _exit(1); at[0] = 22; at[2 * PAGE / 4] = 33);
  EQUAL(at[0], 22);
  EQUAL(at[2 * PAGE / 4], 33); /* a page that only the child had touched */
  IN_CHILD(IN_CHILD(at[0] = 44); if (at[0] != 44) _exit(2));
  EQUAL(at[0], 44);
  DIES((void)at[3 * PAGE / 4], SIGSEGV);
}

static void system_calls_share(void) {
  char* at = map_shared(1);
  int ends[2];
  EQUAL(pipe2(ends, 0), 0);
  IN_CHILD(if (write(ends[1], "word", 4) != 4 || read(ends[0], at, 4) != 4) _exit(1));
  CHECK(memcmp(at, "word", 4) == 0);
}

/* Both sides add, each time with one atomic instruction: nothing may be lost, whoever touched the
 * page first. */
static void both_count(void) {
  enum { ROUNDS = 20000 };
  long* counter = (long*)map_shared(1);
  pid_t child = FORK();
  for (int i = 0; i < ROUNDS; i++) __atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
  if (child == 0) _exit(0);
  ENDS(child, 0);
  EQUAL(*counter, 2 * ROUNDS);
}

/* Two processes that touch the same fresh pages at the same time get the same pages. */
static void first_touches_meet(void) {
  enum { PAGES = 64 };
  for (int round = 0; round < 10; round++) {
    volatile char* at = map_shared(PAGES);
    pid_t child = FORK();
    int mine = child == 0 ? 1 : 0;
    for (int i = 0; i < PAGES; i++) at[i * PAGE + mine] = 1;
    if (child == 0) _exit(0);
    ENDS(child, 0);
    for (int i = 0; i < PAGES; i++) EQUAL(at[i * PAGE] + at[i * PAGE + 1], 2);
    EQUAL(munmap((void*)at, PAGES * (size_t)PAGE), 0);
  }
}

int main(void) {
  tap_begin("wing-mmap");
  RUN("a private mapping begins as the file, and is one's own", private_file);
  RUN("a shared mapping is the file: stores, writes and other mappings agree", shared_file);
  RUN("private and shared mappings of one page keep apart", private_beside_shared);
  RUN("who reads on has the next pages already", read_ahead);
  RUN("... as far as their page table goes", read_ahead_ends);
  RUN("holes, the end of the file, and behind it: SIGBUS", holes_and_ends);
  RUN("a file that is cut takes its pages from who shares them, and gives them again",
      cut_while_mapped);
  RUN("one process cuts a file while others store into it", cut_in_a_race);
  RUN("a file is cut while one that maps it wakes", cut_beside_a_sleeper);
  RUN("what may be mapped, and how: EACCES, ENODEV, EBADF, EINVAL and others", what_may_be_mapped);
  RUN("/dev/zero is mapped as memory without a file", zero_device);
  RUN("MAP_FIXED replaces, MAP_FIXED_NOREPLACE does not", fixed_places);
  RUN("memory without a file is shared with children and theirs", shared_memory);
  RUN("what a system call stores in shared memory is shared, too", system_calls_share);
  RUN("two processes count in one page", both_count);
  RUN("two processes touch fresh shared pages at the same time", first_touches_meet);
  return tap_end();
}
