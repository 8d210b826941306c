// Random words for AT_RANDOM, and random addresses, from the seed that the device tree brings
// (/chosen/rng-seed). Good enough against chance and haste; not cryptography.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace tine {

void seed_random(std::span<const std::byte> seed);
std::uint64_t random_word();

// How far something of a new program is moved: whole pages, below `limit` bytes (a power of two).
// Always 0 after the kernel argument aslr=off.
std::uint64_t random_shift(std::uint64_t limit);
extern constinit bool random_addresses;  // set at boot

}  // namespace tine
