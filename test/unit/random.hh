// Input that is damaged at random, but the same in every run.
#pragma once

#include <cstddef>
#include <random>
#include <vector>

namespace test {

using Bytes = std::vector<std::byte>;
using Random = std::mt19937;

inline std::size_t below(Random& random, std::size_t limit) { return random() % limit; }

// A copy with a few bytes changed (bits flipped, or set to a value that often means trouble), now
// and then cut short. Its storage is exactly as long as it is, so that ASan sees any byte read
// behind the end.
inline Bytes mutated(const Bytes& original, Random& random) {
  Bytes copy = original;
  for (std::size_t n = 1 + below(random, 4); n > 0; n--) {
    constexpr std::byte bad[] = {std::byte{0}, std::byte{0xff}, std::byte{0x7f}, std::byte{0x80}};
    std::byte& target = copy[below(random, copy.size())];
    if (below(random, 2)) {
      target ^= std::byte(1 << below(random, 8));
    } else {
      target = bad[below(random, 4)];
    }
  }
  if (below(random, 8) == 0) copy.resize(below(random, copy.size()));
  copy.shrink_to_fit();
  return copy;
}

}  // namespace test
