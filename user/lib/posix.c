/* The calls whose POSIX form is not the kernel's: each is a small shape around one system call. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <tine.h>
#include <tine/syscall.h>
#include <unistd.h>

int errno;

int open(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  mode_t mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
  va_end(arguments);
  return openat(AT_FDCWD, path, flags, mode);
}

/* stdout is written out first: else parent and child would both write what the buffer holds. */
pid_t fork(void) {
  fflush(NULL);
  return (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
}

int tine_execve(const char* path, char* const argv[], char* const envp[]);
int tine_exec(int app_id);
int tine_execv(int app_id, char* const argv[]);

/* The three ways to become another program; the new image would not know of this one's buffer. */
int execve(const char* path, char* const argv[], char* const envp[]) {
  fflush(NULL);
  return tine_execve(path, argv, envp);
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

int raise(int number) { return kill(getpid(), number); }

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

/* The kernel's brk answers where the break is now: unchanged when it failed. brk(0) asks. */
int brk(void* end) {
  if ((void*)syscall(SYS_brk, end) == end) return 0;
  errno = ENOMEM;
  return -1;
}

void* sbrk(ptrdiff_t change) {
  char* old = (char*)syscall(SYS_brk, NULL);
  if (change != 0 && brk(old + change) != 0) return (void*)-1;
  return old;
}

int tcgetattr(int fd, struct termios* modes) { return ioctl(fd, TCGETS, modes); }

int tcsetattr(int fd, int when, const struct termios* modes) {
  return ioctl(fd, when == TCSANOW ? TCSETS : TCSETSW, modes);
}

int isatty(int fd) {
  struct termios modes;
  return tcgetattr(fd, &modes) == 0;
}
