#include "mm/frames.hh"

#include <new>
#include <span>
#include <utility>

#include "lib/string.hh"
#include "mm/account.hh"
#include "sync/panic.hh"
#include "sync/spinlock.hh"

namespace tine {

extern "C" const FrameKeeper frame_keepers_start[], frame_keepers_end[];

namespace {

constexpr std::uint8_t poison = 0x5a;  // no page is ever mapped at 0x5a5a5a5a5a5a5a5a

constinit Spinlock lock{Rank::frames, "frames"};
// The free frames. The last one freed comes first, because it is most likely still in the caches.
constinit FrameStack free_frames GUARDED_BY(lock);
// Frames that only root's programs and the kernel itself get, so that root can still log in and end
// programs when users have filled the memory. `reserve_lacks`: how many of the next frames that
// become free go there.
constinit FrameStack reserved_frames GUARDED_BY(lock);
constinit std::uint64_t reserve_lacks GUARDED_BY(lock) = 0;
constinit FrameCounts counts GUARDED_BY(lock);  // without the free ones: they are the rest

inline void push_free(FrameRecord& record) REQUIRES(lock) {
  counts.of_kind[unsigned(record.kind)]--;
  record.kind = FrameKind::free;
  FrameStack* stack = &free_frames;
  if (reserve_lacks) [[unlikely]] {
    stack = &reserved_frames;
    reserve_lacks--;
    counts.reserved++;
  }
  stack->push(record);
}

}  // namespace

namespace frames_internal {
constinit FrameRecord* records = nullptr;
constinit PhysAddr memory_start;
constinit std::uint64_t record_zero = 0;
}  // namespace frames_internal

PhysAddr frames_init(PhysAddr start, PhysAddr end, PhysAddr place) {
  frames_internal::memory_start = start.page_up();
  frames_internal::records = direct<FrameRecord>(place);
  frames_internal::record_zero =
      reinterpret_cast<std::uint64_t>(frames_internal::records) -
      (frames_internal::memory_start.value() >> page_shift) * sizeof(FrameRecord);
  std::size_t count = (end.page_down() - frames_internal::memory_start) >> page_shift;
  SpinGuard guard(lock);
  for (std::size_t i = 0; i < count; i++) {
    new (&frames_internal::records[i]) FrameRecord;
  }
  counts.total = counts.of_kind[unsigned(FrameKind::kernel)] = count;
  return (place + count * sizeof(FrameRecord)).page_up();
}

void frames_add(PhysAddr start, PhysAddr end) {
  SpinGuard guard(lock);
  // Backwards, so that the lowest frames are allocated first.
  for (PhysAddr at = end.page_down(); at > start.page_up();) {
    at = at - page_size;
    FrameRecord& record = frame_record(at);
    ASSERT(record.kind == FrameKind::kernel);
    record.references.store(0, std::memory_order_relaxed);
    push_free(record);
  }
}

void frames_reserve(std::uint64_t count) {
  SpinGuard guard(lock);
  reserve_lacks = count;
}

namespace {

// No other frame is free: moves a frame of the reserve to the free list, if the current thread may
// have it.
[[gnu::noinline]] bool draw_on_reserve() REQUIRES(lock) {
  if (current_account() || reserved_frames.empty()) return false;
  free_frames.push(reserved_frames.pop());
  reserve_lacks++;
  counts.reserved--;
  return true;
}

// The first free frame, with one reference; 0 when there is none.
inline PhysAddr take_free_frame(FrameKind kind) {
  SpinGuard guard(lock);
  if (free_frames.empty() && !draw_on_reserve()) [[unlikely]]
    return PhysAddr();
  FrameRecord& record = free_frames.pop();
  counts.of_kind[unsigned(kind)]++;
  record.kind = kind;
  record.references.store(1, std::memory_order_relaxed);
  return frame_address(record);
}

// Has one of the keepers given frames back?
[[gnu::noinline]] bool reclaim() {
  for (const FrameKeeper& each : std::span(frame_keepers_start, frame_keepers_end)) {
    if (each.give_back() != 0) return true;
  }
  return false;
}

}  // namespace

Result<PhysAddr> frame_allocate(FrameKind kind) {
  if (allocation_must_fail()) return Errno::nomem;
  PhysAddr frame = take_free_frame(kind);
  while (frame.value() == 0) {
    if (!reclaim()) return Errno::nomem;
    frame = take_free_frame(kind);
  }
  return frame;
}

Result<PhysAddr> frame_allocate_zeroed(FrameKind kind) {
  PhysAddr frame = TRY(frame_allocate(kind));
  zero_page(direct(frame));
  return frame;
}

void frame_free(PhysAddr frame, FrameRecord& record) {
  if constexpr (TINE_DEBUG) {
    ASSERT(record.kind != FrameKind::free);
    memset(direct(frame), poison, page_size);
  }
  SpinGuard guard(lock);
  push_free(record);
}

FrameCounts frame_counts() {
  SpinGuard guard(lock);
  FrameCounts result = counts;
  std::uint64_t& free = result.of_kind[unsigned(FrameKind::free)] = counts.total;
  for (unsigned kind = 1; kind < frame_kinds; kind++) free -= counts.of_kind[kind];
  return result;
}

}  // namespace tine
