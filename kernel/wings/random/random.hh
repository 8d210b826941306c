// Random numbers: ChaCha20. The first key is the device tree's seed (/chosen/rng-seed). Each use of
// a key replaces it, so numbers that were given out cannot be computed from what the kernel still
// has.
//
// Lock: a spinlock inside guards key and pool.
#pragma once

#include <cstdint>

#include "wings/random/chacha20.hh"

namespace tine {

// For many bytes: blocks made with a separate key, which the destructor erases.
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
