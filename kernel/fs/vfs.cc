#include "fs/vfs.hh"

#include "fs/device_nodes.hh"
#include "fs/initrd.hh"
#include "fs/tmpfs.hh"

namespace tine {
namespace {

// Set once at boot, with a reference that is never given back.
constinit Node* root = nullptr;

}  // namespace

Result<> mount_root(std::span<const std::byte> initrd) {
  RefPtr<Node> tree = TRY(make_tmpfs());
  TRY(unpack_initrd(tree, initrd));
  RefPtr<Node> dev = TRY(find_or_make_directory(*tree, "dev"));
  TRY(add_device_nodes(*dev));
  root = tree.release();
  return {};
}

RefPtr<Node> root_node() { return RefPtr<Node>(root); }

}  // namespace tine
