// The real-time clock (goldfish RTC): read once at boot.
#pragma once

#include <cstdint>

#include "lib/types.hh"

namespace tine {

// Nanoseconds since 1970.
std::uint64_t rtc_read(PhysAddr base);

}  // namespace tine
