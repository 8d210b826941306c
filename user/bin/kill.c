/* kill [-SIGNAL] PID...: sends a signal, by number or by name (-9, -KILL, -SIGKILL); SIGTERM
 * without. */
#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Returns the number, or -1. */
static int parse_signal(const char* text) {
  if (isdigit(*text)) {
    char* end;
    long number = strtol(text, &end, 10);
    return *end == 0 && number <= TINE_NSIG ? (int)number : -1;
  }
  if (strncmp(text, "SIG", 3) == 0) text += 3;
  for (int number = 1; number <= TINE_NSIG; number++) {
    const char* name = strsignal(number);
    if (strncmp(name, "SIG", 3) == 0 && strcmp(name + 3, text) == 0) return number;
  }
  return -1;
}

static int send(int number, const char* text) {
  char* end;
  long pid = strtol(text, &end, 10);
  if (*text == 0 || *end != 0) {
    fprintf(stderr, "kill: not a pid: %s\n", text);
    return 1;
  }
  if (kill((pid_t)pid, number) == 0) return 0;
  fprintf(stderr, "kill: %ld: %s\n", pid, strerror(errno));
  return 1;
}

int main(int argc, char** argv) {
  int first = 1;
  int number = SIGTERM;
  if (argc > 1 && argv[1][0] == '-') {
    number = parse_signal(argv[1] + 1);
    first = 2;
  }
  if (number < 0 || argc <= first) {
    fprintf(stderr, "usage: kill [-SIGNAL] PID...\n");
    return 2;
  }
  int failed = 0;
  for (int i = first; i < argc; i++) failed |= send(number, argv[i]);
  return failed;
}
