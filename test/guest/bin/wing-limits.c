/* The wing `limits`: /proc/PID/limits has Linux's form, and says what prlimit64 says. */
#include "credentials.h"

#include <dirent.h>

enum { LIMITS = 16, CPU = 0, CORE = 4, PROCESSES = 6, FILES = 7, LOCKS = 10 };
#define NO_LIMIT (~0ul)

struct limit {
  unsigned long now, most;
};
static char text[4096], wanted[4096];

static long set_limit(int resource, unsigned long now, unsigned long most) {
  struct limit fresh = {now, most};
  return syscall(SYS_setrlimit, resource, &fresh);
}
static long change_limit(pid_t pid, int resource, unsigned long now, unsigned long most) {
  struct limit fresh = {now, most};
  return syscall(SYS_prlimit64, pid, resource, &fresh, NULL);
}

/* `named` is a pid or "self". */
static void read_limits(const char* named) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%s/limits", named);
  int fd = open(path, O_RDONLY);
  if (fd < 0) tap_fail("open(%s): %s", path, strerror(errno));
  long length = read(fd, text, sizeof text - 1);
  CHECK(length > 0 && length < (long)sizeof text - 1);
  text[length] = 0;
  EQUAL(close(fd), 0);
}
static void read_limits_of(pid_t pid) {
  char named[16];
  snprintf(named, sizeof named, "%d", pid);
  read_limits(named);
}

static void has_line(const char* line) {
  const char* at = strstr(text, line);
  if (!at || (at != text && at[-1] != '\n')) tap_fail("no line \"%s\" in: %.80s", line, text);
}

static const char* number(unsigned long value) {
  static char texts[2][24];
  static int turn;
  turn = 1 - turn;
  snprintf(texts[turn], sizeof texts[turn], "%lu", value);
  return value == NO_LIMIT ? "unlimited" : texts[turn];
}

/* The whole file, from what prlimit64 says of the process. */
static void agrees(pid_t pid) {
  static const char* const names[LIMITS][2] = {
      {"Max cpu time", "seconds   "},       {"Max file size", "bytes     "},
      {"Max data size", "bytes     "},      {"Max stack size", "bytes     "},
      {"Max core file size", "bytes     "}, {"Max resident set", "bytes     "},
      {"Max processes", "processes "},      {"Max open files", "files     "},
      {"Max locked memory", "bytes     "},  {"Max address space", "bytes     "},
      {"Max file locks", "locks     "},     {"Max pending signals", "signals   "},
      {"Max msgqueue size", "bytes     "},  {"Max nice priority", ""},
      {"Max realtime priority", ""},        {"Max realtime timeout", "us        "}};
  size_t length = (size_t)snprintf(
      wanted, sizeof wanted,
      "Limit                     Soft Limit           Hard Limit           Units     \n");
  for (int i = 0; i < LIMITS; i++) {
    struct limit is;
    EQUAL(syscall(SYS_prlimit64, pid, i, NULL, &is), 0);
    length += (size_t)snprintf(wanted + length, sizeof wanted - length, "%-25s %-20s %-20s %s\n",
                               names[i][0], number(is.now), number(is.most), names[i][1]);
  }
  read_limits_of(pid);
  if (strcmp(text, wanted) != 0) tap_fail("expected %.60s, got %.60s", wanted, text);
}

static void form(void) {
  read_limits("self");
  has_line("Limit                     Soft Limit           Hard Limit           Units     \n");
  has_line("Max cpu time              unlimited            unlimited            seconds   \n");
  has_line("Max nice priority         0                    0                    \n");
  has_line("Max realtime timeout      unlimited            unlimited            us        \n");
  agrees(getpid());
}

static void changes(void) {
  EQUAL(set_limit(FILES, 77, 99), 0);
  EQUAL(set_limit(LOCKS, 5, NO_LIMIT), 0);
  read_limits("self");
  has_line("Max open files            77                   99                   files     \n");
  has_line("Max file locks            5                    unlimited            locks     \n");
  agrees(getpid());
  EQUAL(change_limit(0, FILES, 66, 88), 0);
  read_limits("self");
  has_line("Max open files            66                   88                   files     \n");
}

static pid_t start_sleeper(void) {
  struct tine_message message;
  pid_t child = FORK();
  if (child == 0) _exit(ipc_recv(&message) != 0);
  CHECK(sleeps_for(child, TINE_WAIT_IPC));
  return child;
}

/* A child begins with its parent's limits; after that, each has its own. */
static void child_limits(void) {
  EQUAL(set_limit(CPU, 1000, 2000), 0);
  pid_t child = start_sleeper();
  read_limits_of(child);
  has_line("Max cpu time              1000                 2000                 seconds   \n");
  EQUAL(set_limit(CPU, 300, 400), 0);
  EQUAL(change_limit(child, CORE, 12, 34), 0);
  read_limits_of(child);
  has_line("Max cpu time              1000                 2000                 seconds   \n");
  has_line("Max core file size        12                   34                   bytes     \n");
  agrees(child);
  read_limits("self");
  has_line("Max cpu time              300                  400                  seconds   \n");
  has_line("Max core file size        0                    unlimited            bytes     \n");
  EQUAL(ipc_send(child, 1), 0);
  ENDS(child, 0);
}

/* The file is for all users, as on Linux, though prlimit64 is not. */
static pid_t of_root;
static void reads_as_user(void) {
  struct limit is;
  struct stat about;
  char path[64];
  EQUAL(set_limit(PROCESSES, 40, 50), 0);
  read_limits("self");
  has_line("Max processes             40                   50                   processes \n");
  agrees(getpid());
  ERROR(set_limit(PROCESSES, 40, 51), EPERM);
  read_limits("self");
  has_line("Max processes             40                   50                   processes \n");
  ERROR(syscall(SYS_prlimit64, of_root, CPU, NULL, &is), EPERM);
  read_limits_of(of_root);
  has_line("Max cpu time              1000                 2000                 seconds   \n");
  snprintf(path, sizeof path, "/proc/%d/limits", of_root);
  EQUAL(stat(path, &about), 0);
  EQUAL(about.st_mode, S_IFREG | 0444);
  EQUAL(about.st_uid, 0);
  ERROR(open(path, O_WRONLY), EACCES);
  EQUAL(stat("/proc/self/limits", &about), 0);
  EQUAL(about.st_uid, STUDENT);
}
static void as_user(void) {
  EQUAL(set_limit(CPU, 1000, 2000), 0);
  of_root = start_sleeper();
  as(STUDENT, reads_as_user);
  EQUAL(ipc_send(of_root, 1), 0);
  ENDS(of_root, 0);
}

/* A zombie has its limits until it is waited for; then an open file says that it is gone. */
static void ended(void) {
  struct tine_process_info info;
  char path[64];
  pid_t child = FORK();
  if (child == 0) _exit(set_limit(FILES, 44, 55) != 0);
  do CHECK(tap_info(child, &info));
  while (info.state != TINE_ZOMBIE);
  read_limits_of(child);
  has_line("Max open files            44                   55                   files     \n");
  snprintf(path, sizeof path, "/proc/%d/limits", child);
  int fd = open(path, O_RDONLY);
  CHECK(fd >= 0);
  ENDS(child, 0);
  ERROR(read(fd, text, sizeof text), ESRCH);
  ERROR(open(path, O_RDONLY), ENOENT);
}

static void in_task(void) {
  char path[64];
  DIR* directory = opendir("/proc/self");
  int seen = 0;
  CHECK(directory);
  for (struct dirent* entry; (entry = readdir(directory));) {
    if (strcmp(entry->d_name, "limits") != 0) continue;
    struct stat about;
    EQUAL(stat("/proc/self/limits", &about), 0);
    EQUAL(about.st_ino, entry->d_ino);
    seen++;
  }
  EQUAL(closedir(directory), 0);
  EQUAL(seen, 1);
  snprintf(path, sizeof path, "self/task/%d", getpid());
  read_limits(path);
  strcpy(wanted, text);
  read_limits("self");
  EQUAL(strcmp(text, wanted), 0);
}

int main(void) {
  tap_begin("wing-limits");
  RUN("limits: the lines, columns and units that Linux has", form);
  RUN("... after setrlimit and prlimit64", changes);
  RUN("... of a child: its parent's at first, then its own", child_limits);
  RUN("... read by a user: of the user's processes and of root's", as_user);
  RUN("... of a zombie, and of a process that is gone", ended);
  RUN("... listed once, and in task too", in_task);
  return tap_end();
}
