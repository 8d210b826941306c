#include "fs/vfs.hh"

#include "fs/device_nodes.hh"
#include "fs/initrd.hh"
#include "fs/tmpfs.hh"

namespace tine {
namespace {

// Set once at boot, with a reference that is never given back.
constinit Node* root = nullptr;

// Bounds of the rows (linker/kernel.ld).
extern "C" const FileSystemType fs_types_start[], fs_types_end[];

Result<> mount_types() {
  for (const FileSystemType& type : std::span(fs_types_start, fs_types_end)) {
    Result<RefPtr<Node>> made = type.make();
    if (!made && made.error() == Errno::nodev) continue;
    RefPtr<Node> fresh = TRY(std::move(made));
    RefPtr<Node> at = TRY(find_or_make_directory(*root, type.directory));
    at->mount(std::move(fresh));
  }
  return {};
}

}  // namespace

Result<> mount_root(std::span<const std::byte> initrd) {
  RefPtr<Node> tree = TRY(make_tmpfs());
  TRY(unpack_initrd(tree, initrd));
  RefPtr<Node> dev = TRY(find_or_make_directory(*tree, "dev"));
  TRY(add_device_nodes(*dev));
  root = tree.release();
  return mount_types();
}

RefPtr<Node> root_node() { return RefPtr<Node>(root); }

}  // namespace tine
