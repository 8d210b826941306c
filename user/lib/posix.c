/*
 * Calls whose POSIX form differs from the kernel's: small functions around one system call each.
 * Those on files and directories are in files.c.
 */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <tine.h>
#include <tine/limits.h>
#include <tine/syscall.h>
#include <unistd.h>

/* Writes out stdout first: otherwise parent and child would both write the buffer's contents. */
pid_t fork(void) {
  fflush(NULL);
  return (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
}

int tine_execve(const char* path, char* const argv[], char* const envp[]);
int tine_exec(int app_id);
int tine_execv(int app_id, char* const argv[]);

/* Three ways to execute a program. Buffers are written out first, because exec drops this
 * program's memory. */
int execve(const char* path, char* const argv[], char* const envp[]) {
  fflush(NULL);
  return tine_execve(path, argv, envp);
}

/* Tries one path. A file that is no program is taken for a script: a shell runs it, as POSIX
 * requires. */
static void try_path(const char* path, char* const argv[]) {
  execve(path, argv, environ);
  if (errno != ENOEXEC) return;
  size_t count = 0;
  while (argv[count] != NULL) count++;
  char* script[count + 2]; /* sh, the path, the arguments, NULL */
  script[0] = (char*)"sh";
  script[1] = (char*)path;
  for (size_t i = 1; i <= count; i++) script[i + 1] = argv[i];
  execve("/bin/sh", script, environ);
}

int execvp(const char* name, char* const argv[]) {
  if (strchr(name, '/') != NULL) {
    try_path(name, argv);
    return -1;
  }
  const char* folder = getenv("PATH");
  if (folder == NULL) folder = "/bin";
  int error = ENOENT;
  while (*folder != 0 && *name != 0) {
    size_t length = strcspn(folder, ":");
    char path[TINE_PATH_MAX];
    if (length + strlen(name) + 2 <= sizeof path) {
      snprintf(path, sizeof path, "%.*s%s%s", (int)length, folder, length > 0 ? "/" : "", name);
      try_path(path, argv);
      if (errno != ENOENT && errno != ENOTDIR) error = errno; /* it exists, but does not run */
    }
    folder += length + (folder[length] == ':');
  }
  errno = error;
  return -1;
}

int exec(int app_id) {
  fflush(NULL);
  return tine_exec(app_id);
}

int execv(int app_id, char* const argv[]) {
  fflush(NULL);
  return tine_execv(app_id, argv);
}

pid_t waitpid(pid_t pid, int* status, int options) {
  return (pid_t)syscall(SYS_wait4, (long)pid, status, (long)options, NULL);
}

pid_t wait(int* status) { return waitpid(-1, status, 0); }

/* struct sigaction and sigset_t are the kernel's own, so they go as they are. */
_Static_assert(sizeof(struct sigaction) == sizeof(struct tine_sigaction), "the kernel's layout");
_Static_assert(sizeof(siginfo_t) == sizeof(struct tine_siginfo), "the kernel's layout");

int sigaction(int number, const struct sigaction* action, struct sigaction* old) {
  return (int)syscall(SYS_rt_sigaction, (long)number, action, old, sizeof(sigset_t));
}

/* As on BSD and Linux: the handler stays, and calls that it interrupts are restarted. */
sighandler_t signal(int number, sighandler_t handler) {
  struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
  struct sigaction old;
  return sigaction(number, &action, &old) == 0 ? old.sa_handler : SIG_ERR;
}

int sigprocmask(int how, const sigset_t* set, sigset_t* old) {
  return (int)syscall(SYS_rt_sigprocmask, (long)how, set, old, sizeof(sigset_t));
}

int raise(int number) { return kill(getpid(), number); }

clock_t clock(void) {
  struct timespec run;
  if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &run) != 0) return -1;
  return run.tv_sec * CLOCKS_PER_SEC + run.tv_nsec / (1000000000 / CLOCKS_PER_SEC);
}

unsigned sleep(unsigned seconds) {
  struct timespec duration = {.tv_sec = seconds, .tv_nsec = 0};
  struct timespec left = {.tv_sec = 0, .tv_nsec = 0};
  if (nanosleep(&duration, &left) == 0) return 0;
  return (unsigned)left.tv_sec + (left.tv_nsec != 0);
}

int usleep(useconds_t microseconds) {
  struct timespec duration = {.tv_sec = microseconds / 1000000,
                              .tv_nsec = (int64_t)(microseconds % 1000000) * 1000};
  return nanosleep(&duration, NULL);
}

int tcgetattr(int fd, struct termios* modes) { return ioctl(fd, TCGETS, modes); }

int tcsetattr(int fd, int when, const struct termios* modes) {
  if (when < TCSANOW || when > TCSAFLUSH) {
    errno = EINVAL;
    return -1;
  }
  return ioctl(fd, TCSETS + (unsigned long)when, modes);
}

int tcflush(int fd, int queue) { return ioctl(fd, TCFLSH, queue); }

/* A kernel without the wing `tty` has no terminal settings, but its console (device 5:0 or 5:1) is
 * a terminal too. */
int isatty(int fd) {
  struct termios modes;
  struct stat about;
  if (tcgetattr(fd, &modes) == 0) return 1;
  return fstat(fd, &about) == 0 && S_ISCHR(about.st_mode) && about.st_rdev >> 8 == 5;
}
