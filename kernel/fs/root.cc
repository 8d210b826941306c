#include "fs/root.hh"

#include "fs/device_nodes.hh"
#include "fs/initrd.hh"
#include "fs/tmpfs.hh"
#include "vfs/mount.hh"

namespace tine {

FILE_SYSTEM(tmpfs, "", make_tmpfs)

Result<> mount_root(std::span<const std::byte> initrd) {
  RefPtr<Node> root = TRY(make_tmpfs());
  TRY(unpack_initrd(root, initrd));
  RefPtr<Node> dev = TRY(find_or_make_directory(*root, "dev"));
  TRY(add_device_nodes(*dev));
  TRY(mount_first(root, "tmpfs"));
  for (const FileSystemType& type : std::span(fs_types_start, fs_types_end)) {
    if (type.directory.empty()) continue;
    RefPtr<Node> at = TRY(find_or_make_directory(*root, type.directory));
    TRY(mount(at, type.name));
  }
  return {};
}

}  // namespace tine
