/*
 * init: process 1, the first program. It keeps a shell running, and reaps every process whose
 * parent has ended, because these become its children. `init CMD ARG...` runs CMD once instead,
 * then switches the machine off with CMD's exit status: so a kernel argument can start a test, and
 * the host can read its result.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <tine.h>
#include <unistd.h>

static char* const environment[] = {"PATH=/bin", "HOME=/", "TERM=vt100", NULL};

/* The kernel starts init with 0, 1 and 2 on the console; this is for a kernel that does not. */
static void open_console(void) {
  struct stat about;
  for (int fd = 0; fd <= 2; fd++) {
    if (fstat(fd, &about) != 0 && errno == EBADF) open("/dev/console", O_RDWR);
  }
}

/* Starts a program; a name without / is looked up in /bin. Returns its pid, or -1. */
static pid_t start(char* const argv[]) {
  char path[256];
  const char* directory = strchr(argv[0], '/') == NULL ? "/bin/" : "";
  snprintf(path, sizeof path, "%s%s", directory, argv[0]);
  pid_t pid = fork();
  if (pid != 0) return pid;
  execve(path, argv, environment);
  fprintf(stderr, "init: %s: %s\n", path, strerror(errno));
  _exit(127);
}

/* Reaps all children that end until `pid` does; returns its wait status. */
static int wait_for(pid_t pid) {
  for (;;) {
    int status;
    pid_t ended = wait(&status);
    if (ended == pid) return status;
    if (ended < 0 && errno != EINTR) return 127 << 8; /* it is gone, and so is its status */
  }
}

static void run_once(char* const argv[]) {
  pid_t pid = start(argv);
  int status = pid < 0 ? 127 << 8 : wait_for(pid);
  int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  power(TINE_POWER_OFF, code);
  exit(code); /* only under another kernel, where power() may not exist */
}

static int64_t now_ns(void) {
  struct tine_memory_info info = {0};
  memory_info(&info);
  return (int64_t)info.uptime_ns;
}

int main(int argc, char** argv) {
  static char* const shell[] = {"sh", NULL};
  open_console();
  if (argc > 1) run_once(argv + 1);
  for (;;) {
    int64_t started = now_ns();
    pid_t pid = start(shell);
    int status = pid < 0 ? 127 << 8 : wait_for(pid);
    if (pid < 0) perror("init: fork");
    /* A shell that cannot run, or finds no input, must not keep the machine busy. */
    if (status != 0 || now_ns() - started < 1000000000) sleep(1);
    printf("init: the shell ended, here is another\n");
  }
}
