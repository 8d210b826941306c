/*
 * The memory for one line: its tree, its expanded words, the arguments of its programs. It is
 * allocated in order, and freed as a whole before the next line is parsed.
 */
#include "sh.h"

#include <stdio.h>
#include <string.h>

enum { ARENA_SIZE = 128 << 10, ALIGNMENT = 8 };

static char memory[ARENA_SIZE] __attribute__((aligned(ALIGNMENT)));
static size_t used; /* ARENA_SIZE means that an allocation did not fit */
static size_t text; /* where the unfinished text begins */

void arena_reset(void) { used = text = 0; }

static void* full(void) {
  fprintf(stderr, "sh: the line is too long: no memory for it\n");
  return NULL;
}

void* arena_take(size_t size) {
  size_t start = (used + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  if (start >= ARENA_SIZE || size > ARENA_SIZE - start) return full();
  used = text = start + size;
  return memset(memory + start, 0, size);
}

void arena_put(char c) {
  if (used < ARENA_SIZE) memory[used++] = c;
}

char* arena_text(void) {
  arena_put(0);
  if (used == ARENA_SIZE) return full();
  char* result = memory + text;
  text = used;
  return result;
}
