/* Options of a command line: letters after a -, some of them with an argument (POSIX's getopt). */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

char* optarg;
int optind = 1;

static const char* next; /* inside a word like -la: the remaining letters */

int getopt(int argc, char* const argv[], const char* letters) {
  if (next == NULL || *next == 0) {
    const char* word = optind < argc ? argv[optind] : NULL;
    if (word == NULL || word[0] != '-' || word[1] == 0) return -1;
    optind++;
    if (strcmp(word, "--") == 0) return -1;
    next = word + 1;
  }
  char letter = *next++;
  const char* found = letter != ':' ? strchr(letters, letter) : NULL;
  if (found == NULL) {
    fprintf(stderr, "%s: no option -%c\n", argv[0], letter);
    return '?';
  }
  if (found[1] != ':') return letter;
  optarg = *next != 0 ? (char*)next : optind < argc ? argv[optind++] : NULL;
  next = NULL;
  if (optarg != NULL) return letter;
  fprintf(stderr, "%s: option -%c needs an argument\n", argv[0], letter);
  return '?';
}
