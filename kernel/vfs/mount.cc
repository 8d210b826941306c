#include "vfs/mount.hh"

#include <span>

#include "mm/heap.hh"
#include "sched/mutex.hh"

namespace tine {
namespace {

// Set once at boot, with a reference that is never dropped.
constinit Node* root = nullptr;

constinit Mutex mounting{Rank::mounting, "mounting"};
constinit std::atomic<const Mount*> mounts{nullptr};  // changed under the mutex

// Release: a thread that finds the entry sees its contents.
void note_mount(OwnPtr<Mount> fresh) {
  fresh->older = mounts.load(std::memory_order_relaxed);
  mounts.store(fresh.release(), std::memory_order_release);
}

// Everything that can fail comes before the mount, because there is no unmount.
Result<> mount_type(const FileSystemType& type, const RefPtr<Node>& at) {
  if (!at->is_directory()) return Errno::notdir;
  OwnPtr<Mount> entry = TRY(make<Mount>(type.name));
  MutexGuard guard(mounting);
  if (at->mounted() || at->covered() || at == root_node()) return Errno::busy;
  RefPtr<Node> fresh = TRY(type.make());
  entry->root = fresh.get();
  TRY(at->mount(std::move(fresh)));
  note_mount(std::move(entry));
  return {};
}

}  // namespace

Result<> mount_first(RefPtr<Node> tree, std::string_view type) {
  OwnPtr<Mount> entry = TRY(make<Mount>(type));
  entry->root = root = tree.release();
  note_mount(std::move(entry));
  return {};
}

Result<> mount(const RefPtr<Node>& at, std::string_view type) {
  for (const FileSystemType& each : std::span(fs_types_start, fs_types_end)) {
    if (each.name == type) return mount_type(each, at);
  }
  return Errno::nodev;
}

const Mount* newest_mount() { return mounts.load(std::memory_order_acquire); }

RefPtr<Node> root_node() { return RefPtr<Node>(root); }

}  // namespace tine
