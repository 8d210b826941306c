#include "wings/random/random.hh"

#include <array>
#include <utility>

#include "proc/random.hh"
#include "sched/clock.hh"
#include "sync/hart.hh"
#include "sync/spinlock.hh"

namespace tine {
namespace {

constinit Spinlock lock{Rank::random, "random numbers"};
constinit ChaChaKey key GUARDED_BY(lock){};
constinit std::array<std::uint64_t, 12> pool GUARDED_BY(lock){};  // words not used yet
constinit std::size_t left GUARDED_BY(lock) = 0;                  // how many

std::uint64_t word_of(const ChaChaBlock& block, std::size_t i) {
  return block[2 * i] | std::uint64_t(block[2 * i + 1]) << 32;
}

// The first half of one of two blocks becomes the next key, the other three halves become the
// words. The time is mixed in as the nonce: interrupts and other harts make it hard to guess.
void refill() REQUIRES(lock) {
  std::uint64_t now = clock_now();
  std::array nonce{std::uint32_t(now), std::uint32_t(now >> 32), key[0] ^ key[7]};
  std::uint32_t number = 2 * this_hart().index;
  ChaChaBlock first = chacha20_block(key, number, nonce);
  ChaChaBlock second = chacha20_block(key, number + 1, nonce);
  for (std::size_t i = 0; i < key.size(); i++) key[i] = first[i];
  for (std::size_t i = 0; i < 4; i++) pool[i] = word_of(first, 4 + i);
  for (std::size_t i = 0; i < 8; i++) pool[4 + i] = word_of(second, i);
  left = pool.size();
}

// Mixes the bytes into the key.
void seed_pool(std::span<const std::byte> seed) {
  SpinGuard guard(lock);
  for (std::size_t i = 0; i < seed.size(); i++) {
    key[i / 4 % key.size()] ^= std::uint32_t(seed[i]) << i % 4 * 8;
    if (i % sizeof(key) == sizeof(key) - 1) refill();
  }
  refill();
}

std::uint64_t word_of_pool() {
  SpinGuard guard(lock);
  if (left == 0) refill();
  return std::exchange(pool[--left], 0);
}

}  // namespace

RANDOM_SOURCE(chacha20, seed_pool, word_of_pool)

RandomStream::RandomStream() {
  for (std::size_t i = 0; i < key_.size(); i += 2) {
    std::uint64_t word = word_of_pool();
    key_[i] = std::uint32_t(word);
    key_[i + 1] = std::uint32_t(word >> 32);
  }
}

// volatile: otherwise the compiler would leave out these stores, which no code reads.
RandomStream::~RandomStream() {
  for (std::uint32_t& word : key_) *const_cast<volatile std::uint32_t*>(&word) = 0;
}

ChaChaBlock RandomStream::next() {
  std::uint64_t number = count_++;
  return chacha20_block(key_, std::uint32_t(number), {std::uint32_t(number >> 32), 0, 0});
}

}  // namespace tine
