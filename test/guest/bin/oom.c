/*
 * No memory: each allocation of each call made to fail once (fail_alloc), then the real end of
 * memory, then a fork bomb. Whatever fails gives back what it had taken.
 */
#include "tap.h"

enum {
  NOT_REACHED = 40,
  REFUSED = 41,
  SHORT = 42
}; /* how an attempt ended, besides death by SIGKILL */

static uintptr_t argument[4];

/*
 * fail_alloc(n); the call; fail_alloc(0). All in registers: a page fault of ours in between would
 * be counted, too. A child made by clone ends at once. Answers what was left of the count, and the
 * call's result through `result`.
 */
static long armed(long n, long number, long* result) {
  register long a0 asm("a0") = n;
  register long a1 asm("a1") = (long)argument[1];
  register long a2 asm("a2") = (long)argument[2];
  register long a3 asm("a3") = (long)argument[3];
  register long a7 asm("a7") = SYS_fail_alloc;
  register long first asm("s2") = (long)argument[0];
  register long call asm("s3") = number;
  register long out asm("s4");
  asm volatile(
      "ecall\n"
      "mv a0, s2\n"
      "mv a7, s3\n"
      "ecall\n"
      "mv s4, a0\n"
      "li a7, %[clone]\n"
      "bne s3, a7, 1f\n"
      "bnez a0, 1f\n"
      "li a7, %[exit]\n"
      "ecall\n"
      "1: li a0, 0\n"
      "li a7, %[fail]\n"
      "ecall\n"
      : "+r"(a0), "+r"(a7), "+r"(a1), "+r"(a2), "+r"(a3), "=&r"(out)
      : "r"(first),
        "r"(call), [clone] "i"(SYS_clone), [exit] "i"(SYS_exit_group), [fail] "i"(SYS_fail_alloc)
      : "memory");
  *result = out;
  return a0;
}

static int attempt(long n, long number, long* result) {
  long left = armed(n, number, result);
  if (left != 0) return NOT_REACHED;
  return *result == -ENOMEM ? REFUSED : SHORT;
}

/*
 * Walks through all allocations of what `body(n)` does, each time in a child of its own, and
 * compares the books each time. Ends when the count is not reached; answers how many allocations
 * there were.
 */
static int walk(int (*body)(long n), int allowed) {
  tap_settle();
  for (long n = 1; n < 500; n++) {
    struct tine_memory_info before;
    char why[256];
    tap_books(&before);
    tap.last_pid = getpid();
    pid_t child = FORK();
    if (child == 0) _exit(body(n));
    int status = -1;
    EQUAL(waitpid(child, &status, 0), child);
    int files = tap.makes_files;
    if (tap_leaked(&before, why, sizeof why))
      tap_fail("allocation %ld: not given back: %s", n, why);
    tap.makes_files = files;
    if (status == NOT_REACHED << 8) return (int)n - 1;
    if (status == REFUSED << 8) continue;
    if (status == SIGKILL && (allowed & 1)) continue;
    if (status == SHORT << 8 && (allowed & 2)) continue;
    tap_fail("allocation %ld: expected ENOMEM, got status %x", n, (unsigned)status);
  }
  tap_fail("500 allocations and no end");
}

#define WALK(body, allowed, least)     \
  do {                                 \
    int met = walk(body, allowed);     \
    printf("# %d allocations\n", met); \
    CHECK(met >= (least));             \
  } while (0)

/* ---- Each call ---- */

static int try_fork(long n) {
  static char data[4 * 4096] = {1};
  long result;
  memset(data, 'd', sizeof data);
  argument[0] = SIGCHLD;
  argument[1] = 0;
  int end = attempt(n, SYS_clone, &result);
  for (size_t i = 0; i < sizeof data; i++) {
    if (data[i] != 'd') return 1;
  }
  memset(data, 'e', sizeof data);
  if (end == NOT_REACHED && (result <= 0 || waitpid((pid_t)result, NULL, 0) != result)) return 2;
  if (end == REFUSED && waitpid(-1, NULL, 0) != -1) return 3;
  return end;
}
static void in_fork(void) { WALK(try_fork, 0, 5); }

static int try_exec(long n) {
  static char* argv[] = {"oom", "--exit", NULL};
  long result;
  argument[0] = (uintptr_t)"/test/oom";
  argument[1] = (uintptr_t)argv;
  argument[2] = (uintptr_t)(argv + 2);
  int end = attempt(n, SYS_execve, &result); /* returns only on failure */
  return end == REFUSED ? end : 1;
}
static void in_execve(void) { WALK(try_exec, 1, 10); }

static int try_exec_app(long n) {
  long result;
  argument[0] = APP_ID_HELLO;
  int end = attempt(n, SYS_exec, &result);
  return end == REFUSED ? end : 1;
}
static void in_exec(void) {
  for (long n = 1; n < 8; n++) { /* the rest of the way is execve's */
    pid_t child = FORK();
    if (child == 0) _exit(try_exec_app(n));
    ENDS(child, REFUSED);
  }
}

static const char* new_name;

static int try_create(long n) {
  long result;
  argument[0] = (uintptr_t)(long)AT_FDCWD;
  argument[1] = (uintptr_t)new_name;
  argument[2] = O_CREAT | O_RDWR | O_EXCL;
  argument[3] = 0644;
  int end = attempt(n, SYS_openat, &result);
  if (end == REFUSED && (open(new_name, O_RDONLY) != -1 || errno != ENOENT))
    return 1; /* nothing was made */
  return end;
}
static void in_create(void) {
  static char name[64];
  snprintf(name, sizeof name, "/tmp/oom.%lu", now_ns());
  new_name = name;
  tap.makes_files = 1; /* in this process, too */
  WALK(try_create, 0, 4);
}

static int try_write(long n) {
  static char data[6 * 4096] = {1};
  long result;
  int fd = open("/tmp/oom.file", O_RDWR | O_TRUNC);
  memset(data, 'w', sizeof data);
  argument[0] = (uintptr_t)fd;
  argument[1] = (uintptr_t)data;
  argument[2] = sizeof data;
  int end = attempt(n, SYS_write, &result);
  struct stat about;
  fstat(fd, &about);
  if (about.st_size != (result < 0 ? 0 : result)) end = 1;
  close(open("/tmp/oom.file", O_WRONLY | O_TRUNC));
  return end;
}
static void in_write(void) { WALK(try_write, 2, 7); }

static int try_read(long n) {
  long result;
  char* at = mmap(NULL, 4 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  argument[0] = (uintptr_t)open("/dev/zero", O_RDONLY);
  argument[1] = (uintptr_t)at;
  argument[2] = 4 * 4096;
  return attempt(n, SYS_read, &result);
}
static void in_read(void) { WALK(try_read, 2, 4); }

static int try_mmap(long n) {
  long result;
  argument[0] = 0;
  argument[1] = 4096;
  argument[2] = PROT_READ | PROT_WRITE;
  argument[3] = MAP_PRIVATE | MAP_ANONYMOUS;
  return attempt(n, SYS_mmap, &result);
}
static void in_mmap(void) { WALK(try_mmap, 0, 1); }

/* In a split the regions on both sides stay as they were. */
static int try_split(long n, long number, uintptr_t third) {
  long result;
  char* at = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  memset(at, 's', 3 * 4096);
  argument[0] = (uintptr_t)at + 4096;
  argument[1] = 4096;
  argument[2] = third;
  int end = attempt(n, number, &result);
  if (end == REFUSED) memset(at, 't', 3 * 4096);
  return end;
}
static int try_munmap(long n) { return try_split(n, SYS_munmap, 0); }
static int try_mprotect(long n) { return try_split(n, SYS_mprotect, PROT_READ); }
static void in_munmap(void) { WALK(try_munmap, 0, 2); }
static void in_mprotect(void) { WALK(try_mprotect, 0, 2); }

static int try_brk(long n) {
  long result;
  char* old = sbrk(0);
  argument[0] = (uintptr_t)old + 2 * 4096;
  int end = attempt(n, SYS_brk, &result);
  if (end == NOT_REACHED) return result == (long)old + 2 * 4096 ? end : 1;
  return result == (long)old ? REFUSED : 2; /* brk has no errors: the break stays */
}
static void in_brk(void) { WALK(try_brk, 0, 1); }

static int try_touch(long n) {
  volatile char* at =
      mmap(NULL, 64 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  fail_alloc(n);
  at[0] = 1;
  at[40 * 4096] = 1;
  at[1 * 4096] = at[0];
  return fail_alloc(0) != 0 ? NOT_REACHED : 1;
}
static void in_touch(void) { WALK(try_touch, 1, 3); }

static int try_receive(long n) {
  long result;
  struct tine_message* at =
      mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (ipc_send(getpid(), 5) != 0) return 1;
  argument[0] = (uintptr_t)at;
  int end = attempt(n, SYS_ipc_recv, &result);
  if (end != REFUSED) return end;
  return ipc_recv(at) == 0 && at->word == 5 ? end : 2; /* the message was kept */
}
static void in_receive(void) { WALK(try_receive, 0, 1); }

/* The next thread may lie where the ended one lay: it must not be taken for it. */
static void count_ends(void) {
  for (int i = 0; i < 20; i++) {
    pid_t child = FORK();
    if (child == 0) {
      fail_alloc(100);
      _exit(0);
    }
    ENDS(child, 0);
    EQUAL(fail_alloc(0), 0);
  }
}

/* ---- The real end of memory ---- */

static void touch_until_killed(void) {
  pid_t child = FORK();
  if (child == 0) {
    size_t size = 1ul << 34;
    volatile char* at =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(at != MAP_FAILED);
    for (size_t i = 0; i < size; i += 4096) at[i] = 1;
    _exit(0);
  }
  ENDS(child, -SIGKILL);
}

/* read() fills memory without dying of it; then everything else says ENOMEM, and works again when
 * some is given back. */
static void all_used_up(void) {
  pid_t child = FORK();
  if (child == 0) {
    size_t size = 1ul << 32;
    char* at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int zero = open("/dev/zero", O_RDONLY);
    char* next = at;
    volatile char
        stack[8192]; /* our own pages first: a page fault without memory would be the end */
    for (size_t i = 0; i < sizeof stack; i += 512) stack[i] = 1;
    errno = 1;
    for (long got; (got = read(zero, next, 1 << 30)) > 0;) next += got;
    CHECK(errno == ENOMEM);
    CHECK(next - at > 16 << 20);
    errno = 0;
    long pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    if (pid == 0) _exit(0);
    CHECK(pid == -1 && errno == ENOMEM);
    ERROR(execve("/bin/hello", NULL, NULL), ENOMEM);
    EQUAL(munmap(at, 4 << 20), 0);
    pid = FORK();
    if (pid == 0) _exit(0);
    ENDS((pid_t)pid, 0);
    _exit(0);
  }
  ENDS(child, 0);
}

static void two_at_once(void) {
  pid_t children[2];
  for (int c = 0; c < 2; c++) {
    children[c] = FORK();
    if (children[c] != 0) continue;
    volatile char* at =
        mmap(NULL, 1ul << 34, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (size_t i = 0; i < 1ul << 34; i += 4096) at[i] = 1;
  }
  ENDS(children[0], -SIGKILL);
  ENDS(children[1], -SIGKILL);
}

/* Children that wait for the bomber's end, as many as there can be. Who meets the end of memory in
 * a page fault dies of it. */
static void bomb(void) {
  pid_t bomber = FORK();
  if (bomber == 0) {
    pid_t self = getpid();
    for (;;) {
      pid_t child = fork();
      if (child == 0) {
        while (getppid() == self) sleep_ms(300);
        _exit(0);
      }
      if (child < 0) _exit(errno == ENOMEM || errno == EAGAIN ? 0 : 1);
    }
  }
  int status = -1;
  EQUAL(waitpid(bomber, &status, 0), bomber);
  if (status != 0 && status != SIGKILL)
    tap_fail("expected ENOMEM, EAGAIN or SIGKILL, got status %x", (unsigned)status);
  struct tine_memory_info info;
  for (int i = 0; i < 3000; i++) { /* thousands of orphans end, and init reaps them */
    memory_info(&info);
    if (info.processes < 20) return;
    sleep_ms(20);
  }
  tap_fail("expected the orphans to end, got %lu processes", info.processes);
}

int main(int argc, char** argv) {
  if (argc == 2 && strcmp(argv[1], "--exit") == 0)
    return fail_alloc(0) != 0 ? NOT_REACHED : REFUSED;
  tap_begin("oom");
  make_file("/tmp/oom.file");
  RUN("fork: every allocation may fail; nothing is left behind, the parent's data is intact",
      in_fork);
  RUN("execve: every allocation may fail, and the caller goes on", in_execve);
  RUN("exec(app_id): the first allocations may fail, and the caller goes on", in_exec);
  RUN_MAKING_FILES("openat: every allocation may fail, and then no file was made", in_create);
  RUN("write: every allocation may fail: a short count or ENOMEM", in_write);
  RUN("read into fresh pages: a short count or ENOMEM", in_read);
  RUN("mmap: every allocation may fail", in_mmap);
  RUN("munmap in the middle: every allocation may fail, and nothing was changed", in_munmap);
  RUN("mprotect in the middle: every allocation may fail, and nothing was changed", in_mprotect);
  RUN("brk: when an allocation fails the break stays", in_brk);
  RUN("touching a page without memory is SIGKILL", in_touch);
  RUN("ipc_recv without memory keeps the message", in_receive);
  RUN("a count that was not reached ends with its process", count_ends);
  RUN("who touches all memory is ended by SIGKILL", touch_until_killed);
  RUN("when all memory is used fork and exec are ENOMEM, and work again afterwards", all_used_up);
  RUN("two processes meet the end of memory at once", two_at_once);
  RUN("a fork bomb ends in ENOMEM or EAGAIN, and everything is given back", bomb);
  return tap_end();
}
