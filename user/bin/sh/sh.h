/*
 * The shell's parts, in the order in which a line goes through them:
 *
 *   edit.c     the terminal: a line is typed and edited
 *   parse.c    the line becomes a list of commands
 *   run.c      commands are run, in the foreground or not; jobs in the background are watched
 *   builtin.c  the commands that the shell does itself
 *
 * To come: redirections (fields of struct command, done in run.c between fork and execve), pipes (a
 * connector like the others), cd (a row in builtin.c). The parser knows their signs already and
 * refuses them.
 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

enum {
  LINE_SIZE = 1024, /* one line, its final 0 included */
  MAX_WORDS = 64,   /* in one line, over all its commands */
  MAX_COMMANDS = 16,
};

/* What stands behind a command and decides about the next one. */
enum connector {
  THEN,       /* ; or the end of the line */
  BACKGROUND, /* & */
  AND,        /* && */
  OR,         /* || */
};

struct command {
  char** argv; /* ended by NULL */
  int argc;
  enum connector connector;
};

struct command_list {
  struct command commands[MAX_COMMANDS];
  int count;
  char* words[MAX_WORDS + MAX_COMMANDS]; /* every argv, one behind the other, with its NULL */
  char text[2 * LINE_SIZE];              /* what the words point to */
};

/*
 * edit.c: shows the prompt, reads one line into `line` without its newline. Answers its length; -1
 * at the end of the input.
 */
int read_line(const char* prompt, char* line);

/* parse.c: answers 0, or -1 after it has said what is wrong. An empty line is an empty list. */
int parse(const char* line, struct command_list* list);

/* run.c: answers the exit status of the last command (128 + N after a signal N). */
int run_list(const struct command_list* list);
void report_jobs(void); /* says which background jobs have ended since the last time */

/* builtin.c: answers 1 when the command was a builtin, with its status in *status. */
int run_builtin(const struct command* command, int* status);
extern int exit_requested, exit_status;
