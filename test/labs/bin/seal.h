/*
 * What the guest's program and the grader on the host compute alike: pseudo-random numbers from the
 * run's seed, and the seal of a line. Valid C and C++.
 */
#pragma once

#include <stdint.h>

/* splitmix64: every seed gives another stream. */
static inline uint64_t lab_random(uint64_t* state) {
  uint64_t z = (*state += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

/* A hash that takes one word more. */
static inline uint64_t lab_hash(uint64_t hash, uint64_t word) {
  uint64_t state = hash ^ word;
  return lab_random(&state);
}

/* Whoever does not know the secret of the run cannot write a line that counts. */
static inline uint64_t lab_seal(uint64_t secret, const char* key, uint64_t value) {
  uint64_t hash = secret;
  for (; *key; key++) hash = lab_hash(hash, (uint8_t)*key);
  return lab_hash(lab_hash(hash, value), secret);
}
