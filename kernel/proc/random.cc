#include "proc/random.hh"

#include <atomic>

#include "lib/types.hh"

namespace tine {
namespace {

constinit std::atomic<std::uint64_t> state{0x9e3779b97f4a7c15};

// splitmix64's output function: every bit of the input changes about half of the output's.
std::uint64_t mix(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

}  // namespace

void seed_random(std::span<const std::byte> seed) {
  std::uint64_t word = state.load(std::memory_order_relaxed);
  for (std::byte b : seed) word = mix(word ^ std::uint64_t(b));
  state.store(word, std::memory_order_relaxed);
}

std::uint64_t random_word() {
  return mix(state.fetch_add(0x9e3779b97f4a7c15, std::memory_order_relaxed));
}

constinit bool random_addresses = true;

std::uint64_t random_shift(std::uint64_t limit) {
  return random_addresses ? random_word() & (limit - 1) & ~(page_size - 1) : 0;
}

}  // namespace tine
