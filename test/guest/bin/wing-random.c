/*
 * The wing `random`: getrandom and the devices; and where the kernel puts things: stack, mappings
 * and position-independent programs lie elsewhere in each program, and all the same in each with
 * the kernel argument aslr=off, of which this program is told: `wing-random off`.
 */
#include "credentials.h"

#define SELF "/test/wing-random"
#define MOVED "/tmp/aslr.moved" /* a position-independent program, made by hand */

enum { RUNS = 64 };

static int is_off;

struct places {
  uintptr_t stack, mapping, again; /* again: the next mapping */
};

static int show(void) {
  struct places p;
  p.stack = (uintptr_t)&p;
  p.mapping = (uintptr_t)mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  p.again = (uintptr_t)mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return write(1, &p, sizeof p) == sizeof p ? 0 : 1;
}

/* Runs this program anew, to tell where it finds its things. */
static struct places look(void) {
  static char* argv[] = {"aslr", "--show", NULL};
  struct places p;
  int ends[2];
  EQUAL(pipe2(ends, 0), 0);
  pid_t child = FORK();
  if (child == 0) {
    dup3(ends[1], 1, 0);
    execve(SELF, argv, NULL);
    _exit(1);
  }
  close(ends[1]);
  EQUAL(read(ends[0], &p, sizeof p), sizeof p);
  close(ends[0]);
  ENDS(child, 0);
  return p;
}

/* The bits that differed from one run to another are those of `expected`, or none. */
static void check_bits(const char* what, uintptr_t varied, uintptr_t expected) {
  if (is_off) expected = 0;
  if (varied != expected) tap_fail("%s: expected bits %lx, got %lx", what, expected, varied);
}

static void stack_and_mappings(void) {
  struct places first = look(), each;
  uintptr_t stack = 0, mapping = 0;
  for (int i = 0; i < RUNS; i++) {
    each = look();
    stack |= each.stack ^ first.stack;
    mapping |= each.mapping ^ first.mapping;
    EQUAL(each.again, each.mapping + PAGE);
    CHECK(each.stack < USER_TOP && each.stack > USER_TOP - (1ul << 30) - 8 * PAGE);
    CHECK(each.mapping < USER_TOP - (1ul << 30) - TINE_STACK_SIZE);
  }
  check_bits("stack", stack & ((1ul << 30) - PAGE), (1ul << 30) - PAGE);
  check_bits("mappings", mapping, (1ul << 35) - PAGE);
}

/* A program that ends with seven bits of its own address; which ones is in the middle of it. */
static void make_moved(unsigned shift) {
  unsigned char file[4096] = {0};
  const uint32_t code[] = {
      0x00000517,               /* auipc a0, 0 */
      0x00055513 | shift << 20, /* srli a0, a0, shift */
      0x07f57513,               /* andi a0, a0, 127 */
      0x05e00893,
      0x00000073, /* li a7, SYS_exit_group; ecall */
  };
  const uint64_t header[] = {0x00010102464c457f,
                             0,
                             0x100f30003,
                             120,
                             64,
                             0,
                             0x0038004000000005,
                             1,
                             /* its segment: */ 5ul << 32 | 1,
                             0,
                             0,
                             0,
                             4096,
                             4096,
                             4096};
  memcpy(file, header, sizeof header);
  memcpy(file + 120, code, sizeof code);
  int fd = open(MOVED, O_WRONLY | O_CREAT | O_TRUNC, 0755);
  EQUAL(write(fd, file, sizeof file), sizeof file);
  close(fd);
}

static uintptr_t run_moved(void) {
  int status = -1;
  pid_t child = FORK();
  if (child == 0) {
    execve(MOVED, NULL, NULL);
    _exit(255);
  }
  EQUAL(waitpid(child, &status, 0), child);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) < 128);
  return (uintptr_t)WEXITSTATUS(status);
}

static void programs(void) {
  uintptr_t varied = 0;
  for (unsigned shift = 12; shift < 40; shift += 7) {
    make_moved(shift);
    uintptr_t first = run_moved();
    for (int i = 0; i < RUNS; i++) varied |= (run_moved() ^ first) << shift;
  }
  check_bits("programs", varied, (1ul << 35) - PAGE);
  unlink(MOVED);
}

/* Wherever it ends, the stack may grow by its whole size, and no page further. */
static void stack_limit(void) {
  uintptr_t here = 0;
  uintptr_t page = (uintptr_t)&here / PAGE * PAGE; /* near the end of the stack */
  const uintptr_t near = 16 * PAGE;
  for (uintptr_t below = 0; below < TINE_STACK_SIZE - near; below += PAGE)
    *(volatile char*)wild(page - below) = 1;
  pid_t child = FORK();
  if (child == 0) {
    *(volatile char*)wild(page - TINE_STACK_SIZE) = 1;
    _exit(0);
  }
  ENDS(child, -SIGSEGV);
}

static void fork_keeps(void) {
  char* own = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  pid_t child = FORK();
  if (child == 0) {
    char* next = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    _exit(next == own + PAGE ? 0 : 1);
  }
  ENDS(child, 0);
}

static void room(void) {
  for (int i = 0; i < 5; i++) {
    char* at = mmap(NULL, 1ul << 34, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(at != MAP_FAILED);
    CHECK(at[(1ul << 34) - 1] == 0);
  }
}

/* ---- Numbers for programs ---- */

static void getrandom_call(void) {
  char* end = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(end != MAP_FAILED);
  end += PAGE;
  EQUAL(munmap(end, PAGE), 0);
  static char many[5000], zero[100];
  EQUAL(syscall(SYS_getrandom, many, sizeof many, 0), (long)sizeof many);
  for (size_t i = 0; i + sizeof zero <= sizeof many; i += sizeof zero) {
    CHECK(memcmp(many + i, zero, sizeof zero) != 0);
  }
  EQUAL(syscall(SYS_getrandom, end - 16, 64, 0), 16); /* as far as there is room */
  EQUAL(syscall(SYS_getrandom, wild(UNMAPPED), 0, 0), 0);
  EQUAL(syscall(SYS_getrandom, many, 0, 1), 0);
  ERROR(syscall(SYS_getrandom, many, 1, 8), EINVAL);
  ERROR(syscall(SYS_getrandom, wild(UNMAPPED), 1, 0), EFAULT);
  ERROR(syscall(SYS_getrandom, wild(KERNEL), 16, 0), EFAULT);
}

static void devices(void) {
  unsigned char bytes[2][64] = {{0}};
  static const char* const names[] = {"/dev/random", "/dev/urandom"};
  for (int i = 0; i < 2; i++) {
    int fd = open(names[i], O_RDWR);
    EQUAL(read(fd, bytes[i], 64), 64);
    EQUAL(write(fd, "seed", 4), 4);
    close(fd);
  }
  CHECK(memcmp(bytes[0], bytes[1], 64) != 0);
}
static void student_devices(void) {
  if (has_users()) as(STUDENT, devices);
}

/* The 16 bytes of AT_RANDOM: the first of them for this program, told by its exit status. */
static int show_random(char** envp) {
  while (*envp) envp++;
  uint64_t* pair = (uint64_t*)(envp + 1);
  while (pair[0] != AT_NULL && pair[0] != AT_RANDOM) pair += 2;
  uint64_t* random = (uint64_t*)pair[1];
  if (pair[0] == AT_NULL || random[0] == 0 || random[0] == random[1]) return 1;
  return 7;
}
static void random_of_program(void) {
  static char* argv[] = {"wing-random", "--random", NULL};
  pid_t child = FORK();
  if (child == 0) {
    execve(SELF, argv, NULL);
    _exit(1);
  }
  ENDS(child, 7);
}

int main(int argc, char** argv, char** envp) {
  if (argc == 2 && strcmp(argv[1], "--random") == 0) return show_random(envp);
  if (argc == 2 && strcmp(argv[1], "--show") == 0) return show();
  is_off = argc == 2 && strcmp(argv[1], "off") == 0;
  tap_begin("wing-random");
  RUN("stack and mappings lie elsewhere in each program: 18 and 23 bits", stack_and_mappings);
  RUN("so do position-independent programs: 23 bits", programs);
  RUN("the stack may grow by 8 MiB, wherever it ends, and no further", stack_limit);
  RUN("after fork the child maps where its parent would", fork_keeps);
  RUN("there is room for 80 GiB, wherever mappings begin", room);
  RUN("getrandom, much and half", getrandom_call);
  RUN("random, urandom", devices);
  RUN("the same for a user", student_devices);
  RUN("a program finds random bytes by AT_RANDOM", random_of_program);
  return tap_end();
}
