/*
 * sh: the shell, a small part of POSIX's. A line passes through its files in this order:
 *
 *   main.c      where lines come from: the terminal, a script, `sh -c TEXT`
 *   edit.c      the terminal: a line is typed and edited
 *   parse.c     the line becomes a tree; nothing of it is run yet
 *   run.c       the tree is run: pipelines, processes, redirections
 *   expand.c    the words of a command, just before it runs: $NAME and quotes
 *   variable.c  the values of $NAME, and the environment of programs
 *   builtin.c   the commands that run in the shell itself
 *   job.c       children: waiting for them, and those in the background
 *
 * The grammar:
 *
 *   line        = [ and_or { (";" | "&") and_or } [ ";" | "&" ] ] newline
 *   and_or      = pipeline { ("&&" | "||") pipeline }
 *   pipeline    = command { "|" command }
 *   command     = { NAME=WORD | redirection } { WORD | redirection }
 *   redirection = [ DIGIT ] ( "<" WORD | ">" WORD | ">>" WORD | ">&" DIGIT | "<&" DIGIT )
 *
 * A newline may follow && || and |; # begins a comment. In a WORD, '...' takes everything
 * literally, "..." all but \ and $, and \ the next character. $NAME and ${NAME} are variables, $0
 * $1.. $# $@ the script's name and arguments, $? the last exit status, $$ the shell's pid, $! the
 * last background process's. The value of an unquoted $NAME is split at blanks. There are no loops
 * and no functions, and * is an ordinary character.
 *
 * Signals. ^C sends SIGINT to all processes but init. An interactive shell catches it, and so
 * survives. Its children have the default action, so they end, except those in the background (&),
 * which ignore it. A shell that runs a script has the default action and ends.
 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

enum { LINE_SIZE = 1024 }; /* a typed line, its final 0 included */

/* ---- The tree: all of it lies in the arena, until the next line ---- */

struct word {
  struct word* next;
  char* text; /* parsed: as it was written, with its quotes; expanded: as the program sees it */
};

enum redirection_kind { READ, WRITE, APPEND, COPY };

struct redirection {
  struct redirection* next;
  enum redirection_kind kind;
  int fd;
  char* target; /* a WORD; for COPY the digit */
  int saved;    /* run.c: what fd was before, for a builtin; -1: it was closed */
};

struct command {
  struct command* next; /* after the | */
  struct word* words;   /* its assignments first */
  struct redirection* redirections;
  pid_t pid; /* run.c: once it has been started, else 0 */
};

enum joint { FIRST, AND, OR };

struct pipeline {
  struct pipeline* next;
  enum joint joint; /* with the pipeline before */
  struct command* commands;
};

struct and_or {
  struct and_or* next;
  struct pipeline* pipelines;
  int background;
};

/* ---- arena.c: the memory for one line, freed as a whole ---- */

void arena_reset(void);
void* arena_take(size_t size); /* zeroed; NULL, after an error message: no memory */
void arena_put(char c);        /* adds a character to the text that arena_text ends */
char* arena_text(void);        /* the characters put since the last take or text; NULL as above */

/* ---- The rest ---- */

/* edit.c: prints the prompt, if the shell is interactive, and reads a line into `line` without its
 * newline. Returns its length, -1 at the end of the input. */
int read_line(const char* prompt, char* line);
void end_reading(void); /* for the handler of SIGINT: drops the line that is being read */

/* parse.c: parses one line of *text and moves *text after it. Returns 0, or -1 after it has
 * printed an error. An empty line is the tree NULL. */
int parse_line(const char** text, struct and_or** tree);

/* expand.c: fields from words, or one text from one word. -1 or NULL: no memory; an error was
 * printed.
 * */
int expand_words(const struct word* words, struct word** fields);
char* expand_text(const char* word);
extern char** parameters; /* $0, $1, ..., NULL */

/* variable.c. `entry` is NAME=VALUE; NAME has `length` characters. */
size_t name_length(const char* text); /* of the name at its start; 0: there is none */
int is_assignment(const char* word);
const char* get_variable(const char* name, size_t length); /* NULL: not set */
int set_variable(const char* entry);                       /* -1: no memory; an error was printed */
int set_named(const char* name, const char* value);        /* the same from two parts */
int export_variable(const char* name, size_t length);      /* set or not; -1 as above */
void unset_variable(const char* name);
int import_environment(void);
char** exported_variables(void); /* for execve, in the arena; NULL as above */

/* run.c: runs a line, returns the exit status, which is also $?. */
int run_line(const struct and_or* tree);
extern int last_status;

/* job.c */
int wait_for(pid_t pid); /* returns the wait status */
int exit_code(int status);
void report_status(int status);
void add_job(pid_t pid, const char* name);
void report_jobs(void);   /* prints which background jobs have ended since the last call */
void wait_for_jobs(void); /* all of them */
extern pid_t last_job;    /* $! */

/* builtin.c: a builtin gets its fields, the first one its name. */
typedef int builtin_fn(const struct word* fields);
builtin_fn* find_builtin(const char* name); /* NULL: it is none */

/* main.c */
extern int interactive;          /* commands are typed; 0 in a child */
extern pid_t shell_pid;          /* $$ */
extern int exit_requested;       /* `exit` has been run */
extern volatile int interrupted; /* by ^C, since the line began */
