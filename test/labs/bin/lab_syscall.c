/* What a program sees of the call sysinfo and of tracing. */
#include <sys/sysinfo.h>

#include "lab.h"

#pragma weak sysinfo /* the library may not have it yet */

enum { call_sysinfo = 179, call_getpid = 172, call_getppid = 173, call_gettid = 178 };
enum { call_sched_yield = 124, call_none = 499 };

static long raw(long number, const void* argument) {
  long result = syscall(number, argument, 0, 0, 0, 0);
  return result < 0 ? -errno : result;
}

/* ---- Part 1: a new call ---- */

static void number(char** more) {
  (void)more;
  struct sysinfo info;
  memset(&info, 0xa5, sizeof info);
  see("result", (uint64_t)raw(call_sysinfo, &info));
  see("touched", info.totalram != 0xa5a5a5a5a5a5a5a5u);
  see("swap", info.totalswap | info.freeswap | info.totalhigh | info.freehigh);
}

static void values(char** more) {
  (void)more;
  struct sysinfo info = {0}, later = {0};
  size_t count = 300 + number_of_run(1) % 300;
  uint8_t* pages =
      mmap(NULL, count * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  uint8_t* far =
      mmap(NULL, 2000 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (size_t i = 0; i < 2000; i += 400) far[i * PAGE] = 1;
  munmap(far, 2000 * PAGE); /* the page tables of it are free now, but kept for the next */
  raw(call_sysinfo, &info);
  uint64_t unit = info.mem_unit;
  struct tine_memory_info truth = books();
  see("total", info.totalram * unit - truth.total_frames * PAGE);
  see("free", info.freeram * unit - truth.free_frames * PAGE);
  see("shared", info.sharedram * unit - truth.file_frames * PAGE);
  see("threads", info.procs - truth.threads);
  for (size_t i = 0; i < count; i++) pages[i * PAGE] = 1;
  raw(call_sysinfo, &later);
  truth = books();
  see("free-later", later.freeram * later.mem_unit - truth.free_frames * PAGE);
  see("fell", (info.freeram - later.freeram) * unit / PAGE >= count);
  struct timespec nap = {2, 100000000};
  nanosleep(&nap, NULL);
  raw(call_sysinfo, &later);
  see("uptime", (uint64_t)later.uptime - books().uptime_ns / 1000000000);
}

static void pointers(char** more) {
  (void)more;
  uint8_t* at = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  memset(at, 1, 3 * PAGE);
  munmap(at + 2 * PAGE, PAGE);
  struct sysinfo* across = (struct sysinfo*)(at + PAGE - 16);
  see("null", (uint64_t)-raw(call_sysinfo, NULL));
  see("unmapped", (uint64_t)-raw(call_sysinfo, at + 2 * PAGE));
  see("half", (uint64_t)-raw(call_sysinfo, at + 2 * PAGE - 16));
  see("kernel", (uint64_t)-raw(call_sysinfo, (void*)0xffffffc080200000u));
  see("wraps", (uint64_t)-raw(call_sysinfo, (void*)(~0ul - 7)));
  see("across", (uint64_t)raw(call_sysinfo, across));
  see("across-unit", across->mem_unit != 0x01010101 && across->mem_unit != 0);
  mprotect(at, PAGE, PROT_READ);
  see("sealed", (uint64_t)-raw(call_sysinfo, at));
}

static void stub(char** more) {
  (void)more;
  struct sysinfo info = {0};
  see("linked", sysinfo != NULL);
  if (sysinfo == NULL) return;
  see("result", (uint64_t)(long)sysinfo(&info));
  see("filled", info.totalram * info.mem_unit == books().total_frames * PAGE);
  errno = 0;
  see("refused", (uint64_t)(long)sysinfo((struct sysinfo*)8));
  see("errno", (uint64_t)errno);
}

/* Runs a program; answers how much it wrote to its output. */
static size_t output_of(char* const argv[], char* to, size_t size, uint64_t* status) {
  static char* const none[] = {NULL};
  int ends[2], how = -1;
  pipe(ends);
  pid_t child = fork();
  if (child < 0) see("fork-errno", (uint64_t)errno);
  if (child == 0) {
    dup2(ends[1], 1);
    close(ends[0]);
    close(ends[1]);
    execve(argv[0], argv, none);
    _exit(127);
  }
  close(ends[1]);
  size_t length = 0;
  for (ssize_t got; (got = read(ends[0], to + length, size - 1 - length)) > 0;)
    length += (size_t)got;
  to[length] = 0;
  close(ends[0]);
  waitpid(child, &how, 0);
  *status = (uint64_t)how;
  return length;
}

static void program(char** more) {
  (void)more;
  static char text[2000];
  static char* const argv[] = {"/bin/free", NULL};
  uint64_t status, numbers[3] = {0, 0, 0}, count = 0;
  struct tine_memory_info before = books();
  output_of(argv, text, sizeof text, &status);
  for (char* at = text; *at && count < 3; at++) {
    if (*at < '0' || *at > '9') continue;
    numbers[count++] = strtoul(at, &at, 10);
    at--;
  }
  see("status", status);
  see("numbers", count);
  see("total", numbers[0] - before.total_frames * (PAGE / 1024));
  see("sum", numbers[0] - numbers[1] - numbers[2]);
  uint64_t unused = before.free_frames * (PAGE / 1024); /* free itself takes some */
  see("free", numbers[2] <= unused && numbers[2] + 1000 >= unused);
}

/* ---- Part 2: tracing ---- */

static int trace_pipe[2];
static char lines[8000];

static void open_trace(void) {
  pipe(trace_pipe);
  dup2(trace_pipe[1], TINE_TRACE_FD);
}

/* What has been written of us; the pipe must not be waited for, so a mark goes in first. */
static size_t read_trace(void) {
  size_t length = 0;
  write(trace_pipe[1], "\n#", 2);
  while (length < sizeof lines - 1) {
    ssize_t got = read(trace_pipe[0], lines + length, 1);
    if (got <= 0) break;
    length += (size_t)got;
    if (length >= 2 && lines[length - 1] == '#' && lines[length - 2] == '\n') {
      length -= 2;
      break;
    }
  }
  lines[length] = 0;
  return length;
}

/* The text, so that the grader can compare it, and show what it missed. */
static void see_trace(const char* key) {
  size_t length = read_trace();
  uint64_t hash = 0;
  for (size_t i = 0; i < length; i++) hash = lab_hash(hash, (uint8_t)lines[i]);
  see(key, hash);
  char shown[40];
  for (char* at = lines; *at;) {
    char* end = strchr(at, '\n');
    if (end) *end = 0;
    snprintf(shown, sizeof shown, "%s: ", key);
    write(1, shown, strlen(shown));
    write(1, at, strlen(at));
    write(1, "\n", 1);
    if (!end) break;
    at = end + 1;
  }
}

static void line(char** more) {
  (void)more;
  long fd = 40 + (long)(number_of_run(1) % 900);
  open_trace();
  long on = trace(TINE_TRACE_ON);
  long result = raw(call_getppid, NULL);
  close((int)fd);
  long off = trace(TINE_TRACE_OFF);
  see("on", (uint64_t)on);
  see("off", (uint64_t)off);
  see("ppid", (uint64_t)result);
  see_trace("trace");
  raw(call_getpid, NULL);
  see_trace("after-off");
}

static void moment(char** more) {
  (void)more;
  int ends[2];
  char bytes[16] = "before", text[16];
  snprintf(text, sizeof text, "n%lu", number_of_run(1) % 1000000);
  open_trace();
  pipe(ends);
  trace(TINE_TRACE_ON);
  write(ends[1], text, strlen(text));
  read(ends[0], bytes, sizeof bytes);
  write(ends[1], "", 0);
  trace(TINE_TRACE_OFF);
  see("same", memcmp(text, bytes, strlen(text)) == 0);
  see_trace("trace");
}

static void children(char** more) {
  (void)more;
  open_trace();
  for (int mode = TINE_TRACE_ON; mode <= TINE_TRACE_CHILDREN; mode++) {
    int status = -1;
    trace(mode);
    pid_t child = (pid_t)syscall(220, SIGCHLD, 0, 0, 0, 0);
    if (child == 0) {
      close(321);
      _exit(3);
    }
    trace(TINE_TRACE_OFF);
    if (child < 0) see("fork-errno", (uint64_t)errno);
    waitpid(child, &status, 0);
    see("status", (uint64_t)status);
    read_trace();
    const char* prefix = strstr(lines, "close(321)");
    see(mode == TINE_TRACE_ON ? "alone-close" : "children-close", prefix != NULL);
    see(mode == TINE_TRACE_ON ? "alone-exit" : "children-exit",
        strstr(lines, "exit_group(3) = ?") != NULL);
    see(mode == TINE_TRACE_ON ? "alone-pid" : "children-pid", prefix && prefix - lines >= 6 &&
                                                                  strtol(lines, NULL, 10) == 0 &&
                                                                  strstr(lines, "[pid ") != NULL);
    see("clone", strstr(lines, "clone(") != NULL);
  }
}

static void edges(char** more) {
  (void)more;
  errno = 0;
  see("no-fd", (uint64_t)(long)trace(TINE_TRACE_ON));
  see("no-fd-errno", (uint64_t)errno);
  open_trace();
  errno = 0;
  see("mode-3", (uint64_t)(long)trace(3));
  see("mode-3-errno", (uint64_t)errno);
  see("mode-minus", (uint64_t)(long)trace(-1));
  raw(call_getpid, NULL);
  see_trace("still-off");
  trace(TINE_TRACE_ON);
  trace(7);
  raw(call_getpid, NULL);
  trace(TINE_TRACE_OFF);
  see_trace("still-on");
  close(TINE_TRACE_FD);
  see("off-without-fd", (uint64_t)(long)trace(TINE_TRACE_OFF));
}

static void harm(char** more) {
  (void)more;
  open_trace();
  long on = trace(TINE_TRACE_ON);
  long pid = raw(call_getpid, NULL), none = raw(call_none, NULL);
  close(TINE_TRACE_FD);
  long pid_later = raw(call_getpid, NULL);
  char* at = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  at[0] = 1;
  int fd = open("/bin/init", O_RDONLY);
  ssize_t got = read(fd, at, PAGE);
  trace(TINE_TRACE_OFF);
  see("on", (uint64_t)on);
  see("pid", (uint64_t)pid);
  see("none", (uint64_t)none);
  see("pid-later", (uint64_t)pid_later);
  see("read", (uint64_t)got);
  see("elf", memcmp(at + 1, "ELF", 3) == 0);
}

static void exec_case(char** more) {
  (void)more;
  static char* const argv[] = {"/bin/echo", "hello", NULL};
  static char* const none[] = {NULL};
  int status = -1;
  open_trace();
  pid_t child = fork();
  if (child < 0) see("fork-errno", (uint64_t)errno);
  if (child == 0) {
    trace(TINE_TRACE_ON);
    execve("/bin/nothing", argv, none);
    execve(argv[0], argv, none);
    _exit(9);
  }
  waitpid(child, &status, 0);
  see("status", (uint64_t)status);
  read_trace();
  see("failed", strstr(lines, "execve(\"/bin/nothing\"") && strstr(lines, "= -1 ENOENT"));
  see("became", strstr(lines, "execve(\"/bin/echo\", [\"/bin/echo\", \"hello\"]") != NULL);
  see("write", strstr(lines, "write(1, \"hello\\n\", 6) = 6") != NULL);
  see("exit", strstr(lines, "exit_group(0) = ?") != NULL);
}

/* ---- The part that is each student's own ---- */

static uint64_t cost_of(long number) {
  uint64_t spent = instructions();
  syscall(number, 0, 0, 0, 0, 0);
  return instructions() - spent;
}

static void measure(char** more) {
  static const long calls[] = {call_getpid, call_getppid, call_gettid, call_sched_yield};
  long which = calls[*more ? strtoul(*more, NULL, 10) % 4 : 0];
  uint64_t plain = 0, traced = 0;
  open_trace();
  for (int i = 0; i < 3; i++) { /* the third has everything at hand */
    plain = cost_of(which);
    trace(TINE_TRACE_ON);
    traced = cost_of(which);
    trace(TINE_TRACE_OFF);
    read_trace();
  }
  see("instructions", traced - plain);
}

static void boot(char** more) {
  (void)more;
  struct sysinfo info;
  see("sysinfo", (uint64_t)-raw(call_sysinfo, &info));
}

int main(int argc, char** argv) {
  static const struct lab_case cases[] = {
      {"boot", boot},         {"number", number},   {"values", values}, {"pointers", pointers},
      {"stub", stub},         {"program", program}, {"line", line},     {"moment", moment},
      {"children", children}, {"edges", edges},     {"harm", harm},     {"exec", exec_case},
      {"measure", measure},
  };
  return lab_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
