/*
 * sh [FILE [ARG...]]: runs a script, or commands that are typed or come from the standard input.
 * sh -c TEXT [NAME [ARG...]]: runs the text. sh.h describes the language.
 */
#include "sh.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int interactive, exit_requested;
pid_t shell_pid;
volatile int interrupted;

static void on_interrupt(int number) {
  (void)number;
  interrupted = 1;
  end_reading();
}

/* Line by line: an error is found only after all lines before it have run. */
static void run_text(const char* text) {
  while (*text != 0 && !exit_requested && !interrupted) {
    struct and_or* tree;
    arena_reset();
    if (parse_line(&text, &tree) != 0) {
      last_status = 2;
      return;
    }
    run_line(tree);
  }
}

static void run_lines(void) {
  char line[LINE_SIZE];
  while (!exit_requested) {
    if (interactive) report_jobs();
    interrupted = 0;
    if (read_line("tine$ ", line) < 0) break;
    interrupted = 0;
    run_text(line);
  }
}

/* The whole file, ended by 0; the caller frees it. NULL with errno. */
static char* read_file(const char* path) {
  struct stat about;
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return NULL;
  char* text = fstat(fd, &about) == 0 ? malloc((size_t)about.st_size + 1) : NULL;
  ssize_t size = text != NULL ? read(fd, text, (size_t)about.st_size) : -1;
  int error = errno;
  close(fd);
  if (size >= 0 && memchr(text, 0, (size_t)size) != NULL) {
    size = -1; /* no text: a program for another machine */
    error = ENOEXEC;
  }
  if (size >= 0) {
    text[size] = 0;
    return text;
  }
  free(text);
  errno = error;
  return NULL;
}

static int run_file(const char* path) {
  char* text = read_file(path);
  if (text == NULL) {
    int missing = errno == ENOENT;
    fprintf(stderr, "sh: %s: %s\n", path, strerror(errno));
    return missing ? 127 : 126;
  }
  run_text(text);
  free(text);
  return last_status;
}

/* sh.h says what children do with SIGINT. */
static void become_interactive(void) {
  struct sigaction action = {.sa_handler = on_interrupt}; /* no SA_RESTART: reading ends */
  interactive = 1;
  sigaction(SIGINT, &action, NULL);
  signal(SIGQUIT, SIG_IGN);
}

int main(int argc, char** argv) {
  int text_given = argc > 1 && strcmp(argv[1], "-c") == 0;
  if (text_given && argc > 2 && strcmp(argv[2], "--") == 0) { /* popen of the GNU C library */
    argv++;
    argc--;
  }
  if (text_given && argc == 2) {
    fprintf(stderr, "usage: sh [-c TEXT [NAME [ARG...]] | FILE [ARG...]]\n");
    return 2;
  }
  shell_pid = getpid();
  if (import_environment() != 0) return 1;
  if (text_given) {
    parameters = argv + (argc > 3 ? 3 : 2); /* without a NAME, $0 is the text */
    run_text(argv[2]);
  } else if (argc > 1) {
    parameters = argv + 1;
    return run_file(argv[1]);
  } else {
    parameters = argv;
    if (isatty(STDIN_FILENO)) become_interactive();
    run_lines();
  }
  return last_status;
}
