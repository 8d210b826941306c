/* Numbers in text, the environment, sorting, the copy of a string, the end of a program. */
#include <stdlib.h>

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void exit(int status) {
  fflush(NULL);
  _exit(status);
}

void abort(void) {
  fflush(NULL);
  kill(getpid(), SIGABRT);
  for (;;) __builtin_trap(); /* only reached if the signal did not end it */
}

char** environ; /* start.c sets it */

char* getenv(const char* name) {
  size_t length = strlen(name);
  for (char** entry = environ; *entry != NULL; entry++) {
    if (strncmp(*entry, name, length) == 0 && (*entry)[length] == '=') return *entry + length + 1;
  }
  return NULL;
}

static int digit_value(int c) {
  if (isdigit(c)) return c - '0';
  if (isalpha(c)) return tolower(c) - 'a' + 10;
  return INT_MAX;
}

/*
 * Reads the digits after blanks, a sign and a prefix. Returns ULONG_MAX if the number is larger;
 * then `*overflow` is set, and errno is ERANGE. `*end` is the first character that is no part of
 * the number: `s` itself when there is no digit.
 */
static unsigned long parse_magnitude(const char* s, const char** end, int base, int* negative,
                                     int* overflow) {
  *end = s;
  *overflow = 0;
  while (isspace(*s)) s++;
  *negative = *s == '-';
  if (*s == '-' || *s == '+') s++;
  int hex_prefix = s[0] == '0' && (s[1] == 'x' || s[1] == 'X') && isxdigit(s[2]);
  if ((base == 0 || base == 16) && hex_prefix) {
    s += 2;
    base = 16;
  } else if (base == 0) {
    base = *s == '0' ? 8 : 10;
  }
  unsigned long value = 0;
  for (; digit_value(*s) < base; s++) {
    *overflow |= __builtin_mul_overflow(value, (unsigned long)base, &value);
    *overflow |= __builtin_add_overflow(value, (unsigned long)digit_value(*s), &value);
    *end = s + 1;
  }
  if (!*overflow) return value;
  errno = ERANGE;
  return ULONG_MAX;
}

unsigned long strtoul(const char* s, char** end, int base) {
  int negative, overflow;
  const char* stop;
  unsigned long value = parse_magnitude(s, &stop, base, &negative, &overflow);
  if (end != NULL) *end = (char*)stop;
  return negative && !overflow ? -value : value;
}

long strtol(const char* s, char** end, int base) {
  int negative, overflow;
  const char* stop;
  unsigned long value = parse_magnitude(s, &stop, base, &negative, &overflow);
  if (end != NULL) *end = (char*)stop;
  unsigned long limit = (unsigned long)LONG_MAX + (negative ? 1 : 0);
  if (value > limit) {
    errno = ERANGE;
    value = limit;
  }
  return (long)(negative ? -value : value);
}

int atoi(const char* s) { return (int)strtol(s, NULL, 10); }

/* Shell's sort, by exchanges: for the few hundred names of a directory that is fast enough. */
static void exchange(char* a, char* b, size_t size) {
  for (; size > 0; size--, a++, b++) {
    char c = *a;
    *a = *b;
    *b = c;
  }
}

void qsort(void* base, size_t count, size_t size, compare_fn* compare) {
  char* array = base;
  for (size_t gap = count / 2; gap > 0; gap /= 2) {
    for (size_t i = gap; i < count; i++) {
      for (size_t j = i; j >= gap; j -= gap) {
        char *before = array + (j - gap) * size, *at = array + j * size;
        if (compare(before, at) <= 0) break;
        exchange(before, at, size);
      }
    }
  }
}

char* strdup(const char* s) {
  size_t size = strlen(s) + 1;
  char* copy = malloc(size);
  return copy == NULL ? NULL : memcpy(copy, s, size);
}
