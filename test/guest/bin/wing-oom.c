/*
 * The wing `oom`: when memory ends the biggest goes, and the others go on; nothing is lost,
 * whatever the biggest was doing. The console tells who it was; this program looks at how children
 * end. (`wing-oom --fork` is for test/guest/failure.cc.)
 */
#include "clone.h"
#include "tap.h"

static size_t all_pages; /* that can be had when the program starts */

static char* map(size_t pages) {
  char* at = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(at != MAP_FAILED);
  return at;
}

static void fill(char* at, size_t pages, char value) {
  for (size_t i = 0; i < pages; i++) ((volatile char*)at)[i * PAGE] = value;
}

static int is_full_of(const char* at, size_t pages, char value) {
  for (size_t i = 0; i < pages; i++) {
    if (at[i * PAGE] != value) return 0;
  }
  return 1;
}

static int ready[2];    /* a pipe: a byte for each child that has taken its memory */
enum { READY_FD = 20 }; /* where another program finds it */

static void waits(void);
static void say_ready(void) { CHECK(write(ready[1], "r", 1) == 1); }
static void await_ready(void) {
  char byte;
  close(ready[1]); /* so that a child's death is the end of the file */
  EQUAL(read(ready[0], &byte, 1), 1);
}

/* A child that takes `percent` of all memory, and then does `rest`. */
static pid_t taker(int percent, void (*rest)(void)) {
  size_t pages = all_pages * (size_t)percent / 100;
  pid_t child = FORK();
  if (child == 0) {
    fill(map(pages), pages, 't');
    if (rest != waits) say_ready();
    rest();
    _exit(0);
  }
  return child;
}

/* It takes more than there is besides the big one, but less than that has. */
static void small_one(void) {
  size_t pages = all_pages * 45 / 100;
  char* at = map(pages);
  fill(at, pages, 's');
  _exit(is_full_of(at, pages, 's') ? 0 : 1);
}

static void against(void (*rest)(void)) {
  EQUAL(pipe2(ready, 0), 0);
  pid_t big = taker(65, rest);
  await_ready();
  pid_t small = FORK();
  if (small == 0) small_one();
  ENDS(small, 0);
  ENDS(big, -SIGKILL);
}

static void sleeps(void) {
  for (;;) sleep_ms(1000000);
}
static void reads(void) {
  int ends[2];
  char byte;
  pipe2(ends, 0);
  for (;;) read(ends[0], &byte, 1);
}
static void runs(void) {
  for (;;) asm volatile("nop");
}
static void calls(void) {
  for (;;) getppid();
}
static void handler(int number) { (void)number; }
static void blocks_all(void) {
  sigset_t all;
  struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
  for (int i = 1; i < 32; i++) sigaction(i, &action, NULL);
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, NULL);
  sleeps();
}
static void sends_itself_signals(void) {
  struct sigaction action = {.sa_handler = handler};
  sigaction(SIGUSR1, &action, NULL);
  for (;;) kill(getpid(), SIGUSR1);
}
/* Large calls that do not look at signals before they are through. */
static void reads_zeros(void) {
  static char to[1 << 16];
  int zero = open("/dev/zero", O_RDONLY);
  for (;;) read(zero, to, sizeof to);
}
/* The child must not share its memory: what is shared would not come back. So it is the child who
 * says that all is ready, once it runs another program. */
static void waits(void) {
  static char* argv[] = {"wing-oom", "--orphan", NULL};
  dup2(ready[1], READY_FD);
  pid_t child = FORK();
  if (child == 0) _exit(execve("/test/wing-oom", argv, NULL));
  for (;;) waitpid(child, NULL, 0);
}
static int orphan(void) {
  if (write(READY_FD, "r", 1) != 1) return 1;
  while (getppid() != 1) sleep_ms(5);
  return 0;
}

static void in_sleep(void) { against(sleeps); }
static void in_read(void) { against(reads); }
static void in_a_loop(void) { against(runs); }
static void in_calls(void) { against(calls); }
static void in_wait(void) { against(waits); }
static void with_all_blocked(void) { against(blocks_all); }
static void in_handlers(void) { against(sends_itself_signals); }
static void in_large_calls(void) { against(reads_zeros); }

/* Parent and child use the same memory: one alone would give nothing back. */
static void yields(void) {
  for (;;) sched_yield();
}
static void lends(void) { vfork_into(yields); }
static void in_vfork(void) { against(lends); }

/* Of parent and child, both with all of it shared at first, one has to go when the child writes. */
static void fork_and_write(void) {
  size_t pages = all_pages * 65 / 100;
  EQUAL(pipe2(ready, O_NONBLOCK), 0);
  pid_t parent = FORK();
  if (parent == 0) {
    char* at = map(pages);
    fill(at, pages, 'p');
    pid_t child = FORK();
    fill(at, pages, child == 0 ? 'c' : 'p');
    CHECK(is_full_of(at, pages, child == 0 ? 'c' : 'p'));
    int status = -1;
    if (child > 0) EQUAL(waitpid(child, &status, 0), child);
    CHECK(child == 0 || status == 0 || status == SIGKILL);
    CHECK(write(ready[1], status == SIGKILL ? "k" : "r", 1) == 1);
    _exit(0);
  }
  int status = -1;
  EQUAL(waitpid(parent, &status, 0), parent);
  CHECK(status == 0 || status == SIGKILL);
  char bytes[4];
  long count = 0;
  for (int i = 0; i < 5000 && count < 1; i++) { /* an orphan may still be writing */
    count = read(ready[0], bytes, sizeof bytes);
    if (count < 1) sleep_ms(2);
  }
  CHECK(count >= 1);
  /* The parent lives, and has said that the child was killed; or the child has said that it is
   * through. */
  CHECK(status == 0 ? bytes[0] == 'k' : bytes[0] == 'r');
}

/* Many at once come to the end of memory, on all harts: some go, the others get what they want. */
static void many_at_once(void) {
  enum { MANY = 6 };
  pid_t children[MANY];
  int lived = 0;
  for (int i = 0; i < MANY; i++) {
    children[i] = FORK();
    if (children[i] == 0) {
      size_t pages = all_pages * (size_t)(20 + i) / 100;
      char* at = map(pages);
      fill(at, pages, (char)i);
      _exit(is_full_of(at, pages, (char)i) ? 0 : 1);
    }
  }
  for (int i = 0; i < MANY; i++) {
    int status = -1;
    EQUAL(waitpid(children[i], &status, 0), children[i]);
    CHECK(status == 0 || status == SIGKILL);
    lived += status == 0;
  }
  CHECK(lived >= 3); /* three of them fit */
}

/* A handler's frame needs a page of the stack. */
static volatile int handled;
static void note(int number) { handled = number; }
static void frame(void) {
  EQUAL(pipe2(ready, 0), 0);
  pid_t big = taker(60, sleeps);
  await_ready();
  pid_t small = FORK();
  if (small == 0) {
    struct sigaction action = {.sa_handler = note};
    sigaction(SIGUSR1, &action, NULL);
    size_t pages = all_pages;
    char* at = map(pages);
    int zero = open("/dev/zero", O_RDONLY);
    volatile char* stack = wild((uintptr_t)&pages - 64 * PAGE);     /* where nothing is yet */
    for (long got; (got = read(zero, at, 1 << 20)) > 0;) at += got; /* ENOMEM, and nobody goes */
    register uintptr_t sp asm("s1");
    asm volatile(
        "mv s1, sp\n"
        "mv sp, %[stack]\n"
        "mv a0, %[pid]\n li a1, 10\n li a7, 129\n ecall\n"
        "mv sp, s1\n"
        : "=&r"(sp)
        : [stack] "r"(stack), [pid] "r"((long)getpid())
        : "a0", "a1", "a7", "memory");
    _exit(handled == SIGUSR1 ? 0 : 1);
  }
  ENDS(small, 0);
  ENDS(big, -SIGKILL);
}

/* One of the crowd: takes a little, and keeps it until the others are full, too. */
static void crowd_member(int go, int full, int through) {
  size_t pages = all_pages / 100;
  char byte = 'r';
  read(go, &byte, 1);
  char* at = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) _exit(0); /* that is another way to go */
  fill(at, pages, 'c');
  write(full, &byte, 1);
  read(through, &byte, 1);
  _exit(0);
}

/* It asks for no memory itself while there is none: all its pages are its own by then. */
static int crowd_parent(void) {
  enum { MANY = 110 };
  int go[2], full[2], through[2], status, filled = 0, gone = 0;
  pipe2(go, 0);
  pipe2(full, O_NONBLOCK);
  pipe2(through, 0);
  for (int i = 0; i < MANY; i++) {
    if (FORK() != 0) continue;
    close(go[1]);
    close(through[1]);
    crowd_member(go[0], full[1], through[0]);
  }
  for (int started = 0; filled + gone < MANY;) {
    char bytes[MANY];
    long got = read(full[0], bytes, sizeof bytes);
    if (got > 0) filled += (int)got;
    if (waitpid(-1, &status, WNOHANG) > 0) gone++;
    if (got <= 0) sleep_ms(1);
    if (!started++) close(go[1]);
  }
  close(through[1]);
  for (int left = MANY - gone; left > 0; left--) {
    if (waitpid(-1, &status, 0) < 0 || status != 0) return 1;
  }
  return gone > 5 && gone < 50 ? 0 : 2;
}

/* Whoever asks goes, if nobody has much. Their parent, who has little, stays. */
static void crowd(void) {
  pid_t parent = FORK();
  if (parent == 0) _exit(crowd_parent());
  ENDS(parent, 0);
}

/* One free frame is as good as none for a fault that needs a page table, too: somebody has to go,
 * and there is nobody else. (What others give back late may be enough for a few more pages.) */
static void one_frame_left(void) {
  pid_t child = FORK();
  if (child == 0) {
    size_t size = all_pages * PAGE, got = 0;
    char* at = map(2 * all_pages);
    int zero = open("/dev/zero", O_RDONLY);
    struct tine_memory_info info;
    memory_info(&info); /* while there is some: its own page of the stack, and that of errno */
    errno = 0;
    do {
      for (ssize_t n; (n = read(zero, at + got, size - got)) > 0;) got += (size_t)n;
      memory_info(&info);
    } while (info.free_frames > 3);
    if (info.free_frames == 0) munmap(at, PAGE);
    enum { AREA = 512 * PAGE }; /* of one page table */
    for (size_t far = 2 * size - 1; far > size + AREA; far -= AREA) at[far] = 1;
    _exit(1);
  }
  ENDS(child, -SIGKILL);
}

/* For the host's test: 64 MiB, all of them written by a child, too. */
static int fork_of_64_mib(void) {
  size_t pages = (64 << 20) / PAGE;
  char* at = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  fill(at, pages, 'p');
  pid_t child = fork();
  fill(at, pages, child == 0 ? 'c' : 'p');
  int status = 0;
  if (child > 0) waitpid(child, &status, 0);
  return status == 0 ? 0 : 1;
}

int main(int argc, char** argv) {
  if (argc == 2 && strcmp(argv[1], "--fork") == 0) return fork_of_64_mib();
  if (argc == 2 && strcmp(argv[1], "--orphan") == 0) return orphan();
  struct tine_memory_info info;
  tap_begin("wing-oom");
  memory_info(&info);
  all_pages = tap_usable(&info);
  RUN("of parent and child one goes when the child writes; the other is unharmed", fork_and_write);
  RUN("the biggest goes, not the small one that asks: it sleeps", in_sleep);
  RUN("... it reads from an empty pipe", in_read);
  RUN("... it runs", in_a_loop);
  RUN("... it makes calls", in_calls);
  RUN("... it makes long calls", in_large_calls);
  RUN("... it waits for a child", in_wait);
  RUN("... it blocks and handles all signals", with_all_blocked);
  RUN("... it is never without a pending signal", in_handlers);
  RUN("... it has lent its memory to a child (vfork): both go", in_vfork);
  RUN("six come to the end of memory at once, and those that fit live", many_at_once);
  RUN("a handler is entered, though its frame finds no memory at first", frame);
  RUN("in a crowd the one that asks goes", crowd);
  RUN("with one free frame and two needed somebody goes, too", one_frame_left);
  return tap_end();
}
