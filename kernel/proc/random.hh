// Random numbers, for AT_RANDOM and the addresses of programs. A wing makes them; without it every
// word is 0, so all programs are at the same addresses.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "lib/types.hh"

namespace tine {

// Where random words come from: a row that the linker gathers.
struct RandomSource {
  void (*seed)(std::span<const std::byte> seed);  // once, at boot, with the device tree's rng-seed
  std::uint64_t (*word)();
};
#define RANDOM_SOURCE(name, seed, word)                                                           \
  [[gnu::section(".table.random"), gnu::used]] static constinit const RandomSource random_##name{ \
      seed, word};
// Bounds of the rows (linker/kernel.ld).
extern "C" const RandomSource random_sources_start[], random_sources_end[];

inline void seed_random(std::span<const std::byte> seed) {
  for (const RandomSource& each : std::span(random_sources_start, random_sources_end)) {
    each.seed(seed);
  }
}
inline std::uint64_t random_word() {
  std::span sources(random_sources_start, random_sources_end);
  return sources.empty() ? 0 : sources.front().word();
}

inline constinit bool random_addresses = true;  // set at boot: the kernel argument aslr=off

// A random distance by which a part of a new program is moved: whole pages, below `limit` bytes (a
// power of two).
inline std::uint64_t random_shift(std::uint64_t limit) {
  return random_addresses ? random_word() & (limit - 1) & ~(page_size - 1) : 0;
}

}  // namespace tine
