// Random numbers: ChaCha20, with a key that begins as the seed that the device tree brings
// (/chosen/rng-seed). What was handed out cannot be found from what the kernel still has: each use
// of the key replaces it.
//
// Lock: a spinlock inside guards key and pool.
#pragma once

#include <cstdint>

#include "wings/random/chacha20.hh"

namespace tine {

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

}  // namespace tine
