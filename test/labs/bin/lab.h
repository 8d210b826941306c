/*
 * The frame of a lab's program in the guest. It is the first process (init=/test/lab_NAME), so it
 * needs nothing that a lab leaves out. Its arguments: which case, the run's secret, the run's seed,
 * and what the case wants.
 *
 * It judges nothing. It tells what it sees, in sealed lines `@KEY VALUE SEAL`; the grader on the
 * host knows what should have been seen (test/labs/lab.hh).
 */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <tine.h>
#include <tine/syscall.h>
#include <unistd.h>

#include "seal.h"

#define PAGE ((size_t)TINE_PAGE_SIZE)

static struct {
  uint64_t secret, seed;
} lab;

static inline void see(const char* key, uint64_t value) {
  char line[128];
  int size =
      snprintf(line, sizeof line, "@%s %lx %lx\n", key, value, lab_seal(lab.secret, key, value));
  if (write(STDOUT_FILENO, line, (size_t)size) != size) _exit(90);
}

static inline uint64_t hash_of(const void* words, size_t bytes) {
  uint64_t hash = 0;
  for (size_t i = 0; i < bytes / 8; i++) hash = lab_hash(hash, ((const uint64_t*)words)[i]);
  return hash;
}

/* The stream number `which` of this run; the grader makes the same. */
static inline void fill(void* words, size_t bytes, uint64_t which) {
  uint64_t state = lab.seed + which;
  for (size_t i = 0; i < bytes / 8; i++) ((uint64_t*)words)[i] = lab_random(&state);
}

static inline uint64_t number_of_run(uint64_t which) {
  uint64_t state = lab.seed + which;
  return lab_random(&state);
}

/* Messages between parent and child: the order in which things happen. */
static inline void tell(pid_t pid, uint64_t word) { ipc_send(pid, word); }
static inline uint64_t hear(void) {
  struct tine_message message = {0};
  ipc_recv(&message);
  return message.word;
}

static inline struct tine_memory_info books(void) {
  struct tine_memory_info info;
  memory_info(&info);
  return info;
}

static inline uint64_t instructions(void) {
  uint64_t count;
  asm volatile("rdinstret %0" : "=r"(count)::"memory");
  return count;
}

struct lab_case {
  const char* name;
  void (*run)(char** more);
};

static inline int lab_main(int argc, char** argv, const struct lab_case* cases, size_t count) {
  if (argc < 4) return 91;
  lab.secret = strtoul(argv[2], NULL, 16);
  lab.seed = strtoul(argv[3], NULL, 16);
  for (size_t i = 0; i < count; i++) {
    if (strcmp(cases[i].name, argv[1]) != 0) continue;
    cases[i].run(argv + 4);
    see("end", 0);
    power(TINE_POWER_OFF, 0);
  }
  return 92;
}
