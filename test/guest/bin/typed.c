/*
 * For the host's tests, which type: what was typed is not lost when it cannot be delivered. Each
 * line is asked for with a prompt that ends in ": ".
 */
#include "walk.h"

static char text[100];

static void ask(const char* what) {
  printf("%s: ", what);
  fflush(NULL);
}

static int reads(const char* wanted) {
  ssize_t got = read(0, text, sizeof text);
  if (got == (ssize_t)strlen(wanted) && memcmp(text, wanted, (size_t)got) == 0) return 1;
  printf("expected %s, got %ld bytes: %.*s\n", wanted, got, got > 0 ? (int)got : 0, text);
  return 0;
}

int main(void) {
  int good = 1;
  char* edge = mmap(NULL, 2 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  munmap(edge + 4096, 4096);

  ask("a bad address");
  good &= read(0, wild(8), 100) == -1 && errno == EFAULT;
  good &= read(0, edge + 4096, 100) == -1 && errno == EFAULT;
  good &= reads("first line\n");

  ask("a hole");
  good &= read(0, edge + 4096 - 6, 100) == 6 && memcmp(edge + 4096 - 6, "second", 6) == 0;
  good &= reads(" line\n");

  for (long n = 1; n < 20; n++) {
    long result;
    char* fresh = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char what[40];
    snprintf(what, sizeof what, "without allocation %ld", n);
    ask(what);
    argument[0] = 0;
    argument[1] = (uintptr_t)fresh;
    argument[2] = 100;
    int end = attempt(n, SYS_read, &result);
    if (end == REFUSED) {
      good &= reads("line again\n");
      continue;
    }
    good &= end == NOT_REACHED && result == 11 && memcmp(fresh, "line again\n", 11) == 0;
    good &= n > 1;
    break;
  }
  ask("the end");
  printf("typed: %s\n", good ? "PASS" : "FAIL");
  return !good;
}
