/* sh: the shell. `sh` reads lines from its input; `sh -c LINE` runs one line and ends with its
 * status. */
#include "sh.h"

#include <stdio.h>
#include <string.h>

static int run_line(const char* line) {
  static struct command_list list; /* static: it is large */
  return parse(line, &list) == 0 ? run_list(&list) : 2;
}

static int interact(void) {
  char line[LINE_SIZE];
  int status = 0;
  while (!exit_requested) {
    report_jobs();
    if (read_line("tine$ ", line) < 0) break;
    status = run_line(line);
  }
  return exit_requested ? exit_status : status;
}

int main(int argc, char** argv) {
  if (argc == 1) return interact();
  if (argc == 3 && strcmp(argv[1], "-c") == 0) {
    int status = run_line(argv[2]);
    return exit_requested ? exit_status : status;
  }
  fprintf(stderr, "usage: sh [-c LINE]\n");
  return 2;
}
