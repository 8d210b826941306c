/* The wing `procfs`: what /proc says of processes, and that it is true. */
#include "clone.h"

#include <dirent.h>

enum { TEXT = 64 << 10 };
static char text[TEXT];

/* Reads a whole file into `text`, `step` bytes at a time; -1 with errno. */
static long read_in_steps(const char* path, size_t step) {
  int fd = open(path, O_RDONLY);
  if (fd < 0) return -1;
  long length = 0, got;
  while ((got = read(fd, text + length, step)) > 0 && length + (long)step < TEXT) length += got;
  int error = errno;
  close(fd);
  errno = error;
  text[length] = 0;
  return got < 0 ? -1 : length;
}

static long read_file(const char* path) { return read_in_steps(path, 4096); }

/* The value of a line `NAME:\tVALUE` in `text`. */
static const char* value_of(const char* name) {
  static char value[64];
  size_t length = strlen(name);
  for (const char* line = text; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
    if (strncmp(line, name, length) != 0 || line[length] != ':') continue;
    line += length + 1;
    while (*line == ' ' || *line == '\t') line++;
    size_t n = strcspn(line, "\n");
    snprintf(value, sizeof value, "%.*s", (int)n, line);
    return value;
  }
  tap_fail("no line %s in: %s", name, text);
}

#define IS(name, wanted)                                                                     \
  do {                                                                                       \
    const char* is = value_of(name);                                                         \
    if (strcmp(is, wanted) != 0)                                                             \
      tap_fail("line %d: %s: expected %s, got %s", __LINE__, name, (const char*)wanted, is); \
  } while (0)

static char* path_of(pid_t pid, const char* name) {
  static char path[64];
  snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
  return path;
}

static char* number(long value) {
  static char digits[24];
  snprintf(digits, sizeof digits, "%ld", value);
  return digits;
}

static void receive(void) {
  struct tine_message message;
  EQUAL(ipc_recv(&message), 0);
}

/* ---- status ---- */

static void handler(int signal) { (void)signal; }

static void status(void) {
  sigset_t blocked = 1ul << (SIGUSR2 - 1);
  signal(SIGINT, handler);
  signal(SIGTERM, SIG_IGN);
  EQUAL(sigprocmask(SIG_BLOCK, &blocked, NULL), 0);
  EQUAL(raise(SIGUSR2), 0);
  CHECK(read_file("/proc/self/status") > 0);
  IS("Name", "wing-procfs");
  IS("State", "R (running)");
  IS("Pid", number(getpid()));
  IS("PPid", number(getppid()));
  IS("Threads", "1");
  IS("SigPnd", "0000000000000800");
  IS("SigBlk", "0000000000000800");
  IS("SigIgn", "0000000000004000");
  IS("SigCgt", "0000000000000002");
  struct tine_process_info info;
  CHECK(tap_info(getpid(), &info)); /* whatever will be touched has been now */
  CHECK(read_file("/proc/self/status") > 0);
  EQUAL(strtol(value_of("VmRSS"), NULL, 10), info.resident_pages * 4);
}

static void states(void) {
  pid_t child = FORK();
  if (child == 0) {
    receive();
    _exit(0);
  }
  CHECK(sleeps_for(child, TINE_WAIT_IPC));
  CHECK(read_file(path_of(child, "status")) > 0);
  IS("State", "S (sleeping)");
  IS("PPid", number(getpid()));
  EQUAL(ipc_send(child, 1), 0);
  struct tine_process_info info;
  do CHECK(tap_info(child, &info));
  while (info.state != TINE_ZOMBIE);
  CHECK(read_file(path_of(child, "status")) > 0);
  IS("State", "Z (zombie)");
  IS("VmRSS", "0 kB");
  EQUAL(read_file(path_of(child, "maps")), 0);
  EQUAL(read_file(path_of(child, "pagetable")), 0);
  ENDS(child, 0);
  ERROR(read_file(path_of(child, "status")), ENOENT);
}

/* A program's name cannot make a line of its own, nor end the name in `stat`. */
#define FORGED "/tmp/x\nUid:\t0\\\033[2J"
static void forged_name(void) {
  static const char escaped[] = "x\\012Uid:\\0110\\\\\\033[2J";
  copy_file("/test/wing-procfs", FORGED);
  pid_t child = FORK();
  if (child == 0) {
    char* arguments[] = {"waits", NULL};
    execve(FORGED, arguments, NULL);
    _exit(1);
  }
  CHECK(sleeps_for(child, TINE_WAIT_IPC));
  CHECK(read_file(path_of(child, "status")) > 0);
  IS("Name", escaped);
  CHECK(strstr(strstr(text, "\nUid:") + 1, "\nUid:") == NULL);
  CHECK(read_file(path_of(child, "stat")) > 0);
  CHECK(strchr(text, '\n') == text + strlen(text) - 1);
  CHECK(strstr(text, escaped) != NULL);
  EQUAL(ipc_send(child, 1), 0);
  ENDS(child, 0);
  EQUAL(unlink(FORGED), 0);
}

/* ---- maps ---- */

struct region {
  unsigned long start, end;
  char prot[5];
  const char* label; /* the rest of the line */
};

static int region_of(const void* address, struct region* region) {
  for (char* line = text; *line;) {
    char* end = strchr(line, '\n');
    CHECK(end);
    char* rest;
    region->start = strtoul(line, &rest, 16);
    CHECK(*rest == '-');
    region->end = strtoul(rest + 1, &rest, 16);
    CHECK(*rest == ' ');
    memcpy(region->prot, rest + 1, 4);
    region->prot[4] = 0;
    region->label = rest;
    if ((unsigned long)address >= region->start && (unsigned long)address < region->end) {
      *end = 0;
      return 1;
    }
    line = end + 1;
  }
  return 0;
}

static void has_region(const void* address, const char* prot, const char* label, int line) {
  struct region region;
  CHECK(read_file("/proc/self/maps") > 0);
  if (!region_of(address, &region)) tap_fail("line %d: no region there", line);
  if (strcmp(region.prot, prot) != 0) tap_fail("line %d: it is %s", line, region.prot);
  if (label && !strstr(region.label, label)) tap_fail("line %d: %s", line, region.label);
}

static const char constant[16] = "constant";
static int written = 1;

static void maps(void) {
  int local;
  has_region((void*)maps, "r-xp", NULL, __LINE__);
  has_region(constant, "r--p", NULL, __LINE__);
  has_region(&written, "rw-p", NULL, __LINE__);
  has_region(&local, "rw-p", "[stack]", __LINE__);
  char* heap = sbrk(3 * PAGE);
  has_region(heap + PAGE, "rw-p", "[heap]", __LINE__);
  char* map = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  EQUAL(mprotect(map + PAGE, PAGE, PROT_NONE), 0);
  EQUAL(mprotect(map + 2 * PAGE, PAGE, PROT_READ | PROT_EXEC), 0);
  has_region(map, "rw-p", NULL, __LINE__);
  has_region(map + PAGE, "---p", NULL, __LINE__);
  has_region(map + 2 * PAGE, "r-xp", NULL, __LINE__);
  EQUAL(mprotect(map + 3 * PAGE, PAGE, PROT_WRITE), 0);
  has_region(map + 3 * PAGE, "-w-p", NULL, __LINE__);
  map[3 * PAGE] = 'w'; /* and what can be written can be read */
  EQUAL(map[3 * PAGE], 'w');
  struct region region;
  CHECK(read_file("/proc/self/maps") > 0);
  CHECK(!region_of(NULL, &region));
  CHECK(!strstr(text, "ffffff"));
}

/* ---- pagetable: the story of copy on write ---- */

struct page {
  unsigned long frame;
  char flags[5];
  unsigned long count;
};

static struct page page_of(pid_t pid, const volatile void* address) {
  CHECK(read_file(path_of(pid, "pagetable")) > 0);
  char start[24];
  snprintf(start, sizeof start, "%08lx ", (unsigned long)address);
  char* line = strstr(text, start);
  if (!line) tap_fail("no page at %s", start);
  CHECK(line == text || line[-1] == '\n');
  struct page page;
  char* at;
  page.frame = strtoul(line + strlen(start), &at, 10);
  memcpy(page.flags, at + 1, 4);
  page.flags[4] = 0;
  page.count = strtoul(at + 5, &at, 10);
  CHECK(*at == '\n');
  return page;
}

#define LOOKS(got, wanted, owners)                                                       \
  do {                                                                                   \
    struct page is = got;                                                                \
    if (strcmp(is.flags, wanted) != 0)                                                   \
      tap_fail("line %d: expected %s, got %s", __LINE__, (const char*)wanted, is.flags); \
    EQUAL(is.count, owners);                                                             \
  } while (0)

static volatile char shared[4096] __attribute__((aligned(4096)));

static void copy_on_write_child(pid_t parent, unsigned long frame) {
  LOOKS(page_of(getpid(), shared), "r--c", 2);
  LOOKS(page_of(parent, shared), "r--c", 2);
  EQUAL(page_of(getpid(), shared).frame, frame);
  shared[0] = 'c';
  LOOKS(page_of(getpid(), shared), "rw--", 1);
  CHECK(page_of(getpid(), shared).frame != frame);
  LOOKS(page_of(parent, shared), "r--c", 1);
  EQUAL(page_of(parent, shared).frame, frame);
  EQUAL(ipc_send(parent, 1), 0);
  receive();
  EQUAL(shared[0], 'c');
  _exit(0);
}

static void copy_on_write(void) {
  shared[0] = 'a';
  LOOKS(page_of(getpid(), shared), "rw--", 1);
  unsigned long frame = page_of(getpid(), shared).frame;
  pid_t parent = getpid(), child = FORK();
  if (child == 0) copy_on_write_child(parent, frame);
  receive();
  EQUAL(shared[0], 'a');
  shared[0] = 'p';
  LOOKS(page_of(getpid(), shared), "rw--", 1);
  EQUAL(page_of(getpid(), shared).frame, frame);
  EQUAL(ipc_send(child, 1), 0);
  ENDS(child, 0);
  EQUAL(shared[0], 'p');
}

/* More pages than are visited at once; and the same as page_info says. */
static void every_page(void) {
  enum { PAGES = 700 };
  char* map = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (int i = 0; i < PAGES; i++)
    if (i % 7 != 6) map[i * PAGE] = 'x';
  CHECK(read_file("/proc/self/pagetable") > 0);
  int seen = 0;
  for (char* line = text; *line; line = strchr(line, '\n') + 1) {
    char* at;
    unsigned long address = strtoul(line, &at, 16);
    if (address < (unsigned long)map || address >= (unsigned long)map + PAGES * PAGE) continue;
    EQUAL(address, map + (seen / 6 * 7 + seen % 6) * PAGE);
    struct tine_page_info info;
    EQUAL(page_info((void*)address, &info), 0);
    EQUAL(strtoul(at, NULL, 10), info.frame);
    seen++;
  }
  EQUAL(seen, PAGES / 7 * 6);
}

/* Somebody with whom we share our memory lets the heap grow and shrink, while we look at it. */
static volatile int looked_enough;
static void grow_and_shrink(void) {
  while (!looked_enough) {
    sbrk(PAGE);
    sbrk(-PAGE);
  }
  _exit(0);
}
/* Of `maps` or `pagetable`: each line begins with an address, and those rise. */
static void rises(const char* name) {
  unsigned long last = 0;
  CHECK(read_file(name) > 0);
  for (char* line = text; *line; line = strchr(line, '\n') + 1) {
    unsigned long start = strtoul(line, NULL, 16);
    if (start <= last) tap_fail("%s: %lx behind %lx", name, start, last);
    last = start;
  }
}
static void nothing_twice(void) {
  memset(sbrk(200 * PAGE), 1, 200 * (size_t)PAGE);
  pid_t other = (pid_t)clone_into(CLONE_VM | SIGCHLD, grow_and_shrink, 0, 0, 0);
  CHECK(other > 0);
  for (int i = 0; i < 50; i++) {
    rises("/proc/self/maps");
    rises("/proc/self/pagetable");
  }
  looked_enough = 1;
  ENDS(other, 0);
}

/* ---- fd ---- */

static const char* link_of(const char* path) {
  static char target[64];
  long length = readlink(path, target, sizeof target - 1);
  if (length < 0) tap_fail("readlink(%s): %s", path, strerror(errno));
  target[length] = 0;
  return target;
}

static void descriptors(void) {
  int ends[2];
  EQUAL(pipe(ends), 0);
  int file = open("/bin/hello", O_RDONLY);
  int null = open("/dev/null", O_RDONLY);
  struct stat info;
  char wanted[64];
  CHECK(strcmp(link_of("/proc/self/fd/0"), "/dev/console") == 0);
  EQUAL(fstat(file, &info), 0);
  snprintf(wanted, sizeof wanted, "file:[%lu]", info.st_ino);
  CHECK(file == 5 && strcmp(link_of(path_of(getpid(), "fd/5")), wanted) == 0);
  EQUAL(fstat(ends[0], &info), 0);
  snprintf(wanted, sizeof wanted, "pipe:[%lu]", info.st_ino);
  CHECK(strcmp(link_of("/proc/self/fd/3"), wanted) == 0);
  CHECK(strcmp(link_of("/proc/self/fd/4"), wanted) == 0);
  CHECK(null == 6 && strcmp(link_of("/proc/self/fd/6"), "/dev/null") == 0);
  close(ends[0]);

  DIR* directory = opendir("/proc/self/fd");
  char listed[64] = "";
  for (struct dirent* entry; (entry = readdir(directory));) {
    if (entry->d_name[0] == '.') continue;
    EQUAL(entry->d_type, DT_LNK);
    strcat(strcat(listed, entry->d_name), " ");
  }
  EQUAL(closedir(directory), 0);
  CHECK(strcmp(listed, "0 1 2 3 4 5 6 ") == 0); /* 3: the directory itself */
  char target[8];
  ERROR(readlink("/proc/self/fd/3", target, sizeof target), ENOENT);
  ERROR(readlink("/proc/self/fd/1024", target, sizeof target), ENOENT);
  ERROR(readlink("/proc/self/fd/-1", target, sizeof target), ENOENT);
  ERROR(readlink("/proc/self/fd/00", target, sizeof target), ENOENT);
  ERROR(readlink("/proc/self/fd/x", target, sizeof target), ENOENT);
  char byte = 0;
  int reader = open("/proc/self/fd/4", O_RDONLY); /* the pipe again, by its other end */
  CHECK(reader >= 0);
  EQUAL(write(4, "x", 1), 1);
  EQUAL(read(reader, &byte, 1), 1);
  CHECK(byte == 'x');
}

/* ---- The tree ---- */

static void tree(void) {
  CHECK(strcmp(link_of("/proc/self"), number(getpid())) == 0);
  pid_t child = FORK();
  if (child == 0) {
    receive();
    _exit(0);
  }
  int files = 0, self = 0, own = 0, childs = 0;
  long last = 0;
  DIR* directory = opendir("/proc");
  for (struct dirent* entry; (entry = readdir(directory));) {
    long pid = strtol(entry->d_name, NULL, 10);
    self += strcmp(entry->d_name, "self") == 0;
    files += strcmp(entry->d_name, "meminfo") == 0 || strcmp(entry->d_name, "uptime") == 0;
    own += pid == getpid();
    childs += pid == child;
    if (pid == 0) continue;
    EQUAL(entry->d_type, DT_DIR);
    CHECK(pid > last);
    last = pid;
    struct stat info;
    if (pid != child && pid != getpid()) continue;
    EQUAL(stat(path_of((pid_t)pid, ""), &info), 0);
    EQUAL(info.st_ino, entry->d_ino);
  }
  EQUAL(closedir(directory), 0);
  CHECK(files == 2 && self == 1 && own == 1 && childs == 1);
  EQUAL(ipc_send(child, 1), 0);
  ENDS(child, 0);

  char here[64], wanted[64];
  EQUAL(chdir("/proc/self/fd"), 0);
  snprintf(wanted, sizeof wanted, "/proc/%d/fd", getpid());
  CHECK(getcwd(here, sizeof here) && strcmp(here, wanted) == 0);
  EQUAL(chdir("../../.."), 0);
  CHECK(getcwd(here, sizeof here) && strcmp(here, "/") == 0);
}

static void refusals(void) {
  ERROR(open("/proc/self/status", O_WRONLY) < 0 ? -1 : write(3, "x", 1), EINVAL);
  close(3);
  ERROR(open("/proc/new", O_WRONLY | O_CREAT, 0644), EPERM);
  ERROR(mkdir("/proc/1/x", 0755), EPERM);
  ERROR(unlink("/proc/meminfo"), EPERM);
  ERROR(rmdir("/proc/1"), EPERM);
  ERROR(open("/proc/0", O_RDONLY), ENOENT);
  ERROR(open("/proc/01", O_RDONLY), ENOENT);
  ERROR(open("/proc/-1", O_RDONLY), ENOENT);
  ERROR(open("/proc/99999", O_RDONLY), ENOENT);
  ERROR(open("/proc/4294967297/status", O_RDONLY), ENOENT);
  ERROR(open("/proc/self/none", O_RDONLY), ENOENT);
  ERROR(open("/proc/self/status/x", O_RDONLY), ENOTDIR);
  char* argv[] = {"status", NULL};
  CHECK(execve("/proc/self/status", argv, NULL) == -1);
  int fd = open("/proc/self/status", O_RDONLY);
  ERROR(read(fd, wild(KERNEL), 100), EFAULT);
  ERROR(read(fd, NULL, 100), EFAULT);
  EQUAL(read(fd, text, 5), 5);
  CHECK(memcmp(text, "Name:", 5) == 0);
}

/* ---- Reading ---- */

static void pieces(void) {
  static char whole[8192];
  long length = read_file("/proc/self/maps");
  CHECK(length > 100 && length < (long)sizeof whole);
  memcpy(whole, text, (size_t)length + 1);
  EQUAL(read_in_steps("/proc/self/maps", 1), length);
  CHECK(strcmp(text, whole) == 0);
  EQUAL(read_in_steps("/proc/self/maps", 7), length);
  CHECK(strcmp(text, whole) == 0);

  int fd = open("/proc/self/maps", O_RDONLY);
  EQUAL(lseek(fd, 50, SEEK_SET), 50);
  EQUAL(read(fd, text, 20), 20);
  CHECK(memcmp(text, whole + 50, 20) == 0);
  EQUAL(lseek(fd, length + 1000, SEEK_SET), length + 1000);
  EQUAL(read(fd, text, 20), 0);
  /* Back at the beginning it is made anew. */
  mmap((void*)0x30000000, (size_t)PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  EQUAL(lseek(fd, 0, SEEK_SET), 0);
  CHECK(read(fd, text, TEXT - 1) > length);
  CHECK(strstr(text, "\n30000000-30001000 r--p 00000000 00:00 0\n"));
}

static void dead(void) {
  pid_t child = FORK();
  if (child == 0) {
    receive();
    _exit(0);
  }
  int status = open(path_of(child, "status"), O_RDONLY);
  int maps = open(path_of(child, "maps"), O_RDONLY);
  int table = open(path_of(child, "pagetable"), O_RDONLY);
  int here = open(path_of(child, ""), O_RDONLY | O_DIRECTORY);
  int fds = open(path_of(child, "fd"), O_RDONLY | O_DIRECTORY);
  CHECK(fds == here + 1);
  CHECK(read(maps, text, 100) == 100);
  EQUAL(ipc_send(child, 1), 0);
  ENDS(child, 0);
  ERROR(read(status, text, 100), ESRCH);
  ERROR(read(table, text, 100), ESRCH);
  EQUAL(read(maps, text, 10), 10); /* what was read before goes on */
  EQUAL(lseek(maps, 0, SEEK_SET), 0);
  ERROR(read(maps, text, 100), ESRCH);
  ERROR(openat(here, "status", O_RDONLY), ENOENT);
  ERROR(openat(fds, "0", O_RDONLY), ENOENT);
  char entries[512];
  CHECK(getdents64(fds, entries, sizeof entries) <= 48); /* "." and ".." at most */
}

/* Both directories: each would be looked for, for ever, in one that does not list it any more. */
static void dead_cwd(void) {
  char here[64];
  for (int i = 0; i < 2; i++) {
    pid_t child = FORK();
    if (child == 0) {
      receive();
      _exit(0);
    }
    EQUAL(chdir(path_of(child, i ? "fd" : "")), 0);
    EQUAL(ipc_send(child, 1), 0);
    ENDS(child, 0);
    CHECK(getcwd(here, sizeof here) == NULL && errno == ENOENT);
    ERROR(chdir(".."), ENOENT);
    EQUAL(chdir("/"), 0);
  }
}

static void machine(void) {
  struct tine_memory_info info;
  CHECK(read_file("/proc/meminfo") > 0);
  EQUAL(memory_info(&info), 0);
  EQUAL(strtol(value_of("MemTotal"), NULL, 10), info.total_frames * 4);
  long free = strtol(value_of("MemFree"), NULL, 10), known = (long)info.free_frames * 4;
  CHECK(free > known - 1024 && free < known + 1024);
  CHECK(strstr(value_of("SwapTotal"), "0 kB"));
  CHECK(read_file("/proc/uptime") > 0);
  EQUAL(memory_info(&info), 0);
  long seconds = strtol(text, NULL, 10), now = (long)(info.uptime_ns / 1000000000);
  CHECK(seconds == now || seconds + 1 == now);
}

/* ---- Want of memory ---- */

static void out_of_memory(void) {
  static const struct {
    const char *path, *ending; /* in the last line */
  } files[] = {{"/proc/self/status", "SigCgt"},
               {"/proc/self/maps", "[stack]"},
               {"/proc/self/pagetable", "\n3f"},
               {"/proc/meminfo", "PageTables"},
               {"/proc/self/fd/0", NULL}};
  for (unsigned i = 0; i < sizeof files / sizeof files[0]; i++) {
    int refused = 0;
    long left = 0;
    for (long n = 1; left == 0; n++) {
      char target[16];
      fail_alloc(n);
      long got = files[i].ending ? read_file(files[i].path)
                                 : readlink(files[i].path, target, sizeof target);
      int error = errno;
      left = fail_alloc(0);
      if (got < 0) {
        EQUAL(error, ENOMEM);
        refused++;
      } else if (files[i].ending) {
        if (got <= 0 || text[got - 1] != '\n' || !strstr(text, files[i].ending))
          tap_fail("allocation %ld, %s: %s", n, files[i].path, text);
      }
    }
    CHECK(refused > 1);
  }
}

/* ---- Everybody at once ---- */

static void read_everything(void) {
  static const char* const names[] = {"status", "maps", "pagetable", "fd/0"};
  DIR* directory = opendir("/proc");
  for (struct dirent* entry; (entry = readdir(directory));) {
    pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
    if (pid == 0) continue;
    for (int i = 0; i < 3; i++) {
      if (read_file(path_of(pid, names[i])) < 0)
        CHECK(errno == ENOENT || errno == ESRCH || errno == ENOMEM);
    }
    char target[64];
    if (readlink(path_of(pid, names[3]), target, sizeof target) < 0) CHECK(errno == ENOENT);
    DIR* fds = opendir(path_of(pid, "fd"));
    if (fds) {
      while (readdir(fds)) {
      }
      closedir(fds);
    }
  }
  closedir(directory);
}

static void everybody(void) {
  pid_t makers[3];
  for (int i = 0; i < 3; i++) {
    makers[i] = FORK();
    if (makers[i] != 0) continue;
    for (int n = 0; n < 60; n++) {
      pid_t child = FORK();
      if (child == 0) {
        shared[n] = 1;
        char* argv[] = {"tiny", NULL};
        if (n % 4 == 0) execve("/test/tiny", argv, NULL);
        _exit(0);
      }
      ENDS(child, 0);
    }
    _exit(0);
  }
  int left = 3, status;
  while (left > 0) {
    read_everything();
    pid_t ended;
    while ((ended = waitpid(-1, &status, WNOHANG)) > 0) {
      EQUAL(status, 0);
      left--;
    }
  }
}

/* Four processes read one open file, each at a place of its own. */
static void shared_file(void) {
  int fd = open("/proc/self/status", O_RDONLY);
  long length = read(fd, text, TEXT);
  CHECK(length > 100 && length < TEXT);
  if (syscall(SYS_pread64, fd, text, TEXT, 0l) < 0 && errno == ENOSYS) return; /* wing linux */
  for (int i = 0; i < 4; i++) {
    if (FORK() != 0) continue;
    for (int n = 0; n < 500; n++) {
      long got = syscall(SYS_pread64, fd, text, TEXT, 0l);
      CHECK(got > length - 40 && text[got - 1] == '\n'); /* numbers may become shorter */
      CHECK(memchr(text, 0, (size_t)got) == NULL);
    }
    _exit(0);
  }
  for (int status = -1; wait(&status) > 0; status = -1) EQUAL(status, 0);
}

/* All 52 fields of stat, of which the name stands in parentheses; cmdline ends each with a 0. */
static void for_ps(void) {
  char start[64];
  int spaces = 0;
  CHECK(read_file("/proc/self/stat") > 0);
  snprintf(start, sizeof start, "%d (wing-procfs) R %d ", getpid(), getppid());
  EQUAL(strncmp(text, start, strlen(start)), 0);
  for (const char* at = text; *at; at++) spaces += *at == ' ';
  EQUAL(spaces, 51);
  long length = read_file("/proc/self/cmdline");
  CHECK(length > 0 && text[length - 1] == 0);
  CHECK(strstr(text, "wing-procfs"));
  CHECK(read_file("/proc/loadavg") > 0 && strncmp(text, "0.00 0.00 0.00 1/", 17) == 0);
  CHECK(read_file("/proc/mounts") > 0 && strstr(text, "proc /proc proc rw 0 0\n"));
  CHECK(read_file("/proc/stat") > 0 && strncmp(text, "cpu  ", 5) == 0);
}

/* What a shell's <(command) is: the command may have ended before the pipe is opened by its name.
 */
static void pipes_are_opened_again(void) {
  int ends[2];
  char path[32], got[8];
  EQUAL(pipe(ends), 0);
  snprintf(path, sizeof path, "/proc/self/fd/%d", ends[0]);
  EQUAL(write(ends[1], "abc", 3), 3);
  EQUAL(close(ends[1]), 0);
  int reader = open(path, O_RDONLY);
  EQUAL(read(reader, got, sizeof got), 3);
  EQUAL(read(reader, got, sizeof got), 0);
  int writer = open(path, O_WRONLY);
  EQUAL(write(writer, "d", 1), 1);
  EQUAL(close(ends[0]) + close(reader), 0);
  snprintf(path, sizeof path, "/proc/self/fd/%d", writer);
  EQUAL(close(open(path, O_WRONLY | O_NONBLOCK)), 0); /* though it has no reader */
}

int main(int argc, char** argv) {
  (void)argc;
  if (strcmp(argv[0], "waits") == 0) return receive(), 0;
  tap_begin("wing-procfs");
  RUN("status: name, pids, memory, signals", status);
  RUN("status of who sleeps, and of a zombie, which has no memory", states);
  RUN("a program's name forges no line", forged_name);
  RUN("maps shows text, constants, data, heap, stack and mappings with their permissions", maps);
  RUN("pagetable shows copy-on-write: flags and count of both sides, a write, a new frame",
      copy_on_write);
  RUN("pagetable shows every page that is there, and agrees with page_info", every_page);
  RUN("maps and pagetable show nothing twice while a region grows and shrinks", nothing_twice);
  RUN("fd: what each descriptor is", descriptors);
  RUN("/proc lists the processes in order; inodes agree; .. leads out; getcwd works", tree);
  RUN("what cannot be changed, names that are not there, bad buffers", refusals);
  RUN("reading in small pieces, at offsets, and again from the beginning", pieces);
  RUN("several processes read one open file, each a whole text", shared_file);
  RUN("files of a process that has ended answer ESRCH, its names ENOENT", dead);
  RUN("getcwd in the directory of a process that has ended is ENOENT", dead_cwd);
  RUN("meminfo and uptime agree with the system calls", machine);
  RUN("stat and cmdline as ps and top read them", for_ps);
  RUN("every allocation may fail: ENOMEM, and nothing is lost", out_of_memory);
  RUN("three processes fork, exec and exit while all of /proc is read", everybody);
  RUN("/proc/self/fd opens a pipe again, whatever its other end is", pipes_are_opened_again);
  return tap_end();
}
