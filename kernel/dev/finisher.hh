// The end of the machine: QEMU's test device, which hands the host an exit status; without one, the
// firmware's reset.
#pragma once

#include <optional>

#include "lib/types.hh"

namespace tine {

// Where the test device is, if there is one. From now on a panic ends the machine through it.
void finisher_init(std::optional<PhysAddr> base);

// `status`: 0 to 255, for the host. (The firmware alone cannot hand it on.)
[[noreturn]] void power_off(int status);
[[noreturn]] void reboot();

}  // namespace tine
