/* What the tests of signals share: handlers that note what they saw. */
#pragma once

#include "tap.h"

#define UNMAPPED 0x3000000000ul

static volatile int order[16]; /* the signals, as their handlers ran */
static volatile int count;

static inline void note(int number) { order[count++] = number; }
static inline void handle(int number, void (*handler)(int), unsigned long flags) {
  struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
  EQUAL(sigaction(number, &action, NULL), 0);
}
static inline sigset_t set_of(int number) { return (sigset_t)1 << (number - 1); }
static inline void block(sigset_t set) { EQUAL(sigprocmask(SIG_SETMASK, &set, NULL), 0); }
