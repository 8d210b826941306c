/* What a child inherits, to the last register, and what it does not share. */
#include "tap.h"

/* ---- Files and memory ---- */

static void shared_offset(void) {
  int fd = open("/tmp/hello.elf", O_RDONLY);
  CHECK(fd >= 0);
  char first[4], second[4];
  EQUAL(read(fd, first, 4), 4);
  pid_t child = FORK();
  if (child == 0) {
    char skipped[60];
    EQUAL(read(fd, skipped, 60), 60);
    _exit(0);
  }
  ENDS(child, 0);
  EQUAL(read(fd, second, 4), 4); /* the first program header: PT_LOAD or another small number */
  int again = open("/tmp/hello.elf", O_RDONLY);
  char all[68];
  EQUAL(read(again, all, 68), 68);
  EQUAL(memcmp(all, first, 4), 0);
  EQUAL(memcmp(all + 64, second, 4), 0);
}

static void close_is_private(void) {
  int fd = open("/dev/null", O_WRONLY);
  pid_t child = FORK();
  if (child == 0) _exit(close(fd) == 0 ? 0 : 1);
  ENDS(child, 0);
  EQUAL(write(fd, "x", 1), 1);
  EQUAL(close(fd), 0);
}

static int global = 1;

static void memory_is_private(void) {
  volatile int local = 1;
  int* heap = malloc(sizeof *heap);
  *heap = 1;
  pid_t child = FORK();
  if (child == 0) {
    CHECK(global == 1 && local == 1 && *heap == 1);
    global = local = *heap = 2;
    CHECK(global == 2 && local == 2 && *heap == 2);
    _exit(0);
  }
  ENDS(child, 0);
  CHECK(global == 1 && local == 1 && *heap == 1);
  global = 3;
  child = FORK();
  if (child == 0) _exit(global);
  global = 4;
  ENDS(child, 3);
}

static void mappings_inherited(void) {
  char* end = sbrk(3 * PAGE);
  char* map = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(end != (char*)-1 && map != MAP_FAILED);
  end[2 * PAGE] = 'b';
  map[PAGE] = 'm';
  pid_t child = FORK();
  if (child == 0) {
    CHECK(end[2 * PAGE] == 'b' && map[PAGE] == 'm' && map[0] == 0 && end[0] == 0);
    CHECK((char*)sbrk(0) == end + 3 * PAGE);
    EQUAL(munmap(map, 2 * PAGE), 0);
    CHECK((char*)sbrk(PAGE) == end + 3 * PAGE);
    _exit(0);
  }
  ENDS(child, 0);
  CHECK((char*)sbrk(0) == end + 3 * PAGE);
  EQUAL(map[PAGE], 'm');
}

/* ---- The stack ---- */

static __attribute__((noinline)) long deep(int depth) {
  volatile char frame[1024];
  for (size_t i = 0; i < sizeof frame; i++) frame[i] = (char)(depth + (int)i);
  long below = 0;
  if (depth == 0) {
    pid_t child = FORK();
    if (child != 0) ENDS(child, 99);
    below = child == 0;
  } else {
    below = deep(depth - 1);
  }
  for (size_t i = 0; i < sizeof frame; i++) CHECK(frame[i] == (char)(depth + (int)i));
  return below;
}

static void deep_stack(void) {
  pid_t self = getpid();
  deep(1000);
  if (getpid() != self) _exit(99);
}

/* clone with a stack of its own: the child starts with sp there. Both sides run on in this
 * function's assembly. */
static long clone_on(uintptr_t stack) {
  register long a0 asm("a0") = SIGCHLD;
  register uintptr_t a1 asm("a1") = stack;
  register long a7 asm("a7") = SYS_clone;
  asm volatile(
      "ecall\n"
      "bnez a0, 1f\n"
      "mv a0, sp\n" /* the child: its status tells whether sp is right, in the low byte */
      "srli a0, a0, 4\n"
      "andi a0, a0, 0xff\n"
      "li a7, %2\n"
      "ecall\n"
      "1:\n"
      : "+r"(a0), "+r"(a7)
      : "i"(SYS_exit_group), "r"(a1)
      : "memory");
  return a0;
}

static void clone_own_stack(void) {
  static char stack[8192] __attribute__((aligned(4096)));
  uintptr_t top = (uintptr_t)stack + sizeof stack - 0x250;
  pid_t child = (pid_t)clone_on(top);
  CHECK(child > 0);
  ENDS(child, (int)((top >> 4) & 0xff));
}

static void clone_bad_flags(void) {
  static const unsigned long bad[] = {0x200,     0x400,   0x800,   0x2000,     0x8000,
                                      0x10000,   0x20000, 0x40000, 0x80000000, 1ul << 32,
                                      1ul << 63, ~0ul,    ~0xfful};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    pid_t self = getpid();
    errno = 0;
    long pid = syscall(SYS_clone, bad[i] | SIGCHLD, 0, 0, 0, 0);
    if (getpid() != self) _exit(0);
    if (pid != -1 || errno != EINVAL)
      tap_fail("clone(%lx): expected EINVAL, got %ld (%d)", bad[i], pid, errno);
  }
  ERROR(wait(NULL), ECHILD);
}

/* ---- Many ---- */

static void thousand_forks(void) {
  for (int i = 0; i < 1000; i++) {
    pid_t child = FORK();
    if (child == 0) _exit(i & 0xff);
    ENDS(child, i & 0xff);
  }
}

int main(void) {
  tap_begin("fork_more");
  RUN("parent and child share the position in an open file", shared_offset);
  RUN("a descriptor closed by the child stays open in the parent", close_is_private);
  RUN("globals, stack and heap are copies on both sides", memory_is_private);
  RUN("break and mappings are inherited, and changed on one side only", mappings_inherited);
  RUN("fork at the bottom of a deep stack: every frame is there in both", deep_stack);
  RUN("clone with a stack pointer starts the child with it", clone_own_stack);
  RUN("clone with a flag that only threads need is EINVAL", clone_bad_flags);
  RUN("a thousand forks one after the other", thousand_forks);
  return tap_end();
}
