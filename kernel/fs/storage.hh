// Storage: the part of memory that file systems without a disk may fill with files and names. All
// of them share one limit, so that to mount several gains nothing. It is half of what remains after
// boot, so programs can still run when it is full; and each file takes one of a limited number of
// nodes, because many small ones cost kernel heap, too.
//
// What one object takes is in its StorageShare, and comes back when the object dies. That is the
// one place where pages of files are charged.
//
// No lock: the counts are atomics, each standing for itself.
#pragma once

#include <atomic>
#include <cstdint>

#include "lib/result.hh"
#include "mm/account.hh"

namespace tine {

class StorageShare {
 public:
  StorageShare() = default;
  StorageShare(const StorageShare&) = delete;
  ~StorageShare();

  // Errors of both: nospc, dquot (the user has too much); nothing is changed then.
  Result<> take(std::uint64_t bytes);
  // At most once in the life of a share: the object is a node, and takes that many bytes.
  Result<> take_node(std::uint64_t bytes);
  void give_back(std::uint64_t bytes);  // of those taken

 private:
  // The highest bit says that the object is a node. One word: every name has a share.
  static constexpr std::uint64_t is_node = 1ul << 63;
  std::atomic<std::uint64_t> taken_{0};
  // Of the user who made the object, who pays for all that it takes.
  const RefPtr<Account> account_{current_account()};
};

struct StorageCounts {
  std::uint64_t bytes, bytes_used;
  std::uint64_t nodes, nodes_used;
};
StorageCounts storage_counts();

// From now on no more than this is taken besides what is taken now. Until the first call, while the
// initial files are unpacked, nothing is refused.
void limit_storage(std::uint64_t pages);

}  // namespace tine
