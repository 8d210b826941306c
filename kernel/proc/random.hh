// Random numbers for AT_RANDOM, random addresses and getrandom: ChaCha20, with a key that begins as
// the seed that the device tree brings (/chosen/rng-seed). What was handed out cannot be found from
// what the kernel still has: each use of the key replaces it.
//
// Lock: a spinlock inside guards key and pool.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "lib/chacha20.hh"

namespace tine {

// Stirs the bytes into the key.
void seed_random(std::span<const std::byte> seed);
std::uint64_t random_word();

// Much at once: blocks of a key of its own, which is erased with it.
class RandomStream {
 public:
  RandomStream();
  RandomStream(const RandomStream&) = delete;
  RandomStream& operator=(const RandomStream&) = delete;
  ~RandomStream();

  ChaChaBlock next();

 private:
  ChaChaKey key_;
  std::uint64_t count_ = 0;
};

// How far something of a new program is moved: whole pages, below `limit` bytes (a power of two).
// Always 0 after the kernel argument aslr=off.
std::uint64_t random_shift(std::uint64_t limit);
extern constinit bool random_addresses;  // set at boot

}  // namespace tine
