// Page frames: the machine's memory in pieces of 4 KiB, with one record each.
//
// Every frame that is in use has a reference count. When the count falls to 0 the frame is free
// again. The records lie in one array, found by frame number in O(1); a record takes 16 bytes.
//
// Lock: `frames` (the free list, and the counts by kind). When no frame is left frame_allocate
// takes `stack pool`, `table pool` and `heap`, too: its caller holds no lock of the rank `stack
// pool` or above. Reference counts are atomic and need no lock.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "arch/layout.hh"
#include "lib/result.hh"

namespace tine {

// What a frame is used for; memory_info counts them by kind.
enum class FrameKind : std::uint8_t { free, kernel, table, heap, stack, user, file };
constexpr unsigned frame_kinds = 7;

struct FrameRecord {
  std::atomic<std::uint32_t> references{1};
  FrameKind kind = FrameKind::kernel;
  std::uint8_t size_class = 0;     // heap: which size of object
  std::uint16_t first_object = 0;  // heap: head of the slab's free list
  std::uint32_t previous_slab = 0;

  // One word, which has one of these meanings at a time; 0 in a frame that was just allocated.
  std::uint32_t& next() { return word_; }           // number of the next record in a list
  std::uint32_t& valid_entries() { return word_; }  // of a page table
  std::uint32_t& mapped_shared() { return word_; }  // of a file's page: 1 (vfs/file_pages.cc)

 private:
  std::uint32_t word_ = 0;
};
static_assert(sizeof(FrameRecord) == 16);

// ---- At boot ----

// All of memory is [start, end); nothing in it is usable yet. The records are placed at `records`
// (page aligned, in memory). Returns the first byte after them.
PhysAddr frames_init(PhysAddr start, PhysAddr end, PhysAddr records);
// Gives [start, end) to the free list (whole pages inside it). Also for memory that the boot has
// used and no longer needs (the initrd).
void frames_add(PhysAddr start, PhysAddr end);
// The next `count` frames that become free are kept for root's programs and for the kernel itself.
// When one of them is used, a later frame that becomes free takes its place.
void frames_reserve(std::uint64_t count);

// ---- Allocation ----

// A frame with one reference, contents undefined (debug builds: poison). Errors: nomem.
Result<PhysAddr> frame_allocate(FrameKind kind);
// The same, filled with zeros.
Result<PhysAddr> frame_allocate_zeroed(FrameKind kind);

FrameRecord& frame_record(PhysAddr frame);

// The last reference is gone. For frame_unref and the heap only.
void frame_free(PhysAddr frame, FrameRecord& record);

// Adds a reference. The caller holds one, or a lock that keeps one from being dropped.
inline void frame_ref(PhysAddr frame) {
  frame_record(frame).references.fetch_add(1, std::memory_order_relaxed);
}
// Drops a reference. Acquire and release: what each holder did to the page happens before the page
// is used again.
inline void frame_unref(PhysAddr frame) {
  FrameRecord& record = frame_record(frame);
  if (record.references.fetch_sub(1, std::memory_order_acq_rel) == 1) frame_free(frame, record);
}
// Acquire: a caller that finds itself the only owner sees what former owners wrote.
inline std::uint32_t frame_references(PhysAddr frame) {
  return frame_record(frame).references.load(std::memory_order_acquire);
}

// One reference to a frame, given back at the end of the scope.
class FrameRef {
 public:
  constexpr FrameRef() = default;
  // Takes over a reference that the caller holds.
  static FrameRef adopt(PhysAddr frame) { return FrameRef(frame); }
  FrameRef(FrameRef&& other) : frame_(other.release()) {}
  ~FrameRef() {
    if (frame_.value()) frame_unref(frame_);
  }
  FrameRef& operator=(FrameRef other) {
    std::swap(frame_, other.frame_);
    return *this;
  }
  PhysAddr release() { return std::exchange(frame_, PhysAddr()); }
  // Exchanges this reference with one that `held` names.
  void swap_with(PhysAddr& held) { std::swap(frame_, held); }
  PhysAddr address() const { return frame_; }
  std::span<std::byte, page_size> bytes() const {
    return std::span<std::byte, page_size>(direct(frame_), page_size);
  }
  explicit operator bool() const { return frame_.value() != 0; }

 private:
  explicit FrameRef(PhysAddr frame) : frame_(frame) {}
  PhysAddr frame_;
};

// Caches of frames that can be freed when memory runs out: rows of a table that the linker gathers.
// When no frame is left, frame_allocate calls them in the order of their names. `give_back` frees
// some frames and returns how many; 0: it has none. The caller may hold spinlocks that rank before
// `stack pool`, so `give_back` neither sleeps nor allocates.
struct FrameKeeper {
  std::size_t (*give_back)();
};
#define FRAME_KEEPER(name, give_back)     \
  [[gnu::section(".table.keeper." #name), \
    gnu::used]] static constinit const FrameKeeper keeper_##name{give_back};

// ---- Accounts ----

struct FrameCounts {
  std::uint64_t total = 0;
  std::uint64_t reserved = 0;  // free frames that only root gets
  std::array<std::uint64_t, frame_kinds> of_kind{};
};
FrameCounts frame_counts();

// ---- Failing on purpose ----

// Makes the `n`-th allocation from now on fail, once, in thread `who` (nullptr: in any thread).
// Counted are frames, page tables, kernel stacks and heap objects, and once more each frame that
// one of the others takes. 0 disarms. Returns what was left of the count before.
long fail_allocation(const void* who, long n);
// Thread `who` ends: disarms a count for it, since another thread may be made at the same address.
void stop_failing(const void* who);

namespace frames_internal {
extern constinit std::atomic<long> failing_countdown;
bool count_allocation();
extern constinit FrameRecord* records;
extern constinit PhysAddr memory_start;
extern constinit std::uint64_t record_zero;  // where the record of frame number 0 would be
}  // namespace frames_internal

// For the allocators: must this allocation fail? Usually no count is armed; then this costs one
// load.
inline bool allocation_must_fail() {
  if (frames_internal::failing_countdown.load(std::memory_order_relaxed) == 0) [[likely]]
    return false;
  return frames_internal::count_allocation();
}

inline FrameRecord& frame_record(PhysAddr frame) {
  std::uint64_t number = frame.value() >> page_shift;
  return *reinterpret_cast<FrameRecord*>(frames_internal::record_zero +
                                         number * sizeof(FrameRecord));
}

// For lists of frames: records are numbered from the start of memory.
inline FrameRecord& record_of_number(std::uint32_t number) {
  return frames_internal::records[number];
}
inline std::uint32_t number_of(const FrameRecord& record) {
  return static_cast<std::uint32_t>(&record - frames_internal::records);
}
inline PhysAddr frame_address(const FrameRecord& record) {
  return frames_internal::memory_start + (std::uint64_t(number_of(record)) << page_shift);
}

// Frames in a list, the last one pushed first. The frames themselves stay as they are.
class FrameStack {
 public:
  bool empty() const { return first_ == none; }
  void push(FrameRecord& record) { record.next() = std::exchange(first_, number_of(record)); }
  // It is not empty.
  FrameRecord& pop() {
    FrameRecord& record = record_of_number(first_);
    first_ = std::exchange(record.next(), 0);
    return record;
  }

 private:
  static constexpr std::uint32_t none = ~0u;
  std::uint32_t first_ = none;
};

}  // namespace tine
