// ChaCha20 (RFC 8439, section 2.3): makes 64 bytes from which neither the key nor other blocks can
// be computed.
#pragma once

#include <array>
#include <cstdint>

namespace tine {

using ChaChaKey = std::array<std::uint32_t, 8>;
using ChaChaBlock = std::array<std::uint32_t, 16>;

// Block number `counter` of the key and the nonce.
ChaChaBlock chacha20_block(const ChaChaKey& key, std::uint32_t counter,
                           const std::array<std::uint32_t, 3>& nonce);

}  // namespace tine
