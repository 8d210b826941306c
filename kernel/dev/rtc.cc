#include "dev/rtc.hh"

#include "arch/mmio.hh"

namespace tine {

std::uint64_t rtc_read(PhysAddr base) {
  // Reading the low half keeps the high half of the same moment for the next read.
  std::uint64_t low = mmio_read<std::uint32_t>(base);
  std::uint64_t high = mmio_read<std::uint32_t>(base + 4);
  return high << 32 | low;
}

}  // namespace tine
