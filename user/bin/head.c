/* head [-n N] [FILE...]: prints the first lines, ten without -n. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int show(FILE* file, long count) {
  while (count > 0) {
    int c = fgetc(file);
    if (c == EOF) break;
    putchar(c);
    count -= c == '\n';
  }
  return ferror(file);
}

static int show_file(const char* name, long count, int title) {
  static const char* gap = ""; /* between one file and the next title */
  int failed = 0;
  FILE* file = fopen(name, "r");
  if (file != NULL) {
    if (title) printf("%s==> %s <==\n", gap, name);
    gap = "\n";
    failed = show(file, count);
    fclose(file);
  }
  if (file != NULL && !failed) return 0;
  fprintf(stderr, "head: %s: %s\n", name, strerror(errno));
  return 1;
}

int main(int argc, char** argv) {
  long count = 10;
  for (int option; (option = getopt(argc, argv, "n:")) != -1;) {
    char* end = NULL;
    if (option == 'n') count = strtol(optarg, &end, 10);
    if (option == 'n' && *end == 0 && end != optarg && count >= 0) continue;
    fprintf(stderr, "usage: head [-n N] [FILE...]\n");
    return 2;
  }
  if (optind == argc) return show(stdin, count);
  int failed = 0;
  for (int i = optind; i < argc; i++) failed |= show_file(argv[i], count, optind + 1 < argc);
  return failed;
}
