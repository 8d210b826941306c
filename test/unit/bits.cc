// The kernel's bit counts under other names, against the host's.
#define __popcountdi2 tine_popcountdi2
#define __ctzdi2 tine_ctzdi2
#include "../../kernel/lib/bits.cc"

#include <bit>

#include "catch.hh"
#include "random.hh"

TEST_CASE("bits are counted as the host counts them") {
  std::mt19937_64 random(50);
  for (int round = 0; round < 10000; round++) {
    // Few ones or few zeros, in every place.
    std::uint64_t value = random() >> (round % 64);
    if (round % 2) value <<= round / 2 % 64;
    REQUIRE(tine_popcountdi2(value) == std::popcount(value));
    REQUIRE(tine_ctzdi2(value) == std::countr_zero(value));
  }
}
