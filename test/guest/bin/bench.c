/*
 * Guest instructions of the basic operations, one line `bench NAME VALUE` each; the names are rows
 * of test/bench/peers.tsv. Made as lmbench does it: a loop of the operation, its own instructions
 * included, divided by its rounds; of several such batches the median. For one hart under `-icount
 * shift=0`, where instret counts exactly.
 */
#include "bench.h"
#include "clone.h"

/* ---- Calls ---- */

static int null_fd, file_fd;
static char buffer[64 << 10];

static void null_call(void) { getppid(); }
static void write_bad_fd(void) { write(-1, buffer, 1); }
static void write_null(void) { write(null_fd, buffer, 1); }
static void do_fstat(void) {
  struct stat about;
  fstat(file_fd, &about);
}
static void open_close(void) { close(open("/tmp/bench.file", O_RDONLY)); }

static uint32_t ids[3];
static void do_getresuid(void) { syscall(SYS_getresuid, &ids[0], &ids[1], &ids[2]); }
static void do_sigprocmask(void) {
  sigset_t old;
  sigprocmask(SIG_SETMASK, NULL, &old);
}
static void do_sigaction(void) {
  struct sigaction old;
  sigaction(SIGUSR1, NULL, &old);
}
static void do_gettimeofday(void) {
  struct timespec now;
  syscall(SYS_gettimeofday, &now, NULL);
}
static void do_getcwd(void) { getcwd(buffer, sizeof buffer); }
static void do_writev(void) {
  struct {
    void* at;
    size_t size;
  } parts[] = {{buffer, 1}, {buffer, 1}};
  syscall(SYS_writev, null_fd, parts, 2);
}
static void do_unknown(void) { syscall(4000); }
static void read_proc(void) {
  int fd = open("/proc/self/status", O_RDONLY);
  read(fd, buffer, sizeof buffer);
  close(fd);
}
static void poll_one(void) {
  struct tine_pollfd file = {null_fd, POLLIN, 0};
  syscall(SYS_ppoll, &file, 1, NULL, NULL, 0);
}

enum { FILE_KIB = 1024 };

/* ---- Memory ---- */

static void do_sbrk(void) {
  sbrk(PAGE);
  sbrk(-PAGE);
}

static void mmap_page(void) {
  char* at = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  *at = 1;
  munmap(at, PAGE);
}

/* First touches alone: mapping and unmapping stay outside. */
static void first_touch(void) {
  enum { PAGES = 256 };
  uint64_t results[BATCHES];
  for (int batch = 0; batch < BATCHES; batch++) {
    volatile char* at =
        mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uint64_t start = instructions();
    for (int i = 0; i < PAGES; i++) at[i * PAGE] = 1;
    results[batch] = (instructions() - start) / PAGES;
    munmap((void*)at, PAGES * PAGE);
  }
  report("first_touch", results[BATCHES / 2]); /* the batches are alike */
}

/* Reading a mapped file, all of which is in memory, a byte of each page. Without the wing mmap
 * there is nothing to measure. */
static void file_fault(void) {
  enum { PAGES = FILE_KIB / 4 };
  uint64_t results[BATCHES];
  for (int batch = 0; batch < BATCHES; batch++) {
    volatile char* at = mmap(NULL, PAGES * PAGE, PROT_READ, MAP_PRIVATE, file_fd, 0);
    if (at == MAP_FAILED) return;
    uint64_t start = instructions();
    for (int i = 0; i < PAGES; i++) (void)at[i * PAGE];
    results[batch] = (instructions() - start) / PAGES;
    munmap((void*)at, PAGES * PAGE);
  }
  report("file_fault", results[BATCHES / 2]);
}

/* ---- Processes ---- */

static void fork_only(void) {
  pid_t child = fork();
  if (child == 0) _exit(0);
  waitpid(child, NULL, 0);
}

static char* heap;
static long heap_pages;

static void fork_and_write(void) {
  pid_t child = fork();
  if (child == 0) {
    for (long i = 0; i < heap_pages; i++) ((volatile char*)heap)[i * PAGE] = 1;
    _exit(0);
  }
  waitpid(child, NULL, 0);
}

static void touch_heap(long pages) {
  heap = sbrk(pages * PAGE);
  heap_pages = pages;
  for (long i = 0; i < pages; i++) ((volatile char*)heap)[i * PAGE] = 1;
}

static void fork_exec(void) {
  static char* argv[] = {"tiny", NULL};
  pid_t child = fork();
  if (child == 0) {
    execve("/test/tiny", argv, NULL);
    _exit(127);
  }
  waitpid(child, NULL, 0);
}

static void become_tiny(void) {
  static char* argv[] = {"tiny", NULL};
  execve("/test/tiny", argv, NULL);
  _exit(127);
}
static void vfork_exec(void) { waitpid(vfork_into(become_tiny), NULL, 0); }

/* A program that knows nothing of Tine, and a C library that does much before main. */
static void exec_glibc(void) {
  static char* argv[] = {"glibc", NULL};
  int status = -1;
  pid_t child = fork();
  if (child == 0) {
    execve("/test/glibc", argv, NULL);
    _exit(127);
  }
  waitpid(child, &status, 0);
  if (status != 0) printf("# /test/glibc: status %d\n", status);
}

/* ---- Files ---- */

static void write_file(void) {
  int fd = open("/tmp/bench.file", O_WRONLY | O_TRUNC);
  for (int i = 0; i < FILE_KIB * 1024; i += (int)sizeof buffer) write(fd, buffer, sizeof buffer);
  close(fd);
}
static void read_file(void) {
  int fd = open("/tmp/bench.file", O_RDONLY);
  for (int i = 0; i < FILE_KIB * 1024; i += (int)sizeof buffer) read(fd, buffer, sizeof buffer);
  close(fd);
}

static void read_misaligned(void) {
  lseek(file_fd, 0, SEEK_SET);
  read(file_fd, buffer + 1, PAGE);
}

static void create_unlink(void) {
  close(open("/tmp/bench.new", O_WRONLY | O_CREAT, 0644));
  unlink("/tmp/bench.new");
}
static void create_write_unlink(void) {
  int fd = open("/tmp/bench.new", O_WRONLY | O_CREAT, 0644);
  write(fd, buffer, PAGE);
  close(fd);
  unlink("/tmp/bench.new");
}

/* ---- Pipes ---- */

static int there[2], back[2];

static void pipe_self(void) {
  write(there[1], buffer, 1);
  read(there[0], buffer, 1);
}
static void pipe_round_trip(void) {
  write(there[1], buffer, 1);
  read(back[0], buffer, 1);
}
static void pipe_bandwidth(void) {
  for (int left = FILE_KIB * 1024; left > 0; left -= (int)PAGE) write(there[1], buffer, PAGE);
}

/* A child that answers each byte that comes through one pipe with a byte through the other; or that
 * only reads. */
static pid_t start_reader(int answers) {
  pipe2(there, 0);
  pipe2(back, 0);
  pid_t child = fork();
  if (child != 0) return child;
  close(there[1]);
  while (read(there[0], buffer, answers ? 1 : PAGE) > 0) {
    if (answers) write(back[1], buffer, 1);
  }
  _exit(0);
}
static void end_reader(pid_t child) {
  close(there[0]);
  close(there[1]);
  close(back[0]);
  close(back[1]);
  if (child > 0) waitpid(child, NULL, 0);
}

static void measure_pipes(void) {
  pipe2(there, 0);
  pipe2(back, 0);
  measure("pipe_self", pipe_self, 300, 1);
  end_reader(0);
  pid_t child = start_reader(1);
  measure("pipe_pingpong", pipe_round_trip, 300, 1);
  end_reader(child);
  child = start_reader(0);
  measure("pipe_kib", pipe_bandwidth, 2, FILE_KIB);
  end_reader(child);
}

/* What the kernel, init and a first program use, files apart: those of this initrd are the tests'.
 */
static uint64_t memory_in_use(void) {
  struct tine_memory_info info;
  memory_info(&info);
  return (info.total_frames - info.free_frames - info.file_frames) * TINE_PAGE_SIZE;
}

int main(int argc, char** argv) {
  if (argc > 1) only = argv[1];
  struct tine_memory_info info;
  memory_info(&info);
  report("boot", info.uptime_ns); /* one instruction is one nanosecond of virtual time */
  report("memory", memory_in_use());
  make_file("/tmp/bench.file");
  null_fd = open("/dev/null", O_RDWR);
  file_fd = open("/tmp/bench.file", O_RDWR);
  memset(buffer, 'b', sizeof buffer);

  measure("null_call", null_call, 1000, 1);
  measure("write_bad_fd", write_bad_fd, 1000, 1);
  measure("write_null", write_null, 1000, 1);
  measure("fstat", do_fstat, 1000, 1);
  measure("open_close", open_close, 300, 1);
  measure("sbrk", do_sbrk, 300, 1);
  measure("mmap_page", mmap_page, 300, 1);
  if (!only) first_touch();
  measure("fork_small", fork_only, 30, 1);
  measure("fork_exec", fork_exec, 30, 1);
  measure("vfork_exec", vfork_exec, 30, 1);
  measure("exec_glibc", exec_glibc, 10, 1);
  measure("write_kib", write_file, 2, FILE_KIB);
  measure("read_kib", read_file, 2, FILE_KIB);
  if (!only) file_fault();
  measure("create_unlink", create_unlink, 100, 1);
  measure("create_write_unlink", create_write_unlink, 100, 1);
  measure_pipes();
  measure("getresuid", do_getresuid, 300, 1);
  measure("sigprocmask", do_sigprocmask, 300, 1);
  measure("sigaction", do_sigaction, 300, 1);
  measure("gettimeofday", do_gettimeofday, 300, 1);
  chdir("/home/student");
  measure("getcwd", do_getcwd, 300, 1);
  chdir("/");
  measure("writev", do_writev, 300, 1);
  measure("poll_one", poll_one, 300, 1);
  measure("unknown_call", do_unknown, 300, 1);
  measure("read_misaligned", read_misaligned, 30, 1);
  measure("read_proc", read_proc, 30, 1);
  touch_heap(1 << 8);
  measure("fork_1m", fork_only, 10, 1);
  measure("fork_1m_write", fork_and_write, 10, 1);
  sbrk(-heap_pages * PAGE);
  touch_heap(16 << 8);
  measure("fork_16m", fork_only, 5, 1);
  return 0;
}
