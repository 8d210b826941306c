/*
 * No memory in the calls that make processes and memory: each allocation made to fail once
 * (walk.h), then the real end of memory, then a fork bomb. Whatever fails gives back what it had
 * taken. The other calls: oom_calls.c.
 */
#include "walk.h"

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
static void in_execve(void) { WALK(try_exec, MAY_DIE, 10); }

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

static int try_read(long n) {
  long result;
  char* at = mmap(NULL, 4 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  argument[0] = (uintptr_t)open("/dev/zero", O_RDONLY);
  argument[1] = (uintptr_t)at;
  argument[2] = 4 * 4096;
  return attempt(n, SYS_read, &result);
}
static void in_read(void) { WALK(try_read, MAY_BE_SHORT, 4); }

static int try_mmap(long n) {
  long result;
  argument[0] = 0;
  argument[1] = 4096;
  argument[2] = PROT_READ | PROT_WRITE;
  argument[3] = MAP_PRIVATE | MAP_ANONYMOUS;
  return attempt(n, SYS_mmap, &result);
}
static void in_mmap(void) { WALK(try_mmap, 0, 1); }

/* In the middle of another mapping; that stays whole when the new one cannot be made. */
static int try_mmap_over(long n) {
  long result;
  char* at = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  memset(at, 'o', 3 * 4096);
  argument[0] = (uintptr_t)at + 4096;
  argument[1] = 4096;
  argument[2] = PROT_READ;
  argument[3] = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
  int end = attempt(n, SYS_mmap, &result);
  if (end == NOT_REACHED) return at[4096] == 0 ? end : 1;
  for (int i = 0; i < 3 * 4096; i++) {
    if (at[i] != 'o') return 2;
  }
  return end;
}
static void in_mmap_over(void) { WALK(try_mmap_over, 0, 3); }

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
  /* A kernel that finds memory meanwhile (wing oom) tries again. */
  return fail_alloc(0) != 0 ? NOT_REACHED : REFUSED;
}
static void in_touch(void) { WALK(try_touch, MAY_DIE, 3); }

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

#define LARGEST_MEMORY (1ul << 36) /* more than any machine has */

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

/* The kernel's count of free frames is true: we got as many pages and page tables as it promised,
 * and at most what it keeps for later use besides. */
static void is_what_was_free(long bytes, const struct tine_memory_info* before) {
  long pages = bytes / PAGE, used = pages + pages / 512 + pages / (512 * 512);
  long most = (long)tap_usable(before), margin = (1 << 20) / PAGE;
  if (used < (long)before->free_frames - margin || used > most + margin)
    tap_fail("%lu frames were free, and at most %ld usable, but we got %ld",
             (unsigned long)before->free_frames, most, used);
}

/* read() fills memory without dying of it; then everything else says ENOMEM, and works again when
 * some is given back. */
static void all_used_up(void) {
  pid_t child = FORK();
  if (child == 0) {
    char* at =
        mmap(NULL, LARGEST_MEMORY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int zero = open("/dev/zero", O_RDONLY);
    char* next = at;
    volatile char
        stack[8192]; /* our own pages first: a page fault without memory would be the end */
    for (size_t i = 0; i < sizeof stack; i += 512) stack[i] = 1;
    struct tine_memory_info before;
    EQUAL(memory_info(&before), 0);
    errno = 1;
    for (long got; (got = read(zero, next, 1 << 30)) > 0;) next += got;
    CHECK(errno == ENOMEM);
    is_what_was_free(next - at, &before);
    CHECK(next - at > 16 << 20);
    errno = 0;
    long pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    if (pid == 0) _exit(0);
    CHECK(pid == -1 && errno == ENOMEM);
    ERROR(execve("/bin/hello", NULL, NULL), ENOMEM);
    /* The child needs a page table for each 512 pages that it shares with us. */
    EQUAL(munmap(at, (size_t)(next - at) / 64 & ~(PAGE - 1ul)), 0);
    pid = FORK();
    if (pid == 0) _exit(0);
    ENDS((pid_t)pid, 0);
    _exit(0);
  }
  ENDS(child, 0);
}

static uint64_t usable_before_crowd; /* frames */
static long crowd;

/* As many processes at once as take half of memory, but at most 1,500; then all of them end. It is
 * no case: the tables of the window of kernel stacks stay, and are no leak. */
static void crowd_comes_and_goes(void) {
  struct tine_memory_info info;
  int end[2];
  char byte;
  memory_info(&info);
  usable_before_crowd = tap_usable(&info);
  pipe(end);
  for (; crowd < 1500 && info.free_frames > usable_before_crowd / 2; crowd++) {
    pid_t child = fork();
    if (child == 0) {
      close(end[1]);
      read(end[0], &byte, 1);
      _exit(0);
    }
    if (child < 0) break;
    memory_info(&info);
  }
  close(end[0]);
  close(end[1]);
  while (wait(NULL) > 0) continue;
}

/* Each of them had four frames for its kernel stack. */
static void stacks_of_the_crowd(void) {
  struct tine_memory_info info;
  memory_info(&info);
  CHECK(crowd > 500);
  CHECK((long)(info.stack_frames - TAP_FRAMES_A_STACK * info.stacks) >=
        TAP_FRAMES_A_STACK * (crowd - 4)); /* we have one of them */
  pid_t child = FORK();
  if (child == 0) {
    char* at =
        mmap(NULL, LARGEST_MEMORY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int zero = open("/dev/zero", O_RDONLY);
    long taken = 0;
    errno = 0; /* its page is our own before there is none left */
    for (long got; (got = read(zero, at + taken, 1 << 30)) > 0;) taken += got;
    long used = taken / PAGE + taken / PAGE / 512; /* pages, and their page tables */
    CHECK((long)usable_before_crowd - used < crowd);
    _exit(0);
  }
  ENDS(child, 0);
  /* New ones can be made where the old ones were. */
  for (int i = 0; i < 100; i++) {
    child = FORK();
    if (child == 0) _exit(0);
  }
  while (wait(NULL) > 0) continue;
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
  int end[2];
  char byte;
  EQUAL(pipe(end), 0);
  pid_t bomber = FORK();
  if (bomber == 0) {
    for (;;) {
      pid_t child = fork();
      if (child == 0) {
        close(end[1]);
        _exit(read(end[0], &byte, 1) != 0);
      }
      if (child < 0) _exit(errno == ENOMEM || errno == EAGAIN ? 0 : 1);
    }
  }
  EQUAL(close(end[1]), 0);
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
  RUN("fork: every allocation may fail; nothing is left behind, the parent's data is intact",
      in_fork);
  RUN("execve: every allocation may fail, and the caller goes on", in_execve);
  RUN("exec(app_id): the first allocations may fail, and the caller goes on", in_exec);
  RUN("read into fresh pages: a short count or ENOMEM", in_read);
  RUN("mmap: every allocation may fail", in_mmap);
  RUN("mmap over another mapping: every allocation may fail, and the other stays", in_mmap_over);
  RUN("munmap in the middle: every allocation may fail, and nothing was changed", in_munmap);
  RUN("mprotect in the middle: every allocation may fail, and nothing was changed", in_mprotect);
  RUN("brk: when an allocation fails the break stays", in_brk);
  RUN("touching a page without memory is SIGKILL, or works when there is some again", in_touch);
  RUN("ipc_recv without memory keeps the message", in_receive);
  RUN("a count that was not reached ends with its process", count_ends);
  RUN("who touches all memory is ended by SIGKILL", touch_until_killed);
  RUN("when all memory is used fork and exec are ENOMEM, and work again afterwards", all_used_up);
  crowd_comes_and_goes();
  RUN("the kernel stacks of a crowd that has ended are memory for one program",
      stacks_of_the_crowd);
  RUN("two processes meet the end of memory at once", two_at_once);
  RUN("a fork bomb ends in ENOMEM or EAGAIN, and everything is given back", bomb);
  return tap_end();
}
