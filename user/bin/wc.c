/* wc [-clw] [FILE...]: counts lines, words and bytes; without options all three. Without a file,
 * or for -, it counts the standard input. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct counts {
  unsigned long lines, words, bytes;
};

static int lines, words, bytes; /* the options given */

static int count(int fd, struct counts* counts) {
  static char buffer[4096];
  int in_word = 0;
  ssize_t n;
  while ((n = read(fd, buffer, sizeof buffer)) > 0) {
    counts->bytes += (unsigned long)n;
    for (ssize_t i = 0; i < n; i++) {
      int blank = isspace(buffer[i]);
      counts->lines += buffer[i] == '\n';
      counts->words += !blank && !in_word;
      in_word = !blank;
    }
  }
  return n < 0 ? -1 : 0;
}

static void show(const struct counts* counts, const char* name) {
  const char* gap = "";
  const int wanted[] = {lines, words, bytes};
  const unsigned long values[] = {counts->lines, counts->words, counts->bytes};
  for (int i = 0; i < 3; i++) {
    if (!wanted[i]) continue;
    printf("%s%lu", gap, values[i]);
    gap = " ";
  }
  printf("%s%s\n", *name != 0 ? " " : "", name);
}

static int count_file(const char* name, struct counts* total) {
  struct counts counts = {0, 0, 0};
  int given = strcmp(name, "-") != 0;
  int fd = given ? open(name, O_RDONLY) : STDIN_FILENO;
  if (fd < 0 || count(fd, &counts) != 0) {
    fprintf(stderr, "wc: %s: %s\n", name, strerror(errno));
    if (given && fd >= 0) close(fd);
    return 1;
  }
  if (given) close(fd);
  show(&counts, given ? name : "");
  total->lines += counts.lines;
  total->words += counts.words;
  total->bytes += counts.bytes;
  return 0;
}

int main(int argc, char** argv) {
  for (int option; (option = getopt(argc, argv, "clw")) != -1;) {
    if (option == '?') return 2;
    if (option == 'l') lines = 1;
    if (option == 'w') words = 1;
    if (option == 'c') bytes = 1;
  }
  if (!lines && !words && !bytes) lines = words = bytes = 1;
  struct counts total = {0, 0, 0};
  if (optind == argc) return count_file("-", &total);
  int failed = 0;
  for (int i = optind; i < argc; i++) failed |= count_file(argv[i], &total);
  if (optind + 1 < argc) show(&total, "total");
  return failed;
}
