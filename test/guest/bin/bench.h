/*
 * How the programs of `make bench` count: as lmbench does, a loop of the operation, its own
 * instructions included, divided by its rounds; of several such batches the median. For one hart
 * under `-icount shift=0`, where instret counts exactly.
 */
#pragma once

#include "tap.h"

enum { BATCHES = 7 };

static uint64_t instructions(void) {
  uint64_t count;
  asm volatile("rdinstret %0" : "=r"(count)::"memory");
  return count;
}

static void report(const char* name, uint64_t value) {
  printf("bench %s %lu\n", name, value);
  fflush(NULL);
}

static const char* only; /* the one row that is to be measured by `measure`; NULL: all of them */

/* The median of what one call of `body` takes, divided by `divisor`. */
static void measure(const char* name, void (*body)(void), int rounds, uint64_t divisor) {
  if (only && strcmp(only, name) != 0) return;
  uint64_t results[BATCHES];
  body(); /* once, so that every page is there */
  for (int batch = 0; batch < BATCHES; batch++) {
    uint64_t start = instructions();
    for (int i = 0; i < rounds; i++) body();
    uint64_t spent = (instructions() - start) / ((uint64_t)rounds * divisor);
    int at = batch;
    for (; at > 0 && results[at - 1] > spent; at--) results[at] = results[at - 1];
    results[at] = spent;
  }
  report(name, results[BATCHES / 2]);
}
