// The entries of a directory in the form that programs get (tine_dirent64), collected in a small
// buffer in the kernel. So many entries can be read under one hold of a directory's spinlock, under
// which user memory must not be touched.
#pragma once

#include <tine/abi.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "vfs/node.hh"

namespace tine {

class DirectoryRecords {
 public:
  // `room` is aligned to 8.
  explicit DirectoryRecords(std::span<std::byte> room) : room_(room) {}

  // False: there is no room for it. From then on every call returns false.
  bool add(std::uint64_t position, std::uint64_t inode, NodeKind kind, std::string_view name);

  // Removes the records that do not fit into `size` bytes.
  void keep(std::size_t size);

  std::span<const std::byte> bytes() const { return room_.first(size_); }
  bool is_full() const { return is_full_; }
  std::uint64_t next_position() const { return next_position_; }  // after the last one added

 private:
  std::span<std::byte> room_;
  std::size_t size_ = 0;
  bool is_full_ = false;
  std::uint64_t next_position_ = 0;
};

}  // namespace tine
