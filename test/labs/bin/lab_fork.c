/* What a program sees of fork. Each case runs alone in a machine of its own. */
#include "lab.h"

/* clone with all registers in our hands: loads them from `in` (x10: flags, x11: stack, x13: tls;
 * x17: the number), makes the call, stores them to `out`. Answers a0. */
long clone_with(const uint64_t in[32], uint64_t out[32]);
asm(".text\n"
    ".balign 4\n"
    ".option push; .option norelax\n" /* gp is no longer what the linker thinks */
    "clone_with:\n"
    "  addi sp, sp, -128\n"
    "  sd ra, 0(sp); sd s0, 8(sp); sd s1, 16(sp); sd s2, 24(sp); sd s3, 32(sp); sd s4, 40(sp)\n"
    "  sd s5, 48(sp); sd s6, 56(sp); sd s7, 64(sp); sd s8, 72(sp); sd s9, 80(sp); sd s10, 88(sp)\n"
    "  sd s11, 96(sp); sd gp, 104(sp); sd tp, 112(sp); sd a1, 120(sp)\n"
    "  lla t0, saved_sp\n"
    "  sd sp, 0(t0)\n"
    "  mv x31, a0\n"
    "  .irp n,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
    "  ld x\\n, 8*\\n(x31)\n"
    "  .endr\n"
    "  ecall\n"
    "  sd x31, saved_x31, x30\n" /* x30 is the price of looking */
    "  lla x31, saved_sp\n"
    "  ld x31, 0(x31)\n"
    "  ld x31, 120(x31)\n"
    "  .irp n,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30\n"
    "  sd x\\n, 8*\\n(x31)\n"
    "  .endr\n"
    "  mv a1, x31\n"
    "  ld t0, saved_x31\n"
    "  sd t0, 8*31(a1)\n"
    "  lla t0, saved_sp\n"
    "  ld sp, 0(t0)\n"
    "  ld ra, 0(sp); ld s0, 8(sp); ld s1, 16(sp); ld s2, 24(sp); ld s3, 32(sp); ld s4, 40(sp)\n"
    "  ld s5, 48(sp); ld s6, 56(sp); ld s7, 64(sp); ld s8, 72(sp); ld s9, 80(sp); ld s10, 88(sp)\n"
    "  ld s11, 96(sp); ld gp, 104(sp); ld tp, 112(sp)\n"
    "  addi sp, sp, 128\n"
    "  ret\n"
    ".option pop\n");
uint64_t saved_sp, saved_x31;

/* A failure of fork is seen, and ends the program. */
static pid_t must(long result, int error) {
  if (result >= 0) return (pid_t)result;
  see("fork-errno", (uint64_t)error);
  power(TINE_POWER_OFF, 0);
  _exit(1);
}

static pid_t must_fork(void) {
  pid_t pid = fork();
  return must(pid, errno);
}

/* The child's status as wait4 tells it; -1: there was nobody to wait for. */
static uint64_t status_of(pid_t child) {
  int status = -1;
  return waitpid(child, &status, 0) == child ? (uint64_t)status : ~0ul;
}

/* ---- Memory of all kinds ---- */

static uint64_t data[1024] = {1, 2, 3};
static uint64_t bss[2048];
enum { far_pages = 1100, kinds = 6 }; /* more than one table of the page table */

static struct {
  uint64_t* at;
  size_t bytes;
} areas[kinds];

static void make_areas(uint64_t* stack, size_t stack_bytes) {
  uint8_t* far =
      mmap(NULL, far_pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  uint64_t* heap = malloc(3 * PAGE);
  areas[0].at = data, areas[0].bytes = sizeof data;
  areas[1].at = bss, areas[1].bytes = sizeof bss;
  areas[2].at = heap, areas[2].bytes = 3 * PAGE;
  areas[3].at = stack, areas[3].bytes = stack_bytes;
  areas[4].at = (uint64_t*)(far + 7 * PAGE), areas[4].bytes = 5 * PAGE;
  areas[5].at = (uint64_t*)(far + (far_pages - 3) * PAGE), areas[5].bytes = 3 * PAGE;
}

static void fill_areas(uint64_t first) {
  for (size_t i = 0; i < kinds; i++) fill(areas[i].at, areas[i].bytes, first + i);
}

static void see_areas(const char* who) {
  char key[32];
  for (size_t i = 0; i < kinds; i++) {
    snprintf(key, sizeof key, "%s-%lu", who, i);
    see(key, hash_of(areas[i].at, areas[i].bytes));
  }
}

/* ---- Part 1: a copy of everything ---- */

static void answer(char** more) {
  (void)more;
  int code = (int)(1 + number_of_run(1) % 100);
  struct tine_process_info child_info = {0}, own_info = {0};
  pid_t self = getpid(), child = must_fork();
  if (child == 0) _exit(getpid() == self ? 0 : code);
  process_info(self, &own_info);
  see("listed", process_info(child, &child_info) == child);
  see("parent", (uint64_t)child_info.parent);
  see("same-name", strcmp(own_info.name, child_info.name) == 0);
  see("same-args", memcmp(&own_info.args, &child_info.args, sizeof own_info.args) == 0);
  see("status", status_of(child));
  see("gone", process_info(child, &child_info) != child);
}

static uint64_t resident_pages(void) {
  struct tine_process_info info = {0};
  process_info(getpid(), &info);
  return info.resident_pages;
}

static void memory(char** more) {
  (void)more;
  uint64_t stack[1200];
  make_areas(stack, sizeof stack);
  fill_areas(1);
  uint64_t* sealed = areas[4].at + 2 * PAGE / 8; /* may only be read from now on */
  mprotect(sealed, PAGE, PROT_READ);
  const uint64_t* untouched = areas[4].at + 300 * PAGE / 8;
  resident_pages();
  uint64_t resident = resident_pages();
  pid_t child = must_fork();
  if (child == 0) {
    see("resident", resident_pages() - resident);
    see_areas("child");
    see("untouched", untouched[5]);
    struct tine_page_info info = {0, 0, 0};
    see("page-of-nothing", page_info(untouched + 100 * PAGE / 8, &info) ? 1 : info.frame);
    pid_t victim = must_fork();
    if (victim == 0) {
      *(volatile uint64_t*)sealed = 1;
      _exit(0);
    }
    see("write-to-sealed", status_of(victim));
    _exit(0);
  }
  see("status", status_of(child));
  see_areas("parent");
}

/* The parent writes at once, without a system call between, and the child then; each looks at its
 * own memory at the end. */
static void separate(char** more) {
  (void)more;
  uint64_t stack[1200];
  static struct tine_memory_info kernel_writes;
  make_areas(stack, sizeof stack);
  uint64_t rounds = 0;
  for (; rounds < 3; rounds++) {
    fill_areas(1);
    kernel_writes.hz = 12345;
    pid_t parent = getpid(), child = must_fork();
    if (child == 0) {
      hear();
      see_areas("child-before");
      see("kernel-wrote", kernel_writes.hz);
      fill_areas(20);
      kernel_writes.hz = 54321;
      tell(parent, 1);
      hear();
      see_areas("child");
      _exit(0);
    }
    fill_areas(10);
    memory_info(&kernel_writes);
    tell(child, 1);
    hear();
    see_areas("parent");
    see("hz", kernel_writes.hz);
    tell(child, 1);
    if (status_of(child) != 0) break;
  }
  see("rounds", rounds);
}

static volatile int handled;
static void handler(int number) { handled = number; }

static void inherit(char** more) {
  (void)more;
  char byte, cwd[64] = "";
  off_t start = (off_t)(100 + number_of_run(1) % 100);
  int fd = open("/bin/init", O_RDONLY);
  lseek(fd, start, SEEK_SET);
  chdir("/tmp");
  signal(SIGUSR1, SIG_IGN);
  signal(SIGUSR2, handler);
  sigset_t mask = 1u << (SIGTERM - 1);
  sigprocmask(SIG_BLOCK, &mask, NULL);
  sbrk(3 * (ptrdiff_t)PAGE + 100);
  uintptr_t end = (uintptr_t)sbrk(0);
  pid_t parent = getpid(), child = must_fork();
  if (child == 0) {
    see("getppid", getppid() == parent);
    see("offset", (uint64_t)(lseek(fd, 0, SEEK_CUR) - start));
    see("read", (uint64_t)read(fd, &byte, 1));
    see("closed", close(fd) == 0);
    see("cwd", getcwd(cwd, sizeof cwd) && strcmp(cwd, "/tmp") == 0);
    kill(getpid(), SIGUSR1); /* ignored, or this was the end */
    kill(getpid(), SIGUSR2);
    see("handled", (uint64_t)handled);
    kill(getpid(), SIGTERM); /* blocked, or this was the end */
    see("break", (uintptr_t)sbrk(0) - end);
    memset(sbrk(2 * (ptrdiff_t)PAGE), 1, 2 * PAGE);
    see("break-grown", (uintptr_t)sbrk(0) - end);
    _exit(7);
  }
  see("status", status_of(child));
  see("parent-offset", (uint64_t)(lseek(fd, 0, SEEK_CUR) - start));
  see("parent-read", (uint64_t)read(fd, &byte, 1));
  see("parent-break", (uintptr_t)sbrk(0) - end);
}

/* ---- What fails gives back ---- */

static void compare_books(const char* key, struct tine_memory_info* before) {
  struct tine_memory_info after = books();
  uint64_t differences = 0;
  differences |= (uint64_t)(after.user_frames != before->user_frames) << 0;
  differences |= (uint64_t)(after.table_frames != before->table_frames) << 1;
  differences |= (uint64_t)(after.heap_bytes != before->heap_bytes) << 2;
  differences |= (uint64_t)(after.stacks != before->stacks) << 3;
  differences |= (uint64_t)(after.processes != before->processes) << 4;
  differences |= (uint64_t)(after.threads != before->threads) << 5;
  differences |= (uint64_t)(after.open_files != before->open_files) << 6;
  differences |= (uint64_t)(after.file_frames != before->file_frames) << 7;
  see(key, differences);
}

static void give_back(char** more) {
  (void)more;
  uint64_t stack[1200];
  make_areas(stack, sizeof stack);
  fill_areas(1);
  for (int i = 0; i < 40; i++) { /* what is kept for good is made now; so many pids, too */
    pid_t child = must_fork();
    if (child == 0) _exit(0);
    status_of(child);
    fill_areas(1);
  }
  struct tine_memory_info before = books();
  for (int i = 0; i < 30; i++) {
    pid_t child = must_fork();
    if (child == 0) {
      fill_areas(2);
      _exit(0);
    }
    status_of(child);
    fill_areas(1);
  }
  compare_books("leak", &before);

  uint64_t failures = 0, wrong = 0;
  for (long n = 1; n < 1000; n++) {
    before = books();
    fail_alloc(n);
    errno = 0;
    pid_t child = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    int error = errno;
    uint64_t armed = (uint64_t)fail_alloc(0);
    if (child == 0) _exit(0);
    if (child > 0) status_of(child);
    if (child > 0 && armed) break;
    if (child > 0 || error != ENOMEM) wrong++;
    failures++;
    fill_areas(3);
    struct tine_page_info info = {0, 0, 0};
    page_info(areas[4].at, &info);
    if (info.references != 1) see("still-held", info.references);
    compare_books("not-given-back", &before);
  }
  fill_areas(4);
  see_areas("parent");
  see("failures", failures);
  see("wrong-errors", wrong);
}

/* ---- Part 2: the trap frame and the switch context ---- */

static void zero(char** more) {
  (void)more;
  uint64_t in[32], out[32];
  fill(in, sizeof in, 1);
  in[10] = SIGCHLD, in[11] = 0, in[17] = SYS_clone;
  pid_t parent = getpid();
  long result = clone_with(in, out);
  if (getpid() != parent) {
    see("child-result", (uint64_t)result);
    tell(parent, (uint64_t)getpid());
    _exit(0);
  }
  must(result, (int)-result);
  see("parent-result", (uint64_t)result - hear());
  see("status", status_of((pid_t)result));
}

static void once(char** more) {
  (void)more;
  pid_t parent = getpid(), child = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
  see("out", (uint64_t)getpid());
  if (getpid() != parent) _exit(5);
  must(child, errno);
  see("status", status_of(child));
  see("processes", books().processes);
}

static void load_fp(const uint64_t* from) {
#define F(n) asm volatile("fld f" #n ", %0" ::"m"(from[n]) : "f" #n);
  /* clang-format off */
  F(0) F(1) F(2) F(3) F(4) F(5) F(6) F(7) F(8) F(9) F(10) F(11) F(12) F(13) F(14)
  F(15) F(16) F(17) F(18) F(19) F(20) F(21) F(22) F(23) F(24) F(25) F(26) F(27)
  F(28) F(29) F(30) F(31)
  /* clang-format on */
#undef F
}

static void store_fp(uint64_t* to) {
#define F(n) asm volatile("fsd f" #n ", %0" : "=m"(to[n]));
  /* clang-format off */
  F(0) F(1) F(2) F(3) F(4) F(5) F(6) F(7) F(8) F(9) F(10) F(11) F(12) F(13) F(14)
  F(15) F(16) F(17) F(18) F(19) F(20) F(21) F(22) F(23) F(24) F(25) F(26) F(27)
  F(28) F(29) F(30) F(31)
  /* clang-format on */
#undef F
}

static uint64_t differing(const uint64_t* in, const uint64_t* out) {
  uint64_t bits = 0;
  for (unsigned i = 1; i < 32; i++) {
    if (i != 10 && i != 30 && in[i] != out[i]) bits |= 1ul << i;
  }
  return bits;
}

static void registers(char** more) {
  (void)more;
  uint64_t in[32], out[32], fp[32];
  fill(in, sizeof in, 1);
  in[10] = SIGCHLD, in[11] = 0, in[17] = SYS_clone;
  pid_t parent = getpid();
  fill(fp, sizeof fp, 2);
  load_fp(fp);
  long result = clone_with(in, out);
  store_fp(fp);
  must(result, (int)-result);
  int child = getpid() != parent;
  see(child ? "child-differs" : "parent-differs", differing(in, out));
  see(child ? "child-fp" : "parent-fp", hash_of(fp, sizeof fp));
  if (child) _exit(0);
  see("status", status_of((pid_t)result));
}

/* On another stack, with another thread pointer. */
void __attribute__((used)) on_new_stack(uint64_t sp, uint64_t tp) {
  see("sp", sp);
  see("tp", tp);
  _exit(3);
}
long clone_onto(unsigned long flags, void* stack, uint64_t tls);
asm(".text\n"
    ".balign 4\n"
    "clone_onto:\n"
    "  mv a3, a2\n"
    "  li a2, 0\n"
    "  li a4, 0\n"
    "  li a7, 220\n"
    "  ecall\n"
    "  beqz a0, 1f\n"
    "  ret\n"
    "1:\n"
    "  mv a0, sp\n"
    "  mv a1, tp\n"
    "  .option push; .option norelax; la gp, __global_pointer$; .option pop\n"
    "  j on_new_stack\n");

static void stack_and_signal(char** more) {
  (void)more;
  static uint64_t new_stack[2048];
  uint64_t* top = new_stack + 2048 - 2 * (1 + number_of_run(1) % 50);
  long child = clone_onto(CLONE_SETTLS | SIGUSR2, top, number_of_run(2));
  must(child, (int)-child);
  signal(SIGUSR2, handler);
  see("wanted-sp", (uint64_t)top);
  see("status", status_of((pid_t)child));
  see("handled", (uint64_t)handled);
  handled = 0;
  signal(SIGCHLD, handler);
  child = syscall(SYS_clone, 0, 0, 0, 0, 0);
  if (child == 0) _exit(0);
  see("second-status", status_of((pid_t)child));
  see("second-handled", (uint64_t)handled);
  child = must_fork();
  if (child == 0) _exit(0);
  see("third-status", status_of((pid_t)child));
  see("third-handled", (uint64_t)handled);
}

static uint64_t work(uint64_t rounds, uint64_t seed) {
  uint64_t hash = seed;
  for (uint64_t i = 0; i < rounds; i++) hash = lab_hash(hash, i);
  return hash;
}

static int generation(int depth) {
  if (depth == 0) return 0;
  pid_t child = must_fork();
  if (child == 0) _exit(generation(depth - 1) + depth);
  uint64_t status = status_of(child);
  return status & 0xff ? 99 : (int)(status >> 8);
}

static void many(char** more) {
  (void)more;
  see("generations", (uint64_t)generation(6));
  pid_t children[5];
  pid_t parent = getpid();
  for (uint64_t i = 0; i < 5; i++) {
    children[i] = must_fork();
    if (children[i] == 0) {
      uint64_t hash = work(60000, number_of_run(i));
      tell(parent, 0); /* may find the mailbox full: no matter */
      see("work", hash);
      _exit((int)i);
    }
  }
  uint64_t sum = 0;
  for (int i = 0; i < 5; i++) {
    uint64_t status = status_of(children[i]);
    sum += status & 0xff ? 1000 : status >> 8;
  }
  see("sum", sum);
  see("nobody", waitpid(-1, NULL, 0) == -1 && errno == ECHILD);
}

/* The child uses the parent's memory itself until it ends (CLONE_VM): there is nothing to copy. */
static void vfork_case(char** more) {
  (void)more;
  static volatile uint64_t shared;
  uint64_t mine = number_of_run(1);
  struct tine_page_info info = {0, 0, 0};
  shared = 1;
  pid_t child = (pid_t)syscall(SYS_clone, CLONE_VM | CLONE_VFORK | SIGCHLD, 0, 0, 0, 0);
  if (child == 0) {
    shared = mine;
    _exit(0);
  }
  page_info((void*)&shared, &info);
  see("shared", shared);
  see("references", info.references);
  see("status", status_of(child));
}

/* Code that parent and child change, each for itself. */
static void code(char** more) {
  (void)more;
  uint32_t* page =
      mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  uint32_t one = 1 + (uint32_t)number_of_run(1) % 1000, two = one + 1000;
  int (*function)(void) = (int (*)(void))page;
  page[0] = 0x513 | one << 20; /* li a0, one */
  page[1] = 0x8067;            /* ret */
  asm volatile("fence.i" ::: "memory");
  see("first", (uint64_t)function() - one);
  pid_t child = must_fork();
  if (child == 0) {
    page[0] = 0x513 | two << 20;
    asm volatile("fence.i" ::: "memory");
    see("child", (uint64_t)function() - two);
    _exit(0);
  }
  see("status", status_of(child));
  see("parent", (uint64_t)function() - one);
}

/* ---- Part 3: copy-on-write ---- */

static uint8_t* pages(size_t count) {
  uint8_t* at =
      mmap(NULL, count * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (size_t i = 0; i < count; i++) at[i * PAGE] = (uint8_t)(i + 1);
  return at;
}

static struct tine_page_info look(const void* at) {
  struct tine_page_info info = {0, 0, 0};
  page_info(at, &info);
  return info;
}

static void see_page(const char* who, const void* at) {
  char key[40];
  struct tine_page_info info = look(at);
  snprintf(key, sizeof key, "%s-frame", who), see(key, info.frame);
  snprintf(key, sizeof key, "%s-holders", who), see(key, info.references);
  snprintf(key, sizeof key, "%s-flags", who), see(key, info.flags);
}

static void share(char** more) {
  (void)more;
  uint8_t* at = pages(60);
  uint8_t* sealed = pages(1);
  mprotect(sealed, PAGE, PROT_READ);
  size_t which = 10 + number_of_run(1) % 40;
  pid_t parent = getpid(), child = must_fork();
  uint64_t frames = 0, shared = 0, cow = 0;
  for (size_t i = 0; i < 60; i++) {
    struct tine_page_info info = look(at + i * PAGE);
    frames = lab_hash(frames, info.frame);
    shared += info.references == 2;
    cow += info.flags == (TINE_PAGE_READ | TINE_PAGE_COW);
  }
  const char* who = child == 0 ? "child" : "parent";
  char key[40];
  snprintf(key, sizeof key, "%s-frames", who), see(key, frames);
  snprintf(key, sizeof key, "%s-shared", who), see(key, shared);
  snprintf(key, sizeof key, "%s-cow", who), see(key, cow);
  snprintf(key, sizeof key, "%s-sealed", who), see_page(key, sealed);
  if (child == 0) {
    tell(parent, 1);
    hear();
    see_page("before", at + which * PAGE);
    at[which * PAGE] = 0;
    see_page("after", at + which * PAGE);
    tell(parent, 1);
    hear();
    _exit(0);
  }
  hear();
  tell(child, 1);
  hear();
  see_page("left", at + which * PAGE);
  see("left-value", at[which * PAGE] == (uint8_t)(which + 1));
  tell(child, 1);
  see("status", status_of(child));
}

static void last(char** more) {
  (void)more;
  uint8_t* at = pages(2);
  pid_t parent = getpid(), child = must_fork();
  if (child == 0) {
    hear();
    see_page("heir-before", at + PAGE); /* the parent has its copy: we are the last */
    at[PAGE] = 1;
    see_page("heir-after", at + PAGE);
    tell(parent, 1);
    hear();
    _exit(0);
  }
  at[PAGE] = 2;
  tell(child, 1);
  hear();
  tell(child, 1);
  see("status", status_of(child));
  see_page("alone", at);
  uint64_t before = books().user_frames;
  at[0] = 9;
  see_page("own", at);
  see("more-frames", books().user_frames - before);
  see("value", at[0]);
}

static void cheap(char** more) {
  (void)more;
  uint8_t* at = pages(1000);
  uint64_t before = books().user_frames, spent = instructions();
  pid_t parent = getpid(), child = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
  spent = instructions() - spent;
  if (child == 0) {
    hear();
    for (int i = 0; i < 100; i++) at[(size_t)i * 7 * PAGE] = 0;
    tell(parent, 1);
    hear();
    _exit(0);
  }
  must(child, errno);
  see("instructions", spent);
  see("frames", books().user_frames - before);
  tell(child, 1);
  hear();
  see("frames-written", books().user_frames - before);
  tell(child, 1);
  see("status", status_of(child));
}

/* ---- The part that is each student's own ---- */

static uint64_t cost_of_fork(void) {
  uint64_t spent = 0;
  for (int i = 0; i < 3; i++) { /* the third has everything at hand */
    spent = instructions();
    pid_t child = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    if (child == 0) _exit(0);
    spent = instructions() - spent;
    must(child, errno);
    status_of(child);
  }
  return spent;
}

static void measure(char** more) {
  size_t count = *more ? strtoul(*more, NULL, 10) : 0;
  uint64_t before = cost_of_fork();
  pages(count);
  see("instructions", cost_of_fork() - before);
}

static void boot(char** more) {
  (void)more;
  errno = 0;
  pid_t child = fork();
  if (child == 0) _exit(0);
  see("fork-errno", child < 0 ? (uint64_t)errno : 0);
}

int main(int argc, char** argv) {
  static const struct lab_case cases[] = {
      {"boot", boot},           {"answer", answer},
      {"memory", memory},       {"separate", separate},
      {"inherit", inherit},     {"give_back", give_back},
      {"zero", zero},           {"once", once},
      {"registers", registers}, {"stack", stack_and_signal},
      {"many", many},           {"vfork", vfork_case},
      {"code", code},           {"share", share},
      {"last", last},           {"cheap", cheap},
      {"measure", measure},
  };
  return lab_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
