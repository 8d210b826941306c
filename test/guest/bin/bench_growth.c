/*
 * What operations cost when there is much of something: names in a directory, regions, children,
 * sleepers, locks, pollers. Each has a row of two sizes, `NAME_SIZE`; the shape of the two says
 * more than either. And how late a thread that sleeps for 1 ms runs, beside other work.
 */
#include "bench.h"
#include "clone.h"

#include <sys/mman.h>

static char buffer[64 << 10];

static void report_sized(const char* name, int size, uint64_t value) {
  char row[64];
  snprintf(row, sizeof row, "%s_%d", name, size);
  report(row, value);
}

static void measure_sized(const char* name, int size, void (*body)(void), int rounds) {
  char row[64];
  snprintf(row, sizeof row, "%s_%d", name, size);
  measure(row, body, rounds, 1);
}

/* ---- Names ---- */

#define FOLDER "/tmp/names"

static char* name_of(int i) {
  static char name[64];
  snprintf(name, sizeof name, FOLDER "/name%05d", i);
  return name;
}

static char last_name[64];
static void open_last(void) { close(open(last_name, O_RDONLY)); }

/* Creating alone: the name goes again outside the count. */
static void measure_create(int names) {
  uint64_t results[BATCHES];
  for (int batch = 0; batch < BATCHES; batch++) {
    uint64_t start = instructions();
    int fd = open(name_of(99999), O_WRONLY | O_CREAT, 0644);
    close(fd);
    results[batch] = instructions() - start;
    unlink(name_of(99999));
  }
  report_sized("create", names, results[BATCHES / 2]);
}

static void list_names(void) {
  int fd = open(FOLDER, O_RDONLY | O_DIRECTORY);
  while (syscall(SYS_getdents64, fd, buffer, sizeof buffer) > 0) {
  }
  close(fd);
}

static void measure_names(int names) {
  mkdir(FOLDER, 0755);
  for (int i = 0; i < names; i++) close(open(name_of(i), O_WRONLY | O_CREAT, 0644));
  strcpy(last_name, name_of(names - 1));
  measure_sized("open_last", names, open_last, 10);
  measure_create(names);
  char row[64];
  snprintf(row, sizeof row, "list_%d", names);
  measure(row, list_names, 1, (uint64_t)names);
  for (int i = names - 1; i >= 0; i--) unlink(name_of(i));
  rmdir(FOLDER);
}

/* ---- Regions ---- */

static char* map(long pages, int protection) {
  return mmap(NULL, (size_t)(pages * PAGE), protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void fork_only(void) {
  pid_t child = fork();
  if (child == 0) _exit(0);
  waitpid(child, NULL, 0);
}

static void map_and_unmap(void) { munmap(map(1, PROT_READ), (size_t)PAGE); }

static char* middle; /* two pages in the middle of all regions */
static void split_and_merge(void) {
  mprotect(middle, (size_t)PAGE, PROT_READ | PROT_EXEC);
  mprotect(middle, (size_t)PAGE, PROT_READ | PROT_WRITE);
}

static void fault_in_the_middle(int regions) {
  uint64_t results[BATCHES];
  for (int batch = 0; batch < BATCHES; batch++) {
    uint64_t start = instructions();
    *(volatile char*)middle = 1;
    results[batch] = instructions() - start;
    madvise(middle, (size_t)PAGE, 4 /* MADV_DONTNEED */);
  }
  report_sized("region_fault", regions, results[BATCHES / 2]);
}

/* Regions of two pages that differ from their neighbours; of each the first page is there. */
static void measure_regions(int regions) {
  char* at = map(2L * regions, PROT_READ | PROT_WRITE);
  for (long i = 0; i < regions; i++) {
    if (i % 2) mprotect(at + 2 * i * PAGE, (size_t)(2 * PAGE), PROT_READ);
  }
  middle = at + (regions / 2 & ~1L) * 2 * PAGE;
  fault_in_the_middle(regions);
  measure_sized("region_map", regions, map_and_unmap, 10);
  measure_sized("region_split", regions, split_and_merge, 5);
  measure_sized("fork_regions", regions, fork_only, 1);
  munmap(at, (size_t)(2L * regions * PAGE));
}

/* ---- Processes that wait ---- */

enum { MOST_CHILDREN = 4000 };
static pid_t children[MOST_CHILDREN];
static int child_count, hold[2];

/* Starts `count` processes that run `body`, and lets them come to where it sleeps. */
static void start(int count, void (*body)(void)) {
  pipe2(hold, 0);
  for (child_count = 0; child_count < count; child_count++) {
    pid_t child = fork();
    if (child == 0) {
      body();
      _exit(0);
    }
    children[child_count] = child;
  }
  usleep(100000);
}
static void end_all(void) {
  for (int i = 0; i < child_count; i++) kill(children[i], SIGKILL);
  for (int i = 0; i < child_count; i++) waitpid(children[i], NULL, 0);
  close(hold[0]);
  close(hold[1]);
}

static void sleep_long(void) { sleep(1000000); }
static void read_hold(void) {
  while (read(hold[0], buffer, 1) > 0) {
  }
}
static void poll_hold(void) {
  struct tine_pollfd file = {hold[0], POLLIN, 0};
  syscall(SYS_ppoll, &file, 1, NULL, NULL, 0);
}

static int own[2];
/* With a chance for those that were woken to sleep again. */
static void pipe_and_yield(void) {
  write(own[1], buffer, 1);
  read(own[0], buffer, 1);
  sched_yield();
}
static void wait_for_last(void) { waitpid(children[child_count - 1], NULL, WNOHANG); }
static void short_sleep(void) {
  struct timespec time = {0, 1};
  syscall(SYS_nanosleep, &time, NULL);
}
/* One byte, which one of the readers takes and waits again. */
static void feed_one(void) {
  write(hold[1], buffer, 1);
  sched_yield();
}

static void measure_waiting(int few, int many) {
  pipe2(own, 0);
  for (int size = few; size <= many; size += many - few) {
    start(size, poll_hold);
    measure_sized("pipe_beside_pollers", size, pipe_and_yield, 20);
    end_all();
  }
  for (int size = few; size <= many; size += many - few) {
    start(size, read_hold);
    measure_sized("pipe_one_of_readers", size, feed_one, 1);
    end_all();
  }
  close(own[0]);
  close(own[1]);
}

static void measure_children(int count) {
  start(count, sleep_long);
  measure_sized("wait_pid", count, wait_for_last, 20);
  measure_sized("nanosleep", count, short_sleep, 20);
  end_all();
}

/* ---- Descriptors and locks ---- */

static int poll_count;
static struct tine_pollfd polled[100];
static void poll_now(void) {
  struct timespec none = {0, 0};
  syscall(SYS_ppoll, polled, poll_count, &none, NULL, 0);
}

static void measure_poll(int count) {
  poll_count = count;
  pipe2(hold, 0);
  for (int i = 0; i < count; i++) polled[i] = (struct tine_pollfd){dup(hold[0]), POLLIN, 0};
  measure_sized("poll", count, poll_now, 20);
  for (int i = 0; i < count; i++) close(polled[i].fd);
  close(hold[0]);
  close(hold[1]);
}

static int lock_fd;
static void set_lock(int type, long at) {
  struct tine_flock lock = {.l_type = (int16_t)type, .l_start = at, .l_len = 1};
  fcntl(lock_fd, F_SETLK, &lock);
}
static void lock_and_unlock(void) {
  set_lock(F_WRLCK, 1L << 30);
  set_lock(F_UNLCK, 1L << 30);
}
static int locks_of_other;
static void hold_locks(void) {
  for (int i = 0; i < locks_of_other; i++) set_lock(F_WRLCK, 2L * i);
  sleep_long();
}
static void measure_locks(int locks) {
  lock_fd = open("/tmp/bench.locks", O_RDWR | O_CREAT, 0644);
  locks_of_other = locks;
  start(1, hold_locks);
  measure_sized("lock", locks, lock_and_unlock, 20);
  end_all();
  close(lock_fd);
  unlink("/tmp/bench.locks");
}

/* ---- Files that others map ---- */

static int mapped_fd;
static void map_file(void) {
  volatile char* at = mmap(NULL, (size_t)PAGE, PROT_READ, MAP_SHARED, mapped_fd, 0);
  if (at != MAP_FAILED) (void)*at;
  sleep_long();
}
static void cut_and_grow(void) {
  ftruncate(mapped_fd, PAGE);
  ftruncate(mapped_fd, 2 * PAGE);
}
static void measure_truncate(int sharers) {
  mapped_fd = open("/tmp/bench.mapped", O_RDWR | O_CREAT, 0644);
  ftruncate(mapped_fd, 2 * PAGE);
  start(sharers, map_file);
  measure_sized("truncate_mapped", sharers, cut_and_grow, 5);
  end_all();
  close(mapped_fd);
  unlink("/tmp/bench.mapped");
}

/* ---- Arguments, memory ---- */

static char* arguments[1100];
static void become_tiny(void) {
  execve("/test/tiny", arguments, NULL);
  _exit(127);
}
static void exec_arguments(void) { waitpid(vfork_into(become_tiny), NULL, 0); }
static void measure_arguments(int kib) {
  static char word[32];
  memset(word, 'a', sizeof word - 1);
  int count = kib * 1024 / (int)sizeof word;
  for (int i = 0; i < count; i++) arguments[i] = word;
  arguments[count] = NULL;
  measure_sized("exec_arguments_kib", kib, exec_arguments, 3);
}

static void read_own_stat(void) {
  int fd = open("/proc/self/stat", O_RDONLY);
  read(fd, buffer, sizeof buffer);
  close(fd);
}
static void measure_touched(int mib) {
  long pages = (long)mib << 8;
  char* at = map(pages, PROT_READ | PROT_WRITE);
  for (long i = 0; i < pages; i++) ((volatile char*)at)[i * PAGE] = 1;
  measure_sized("proc_stat_mib", mib, read_own_stat, 3);
  measure_sized("fork_mib", mib, fork_only, 3);
  munmap(at, (size_t)(pages * PAGE));
}

/* ---- How late a sleeper runs, in ns of virtual time ---- */

static void spin(void) {
  for (;;) asm volatile("nop");
}
static void write_much(void) {
  int fd = open("/tmp/bench.much", O_RDWR | O_CREAT, 0644);
  char* from = map(16 << 8, PROT_READ | PROT_WRITE);
  while (1) {
    lseek(fd, 0, SEEK_SET);
    write(fd, from, 16 << 20);
  }
}
static void read_much(void) {
  int fd = open("/dev/zero", O_RDONLY);
  char* to = map(16 << 8, PROT_READ | PROT_WRITE);
  while (1) read(fd, to, 16 << 20);
}
static void list_much(void) {
  while (1) list_names();
}

/* The latest of 100 sleeps of 1 ms. */
static void measure_latency(const char* name, void (*beside)(void)) {
  start(1, beside);
  uint64_t latest = 0;
  for (int i = 0; i < 100; i++) {
    uint64_t due = now_ns() + 1000000;
    usleep(1000);
    uint64_t late = now_ns() - due;
    if (late > latest) latest = late;
  }
  report(name, latest);
  end_all();
}

static void measure_latencies(void) {
  measure_latency("late_beside_spin", spin);
  measure_latency("late_beside_write", write_much);
  unlink("/tmp/bench.much");
  measure_latency("late_beside_read", read_much);
  mkdir(FOLDER, 0755);
  for (int i = 0; i < 5000; i++) close(open(name_of(i), O_WRONLY | O_CREAT, 0644));
  measure_latency("late_beside_list", list_much);
  for (int i = 4999; i >= 0; i--) unlink(name_of(i));
  rmdir(FOLDER);
}

int main(int argc, char** argv) {
  if (argc > 1) only = argv[1];
  measure_names(1000);
  measure_names(20000);
  measure_regions(1000);
  measure_regions(10000);
  measure_waiting(100, 1000);
  measure_children(100);
  measure_children(4000);
  measure_poll(1);
  measure_poll(100);
  measure_locks(10);
  measure_locks(1000);
  measure_truncate(100);
  measure_truncate(1000);
  measure_arguments(2);
  measure_arguments(32);
  measure_touched(16);
  measure_touched(64);
  measure_latencies();
  return 0;
}
