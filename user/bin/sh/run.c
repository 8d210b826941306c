/*
 * Runs the tree of a line. A builtin alone runs in the shell itself, because `cd` must change the
 * shell's directory; everything else, and a builtin in a pipeline, runs in a child.
 */
#include "sh.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SAVED_FDS = 10 }; /* redirections only name descriptors 0 to 9 */

int last_status;

static int complain(const char* what) {
  fprintf(stderr, "sh: %s: %s\n", what, strerror(errno));
  return -1;
}

/* ---- Redirections ---- */

static int open_target(const struct redirection* redirection) {
  static const int flags[] = {
      [READ] = O_RDONLY,
      [WRITE] = O_WRONLY | O_CREAT | O_TRUNC,
      [APPEND] = O_WRONLY | O_CREAT | O_APPEND,
  };
  const char* path = expand_text(redirection->target);
  if (path == NULL) return -1;
  int fd = open(path, flags[redirection->kind], 0666);
  return fd >= 0 ? fd : complain(path);
}

static int redirect(const struct redirection* redirection) {
  if (redirection->kind == COPY) {
    int from = redirection->target[0] - '0';
    return dup2(from, redirection->fd) >= 0 ? 0 : complain(redirection->target);
  }
  int fd = open_target(redirection);
  if (fd < 0 || fd == redirection->fd) return fd < 0 ? -1 : 0;
  int result = dup2(fd, redirection->fd);
  if (result < 0) complain("redirection");
  close(fd);
  return result < 0 ? -1 : 0;
}

static int redirect_all(const struct redirection* redirection) {
  for (; redirection != NULL; redirection = redirection->next) {
    if (redirect(redirection) != 0) return -1;
  }
  return 0;
}

/* Restores the descriptors, the last one first, because two redirections may have changed the same
 * one. */
static void restore(const struct redirection* redirection) {
  if (redirection == NULL) return;
  restore(redirection->next);
  if (redirection->saved < 0) {
    close(redirection->fd);
  } else {
    dup2(redirection->saved, redirection->fd);
    close(redirection->saved);
  }
}

/* For a builtin in the shell's own process. After an error, redirections that were not made are
 * removed from the list, so that restore does not undo them. */
static int redirect_saving(struct redirection** next) {
  int failed = 0;
  while (*next != NULL && !failed) {
    struct redirection* redirection = *next;
    redirection->saved = fcntl(redirection->fd, F_DUPFD_CLOEXEC, SAVED_FDS);
    if (redirection->saved < 0 && errno != EBADF) {
      failed = complain("redirection");
      break;
    }
    next = &redirection->next;
    failed = redirect(redirection);
  }
  if (failed) *next = NULL;
  return failed;
}

/* ---- The words of a command ---- */

static const struct word* skip_assignments(const struct word* words) {
  while (words != NULL && is_assignment(words->text)) words = words->next;
  return words;
}

/* Makes the assignments, in this process. */
static int assign(const struct command* command, int export) {
  const struct word* end = skip_assignments(command->words);
  for (const struct word* word = command->words; word != end; word = word->next) {
    const char* entry = expand_text(word->text);
    if (entry == NULL || set_variable(entry) != 0) return -1;
    if (export && export_variable(entry, strcspn(entry, "=")) != 0) return -1;
  }
  return 0;
}

/* ---- In a child ---- */

/* Undoes what an interactive shell has changed for itself. A background job ignores ^C, and does
 * not read from the terminal. */
static void leave_the_shell(int background) {
  if (interactive || background) {
    sighandler_t action = background ? SIG_IGN : SIG_DFL;
    signal(SIGINT, action);
    signal(SIGQUIT, action);
  }
  if (interrupted) raise(SIGINT); /* ^C came before the child was ready for it */
  interactive = 0;
  if (!background) return;
  close(STDIN_FILENO);
  if (open("/dev/null", O_RDONLY) < 0) complain("/dev/null");
}

static char** arguments_of(const struct word* fields) {
  size_t count = 0;
  for (const struct word* field = fields; field != NULL; field = field->next) count++;
  char** arguments = arena_take((count + 1) * sizeof *arguments);
  for (size_t i = 0; arguments != NULL && i < count; i++, fields = fields->next) {
    arguments[i] = fields->text;
  }
  return arguments;
}

/* Replaces the child by the program; does not return. */
static void become(const struct word* fields) {
  char** arguments = arguments_of(fields);
  environ = exported_variables();
  if (arguments == NULL || environ == NULL) _exit(126);
  execvp(arguments[0], arguments);
  int missing = errno == ENOENT;
  int named = missing && strchr(arguments[0], '/') == NULL;
  fprintf(stderr, "sh: %s: %s\n", arguments[0], named ? "command not found" : strerror(errno));
  _exit(missing ? 127 : 126);
}

/* Runs a command in a child, and ends it. */
static void live(const struct command* command) {
  struct word* fields;
  int failed = expand_words(skip_assignments(command->words), &fields) != 0 ||
               assign(command, 1) != 0 || redirect_all(command->redirections) != 0;
  if (failed) _exit(1);
  builtin_fn* builtin = fields != NULL ? find_builtin(fields->text) : NULL;
  if (fields != NULL && builtin == NULL) become(fields);
  int status = builtin != NULL ? builtin(fields) : 0;
  fflush(NULL);
  _exit(status);
}

/* ---- Pipelines ---- */

static void close_pipe_end(int fd) {
  if (fd > STDERR_FILENO) close(fd);
}

/* In a child, which ends if this fails. */
static void move_pipe_end(int from, int to) {
  if (from == to) return;
  if (dup2(from, to) < 0) {
    complain("pipe");
    _exit(1);
  }
  close_pipe_end(from);
}

/* Starts a command that reads from `input` and writes to the pipe's end pipe[1]; 0 and 1 mean no
 * pipe. Returns its pid, or -1. */
static pid_t start(const struct command* command, int input, const int pipe[2]) {
  pid_t pid = fork();
  if (pid < 0) return complain("fork");
  if (pid > 0) return pid;
  leave_the_shell(0);
  move_pipe_end(input, STDIN_FILENO);
  move_pipe_end(pipe[1], STDOUT_FILENO);
  close_pipe_end(pipe[0]); /* execve would close it, but a builtin would wait for itself */
  live(command);
  _exit(1);
}

/* Starts all commands. When one cannot be started, those before it find that their pipe has no
 * reader, and end. */
static int start_all(struct command* command) {
  int input = STDIN_FILENO, failed = 0;
  for (; command != NULL && !failed; command = command->next) {
    int fds[2] = {STDIN_FILENO, STDOUT_FILENO};
    if (command->next != NULL && pipe2(fds, O_CLOEXEC) != 0) {
      failed = complain("pipe");
    } else {
      command->pid = start(command, input, fds);
      failed = command->pid < 0;
    }
    close_pipe_end(fds[1]);
    close_pipe_end(input);
    input = fds[0];
  }
  close_pipe_end(input);
  return failed ? -1 : 0;
}

/* Returns the wait status of the last command. */
static int run_in_children(struct command* commands) {
  int failed = start_all(commands) != 0;
  int status = 0;
  for (struct command* command = commands; command != NULL; command = command->next) {
    if (command->pid > 0) status = wait_for(command->pid);
  }
  return failed ? 1 << 8 : status;
}

/* Runs a builtin, or assignments and redirections without a command. Returns -1 for anything else.
 */
static int run_in_shell(const struct command* command) {
  struct word* fields;
  if (expand_words(skip_assignments(command->words), &fields) != 0) return 1 << 8;
  builtin_fn* builtin = fields != NULL ? find_builtin(fields->text) : NULL;
  if (fields != NULL && builtin == NULL) return -1;
  struct redirection* redirections = command->redirections;
  int status = 1;
  if (redirect_saving(&redirections) == 0 && assign(command, 0) == 0) {
    status = builtin != NULL ? builtin(fields) : 0;
  }
  fflush(NULL);
  restore(redirections);
  return status << 8;
}

static int run_pipeline(const struct pipeline* pipeline) {
  int alone = pipeline->commands->next == NULL;
  int status = alone ? run_in_shell(pipeline->commands) : -1;
  if (status < 0) status = run_in_children(pipeline->commands);
  last_status = exit_code(status);
  return status;
}

/* ---- Lists ---- */

static void run_and_or(const struct and_or* and_or) {
  int status = 0;
  const struct pipeline* pipeline = and_or->pipelines;
  for (; pipeline != NULL && !exit_requested && !interrupted; pipeline = pipeline->next) {
    int wanted = pipeline->joint == FIRST || (pipeline->joint == AND) == (last_status == 0);
    if (wanted) status = run_pipeline(pipeline);
  }
  if (interactive && !exit_requested) report_status(status);
}

static void run_in_background(const struct and_or* and_or) {
  const struct pipeline* only = and_or->pipelines;
  pid_t pid = fork();
  if (pid == 0) {
    leave_the_shell(1);
    if (only->next == NULL && only->commands->next == NULL) live(only->commands);
    run_and_or(and_or);
    fflush(NULL);
    _exit(last_status);
  }
  last_status = pid < 0;
  if (pid < 0) {
    complain("fork");
  } else {
    add_job(pid, only->commands->words != NULL ? only->commands->words->text : "");
  }
}

int run_line(const struct and_or* tree) {
  for (; tree != NULL && !exit_requested && !interrupted; tree = tree->next) {
    if (tree->background) {
      run_in_background(tree);
    } else {
      run_and_or(tree);
    }
  }
  return last_status;
}
