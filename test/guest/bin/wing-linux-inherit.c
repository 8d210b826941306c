/* The wing `linux`: what a program with other rights has from the program that executed it. The
 * list is in docs/linux-abi.md, "What a set-user-ID program inherits". */
#include "credentials.h"

static void run_copy(const char* what) {
  char* arguments[] = {(char*)what, NULL};
  execve(FILE_A, arguments, NULL);
  _exit(errno);
}
/* A copy of this program, of root's and set-user-ID, which the student runs after `prepare`. */
static void student_runs(const char* what, void (*prepare)(void)) {
  build(0755, 0755);
  copy_file("/test/wing-linux-inherit", FILE_A);
  EQUAL(change_mode(FILE_A, 04755), 0);
  pid_t child = FORK();
  if (child == 0) {
    become(STUDENT, STUDENT);
    prepare();
    run_copy(what);
  }
  ENDS(child, 0);
  clear();
}

static void closes_files(void) {
  close(0);
  EQUAL(fcntl(2, F_SETFD, FD_CLOEXEC), 0);
}
static int is_null(int fd) {
  struct stat about;
  return fstat(fd, &about) == 0 && about.st_rdev == (1 << 8 | 3) && write(fd, "x", 1) == 1;
}
static int has_files(void) {
  struct stat about;
  if (!is_null(0) || !is_null(2)) return 1;
  if (fstat(1, &about) != 0 || about.st_rdev == (1 << 8 | 3)) return 2; /* the test's own */
  return open("/bin/sh", O_RDONLY) == 3 ? 0 : 3;
}
static void files(void) { student_runs("files", closes_files); }

static void arms_failure(void) { EQUAL(fail_alloc(1000000), 0); }
static int has_no_failure(void) { return fail_alloc(0) != 0; }
static void failures(void) { student_runs("failures", arms_failure); }

static char other_stack[16384];
static void prepares_signals(void) {
  struct tine_stack stack = {.sp = (uint64_t)other_stack, .size = sizeof other_stack};
  syscall(SYS_sigaltstack, &stack, NULL); /* the wing rtsignals may not be there */
  handle(SIGUSR2, note, 0);
  EQUAL(signal(SIGHUP, SIG_IGN) == SIG_DFL, 1);
  block(set_of(SIGUSR1));
  EQUAL(raise(SIGUSR1), 0);
}
static int has_signals(void) {
  struct tine_stack stack;
  struct sigaction action;
  sigset_t mask = 0, pending = 0;
  if (syscall(SYS_sigaltstack, NULL, &stack) == 0 && stack.flags != SS_DISABLE) return 1;
  if (sigaction(SIGUSR2, NULL, &action) != 0 || action.sa_handler != SIG_DFL) return 2;
  if (sigaction(SIGHUP, NULL, &action) != 0 || action.sa_handler != SIG_IGN) return 3;
  if (sigprocmask(SIG_BLOCK, NULL, &mask) != 0 || mask != set_of(SIGUSR1)) return 4;
  if (syscall(SYS_rt_sigpending, &pending, 8) != 0 || pending != set_of(SIGUSR1)) return 5;
  return 0;
}
static void signals(void) { student_runs("signals", prepares_signals); }

static void chooses_places(void) {
  EQUAL(chdir("/tmp"), 0);
  syscall(SYS_umask, 0);
}
static int has_places(void) {
  char path[16];
  if (!getcwd(path, sizeof path) || strcmp(path, "/tmp") != 0) return 1;
  return syscall(SYS_umask, 022) != 0;
}
static void places(void) { student_runs("places", chooses_places); }

int main(int argc, char** argv) {
  (void)argc;
  if (strcmp(argv[0], "files") == 0) return has_files();
  if (strcmp(argv[0], "failures") == 0) return has_no_failure();
  if (strcmp(argv[0], "signals") == 0) return has_signals();
  if (strcmp(argv[0], "places") == 0) return has_places();
  tap_begin("wing-linux-inherit");
  RUN("descriptors 0 to 2 are open", files);
  RUN("no allocation fails on purpose", failures);
  RUN("signals: handlers and the other stack go; mask, pending, ignored stay", signals);
  RUN("directory and umask stay", places);
  return tap_end();
}
