/*
 * grep [-cinv] PATTERN [FILE...]: prints the lines that match. In a pattern . is any character, c*
 * any number of c, ^ at its start and $ at its end are the start and end of the line, and \ makes
 * the next character ordinary. -c: only their number; -i: capitals equal small letters; -n: with
 * the line's number; -v: the lines that do not match. Exit status: 0 some line was printed, 1
 * none, 2 an error.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int counts, folds, numbers, inverts; /* -c -i -n -v */

static int same(char a, char b) {
  return folds ? tolower((unsigned char)a) == tolower((unsigned char)b) : a == b;
}

/* The length of the pattern's first element: c, . or \c. */
static size_t element_size(const char* pattern) {
  return pattern[0] == '\\' && pattern[1] != 0 ? 2 : 1;
}

static int element_fits(const char* pattern, char c) {
  if (c == 0) return 0;
  if (element_size(pattern) == 2) return same(pattern[1], c);
  return *pattern == '.' || same(*pattern, c);
}

/* Does the text begin with the pattern? An element with a star first takes as many characters as
 * it can, and fewer one by one while the rest does not match. */
static int begins_with(const char* text, const char* pattern) {
  while (*pattern != 0) {
    if (pattern[0] == '$' && pattern[1] == 0) return *text == 0;
    size_t size = element_size(pattern);
    const char* rest = pattern + size;
    if (*rest == '*') {
      size_t n = 0;
      while (element_fits(pattern, text[n])) n++;
      while (!begins_with(text + n, rest + 1)) {
        if (n-- == 0) return 0;
      }
      return 1;
    }
    if (!element_fits(pattern, *text)) return 0;
    text++;
    pattern = rest;
  }
  return 1;
}

static int matches(const char* line, const char* pattern) {
  if (*pattern == '^') return begins_with(line, pattern + 1);
  do {
    if (begins_with(line, pattern)) return 1;
  } while (*line++ != 0);
  return 0;
}

/* Prints `name` before each line; "" when there is only one file. Returns how many were found. */
static long search(FILE* file, const char* name, const char* pattern) {
  static char* line; /* kept for the next file */
  static size_t size;
  const char* colon = *name != 0 ? ":" : "";
  long found = 0, number = 0;
  for (ssize_t n; (n = getline(&line, &size, file)) > 0;) {
    number++;
    if (line[n - 1] == '\n') line[n - 1] = 0;
    if (matches(line, pattern) == inverts) continue;
    found++;
    if (counts) continue;
    printf("%s%s", name, colon);
    if (numbers) printf("%ld:", number);
    puts(line);
  }
  if (counts) printf("%s%s%ld\n", name, colon, found);
  return found;
}

/* Returns 1 when a line was found, 0 when not, -1 on failure. */
static int search_file(const char* name, int several, const char* pattern) {
  int given = strcmp(name, "-") != 0;
  FILE* file = given ? fopen(name, "r") : stdin;
  long found = file != NULL ? search(file, several ? name : "", pattern) : 0;
  int failed = file == NULL || !feof(file);
  if (failed) fprintf(stderr, "grep: %s: %s\n", name, strerror(errno));
  if (given && file != NULL) fclose(file);
  return failed ? -1 : found > 0;
}

int main(int argc, char** argv) {
  for (int option; (option = getopt(argc, argv, "cinv")) != -1;) {
    if (option == 'c') counts = 1;
    if (option == 'i') folds = 1;
    if (option == 'n') numbers = 1;
    if (option == 'v') inverts = 1;
    if (option == '?') return 2;
  }
  if (optind == argc) {
    fprintf(stderr, "usage: grep [-cinv] PATTERN [FILE...]\n");
    return 2;
  }
  const char* pattern = argv[optind++];
  if (optind == argc) {
    int result = search_file("-", 0, pattern);
    return result < 0 ? 2 : !result;
  }
  int found = 0, failed = 0, several = optind + 1 < argc;
  for (int i = optind; i < argc; i++) {
    int result = search_file(argv[i], several, pattern);
    found |= result > 0;
    failed |= result < 0;
  }
  return failed ? 2 : !found;
}
