/*
 * Programs of a user who takes what he can get, for test/guest/memory.cc:
 *
 *   hog USER files|names|pipes|forks|memory|regions|locks|shared [SECONDS]
 *
 * It becomes the user, takes one kind of thing until the kernel refuses, says by which error and
 * how many it has, and keeps them: for SECONDS, or until it is killed. `hog USER lives` does what
 * any program does (a child, a pipe, a file, some memory), and says whether it could.
 */
#include "credentials.h"
#include "tap.h"

static long taken;

static void fill_file(void) {
  static char block[1 << 16];
  int fd = open("/tmp/hog", O_WRONLY | O_CREAT | O_APPEND, 0644);
  memset(block, 'h', sizeof block);
  for (ssize_t n; (n = write(fd, block, sizeof block)) > 0;) taken += n / PAGE;
}

static void make_names(void) {
  char name[200];
  mkdir("/tmp/hogs", 0755);
  for (;; taken++) {
    snprintf(name, sizeof name, "/tmp/hogs/%0100ld", taken);
    int fd = open(name, O_WRONLY | O_CREAT, 0644);
    if (fd < 0) return;
    close(fd);
  }
}

/* As many processes as it takes, each with as many full pipes as it gets. */
static void fill_pipes_here(void) {
  static char bytes[1 << 16];
  int ends[2];
  while (pipe2(ends, O_NONBLOCK) == 0) {
    taken++;
    while (write(ends[1], bytes, sizeof bytes) > 0) {
    }
  }
}
static void fill_pipes(void) {
  for (;;) {
    fill_pipes_here();
    if (errno != EMFILE) return;
    pid_t child = fork(); /* keeps what there is, and the parent starts anew */
    if (child < 0) return;
    if (child == 0) {
      for (;;) sleep_ms(1000000);
    }
    for (int fd = 3; fd < TINE_OPEN_MAX; fd++) close(fd);
  }
}

static void fork_all(void) {
  for (;; taken++) {
    pid_t child = fork();
    if (child < 0) return;
    if (child == 0) {
      for (;;) sleep_ms(1000000);
    }
  }
}

static void touch_memory(void) {
  for (;; taken++) {
    char* at = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) return;
    *(volatile char*)at = 1;
  }
}

static void share_memory(void) {
  for (;; taken++) {
    char* at = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) return;
    /* EFAULT, where a store would be SIGBUS */
    if (syscall(SYS_clock_gettime, CLOCK_MONOTONIC, at) != 0) return;
  }
}

static void make_regions(void) {
  for (;; taken++) {
    int prot = taken % 2 ? PROT_READ : PROT_READ | PROT_WRITE;
    void* at = mmap(NULL, PAGE, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) return;
  }
}

static void take_locks(void) {
  int fd = open("/tmp/locks", O_RDWR | O_CREAT, 0644);
  for (;; taken++) {
    struct tine_flock lock = {.l_type = F_WRLCK, .l_start = 2 * taken, .l_len = 1};
    if (fcntl(fd, F_SETLK, &lock) != 0) return;
  }
}

static int lives(void) {
  static char text[] = "a line\n";
  char back[sizeof text];
  char name[40];
  int ends[2], status = -1;
  snprintf(name, sizeof name, "/tmp/lives-%d", getpid());
  int fd = open(name, O_RDWR | O_CREAT, 0644);
  int fine = fd >= 0 && write(fd, text, sizeof text) == sizeof text && unlink(name) == 0;
  fine = fine && pipe2(ends, 0) == 0 && write(ends[1], text, sizeof text) == sizeof text;
  fine = fine && read(ends[0], back, sizeof back) == sizeof back;
  pid_t child = fine ? fork() : -1;
  char* arguments[] = {"true", NULL};
  if (child == 0) _exit(execve("/bin/true", arguments, NULL));
  fine = child > 0 && waitpid(child, &status, 0) == child && status == 0;
  for (int i = 0; i < 64; i++) { /* pages that it touches for the first time */
    char* at = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) fine = 0;
    if (fine) *(volatile char*)at = 1;
  }
  printf("hog: lives: %s\n", fine ? "yes" : strerror(errno));
  return fine ? 0 : 1;
}

static const struct {
  const char* name;
  void (*take)(void);
} kinds[] = {{"files", fill_file},      {"names", make_names},    {"pipes", fill_pipes},
             {"forks", fork_all},       {"memory", touch_memory}, {"shared", share_memory},
             {"regions", make_regions}, {"locks", take_locks}};

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  tap.what = "hog";
  become(atoi(argv[1]), atoi(argv[1]));
  if (strcmp(argv[2], "lives") == 0) return lives();
  for (unsigned i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
    if (strcmp(argv[2], kinds[i].name) != 0) continue;
    errno = 0;
    kinds[i].take();
    printf("hog: %s: %s after %ld\n", argv[2], strerror(errno), taken);
    fflush(stdout);
    if (argc > 3) sleep_ms(1000L * atoi(argv[3]));
    for (;;) sleep_ms(1000000);
  }
  return 2;
}
