/* The commands that run in the shell itself, and the help text for them and for the programs. */
#include "sh.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tine/limits.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int complain(const char* builtin, const char* what) {
  fprintf(stderr, "sh: %s: %s: %s\n", builtin, what, strerror(errno));
  return 1;
}

static int builtin_nothing(const struct word* fields) {
  (void)fields;
  return 0;
}

static int builtin_exit(const struct word* fields) {
  exit_requested = 1;
  return fields->next != NULL ? atoi(fields->next->text) & 0xff : last_status;
}

/* ---- Directories ---- */

/* Without an argument: HOME. `-`: the previous directory. */
static const char* target_of(const struct word* fields) {
  if (fields->next == NULL) {
    const char* home = get_variable("HOME", 4);
    return home != NULL ? home : "/";
  }
  if (strcmp(fields->next->text, "-") != 0) return fields->next->text;
  const char* old = get_variable("OLDPWD", 6);
  return old != NULL ? old : ".";
}

static int builtin_cd(const struct word* fields) {
  char before[TINE_PATH_MAX], now[TINE_PATH_MAX];
  const char* target = target_of(fields);
  int known = getcwd(before, sizeof before) != NULL; /* it may have been removed */
  if (chdir(target) != 0) return complain("cd", target);
  if (getcwd(now, sizeof now) == NULL) return complain("cd", "where am I");
  if (fields->next != NULL && strcmp(fields->next->text, "-") == 0) puts(now);
  int failed = known && set_named("OLDPWD", before) != 0;
  return failed | (set_named("PWD", now) != 0);
}

static int builtin_pwd(const struct word* fields) {
  char path[TINE_PATH_MAX];
  (void)fields;
  if (getcwd(path, sizeof path) == NULL) return complain("pwd", "where am I");
  puts(path);
  return 0;
}

/* ---- Variables ---- */

static int export_one(const char* text) {
  size_t length = name_length(text);
  if (length == 0 || (text[length] != 0 && text[length] != '=')) {
    fprintf(stderr, "sh: export: %s: not a name\n", text);
    return 1;
  }
  if (text[length] == '=' && set_variable(text) != 0) return 1;
  return export_variable(text, length) != 0;
}

static int builtin_export(const struct word* fields) {
  int failed = 0;
  for (const struct word* field = fields->next; field != NULL; field = field->next) {
    failed |= export_one(field->text);
  }
  char** entries = fields->next == NULL ? exported_variables() : NULL;
  for (; entries != NULL && *entries != NULL; entries++) printf("export %s\n", *entries);
  return failed;
}

static int builtin_unset(const struct word* fields) {
  while ((fields = fields->next) != NULL) unset_variable(fields->text);
  return 0;
}

static int builtin_wait(const struct word* fields) {
  (void)fields;
  wait_for_jobs();
  return 0;
}

/* ---- The table ---- */

static int builtin_help(const struct word* fields);

static const struct builtin {
  const char* name;
  builtin_fn* run;
  const char* help;
} builtins[] = {
    {":", builtin_nothing, "do nothing, successfully"},
    {"cd", builtin_cd, "cd [FOLDER|-]: go there; home without, back with -"},
    {"exit", builtin_exit, "exit [N]: end this shell"},
    {"export", builtin_export, "export NAME[=VALUE]...: give variables to programs"},
    {"help", builtin_help, "this list"},
    {"pwd", builtin_pwd, "the folder that paths start from"},
    {"unset", builtin_unset, "unset NAME...: forget variables"},
    {"wait", builtin_wait, "until all background jobs have ended"},
};

static const struct program {
  const char *name, *help;
} programs[] = {
    {"args", "args WORD...: show what arguments a program gets"},
    {"cat", "cat [FILE...]: show files"},
    {"cow_test", "watch copy-on-write: frames, counts and flags around a fork"},
    {"cp", "cp FILE... TARGET: copy files"},
    {"crash", "crash [WAY]: die in every way, and check the signal"},
    {"echo", "echo [-n] WORD...: print words"},
    {"env", "env [NAME=VALUE...] [COMMAND...]: the environment, or a program in it"},
    {"exec_test", "a child becomes ipc_rx and gets a message"},
    {"false", "fail"},
    {"fork_test", "one call, two returns, a status through waitpid"},
    {"forkbomb", "fork until the machine is full, then clean up"},
    {"grep", "grep [-cinv] PATTERN [FILE...]: the lines that match (^ $ . * \\)"},
    {"head", "head [-n N] [FILE...]: the first lines"},
    {"hello", "Hello from execve!"},
    {"hello.elf", "the same without a library"},
    {"ipc_rx", "ipc_rx [COUNT]: receive messages"},
    {"ipc_send", "ipc_send PID WORD: send a message"},
    {"kill", "kill [-SIGNAL] PID...: send a signal"},
    {"ln", "ln [-s] OLD NEW: another name for a file"},
    {"ls", "ls [-al] [PATH...]: what is in a folder"},
    {"meminfo", "what the machine's memory is used for"},
    {"mkdir", "mkdir [-p] FOLDER...: make folders"},
    {"mv", "mv FILE... TARGET: rename files"},
    {"poweroff", "poweroff [CODE]: switch the machine off"},
    {"ps", "the processes"},
    {"reboot", "start the machine again"},
    {"rm", "rm [-fr] PATH...: remove files, with -r folders"},
    {"rmdir", "rmdir FOLDER...: remove empty folders"},
    {"sh", "sh [-c TEXT | FILE] [ARG...]: this shell"},
    {"sigtest", "what signals do, step by step"},
    {"sleep", "sleep SECONDS: wait, fractions allowed"},
    {"strace", "strace COMMAND [ARG...]: the system calls of a program"},
    {"tee", "tee [-a] [FILE...]: copy the input to files too"},
    {"touch", "touch FILE...: make empty files"},
    {"true", "succeed"},
    {"uname", "what system this is"},
    {"dmesg", "what the kernel has said of itself"},
    {"uptime", "how long it has been running"},
    {"wc", "wc [-clw] [FILE...]: count lines, words, bytes"},
};

static int builtin_help(const struct word* fields) {
  (void)fields;
  printf(
      "COMMAND [ARGUMENT...] runs a program. Commands are joined by | ; && || and ended by & to\n"
      "run in the background. < > >> 2> 2>&1 redirect, '...' \"...\" \\ quote, $NAME is a "
      "variable.\n");
  printf("Builtins:\n");
  for (size_t i = 0; i < COUNT(builtins); i++) {
    printf("  %-10s %s\n", builtins[i].name, builtins[i].help);
  }
  printf("Programs in /bin:\n");
  for (size_t i = 0; i < COUNT(programs); i++) {
    printf("  %-10s %s\n", programs[i].name, programs[i].help);
  }
  return 0;
}

builtin_fn* find_builtin(const char* name) {
  for (size_t i = 0; i < COUNT(builtins); i++) {
    if (strcmp(name, builtins[i].name) == 0) return builtins[i].run;
  }
  return NULL;
}
