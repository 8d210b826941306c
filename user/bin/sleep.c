/* sleep SECONDS: waits. Fractions are allowed, to the nanosecond; no floating point is used. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* Returns 0, or -1 when the text is no number. */
static int parse_seconds(const char* text, struct timespec* duration) {
  if (!isdigit(*text) && !(*text == '.' && isdigit(text[1]))) return -1;
  char* end;
  duration->tv_sec = strtol(text, &end, 10);
  duration->tv_nsec = 0;
  if (*end == '.') {
    end++;
    for (int64_t unit = 100000000; isdigit(*end); end++, unit /= 10) {
      duration->tv_nsec += (*end - '0') * unit;
    }
  }
  return *end == 0 ? 0 : -1;
}

int main(int argc, char** argv) {
  struct timespec duration;
  if (argc != 2 || parse_seconds(argv[1], &duration) != 0) {
    fprintf(stderr, "usage: sleep SECONDS\n");
    return 2;
  }
  while (nanosleep(&duration, &duration) != 0) {
    if (errno == EINTR) continue; /* sleeps for the time that is left */
    perror("sleep");
    return 1;
  }
  return 0;
}
