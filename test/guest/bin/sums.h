/* Several processes take from one thing at once; each adds up what it got, and all sums together
 * must be that of the whole: nothing was lost, and nothing came twice. */
#pragma once

#include "tap.h"

struct takers {
  int count, sums[2];
};

/* Starts `count` processes that each answer take(). */
static inline struct takers start_takers(int count, long (*take)(void)) {
  struct takers takers = {.count = count};
  EQUAL(pipe(takers.sums), 0);
  for (int i = 0; i < count; i++) {
    if (FORK() != 0) continue;
    long sum = take();
    EQUAL(write(takers.sums[1], &sum, sizeof sum), sizeof sum);
    _exit(0);
  }
  return takers;
}

/* Waits for all of them. */
static inline long sum_of(const struct takers* takers) {
  long total = 0;
  for (int i = 0; i < takers->count; i++) {
    long sum;
    EQUAL(read(takers->sums[0], &sum, sizeof sum), sizeof sum);
    total += sum;
    CHECK(wait(NULL) > 0);
  }
  return total;
}
