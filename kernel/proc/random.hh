// Random words for AT_RANDOM, from the seed that the device tree brings (/chosen/rng-seed). Good
// enough to be unpredictable to a program; not cryptography.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace tine {

void seed_random(std::span<const std::byte> seed);
std::uint64_t random_word();

}  // namespace tine
