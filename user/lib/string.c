/* Memory and strings, in the simplest form: a byte at a time. */
#include <string.h>

#include <stdint.h>

/* The compiler would turn these loops into calls: memset's own into a call of memset, which would
 * never end. */
#pragma GCC optimize("no-tree-loop-distribute-patterns")

void* memcpy(void* to, const void* from, size_t n) {
  char* t = to;
  const char* f = from;
  while (n-- > 0) *t++ = *f++;
  return to;
}

/* Backwards when the target begins inside the source: no byte is overwritten before it is moved. */
void* memmove(void* to, const void* from, size_t n) {
  char* t = to;
  const char* f = from;
  if ((uintptr_t)t - (uintptr_t)f >= n) return memcpy(to, from, n);
  while (n-- > 0) t[n] = f[n];
  return to;
}

void* memset(void* to, int byte, size_t n) {
  char* t = to;
  while (n-- > 0) *t++ = (char)byte;
  return to;
}

int memcmp(const void* a, const void* b, size_t n) {
  const unsigned char *x = a, *y = b;
  for (; n > 0; n--, x++, y++) {
    if (*x != *y) return *x - *y;
  }
  return 0;
}

void* memchr(const void* in, int byte, size_t n) {
  for (const unsigned char* p = in; n > 0; n--, p++) {
    if (*p == (unsigned char)byte) return (void*)p;
  }
  return NULL;
}

size_t strlen(const char* s) {
  size_t n = 0;
  while (s[n] != 0) n++;
  return n;
}

size_t strnlen(const char* s, size_t n) {
  size_t length = 0;
  while (length < n && s[length] != 0) length++;
  return length;
}

int strcmp(const char* a, const char* b) { return strncmp(a, b, SIZE_MAX); }

int strncmp(const char* a, const char* b, size_t n) {
  for (; n > 0; n--, a++, b++) {
    if (*a != *b || *a == 0) return (unsigned char)*a - (unsigned char)*b;
  }
  return 0;
}

char* strchr(const char* s, int c) {
  for (;; s++) {
    if (*s == (char)c) return (char*)s; /* c may be 0: then this finds the end */
    if (*s == 0) return NULL;
  }
}

char* strrchr(const char* s, int c) {
  const char* found = NULL;
  for (;; s++) {
    if (*s == (char)c) found = s;
    if (*s == 0) return (char*)found;
  }
}

/* How many characters at the start of `s` are (in_set 1) or are not (in_set 0) in the set. */
static size_t span(const char* s, const char* set, int in_set) {
  size_t n = 0;
  while (s[n] != 0 && (strchr(set, s[n]) != NULL) == in_set) n++;
  return n;
}

size_t strspn(const char* s, const char* set) { return span(s, set, 1); }
size_t strcspn(const char* s, const char* set) { return span(s, set, 0); }

char* strstr(const char* s, const char* part) {
  size_t n = strlen(part);
  for (;; s++) {
    if (strncmp(s, part, n) == 0) return (char*)s;
    if (*s == 0) return NULL;
  }
}

char* strcpy(char* to, const char* from) {
  memcpy(to, from, strlen(from) + 1);
  return to;
}

char* strncpy(char* to, const char* from, size_t n) {
  size_t length = strnlen(from, n);
  memcpy(to, from, length);
  memset(to + length, 0, n - length);
  return to;
}

char* strcat(char* to, const char* from) {
  strcpy(to + strlen(to), from);
  return to;
}
