#include "vfs/storage.hh"

#include "arch/layout.hh"

namespace tine {
namespace {

// A count with a limit.
struct Count {
  std::atomic<std::uint64_t> used{0};
  std::uint64_t limit = ~0ul;  // changed at boot only, before there are programs

  // A request that is refused may, for a moment, make another one fail that would just have fitted.
  Result<> take(std::uint64_t more) {
    if (used.fetch_add(more, std::memory_order_relaxed) + more <= limit) return {};
    give_back(more);
    return Errno::nospc;
  }
  void give_back(std::uint64_t less) { used.fetch_sub(less, std::memory_order_relaxed); }
  std::uint64_t now() const { return used.load(std::memory_order_relaxed); }
};

constinit Count bytes, nodes;

// There are as many nodes as pages, so a user is charged a page for each. Otherwise one user could
// take all nodes.
constexpr std::uint64_t node_price = page_size;

}  // namespace

StorageShare::~StorageShare() {
  std::uint64_t taken = taken_.load(std::memory_order_relaxed);
  bytes.give_back(taken & ~is_node);
  if (account_) account_->uncharge((taken & ~is_node) + (taken & is_node ? node_price : 0));
  if (taken & is_node) nodes.give_back(1);
}

Result<> StorageShare::take(std::uint64_t more) {
  if (account_ && !account_->charge(more)) return Errno::dquot;
  Result<> room = bytes.take(more);
  if (!room && account_) account_->uncharge(more);
  TRY(room);
  taken_.fetch_add(more, std::memory_order_relaxed);
  return {};
}

Result<> StorageShare::take_node(std::uint64_t more) {
  if (account_ && !account_->charge(node_price)) return Errno::dquot;
  Result<> room = nodes.take(1);
  if (!room && account_) account_->uncharge(node_price);
  TRY(room);
  taken_.store(is_node, std::memory_order_relaxed);  // now the destructor gives it back
  return take(more);
}

void StorageShare::give_back(std::uint64_t less) {
  taken_.fetch_sub(less, std::memory_order_relaxed);
  bytes.give_back(less);
  if (account_) account_->uncharge(less);
}

StorageCounts storage_counts() { return {bytes.limit, bytes.now(), nodes.limit, nodes.now()}; }

void limit_storage(std::uint64_t pages) {
  bytes.limit = bytes.now() + pages * page_size;
  nodes.limit = nodes.now() + pages;
}

}  // namespace tine
