/* The wing `trace`: the lines that programs make, read back through a pipe. */
#include "walk.h"

enum { OUTPUT = 64 << 10 };
static char output[OUTPUT];

/* Runs `body` in a child that is traced; answers what was written of it, in `output`. */
static pid_t traced(int mode, void (*body)(void), int* status) {
  int ends[2];
  EQUAL(pipe(ends), 0);
  pid_t child = FORK();
  if (child == 0) {
    close(ends[0]);
    EQUAL(dup2(ends[1], TINE_TRACE_FD), TINE_TRACE_FD);
    close(ends[1]);
    EQUAL(trace(mode), 0);
    body();
    _exit(0);
  }
  close(ends[1]);
  long length = 0, got;
  while ((got = read(ends[0], output + length, OUTPUT - 1 - (size_t)length)) > 0) length += got;
  output[length] = 0;
  close(ends[0]);
  EQUAL(waitpid(child, status, 0), child);
  return child;
}

static pid_t lines_of(void (*body)(void)) {
  int status;
  pid_t child = traced(TINE_TRACE_ON, body, &status);
  EQUAL(status, 0);
  return child;
}

static void expect(const char* wanted) {
  if (strcmp(output, wanted) == 0) return;
  printf("# expected:\n%s# got:\n%s", wanted, output);
  fflush(NULL);
  tap_fail("the trace is another one");
}

static int count(const char* text) {
  int found = 0;
  for (const char* at = output; (at = strstr(at, text)); at++) found++;
  return found;
}

/* ---- Formats ---- */

static char bytes[8];

static void files_body(void) {
  int fd = open("/etc/none", O_RDONLY);
  fd = open("/dev/null", O_RDWR | O_CLOEXEC);
  write(fd, "hello\n", 6);
  write(fd, "a \"quoted\" and \001 long string, longer than strace shows", 50);
  read(fd, bytes, sizeof bytes);
  close(fd);
  close(fd);
  fd = open("/dev/zero", O_RDONLY);
  read(fd, bytes, 3);
  read(99, bytes, 3);
}

static void files(void) {
  char wanted[1000];
  lines_of(files_body);
  snprintf(wanted, sizeof wanted,
           "openat(AT_FDCWD, \"/etc/none\", O_RDONLY) = -1 ENOENT\n"
           "openat(AT_FDCWD, \"/dev/null\", O_RDWR|O_CLOEXEC) = 3\n"
           "write(3, \"hello\\n\", 6) = 6\n"
           "write(3, \"a \\\"quoted\\\" and \\x01 long string, lo\"..., 50) = 50\n"
           "read(3, \"\", 8) = 0\n"
           "close(3) = 0\n"
           "close(3) = -1 EBADF\n"
           "openat(AT_FDCWD, \"/dev/zero\", O_RDONLY) = 3\n"
           "read(3, \"\\x00\\x00\\x00\", 3) = 3\n"
           "read(99, 0x%lx, 3) = -1 EBADF\n"
           "exit_group(0) = ?\n",
           (unsigned long)bytes);
  expect(wanted);
}

static void other_body(void) {
  struct timespec time = {0, 1000};
  nanosleep(&time, NULL);
  kill(12345, SIGTERM);
  mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, 3, 1);
  mprotect((void*)0x20000000, 4096, PROT_NONE);
  lseek(99, -1, SEEK_END);
  open("/tmp/none/x", O_WRONLY | O_CREAT | O_EXCL, 0640);
  syscall(SYS_wait4, -1, NULL, 0, NULL);
  syscall(500, 1, 0, -1, 0xabc, 4, 5);
  syscall(99999, 1, 2, 3, 4, 5, 6);
}

static void other(void) {
  lines_of(other_body);
  expect(
      "nanosleep({tv_sec=0, tv_nsec=1000}, NULL) = 0\n"
      "kill(12345, SIGTERM) = -1 ESRCH\n"
      "mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_PRIVATE, 3, 0x1) = -1 EINVAL\n"
      "mprotect(0x20000000, 4096, PROT_NONE) = -1 ENOMEM\n"
      "lseek(99, -1, SEEK_END) = -1 EBADF\n"
      "openat(AT_FDCWD, \"/tmp/none/x\", O_WRONLY|O_CREAT|O_EXCL, 0640) = -1 ENOENT\n"
      "wait4(-1, NULL, 0x0, NULL) = -1 ECHILD\n"
      "syscall_500(0x1, 0x0, 0xffffffffffffffff, 0xabc, 0x4, 0x5) = -1 ENOSYS\n"
      "syscall_99999(0x1, 0x2, 0x3, 0x4, 0x5, 0x6) = -1 ENOSYS\n"
      "exit_group(0) = ?\n");
}

/* The wings may be out that these calls are of: their arguments are shown all the same. */
static int linux_wing;
static struct timespec moment;
static char text[] = "text";
static void wings_body(void) {
  syscall(SYS_fchmodat, AT_FDCWD, "/tmp/none", 0751);
  syscall(SYS_writev, 99, NULL, 1, 7, 7, 7);
  syscall(SYS_pwrite64, 99, text, 4, 8);
  syscall(SYS_tgkill, 12345, 12345, SIGTERM);
  syscall(SYS_clock_nanosleep, 77, 0, &moment, NULL);
  syscall(SYS_fchown, 99, -1, 0xfffffffful);
  syscall(SYS_fcntl, 99, F_SETFL, O_NONBLOCK);
}

/* Without the wing every call is answered so. */
static const char* or_none(const char* name) { return linux_wing ? name : "ENOSYS"; }

static void of_wings(void) {
  linux_wing = syscall(SYS_getuid) != -1;
  lines_of(wings_body);
  char wanted[700];
  snprintf(wanted, sizeof wanted,
           "fchmodat(AT_FDCWD, \"/tmp/none\", 0751) = -1 %s\n"
           "writev(99, NULL, 1) = -1 %s\n"
           "pwrite64(99, \"text\", 4, 8) = -1 %s\n"
           "tgkill(12345, 12345, SIGTERM) = -1 %s\n"
           "clock_nanosleep(77, 0x0, {tv_sec=0, tv_nsec=0}, NULL) = -1 %s\n"
           "fchown(99, -1, -1) = -1 %s\n"
           "fcntl(99, F_SETFL, 0x800) = -1 EBADF\n"
           "exit_group(0) = ?\n",
           or_none("ENOENT"), or_none("EBADF"), or_none("EBADF"), or_none("ESRCH"),
           or_none("EINVAL"), or_none("EBADF"));
  expect(wanted);
}

static void pipe_body(void) {
  int ends[2], status;
  if (pipe(ends) == 0 && fork() == 0) _exit(7);
  waitpid(-1, &status, 0);
}

static void fills_in(void) {
  lines_of(pipe_body);
  CHECK(strncmp(output, "pipe2([3, 4], 0) = 0\nclone(0x11, NULL) = ", 40) == 0);
  EQUAL(count("wait4(-1, [1792], 0x0, NULL) = "), 1);
  EQUAL(count("exit_group"), 1); /* the child is not traced */
}

/* ---- Bad pointers ---- */

static void bad_body(void) {
  syscall(SYS_openat, AT_FDCWD, NULL, 0, 0);
  syscall(SYS_openat, AT_FDCWD, 8, 0, 0);
  syscall(SYS_openat, AT_FDCWD, KERNEL, 0, 0);
  syscall(SYS_openat, AT_FDCWD, -1l, 0, 0);
  syscall(SYS_write, 1, KERNEL, 10);
  syscall(SYS_write, 1, NULL, -1l);
  syscall(SYS_write, 99, -8l, 16);
  syscall(SYS_read, 99, KERNEL, -1l);
  syscall(SYS_execve, "/bin/hello", KERNEL, -1l);
  syscall(SYS_execve, NULL, 4, 0);
  syscall(SYS_nanosleep, KERNEL, 0);
  syscall(SYS_wait4, -1, KERNEL, 0, 0);
  syscall(SYS_pipe2, 1, 0);
}

static void bad_pointers(void) {
  lines_of(bad_body);
  expect(
      "openat(AT_FDCWD, NULL, O_RDONLY) = -1 EFAULT\n"
      "openat(AT_FDCWD, 0x8, O_RDONLY) = -1 EFAULT\n"
      "openat(AT_FDCWD, 0xffffffc080200000, O_RDONLY) = -1 EFAULT\n"
      "openat(AT_FDCWD, 0xffffffffffffffff, O_RDONLY) = -1 EFAULT\n"
      "write(1, 0xffffffc080200000, 10) = -1 EFAULT\n"
      "write(1, NULL, 18446744073709551615) = -1 EFAULT\n"
      "write(99, 0xfffffffffffffff8, 16) = -1 EBADF\n"
      "read(99, 0xffffffc080200000, 18446744073709551615) = -1 EBADF\n"
      "execve(\"/bin/hello\", 0xffffffc080200000, 0xffffffffffffffff) = -1 EFAULT\n"
      "execve(NULL, 0x4, NULL) = -1 EFAULT\n"
      "nanosleep(0xffffffc080200000, NULL) = -1 EFAULT\n"
      "wait4(-1, 0xffffffc080200000, 0x0, NULL) = -1 EFAULT\n"
      "pipe2(0x1, 0) = -1 EFAULT\n"
      "exit_group(0) = ?\n");
}

/* A string that ends where the page does, and one that does not end there. */
static char* edge;
static void edge_body(void) {
  chdir(edge + PAGE - 5);
  edge[PAGE - 1] = 'x';
  chdir(edge + PAGE - 5);
  char* vector[2] = {edge + PAGE - 5, NULL};
  syscall(SYS_execve, "/bin/hello", vector, NULL);
}

static void page_edge(void) {
  edge = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  EQUAL(munmap(edge + PAGE, (size_t)PAGE), 0);
  memcpy(edge + PAGE - 5, "/not", 5);
  char wanted[400];
  char* at = edge + PAGE - 5;
  snprintf(wanted, sizeof wanted,
           "chdir(\"/not\") = -1 ENOENT\n"
           "chdir(0x%lx) = -1 EFAULT\n"
           "execve(\"/bin/hello\", [0x%lx], NULL) = -1 EFAULT\n"
           "exit_group(0) = ?\n",
           (unsigned long)at, (unsigned long)at);
  lines_of(edge_body);
  expect(wanted);
}

/* ---- Children, exec, death ---- */

static void family_body(void) {
  pid_t child = fork();
  if (child == 0) {
    char* argv[] = {"tiny", "x", NULL};
    execve("/test/tiny", argv, NULL);
    _exit(1);
  }
  int status;
  waitpid(child, &status, 0);
  _exit(status >> 8);
}

static void family(void) {
  int status;
  pid_t parent = traced(TINE_TRACE_CHILDREN, family_body, &status);
  EQUAL(status, 0);
  char* end;
  char* made = strstr(output, "clone(0x11, NULL) = ");
  CHECK(made);
  long child = strtol(made + 20, &end, 10);
  CHECK(child > parent);
  char line[100];
  snprintf(line, sizeof line, "[pid %ld] execve(\"/test/tiny\", [\"tiny\", \"x\"], NULL) = 0\n",
           child);
  EQUAL(count(line), 1);
  snprintf(line, sizeof line, "[pid %ld] exit_group(0) = ?\n", child);
  EQUAL(count(line), 1);
  snprintf(line, sizeof line, ", 0x0, NULL) = %ld\n", child);
  EQUAL(count(line), 1);
  snprintf(line, sizeof line, "[pid %d] exit_group(0) = ?\n", parent);
  EQUAL(count(line), 1);
}

static void killed_body(void) {
  struct tine_message message;
  getppid();
  ipc_recv(&message);
}

static void killed(void) {
  int ends[2], status;
  EQUAL(pipe(ends), 0);
  pid_t child = FORK();
  if (child == 0) {
    dup2(ends[1], TINE_TRACE_FD);
    EQUAL(trace(TINE_TRACE_ON), 0);
    killed_body();
    _exit(0);
  }
  close(ends[1]);
  CHECK(sleeps_for(child, TINE_WAIT_IPC));
  EQUAL(kill(child, SIGKILL), 0);
  EQUAL(waitpid(child, &status, 0), child);
  EQUAL(status, SIGKILL);
  long length = read(ends[0], output, OUTPUT - 1), more = 0;
  while ((more = read(ends[0], output + length, 100)) > 0) length += more;
  output[length] = 0;
  CHECK(strncmp(output, "getppid() = ", 12) == 0);
  CHECK(strstr(output, "ipc_recv(0x"));
  CHECK(!strstr(output, "exit"));
}

static void handler(int number) { (void)number; }
static void signal_body(void) {
  signal(SIGUSR1, handler);
  kill(getpid(), SIGUSR1);
crash:
  ((volatile char*)wild(8))[0] = 1;
  goto crash;
}

static void signals(void) {
  int status;
  traced(TINE_TRACE_ON, signal_body, &status);
  EQUAL(status, SIGSEGV);
  CHECK(strstr(output, "rt_sigaction(SIGUSR1, 0x"));
  CHECK(strstr(output, ", SIGUSR1) = 0\nrt_sigreturn() = ?\n"));
}

/* ---- Where the lines go ---- */

static void off_body(void) {
  getpid();
  trace(TINE_TRACE_OFF);
  getppid();
  trace(TINE_TRACE_ON);
  getpid();
  close(TINE_TRACE_FD);
  getppid();
  if (trace(TINE_TRACE_ON) != -1 || errno != EBADF) _exit(1);
}

static void on_and_off(void) {
  pid_t child = lines_of(off_body);
  char wanted[100];
  snprintf(wanted, sizeof wanted, "getpid() = %d\ngetpid() = %d\n", child, child);
  expect(wanted);
}

static void refusals(void) {
  ERROR(trace(TINE_TRACE_ON), EBADF);
  ERROR(trace(-1), EINVAL);
  ERROR(trace(3), EINVAL);
  EQUAL(trace(TINE_TRACE_OFF), 0);
}

/* A tracer that has gone away leaves the program alone. */
static void reader_gone(void) {
  int ends[2];
  EQUAL(pipe(ends), 0);
  pid_t child = FORK();
  if (child == 0) {
    dup2(ends[1], TINE_TRACE_FD);
    close(ends[0]);
    EQUAL(ipc_send(getppid(), 1), 0);
    struct tine_message message;
    ipc_recv(&message);
    EQUAL(trace(TINE_TRACE_ON), 0);
    getppid();
    _exit(3);
  }
  struct tine_message message;
  EQUAL(ipc_recv(&message), 0);
  close(ends[0]);
  close(ends[1]);
  EQUAL(ipc_send(child, 1), 0);
  ENDS(child, 3);
}

/* Four processes at once, into one pipe: every line is whole. */
enum { CROWD = 4, CALLS = 200 };

static void crowd_body(void) {
  pid_t children[CROWD];
  struct tine_message start;
  for (int i = 0; i < CROWD; i++) {
    children[i] = fork();
    if (children[i] == 0) {
      ipc_recv(&start);
      for (int n = 0; n < CALLS; n++) chdir("/a/b/c/d/e");
      _exit(0);
    }
  }
  for (int i = 0; i < CROWD; i++) ipc_send(children[i], 1);
  for (int i = 0; i < CROWD; i++) wait(NULL);
}

static void crowd(void) {
  int status;
  traced(TINE_TRACE_CHILDREN, crowd_body, &status);
  EQUAL(status, 0);
  int whole = 0;
  for (char* at = output; *at;) {
    char* end = strchr(at, '\n');
    CHECK(end);
    *end = 0;
    CHECK(strncmp(at, "[pid ", 5) == 0);
    CHECK(strchr(at, '(') && strstr(at, ") = "));
    CHECK(!strstr(at + 5, "[pid "));
    whole += strcmp(strchr(at, ']'), "] chdir(\"/a/b/c/d/e\") = -1 ENOENT") == 0;
    at = end + 1;
  }
  EQUAL(whole, CROWD * CALLS);
}

/* Lines go into a pipe, whose pages are allocated. Without memory one is lost, and the call is made
 * all the same. */
static int try_traced(long n) {
  int ends[2];
  long result;
  struct stat info;
  if (pipe(ends) != 0 || dup2(ends[1], TINE_TRACE_FD) < 0 || trace(TINE_TRACE_ON) != 0) return 1;
  argument[0] = (uintptr_t)(long)AT_FDCWD;
  argument[1] = (uintptr_t)"/tmp/traced";
  argument[2] = 0755;
  int end = attempt(n, SYS_mkdirat, &result);
  trace(TINE_TRACE_OFF);
  if ((stat("/tmp/traced", &info) == 0) != (result == 0)) return 2;
  rmdir("/tmp/traced");
  return end;
}

static void without_memory(void) { CHECK(walk(try_traced, MAY_BE_SHORT) > 1); }

/* ---- The program ---- */

static void strace_program(void) {
  int ends[2], status;
  EQUAL(pipe(ends), 0);
  pid_t child = FORK();
  if (child == 0) {
    dup2(ends[1], 2);
    close(ends[0]);
    close(ends[1]);
    char* argv[] = {"strace", "/test/tiny", NULL};
    execve("/bin/strace", argv, NULL);
    _exit(99);
  }
  close(ends[1]);
  long length = 0, got;
  while ((got = read(ends[0], output + length, 1000)) > 0) length += got;
  output[length] = 0;
  EQUAL(waitpid(child, &status, 0), child);
  EQUAL(status, 0);
  CHECK(strstr(output, "execve(\"/test/tiny\", [\"/test/tiny\"], "));
  CHECK(strstr(output, "exit_group(0) = ?\n+++ exited with 0 +++\n"));
}

/* ---- A program that gets rights from its file ---- */

#define PROGRAM "/tmp/traced"
enum { STUDENT = 1000, OTHER };

static void run_program(void) {
  static char* const arguments[] = {"true", NULL};
  execve(PROGRAM, arguments, NULL);
  _exit(1);
}
static void run_as_student(void) {
  syscall(SYS_setresuid, STUDENT, STUDENT, STUDENT);
  run_program();
}
static void with_rights(void) {
  copy_file("/bin/true", PROGRAM);
  EQUAL(syscall(SYS_fchownat, AT_FDCWD, PROGRAM, OTHER, OTHER, 0), 0);
  int status;
  for (int mode = TINE_TRACE_ON; mode <= TINE_TRACE_CHILDREN; mode++) {
    EQUAL(syscall(SYS_fchmodat, AT_FDCWD, PROGRAM, 0755), 0);
    traced(mode, run_as_student, &status);
    EQUAL(status, 0);
    EQUAL(count("exit"), 1);
    EQUAL(syscall(SYS_fchmodat, AT_FDCWD, PROGRAM, 04755), 0);
    traced(mode, run_as_student, &status);
    EQUAL(status, 0);
    EQUAL(count("execve("), 1);
    EQUAL(count("exit"), 0);
    traced(mode, run_program, &status);
    EQUAL(status, 0);
    EQUAL(count("exit"), 1);
  }
  EQUAL(unlink(PROGRAM), 0);
}

/* A call that a signal ends, and one that a signal keeps from its last step: both are made again,
 * and neither has a result before that. */
static void made_again_body(void) {
  struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
  struct tine_message message;
  sigaction(SIGUSR1, &action, NULL);
  pid_t self = getpid(), other = fork();
  if (other == 0) {
    CHECK(sleeps_for(self, TINE_WAIT_IPC));
    kill(self, SIGUSR1);
    sleep_ms(10);
    CHECK(sleeps_for(self, TINE_WAIT_IPC));
    ipc_send(self, 5);
    uint64_t random = 1;
    for (;;) {
      kill(self, SIGUSR1);
      pause_a_little(&random);
    }
  }
  ipc_recv(&message);
  for (int i = 0; i < 100; i++) {
    pid_t child = fork();
    if (child == 0) _exit(0);
    while (waitpid(child, NULL, 0) < 0) continue;
  }
  kill(other, SIGKILL);
  while (waitpid(other, NULL, 0) < 0) continue;
}
static void made_again(void) {
  lines_of(made_again_body);
  const char* received = strstr(output, "ipc_recv(");
  CHECK(received != NULL);
  CHECK(strncmp(strchr(received, '='), "= ? ERESTARTSYS\n", 16) == 0);
  CHECK(count("ipc_recv(") == 2);
  printf("# %d forks were made again\n", count("ERESTARTNOINTR"));
  for (char* at = output; (at = strstr(at, "clone(")); at++) {
    const char* result = strchr(at, '=');
    if (!result) break; /* the rest of the lines found no room in `output` */
    if (strncmp(result, "= 0", 3) == 0) tap_fail("a fork that was made again has a result");
  }
}

int main(void) {
  tap_begin("wing-trace");
  RUN("calls on files: paths, flags, bytes, errors by name", files);
  RUN("other calls; unknown ones by number", other);
  RUN("calls of other wings", of_wings);
  RUN("what the kernel fills in is shown after the call; a child is not traced", fills_in);
  RUN("bad pointers are shown as addresses, and change nothing", bad_pointers);
  RUN("strings at the end of a page", page_edge);
  RUN("fork, exec and wait of a family, each line with its process", family);
  RUN("a process that is killed in a call", killed);
  RUN("handlers, and death by a fault", signals);
  RUN("calls that are made again have no result before", made_again);
  RUN("on and off; a program that closes the descriptor", on_and_off);
  RUN("what trace refuses", refusals);
  RUN("a reader that went away does not hurt the program", reader_gone);
  RUN("lines of four processes at once are whole", crowd);
  RUN("a traced call without memory loses its line, at most", without_memory);
  if (syscall(SYS_setresuid, -1, -1, -1) == 0) { /* the wing linux is there */
    RUN("a set-user-ID program is not shown to others", with_rights);
  }
  RUN("strace shows a program from its exec to its end", strace_program);
  return tap_end();
}
