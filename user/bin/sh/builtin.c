/* The commands that the shell does itself, and the help text for them and for the programs. */
#include "sh.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int exit_requested, exit_status;

static int builtin_exit(const struct command* command) {
  exit_requested = 1;
  exit_status = command->argc > 1 ? atoi(command->argv[1]) & 0xff : 0;
  return exit_status;
}

static int builtin_help(const struct command* command);

static const struct builtin {
  const char* name;
  int (*run)(const struct command* command);
  const char* help;
} builtins[] = {
    {"exit", builtin_exit, "exit [N]: end this shell"},
    {"help", builtin_help, "this list"},
};

static const struct program {
  const char *name, *help;
} programs[] = {
    {"args", "args WORD...: show what arguments a program gets"},
    {"cat", "cat [FILE...]: show files"},
    {"cow_test", "watch copy-on-write: frames, counts and flags around a fork"},
    {"crash", "crash [WAY]: die in every way, and check the signal"},
    {"echo", "echo [-n] WORD...: print words"},
    {"exec_test", "a child becomes ipc_rx and gets a message"},
    {"fork_test", "one call, two returns, a status through waitpid"},
    {"forkbomb", "fork until the machine is full, then clean up"},
    {"hello", "Hello from execve!"},
    {"hello.elf", "the same without a library"},
    {"ipc_rx", "ipc_rx [COUNT]: receive messages"},
    {"ipc_send", "ipc_send PID WORD: send a message"},
    {"kill", "kill [-SIGNAL] PID...: send a signal"},
    {"meminfo", "who owns the machine's memory"},
    {"poweroff", "poweroff [CODE]: switch the machine off"},
    {"ps", "the processes"},
    {"reboot", "start the machine again"},
    {"sh", "sh [-c LINE]: this shell"},
    {"sleep", "sleep SECONDS: wait, fractions allowed"},
    {"uname", "what system this is"},
    {"uptime", "how long it has been running"},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int builtin_help(const struct command* command) {
  (void)command;
  printf(
      "A line is COMMAND [ARGUMENT...], joined by ; && || and ended by & to run in the "
      "background.\n");
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

int run_builtin(const struct command* command, int* status) {
  for (size_t i = 0; i < COUNT(builtins); i++) {
    if (strcmp(command->argv[0], builtins[i].name) != 0) continue;
    *status = builtins[i].run(command);
    return 1;
  }
  return 0;
}
