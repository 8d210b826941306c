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

constexpr std::uint32_t none = ~0u;
constexpr std::uint8_t poison = 0x5a;  // no page is ever mapped at 0x5a5a5a5a5a5a5a5a

constinit Spinlock lock{Rank::frames, "frames"};
// The free frames. The last one freed comes first, because it is most likely still in the caches.
constinit std::uint32_t first_free GUARDED_BY(lock) = none;
// Frames that only root's programs and the kernel itself get, so that root can still log in and end
// programs when users have filled the memory. `reserve_lacks`: how many of the next frames that
// become free go there.
constinit std::uint32_t first_reserved GUARDED_BY(lock) = none;
constinit std::uint64_t reserve_lacks GUARDED_BY(lock) = 0;
constinit FrameCounts counts GUARDED_BY(lock);  // without the free ones: they are the rest

std::uint32_t number(const FrameRecord& record) {
  return static_cast<std::uint32_t>(&record - frames_internal::records);
}

inline void push_free(FrameRecord& record) REQUIRES(lock) {
  counts.of_kind[unsigned(record.kind)]--;
  record.kind = FrameKind::free;
  std::uint32_t* first = &first_free;
  if (reserve_lacks) [[unlikely]] {
    first = &first_reserved;
    reserve_lacks--;
    counts.reserved++;
  }
  record.next = std::exchange(*first, number(record));
}

}  // namespace

namespace frames_internal {
constinit FrameRecord* records = nullptr;
constinit PhysAddr memory_start;
constinit std::uint64_t record_zero = 0;
}  // namespace frames_internal

PhysAddr frame_address(const FrameRecord& record) {
  return frames_internal::memory_start + (std::uint64_t(number(record)) << page_shift);
}

PhysAddr frames_init(PhysAddr start, PhysAddr end, PhysAddr place) {
  frames_internal::memory_start = start.page_up();
  frames_internal::records = direct<FrameRecord>(place);
  frames_internal::record_zero =
      reinterpret_cast<std::uint64_t>(frames_internal::records) -
      (frames_internal::memory_start.value() >> page_shift) * sizeof(FrameRecord);
  std::size_t count = (end.page_down() - frames_internal::memory_start) >> page_shift;
  SpinGuard guard(lock);
  for (std::size_t i = 0; i < count; i++) {
    new (&frames_internal::records[i]) FrameRecord{{1}, FrameKind::kernel, 0, 0, 0, 0};
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
  if (current_account() || first_reserved == none) return false;
  first_free = std::exchange(first_reserved, frames_internal::records[first_reserved].next);
  frames_internal::records[first_free].next = none;
  reserve_lacks++;
  counts.reserved--;
  return true;
}

// The first free frame, with one reference; 0 when there is none.
inline PhysAddr take_free_frame(FrameKind kind) {
  SpinGuard guard(lock);
  if (first_free == none && !draw_on_reserve()) [[unlikely]]
    return PhysAddr();
  std::uint32_t number = first_free;
  FrameRecord& record = frames_internal::records[number];
  first_free = record.next;
  counts.of_kind[unsigned(kind)]++;
  record.kind = kind;
  record.next = 0;
  record.references.store(1, std::memory_order_relaxed);
  return frames_internal::memory_start + (std::uint64_t(number) << page_shift);
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
