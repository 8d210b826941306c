// FilePages: the contents of a file in memory: page frames, found by the number of the page in the
// file. A page that was never written is a hole: it takes no frame and reads as zeros. Bytes of the
// last page after the end of the file are 0.
//
// Address spaces (exec maps pages of files) and readers get references to the frames. A write never
// changes a frame that others hold, but replaces it in the file by a copy: so it never changes a
// page that a private mapping has used. Only a page that was mapped MAP_SHARED is written in place.
// The record of such a frame says so (`mapped_shared` is 1), and a private mapping gets a copy of
// it immediately. After the end of the file such a page may hold bytes that programs have stored
// there; they are cleared before the file grows.
//
// Pages and the tables that find them are charged to the file's share of the storage
// (vfs/storage.hh). A file that is truncated or destroyed frees its pages in pieces, and gives way
// after each: so no other thread waits long because a file is large.
//
// Locks: the mutex `writers_` lets one thread change the file at a time, and is held while bytes
// are copied from user memory. The spinlock `lock_` guards the data that readers and page faults
// use; it is never held across a user copy or an allocation. A page fault, which holds its address
// space's mutex, takes only the spinlock.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "lib/result.hh"
#include "mm/frames.hh"
#include "sched/mutex.hh"
#include "sched/thread.hh"
#include "sync/spinlock.hh"
#include "vfs/node.hh"
#include "vfs/storage.hh"
#include "vm/page_source.hh"
#include "vm/user_memory.hh"

namespace tine {

// The largest size to which the current thread may write a file (RLIMIT_FSIZE), in bytes.
inline std::uint64_t largest_file() {
  return current_limits().file.load(std::memory_order_relaxed);
}

class FilePages final : public PageSource {
 public:
  // A new, empty file. Errors: nomem, nospc, dquot.
  static Result<RefPtr<FilePages>> create();

  FilePages() = default;
  ~FilePages() override;

  // For a hole: a new frame of zeros, which only the caller holds.
  Result<FrameRef> page(std::uint64_t index) override EXCLUDES(lock_);
  Result<FrameRef> shared_page(std::uint64_t index) override EXCLUDES(lock_);
  std::size_t pages_at_hand(std::uint64_t index, std::span<FrameRef> to) override EXCLUDES(lock_);
  void on_truncate(Truncated function) override EXCLUDES(lock_);

  // Errors: fault, nomem; write also fbig, nospc, dquot, restart. If some bytes were moved, returns
  // their number instead.
  Result<std::size_t> read(std::uint64_t offset, IoBuffer& to) EXCLUDES(lock_);
  Result<std::size_t> write(IoPlace& at, IoBuffer& from) EXCLUDES(lock_, writers_);
  // Cuts the file, or lengthens it with a hole. Errors: fbig, nomem (neither when `size` is 0),
  // restart; nothing is changed then.
  Result<> truncate(std::uint64_t size) EXCLUDES(lock_, writers_);

  std::uint64_t size() EXCLUDES(lock_);
  std::uint64_t pages_held() const { return pages_held_.load(std::memory_order_relaxed); }

 private:
  // The frames are the leaves of a tree. Its height grows with the file: one level of tables for 64
  // pages, two for 4,096, and so on, up to what a 63-bit offset can name.
  static constexpr unsigned fan_bits = 6;
  static constexpr std::uint64_t max_size = INT64_MAX;

  struct Table;
  union Slot {
    Table* below;   // nullptr: a hole of many pages
    PhysAddr page;  // lowest level; 0: a hole
    constexpr Slot() : below(nullptr) {}
    bool empty() const { return below == nullptr; }
  };
  struct Table {
    std::array<Slot, 1 << fan_bits> slots;
  };
  // The contents of one slot: a page (height 0), or a table and all below it; and the number of its
  // first page.
  struct Part {
    Slot slot;
    unsigned height = 0;
    std::uint64_t first = 0;
  };

  Mutex writers_{Rank::file_writers, "writers of a file"};
  Spinlock lock_{Rank::file_pages, "pages of a file"};
  Slot root_ GUARDED_BY(lock_);  // empty: height 0
  unsigned height_ GUARDED_BY(lock_) = 0;
  std::uint64_t size_ GUARDED_BY(lock_) = 0;
  Truncated truncated_ GUARDED_BY(lock_) = nullptr;  // nullptr: no page was ever mapped MAP_SHARED
  std::atomic<std::uint64_t> pages_held_{0};
  StorageShare share_;

  PhysAddr* find(std::uint64_t index) REQUIRES(lock_);
  FrameRef reference(std::uint64_t index) REQUIRES(lock_);
  Result<> reserve(std::uint64_t index) EXCLUDES(lock_);
  void add_table(std::uint64_t index, Table* fresh) REQUIRES(lock_);
  Result<std::size_t> write_in_page(std::uint64_t offset, IoBuffer& from) REQUIRES(writers_);
  Result<> place(std::uint64_t offset, std::size_t size, FrameRef& fresh) REQUIRES(lock_);
  void clear_tail() REQUIRES(lock_);
  void clear_behind(std::uint64_t end, FrameRef& spare) REQUIRES(lock_);
  Part take_part(std::uint64_t first) REQUIRES(lock_);
  void free_part(const Part& part, std::uint64_t behind);
  void free_from(std::uint64_t first, std::uint64_t behind) EXCLUDES(lock_);
};

}  // namespace tine
