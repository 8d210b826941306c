// The tree of files that a program sees.
#pragma once

#include <cstddef>
#include <span>

#include "fs/node.hh"
#include "lib/ref.hh"
#include "lib/result.hh"

namespace tine {

// At boot, before the first process: makes the root, fills it from the initrd (a cpio archive,
// which may be given back afterwards), adds the devices. Errors: inval (no such archive), nomem.
Result<> mount_root(std::span<const std::byte> initrd);

// "/" of the whole machine.
RefPtr<Node> root_node();

}  // namespace tine
