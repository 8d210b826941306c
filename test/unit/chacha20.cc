#include "wings/random/chacha20.hh"

#include "catch.hh"

using namespace tine;

// RFC 8439, section 2.3.2.
TEST_CASE("the block of the published test vector") {
  ChaChaKey key;
  for (std::uint32_t i = 0; i < 8; i++) key[i] = 0x03020100 + 0x04040404 * i;
  const ChaChaBlock expected = {0xe4e7f110, 0x15593bd1, 0x1fdd0f50, 0xc47120a3,
                                0xc7f4d1c7, 0x0368c033, 0x9aaa2204, 0x4e6cd4c3,
                                0x466482d2, 0x09aa9f07, 0x05d7c214, 0xa2028bd9,
                                0xd19c12b5, 0xb94e16de, 0xe883d0cb, 0x4e3c50a2};
  CHECK(chacha20_block(key, 1, {0x09000000, 0x4a000000, 0}) == expected);
}

// RFC 8439, appendix A.1, test vectors 1 and 2.
TEST_CASE("blocks of the key zero") {
  ChaChaBlock first = chacha20_block({}, 0, {}), second = chacha20_block({}, 1, {});
  CHECK(first[0] == 0xade0b876);
  CHECK(first[15] == 0x8665eeb2);
  CHECK(second[0] == 0xbee7079f);
  CHECK(second[15] == 0x6f4d794b);
}
