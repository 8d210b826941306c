// The tree of files at boot.
#pragma once

#include <cstddef>
#include <span>

#include "lib/result.hh"

namespace tine {

// Before the first process: makes the root, fills it from the initrd (a cpio archive, whose memory
// may be freed afterwards), adds the devices, mounts the file systems of the table. Errors: those
// of unpack_initrd, and of the file systems.
Result<> mount_root(std::span<const std::byte> initrd);

}  // namespace tine
