/*
 * strace [-f] [-o FILE] COMMAND [ARGUMENT...]: shows each system call of a program, with arguments
 * and result; -f: those of its children, too. Lines go to stderr, or into FILE.
 *
 * The kernel writes the lines (wing `trace`), into the traced program's descriptor TINE_TRACE_FD.
 * So strace only has to turn tracing on between fork and exec, where a shell makes redirections.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <tine.h>
#include <unistd.h>

static int usage(void) {
  fprintf(stderr, "usage: strace [-f] [-o FILE] COMMAND [ARGUMENT...]\n");
  return 2;
}

static void __attribute__((noreturn)) become(char** argv, int output, int mode) {
  if (dup2(output, TINE_TRACE_FD) < 0 || trace(mode) < 0) {
    int missing = errno == ENOSYS;
    fprintf(stderr, "strace: %s\n", missing ? "the kernel was built without `trace`" : "no trace");
    exit(1);
  }
  if (output > 2) close(output);
  execvp(argv[0], argv);
  int error = errno;
  trace(TINE_TRACE_OFF);
  fprintf(stderr, "strace: %s: %s\n", argv[0], strerror(error));
  exit(error == ENOENT ? 127 : 126);
}

int main(int argc, char** argv) {
  int first = 1, output = STDERR_FILENO, mode = TINE_TRACE_ON;
  for (; first < argc && argv[first][0] == '-'; first++) {
    if (strcmp(argv[first], "-f") == 0) {
      mode = TINE_TRACE_CHILDREN;
    } else if (strcmp(argv[first], "-o") == 0 && first + 1 < argc) {
      output = open(argv[++first], O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
      if (output < 0) {
        fprintf(stderr, "strace: %s: %s\n", argv[first], strerror(errno));
        return 1;
      }
    } else {
      return usage();
    }
  }
  if (first >= argc) return usage();

  signal(SIGINT, SIG_IGN); /* ^C is for the program; strace prints how it ended */
  pid_t child = fork();
  if (child == 0) {
    signal(SIGINT, SIG_DFL);
    become(argv + first, output, mode);
  }
  int status;
  if (child < 0 || waitpid(child, &status, 0) < 0) {
    fprintf(stderr, "strace: %s\n", strerror(errno));
    return 1;
  }
  char line[64];
  if (WIFSIGNALED(status)) {
    snprintf(line, sizeof line, "+++ killed by %s +++\n", strsignal(WTERMSIG(status)));
  } else {
    snprintf(line, sizeof line, "+++ exited with %d +++\n", WEXITSTATUS(status));
  }
  write(output, line, strlen(line));
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
