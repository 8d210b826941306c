// Bit counts that rv64imac has no instructions for: the compiler calls these for std::popcount and
// std::countr_zero.
#include <cstdint>

extern "C" {

// Adds up the ones in pairs, then in fours, then in bytes, all in parallel; the multiplication adds
// the bytes.
int __popcountdi2(std::uint64_t value) {
  value -= (value >> 1) & 0x5555555555555555;
  value = (value & 0x3333333333333333) + ((value >> 2) & 0x3333333333333333);
  value = (value + (value >> 4)) & 0x0f0f0f0f0f0f0f0f;
  return static_cast<int>((value * 0x0101010101010101) >> 56);
}

// Counts the bits below the lowest set one. (For 0, which the compiler never passes, this returns
// 64.)
int __ctzdi2(std::uint64_t value) { return __popcountdi2(~value & (value - 1)); }

}  // extern "C"
