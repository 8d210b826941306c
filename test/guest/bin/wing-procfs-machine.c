/* The wing `procfs`: what the programs of procps read, of the machine and of processes (uptime,
 * stat, cpuinfo, mounts, comm, statm, task), and that the times in it are true. */
#include "tap.h"

#include <dirent.h>

enum { TEXT = 16 << 10, TICK_NS = 10000000 /* of AT_CLKTCK, a hundredth of a second */ };
static char text[TEXT];

static void read_text(const char* path) {
  int fd = open(path, O_RDONLY);
  if (fd < 0) tap_fail("open(%s): %s", path, strerror(errno));
  long length = 0, got;
  while ((got = read(fd, text + length, (size_t)(TEXT - 1 - length))) > 0) length += got;
  if (got < 0) tap_fail("read(%s): %s", path, strerror(errno));
  text[length] = 0;
  close(fd);
}

static const char* path_of(pid_t pid, const char* name) {
  static char path[64];
  snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
  return path;
}

/* The beginning of the line of `text` that begins with `start`. */
static char* line_of(const char* start) {
  size_t length = strlen(start);
  for (char* line = text; *line; line = strchr(line, '\n') + 1) {
    if (strncmp(line, start, length) == 0) return line;
    if (!strchr(line, '\n')) break;
  }
  tap_fail("no line %s in: %s", start, text);
}

/* The n-th field behind the blanks after `at`, from 0. */
static unsigned long field(const char* at, int n) {
  for (; n >= 0; n--) {
    at += strcspn(at, " ");
    at += strspn(at, " ");
  }
  return strtoul(at, NULL, 10);
}

static uint64_t clock_ns(int clock) {
  struct timespec now;
  EQUAL(clock_gettime(clock, &now), 0);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* The wing `linux` has the other clocks, with which /proc is compared where they are. */
static int has_clocks(void) {
  struct timespec now;
  return clock_gettime(CLOCK_REALTIME, &now) == 0 || errno != ENOSYS;
}

static uint64_t own_time(void) {
  return has_clocks() ? clock_ns(CLOCK_PROCESS_CPUTIME_ID) : now_ns();
}

static void burn(uint64_t ns) {
  for (uint64_t end = own_time() + ns; own_time() < end;) {
    for (volatile int i = 0; i < 1000; i++) {
    }
  }
}

/* ---- The machine ---- */

/* "12.34" in hundredths; `end` is behind it. */
static unsigned long seconds(char* at, char** end) {
  unsigned long whole = strtoul(at, end, 10);
  CHECK(*end > at && **end == '.');
  char* digits = *end + 1;
  unsigned long hundredths = strtoul(digits, end, 10);
  EQUAL(*end - digits, 2);
  return whole * 100 + hundredths;
}

static void read_uptime(unsigned long* up, unsigned long* idle) {
  char* at;
  read_text("/proc/uptime");
  *up = seconds(text, &at);
  CHECK(*at == ' ');
  *idle = seconds(at + 1, &at);
  CHECK(strcmp(at, "\n") == 0);
}

static void uptime(void) {
  unsigned long up, idle, up_after, idle_after;
  struct tine_memory_info info;
  EQUAL(memory_info(&info), 0);
  uint64_t before = now_ns();
  read_uptime(&up, &idle);
  CHECK(up >= before / TICK_NS && up <= now_ns() / TICK_NS);
  sleep_ms(300);
  read_uptime(&up_after, &idle_after);
  CHECK(up_after >= up + 30);
  CHECK(idle_after >= idle + 20); /* nothing else runs: the hart that we left was idle */
  CHECK(idle_after <= (up_after + 1) * info.harts);
}

struct cpu {
  unsigned long busy, idle;
};
static struct cpu cpu_of(const char* line) {
  for (int i = 0; i < 10; i++)
    if (i != 0 && i != 3) EQUAL(field(line, i), 0);
  return (struct cpu){field(line, 0), field(line, 3)};
}

static void cpu_lines(void) {
  struct tine_memory_info info;
  EQUAL(memory_info(&info), 0);
  uint64_t before = now_ns() / TICK_NS;
  read_text("/proc/stat");
  uint64_t after = now_ns() / TICK_NS;
  struct cpu all = cpu_of(line_of("cpu ")), sum = {0, 0};
  for (unsigned i = 0; i < info.harts; i++) {
    char name[16];
    snprintf(name, sizeof name, "cpu%u ", i);
    struct cpu one = cpu_of(line_of(name));
    unsigned long time = one.busy + one.idle;
    if (time + 2 < before || time > after) tap_fail("%s: %lu of %lu", name, time, before);
    sum.busy += one.busy, sum.idle += one.idle;
  }
  CHECK(sum.busy <= all.busy && all.busy <= sum.busy + info.harts);
  CHECK(sum.idle <= all.idle && all.idle <= sum.idle + info.harts);

  burn(200000000);
  read_text("/proc/stat");
  CHECK(cpu_of(line_of("cpu ")).busy >= all.busy + 19);
  all = cpu_of(line_of("cpu "));
  sleep_ms(300);
  read_text("/proc/stat");
  CHECK(cpu_of(line_of("cpu ")).idle >= all.idle + 20);
}

static void counters(void) {
  read_text("/proc/stat");
  unsigned long made = field(line_of("processes "), 0), switches = field(line_of("ctxt "), 0);
  for (int i = 0; i < 5; i++) {
    pid_t child = FORK();
    if (child == 0) _exit(0);
    ENDS(child, 0);
  }
  for (int i = 0; i < 10; i++) sleep_ms(1);
  uint64_t real = has_clocks() ? clock_ns(CLOCK_REALTIME) : 0, up = now_ns();
  read_text("/proc/stat");
  EQUAL(field(line_of("processes "), 0), made + 5);
  CHECK(field(line_of("ctxt "), 0) >= switches + 10);
  CHECK(field(line_of("procs_running "), 0) >= 1);
  line_of("procs_blocked ");
  uint64_t began = (real - up) / 1000000000u, told = field(line_of("btime "), 0);
  if (has_clocks()) CHECK(told <= began + 1 && told + 1 >= began);
}

static void cpuinfo(void) {
  struct tine_memory_info info;
  EQUAL(memory_info(&info), 0);
  read_text("/proc/cpuinfo");
  unsigned harts = 0;
  for (char* at = text; (at = strstr(at, "processor\t: ")); at++) {
    EQUAL(strtoul(at + 12, NULL, 10), harts);
    harts++;
  }
  EQUAL(harts, info.harts);
  CHECK(strncmp(strchr(line_of("isa"), ':'), ": rv64ima", 9) == 0);
  CHECK(strncmp(strchr(line_of("mmu"), ':'), ": sv39\n", 7) == 0);
}

/* ---- Processes ---- */

/* The field of /proc/PID/stat that proc(5) gives this number; the name has no blanks here. */
static unsigned long stat_field(pid_t pid, int number) {
  read_text(path_of(pid, "stat"));
  return field(strchr(text, ')'), number - 3);
}
enum { UTIME = 14, STIME = 15, CUTIME = 16, CSTIME = 17, THREADS = 20, STARTED = 22, SIZE = 23 };

static void times(void) {
  burn(200000000);
  uint64_t before = own_time() / TICK_NS;
  read_text("/proc/self/stat");
  uint64_t after = own_time() / TICK_NS;
  char* name_end = strchr(text, ')');
  uint64_t told = field(name_end, UTIME - 3) + field(name_end, STIME - 3);
  if (has_clocks() && (told + 1 < before || told > after))
    tap_fail("%lu, not %lu to %lu", told, before, after);
  EQUAL(field(name_end, CUTIME - 3) + field(name_end, CSTIME - 3), 0);

  uint64_t forked = now_ns() / TICK_NS;
  pid_t child = FORK();
  if (child == 0) {
    burn(150000000);
    _exit(0);
  }
  uint64_t started = stat_field(child, STARTED);
  CHECK(started >= forked && started <= now_ns() / TICK_NS);
  ENDS(child, 0);
  CHECK(stat_field(getpid(), CUTIME) + stat_field(getpid(), CSTIME) >= 14);
  EQUAL(stat_field(getpid(), THREADS), 1);
}

static void statm(void) {
  char* map = mmap(NULL, 100 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(map != MAP_FAILED);
  read_text("/proc/self/statm");
  EQUAL(strcspn(text, "\n"), strlen(text) - 1);
  char line[128];
  snprintf(line, sizeof line, " %s", text);
  unsigned long all = field(line, 0), there = field(line, 1), data = field(line, 5);
  CHECK(there > 0 && there <= all && field(line, 2) <= there);
  CHECK(field(line, 3) > 0 && data > 100 && data < all);
  EQUAL(stat_field(getpid(), SIZE), all * (unsigned long)PAGE);
  map[0] = 1;
  EQUAL(mmap(NULL, 50 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
            MAP_FAILED,
        0);
  read_text("/proc/self/statm");
  snprintf(line, sizeof line, " %s", text);
  EQUAL(field(line, 0), all + 50);
  EQUAL(field(line, 5), data + 50);
  CHECK(field(line, 1) >= there + 1);
}

static void task(void) {
  static const char* const names[] = {"comm", "cmdline", "maps"};
  static char whole[TEXT];
  char path[64];
  struct stat about;
  read_text("/proc/self/comm");
  CHECK(strcmp(text, "wing-procfs-machine\n") == 0);
  DIR* directory = opendir("/proc/self/task");
  CHECK(directory);
  int seen = 0;
  for (struct dirent* entry; (entry = readdir(directory));) {
    if (entry->d_name[0] == '.') continue;
    EQUAL(strtol(entry->d_name, NULL, 10), getpid());
    EQUAL(entry->d_type, DT_DIR);
    seen++;
  }
  closedir(directory);
  EQUAL(seen, 1);
  for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
    read_text(path_of(getpid(), names[i]));
    memcpy(whole, text, TEXT);
    snprintf(path, sizeof path, "/proc/self/task/%d/%s", getpid(), names[i]);
    read_text(path);
    CHECK(strcmp(text, whole) == 0);
  }
  snprintf(path, sizeof path, "/proc/self/task/%d", getppid()); /* a process, not a thread of us */
  ERROR(lstat(path, &about), ENOENT);
  snprintf(path, sizeof path, "/proc/self/task/%d", getpid());
  EQUAL(chdir(path), 0);
  char here[64], wanted[64];
  snprintf(wanted, sizeof wanted, "/proc/%d/task/%d", getpid(), getpid());
  CHECK(getcwd(here, sizeof here) && strcmp(here, wanted) == 0);
}

/* The name of a zombie's program is not there, but its link is, as it is listed. */
static void zombie_link(void) {
  char target[64];
  struct stat about;
  struct tine_process_info info;
  pid_t child = FORK();
  if (child == 0) _exit(0);
  do CHECK(tap_info(child, &info));
  while (info.state != TINE_ZOMBIE);
  EQUAL(lstat(path_of(child, "exe"), &about), 0);
  CHECK(S_ISLNK(about.st_mode));
  ERROR(readlink(path_of(child, "exe"), target, sizeof target), ENOENT);
  ERROR(stat(path_of(child, "exe"), &about), ENOENT);
  ENDS(child, 0);
}

/* ---- Mounts ---- */

#define PLACE "/tmp/a place\t\\040"
static long mount_on(const char* target, const char* type) {
  return syscall(SYS_mount, "none", target, type, 0, NULL);
}
static int can_mount; /* the wing `linux` has the call */

static void mounts(void) {
  struct stat about;
  read_text("/proc/mounts");
  line_of("tmpfs / tmpfs rw 0 0\n");
  line_of("proc /proc proc rw 0 0\n");
  if (can_mount) line_of("tmpfs /tmp/a\\040place\\011\\134040 tmpfs rw 0 0\n");
  read_text("/proc/self/mountinfo");
  EQUAL(stat("/", &about), 0);
  char line[160];
  snprintf(line, sizeof line, "1 0 0:%lu / / rw - tmpfs tmpfs rw\n", about.st_dev);
  line_of(line);
  EQUAL(stat("/proc", &about), 0);
  snprintf(line, sizeof line, " 1 0:%lu / /proc rw - proc proc rw\n", about.st_dev);
  CHECK(strstr(text, line));
  if (!can_mount) return;
  char* inner = strstr(text, " / /tmp/a\\040place\\011\\134040/in rw - tmpfs tmpfs rw\n");
  char* outer = strstr(text, " / /tmp/a\\040place\\011\\134040 rw - tmpfs tmpfs rw\n");
  CHECK(inner && outer);
  while (inner > text && inner[-1] != '\n') inner--;
  while (outer > text && outer[-1] != '\n') outer--;
  EQUAL(field(outer, 0), 1);
  EQUAL(field(inner, 0), strtoul(outer, NULL, 10));
}

static void nothing_on_top(void) {
  struct stat before, after;
  static const char* const places[] = {"/proc/self", "/proc/self/fd", "/proc/self/task",
                                       "/proc/1",    "/proc/1/fd",    "/proc/1/task/1"};
  if (!can_mount) return;
  for (unsigned i = 0; i < sizeof places / sizeof places[0]; i++) {
    EQUAL(stat(places[i], &before), 0);
    ERROR(mount_on(places[i], "tmpfs"), EINVAL);
    ERROR(mount_on(places[i], "proc"), EINVAL);
    EQUAL(stat(places[i], &after), 0);
    EQUAL(before.st_dev, after.st_dev);
  }
  ERROR(mount_on("/proc", "tmpfs"), EBUSY);
  ERROR(mount_on("/proc/self/stat", "tmpfs"), ENOTDIR);
  read_text("/proc/mounts");
  CHECK(strstr(text, " /proc/") == NULL);
}

/* ---- A file that has no name any more ---- */

#define GONE "/tmp/gone"
static long link_open_file(int fd, const char* path) {
  char from[64];
  snprintf(from, sizeof from, "/proc/self/fd/%d", fd);
  return syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, path, AT_SYMLINK_FOLLOW);
}
static void stays_removed(void) {
  struct stat about;
  int fd = open(GONE, O_RDWR | O_CREAT, 0644), ends[2];
  CHECK(fd >= 0);
  EQUAL(link_open_file(fd, GONE "2"), 0); /* while it has a name, it may get more */
  EQUAL(fstat(fd, &about), 0);
  EQUAL(about.st_nlink, 2);
  ERROR(link_open_file(fd, GONE "2"), EEXIST);
  EQUAL(fstat(fd, &about), 0);
  EQUAL(about.st_nlink, 2);
  EQUAL(unlink(GONE), 0);
  EQUAL(unlink(GONE "2"), 0);
  ERROR(link_open_file(fd, GONE), ENOENT);
  EQUAL(fstat(fd, &about), 0);
  EQUAL(about.st_nlink, 0);
  ERROR(lstat(GONE, &about), ENOENT);
  EQUAL(pipe(ends), 0);
  ERROR(link_open_file(ends[0], GONE), EXDEV);
}

int main(void) {
  tap_begin("wing-procfs-machine");
  RUN("uptime: since boot, and how long harts were idle", uptime);
  RUN("stat: each hart's time, busy and idle", cpu_lines);
  RUN("stat: ctxt, btime, processes, procs_running", counters);
  RUN("cpuinfo: every hart", cpuinfo);
  RUN("PID/stat: times, of ended children too; start", times);
  RUN("PID/statm, and the size in PID/stat", statm);
  RUN("PID/comm; PID/task/PID has the process's files", task);
  RUN("a zombie's exe is listed and there, and leads nowhere", zombie_link);
  RUN("linkat through fd/N gives a removed file no name", stays_removed);
  mkdir(PLACE, 0755); /* a mount stays for good */
  can_mount = mount_on(PLACE, "tmpfs") == 0 || errno == EBUSY;
  mkdir(PLACE "/in", 0755);
  mount_on(PLACE "/in", "tmpfs");
  RUN("mounts and mountinfo: names cannot end a field or a line", mounts);
  RUN("nothing is mounted on directories of processes", nothing_on_top);
  return tap_end();
}
