/* env [NAME=VALUE...] [COMMAND [ARG...]]: runs a program with these variables added to its
 * environment; without a program, prints that environment. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int same_name(const char* a, const char* b) {
  size_t length = strcspn(a, "=");
  return strncmp(a, b, length) == 0 && b[length] == '=';
}

int main(int argc, char** argv) {
  int count = 0, first = 1;
  while (environ[count] != NULL) count++;
  char* entries[count + argc];
  memcpy(entries, environ, (size_t)count * sizeof *entries);
  for (; first < argc && strchr(argv[first], '=') != NULL; first++) {
    int place = 0;
    while (place < count && !same_name(argv[first], entries[place])) place++;
    entries[place] = argv[first];
    if (place == count) count++;
  }
  entries[count] = NULL;
  environ = entries;
  if (first == argc) {
    for (int i = 0; i < count; i++) puts(entries[i]);
    return 0;
  }
  execvp(argv[first], argv + first);
  int missing = errno == ENOENT;
  fprintf(stderr, "env: %s: %s\n", argv[first], strerror(errno));
  return missing ? 127 : 126;
}
