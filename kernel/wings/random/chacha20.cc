#include "wings/random/chacha20.hh"

#include <algorithm>
#include <bit>

namespace tine {
namespace {

// Section 2.1 of the RFC.
void quarter_round(std::uint32_t& a, std::uint32_t& b, std::uint32_t& c, std::uint32_t& d) {
  d = std::rotl(d ^ (a += b), 16);
  b = std::rotl(b ^ (c += d), 12);
  d = std::rotl(d ^ (a += b), 8);
  b = std::rotl(b ^ (c += d), 7);
}

}  // namespace

ChaChaBlock chacha20_block(const ChaChaKey& key, std::uint32_t counter,
                           const std::array<std::uint32_t, 3>& nonce) {
  ChaChaBlock start{0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};  // "expand 32-byte k"
  std::ranges::copy(key, start.begin() + 4);
  start[12] = counter;
  std::ranges::copy(nonce, start.begin() + 13);
  ChaChaBlock x = start;
  for (int round = 0; round < 10; round++) {
// Unrolled, so that all indices are constants and x stays in registers.
#pragma GCC unroll 4
    for (unsigned i = 0; i < 4; i++) quarter_round(x[i], x[4 + i], x[8 + i], x[12 + i]);
#pragma GCC unroll 4
    for (unsigned i = 0; i < 4; i++) {
      quarter_round(x[i], x[4 + (i + 1) % 4], x[8 + (i + 2) % 4], x[12 + (i + 3) % 4]);
    }
  }
  for (unsigned i = 0; i < x.size(); i++) x[i] += start[i];
  return x;
}

}  // namespace tine
