// The real-time clock (goldfish RTC): read once at boot.
#pragma once

#include <cstdint>

#include "arch/mmio.hh"
#include "lib/types.hh"

namespace tine {

// Nanoseconds since 1970.
inline std::uint64_t rtc_read(PhysAddr base) {
  // Reading the low half latches the high half of the same moment for the next read.
  std::uint64_t low = mmio_read<std::uint32_t>(base);
  std::uint64_t high = mmio_read<std::uint32_t>(base + 4);
  return high << 32 | low;
}

}  // namespace tine
