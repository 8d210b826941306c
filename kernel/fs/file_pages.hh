// FilePages: the contents of a file in memory, as page frames found by their number in the file.
// What was never written is a hole: it takes no frame and reads as zeros. Bytes of the last page
// behind the end of the file are 0.
//
// Frames are handed out to address spaces (exec maps them) and to readers; a frame that anybody
// else holds is never written to, but replaced by a copy. So a write never changes what a running
// program has touched. Only a page that somebody has mapped shared is written where it is: its
// frame's record says so (`next` is 1), and whoever maps it privately gets a copy at once. Behind
// the end of the file such a page may hold what its sharers have stored there; it is cleared before
// the file grows.
//
// Pages and the tables that find them are charged to the file's share of the storage
// (fs/storage.hh). A file that is cut, or dies, gives its pages back in pieces, at each of which
// others may run: nothing that the kernel does is without a bound because a file is large.
//
// Locks: the mutex `writers_` lets one change the file at a time, and is held while bytes come from
// user memory. The spinlock `lock_` guards what readers and page faults look at; never held across
// a user copy or an allocation. A page fault, which has its address space locked, takes the
// spinlock alone.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "fs/node.hh"
#include "fs/storage.hh"
#include "lib/result.hh"
#include "mm/frames.hh"
#include "sched/mutex.hh"
#include "sched/thread.hh"
#include "sync/spinlock.hh"
#include "vm/page_source.hh"
#include "vm/user_memory.hh"

namespace tine {

// How large the current thread may make a file (RLIMIT_FSIZE), in bytes.
inline std::uint64_t largest_file() {
  return current_limits().file.load(std::memory_order_relaxed);
}

class FilePages final : public PageSource {
 public:
  // A file that is empty yet. Errors: nomem, nospc.
  static Result<RefPtr<FilePages>> create();

  FilePages() = default;
  ~FilePages() override;

  // Of a hole: zeros of the caller's own.
  Result<FrameRef> page(std::uint64_t index) override EXCLUDES(lock_);
  Result<FrameRef> shared_page(std::uint64_t index) override EXCLUDES(lock_);
  std::size_t pages_at_hand(std::uint64_t index, std::span<FrameRef> to) override EXCLUDES(lock_);
  void when_cut(Forget forget) override EXCLUDES(lock_);

  // Errors: fault, nomem; write: fbig, nospc. When some bytes moved, their number.
  Result<std::size_t> read(std::uint64_t offset, IoBuffer& to) EXCLUDES(lock_);
  Result<std::size_t> write(IoPlace& at, IoBuffer& from) EXCLUDES(lock_, writers_);
  // Cuts, or lengthens with a hole. Errors: fbig, nomem (neither when `size` is 0), restart;
  // nothing is changed then.
  Result<> truncate(std::uint64_t size) EXCLUDES(lock_, writers_);

  std::uint64_t size() EXCLUDES(lock_);
  std::uint64_t pages_held() const { return pages_held_.load(std::memory_order_relaxed); }

 private:
  // The frames hang in a tree that is as high as the file is long: one level of 64 pages, two, or
  // more, up to what a 63-bit offset can name.
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
  // What hangs in one slot: a page (height 0), or a table and all below it; and its first page.
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
  Forget forget_ GUARDED_BY(lock_) = nullptr;  // nullptr: nobody has ever shared a page
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
