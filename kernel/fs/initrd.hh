// Copies the initial files from a cpio archive in memory into a file system.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "lib/ref.hh"
#include "lib/result.hh"
#include "vfs/node.hh"

namespace tine {

// Copies directories, files and symbolic links below `root`, and skips devices. Makes directories
// that the archive does not name. Errors: inval (a damaged archive, or a bad name such as ".."),
// exist (a file twice), notdir, noent and nametoolong (the target of a link), nomem; what was
// unpacked before stays.
Result<> unpack_initrd(const RefPtr<Node>& root, std::span<const std::byte> archive);

// The directory `name` in `parent`; makes it if there is none. Errors: notdir, nomem.
Result<RefPtr<Node>> find_or_make_directory(Node& parent, std::string_view name,
                                            const Attributes& attributes = 0755);

}  // namespace tine
