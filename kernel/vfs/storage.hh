// Storage: the part of memory that file systems without a disk may fill with files and names. One
// limit is for all of them, so mounting several does not give more. It is half of what is free
// after boot, so programs can still run when it is full. Each file takes one of a limited number of
// nodes, because small files cost kernel heap.
//
// A StorageShare counts what one object takes, and gives it back when the object is destroyed. Only
// it charges pages of files to users' accounts.
//
// No lock: the counts are independent atomics.
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

  // Errors of both: nospc, dquot (the user's account refuses); nothing is changed then.
  Result<> take(std::uint64_t bytes);
  // Call it at most once for a share: the object is a node, and takes that many bytes.
  Result<> take_node(std::uint64_t bytes);
  void give_back(std::uint64_t bytes);  // of the bytes taken

 private:
  // The highest bit says that the object is a node. Kept in one word, because every name has a
  // share.
  static constexpr std::uint64_t is_node = 1ul << 63;
  std::atomic<std::uint64_t> taken_{0};
  // Of the user who made the object, and is charged for all that it takes.
  const RefPtr<Account> account_{current_account()};
};

struct StorageCounts {
  std::uint64_t bytes, bytes_used;
  std::uint64_t nodes, nodes_used;
};
StorageCounts storage_counts();

// From now on at most `pages` more pages, and as many nodes, can be taken. Before this call, while
// the initial files are unpacked, nothing is refused.
void limit_storage(std::uint64_t pages);

}  // namespace tine
