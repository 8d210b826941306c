// Stops or restarts the machine: through QEMU's test device, which gives the host an exit status,
// or without one through the firmware.
#pragma once

#include <optional>

#include "lib/types.hh"

namespace tine {

// `base`: the address of the test device, if there is one. From now on a panic stops the machine by
// power_off.
void finisher_init(std::optional<PhysAddr> base);

// `status`: 0 to 255, for the host. (It is lost when there is no test device.)
[[noreturn]] void power_off(int status);
[[noreturn]] void reboot();

}  // namespace tine
