// Calls that change existing mappings: mremap, madvise, msync.
#include <tine/abi.h>

#include "mm/heap.hh"
#include "proc/process.hh"
#include "syscall/dispatch.hh"

namespace tine {
namespace {

// The bytes [start, end), in whole pages.
struct Range {
  VirtAddr start, end;

  std::uint64_t size() const { return end - start; }
};

// Errors: inval (no page border), nomem (not in the user's half).
Result<Range> range_of(VirtAddr start, std::uint64_t size) {
  if (!start.is_page_aligned()) return Errno::inval;
  if (start > user_top || size > user_top - start) return Errno::nomem;
  return Range{start, (start + size).page_up()};
}

// ---- mremap ----

// The region that contains all of `range`. Errors: fault.
Result<Region*> region_of(AddressSpace& space, Range range) REQUIRES(space.mutex()) {
  Region* region = space.region_at(range.start);
  if (!region || region->end < range.end || region->grows_down) return Errno::fault;
  return region;
}

bool grow_in_place(AddressSpace& space, Region& region, Range old, std::uint64_t size)
    REQUIRES(space.mutex()) {
  VirtAddr end = old.start + size;
  if (old.end != region.end || end > user_top || !space.is_free(old.end, end)) return false;
  region.end = end;
  space.note_room(space.first_region_after(end));
  space.merge(old.start, end);
  return true;
}

// Maps the pages of `from` a second time, from `to` on. Errors: nomem; then none is mapped there.
Result<> copy_entries(AddressSpace& space, Range from, VirtAddr to) REQUIRES(space.mutex()) {
  Result<> done;
  space.page_table().for_each_run(from.start, from.end, [&](VirtAddr first, std::span<Pte> run) {
    space.mutex().assert_held();
    for (std::size_t i = 0; i < run.size() && done; i++) {
      if (!run[i].valid()) continue;
      frame_ref(run[i].address());
      VirtAddr at = to + (first - from.start) + i * page_size;
      Result<Pte> made = space.map_frame(FrameRef::adopt(run[i].address()), at, nullptr, run[i]);
      if (!made) done = made.error();
    }
  });
  if (!done) space.drop_pages(to, to + from.size());
  return done;
}

// Moves `old`, cut or extended to `size` bytes, to `to`, where nothing is mapped. Errors: nomem;
// nothing has changed then.
Result<> move(AddressSpace& space, Range old, VirtAddr to, std::uint64_t size)
    REQUIRES(space.mutex()) {
  const Region& region = *space.region_at(old.start);
  OwnPtr<Region> fresh = TRY(space.make_region(region));
  Range kept{old.start, old.start + std::min(old.size(), size)};
  TRY(copy_entries(space, kept, to));
  fresh->source_page = region.page_at(old.start);
  fresh->start = to;
  fresh->end = to + size;
  Result<> removed = space.remove_range(old.start, old.end);
  if (!removed) {
    space.drop_pages(to, to + kept.size());
    return removed;
  }
  space.insert(std::move(fresh));
  space.merge(to, to + size);
  return {};
}

// Errors: inval (not in the user's half, overlaps `old`), nomem.
Result<> clear_target(AddressSpace& space, Range old, VirtAddr to, std::uint64_t size)
    REQUIRES(space.mutex()) {
  if (!to.is_page_aligned() || to < user_base || to > user_top || size > user_top - to) {
    return Errno::inval;
  }
  if (to < old.end && old.start < to + size) return Errno::inval;
  return space.remove_range(to, to + size);
}

}  // namespace

// Returns where the mapping is now. Errors: inval, fault (not all in one mapping), nomem (no room,
// or it may not move).
SYSCALL(SYS_mremap, mremap, std::uint64_t,
        (VirtAddr start, std::uint64_t old_size, std::uint64_t new_size, unsigned flags,
         VirtAddr wanted)) {
  bool may_move = flags & MREMAP_MAYMOVE, fixed = flags & MREMAP_FIXED;
  if ((flags & ~unsigned(MREMAP_MAYMOVE | MREMAP_FIXED)) || (fixed && !may_move)) {
    return Errno::inval;
  }
  if (!start.is_page_aligned() || old_size == 0 || new_size == 0) return Errno::inval;
  if (new_size > user_top.value()) return Errno::nomem;
  Result<Range> found = range_of(start, old_size);
  if (!found) return Errno::fault;
  Range old = *found;
  std::uint64_t size = VirtAddr(new_size).page_up().value();

  AddressSpace& space = current_space();
  if (!space.mutex().lock_killable()) return Errno::restart;
  MutexGuard guard(space.mutex(), AlreadyHeld::yes);
  Region* region = TRY(region_of(space, old));
  std::uint64_t more = size > old.size() ? size - old.size() : 0;
  if (!space.may_add(more, region->is_data())) return Errno::nomem;
  if (fixed) {
    TRY(clear_target(space, old, wanted, size));
    TRY(move(space, old, wanted, size));
    return wanted.value();
  }
  if (size <= old.size()) {
    if (size < old.size()) TRY(space.remove_range(old.start + size, old.end));
    return start.value();
  }
  if (grow_in_place(space, *region, old, size)) return start.value();
  if (!may_move) return Errno::nomem;
  VirtAddr to = TRY(space.find_room(size));
  TRY(move(space, old, to, size));
  return to.value();
}

// ---- madvise ----

// DONTNEED drops the pages; other advice has no effect. Errors: inval, nomem (part of the range is
// not mapped; the rest is done).
SYSCALL(SYS_madvise, madvise, void, (VirtAddr start, std::uint64_t size, int advice)) {
  // lab mmap 3 {
  switch (advice) {
    // } lab
    case MADV_NORMAL:
    case MADV_RANDOM:
    case MADV_SEQUENTIAL:
    case MADV_WILLNEED:
    case MADV_DONTNEED:
    case MADV_FREE:
    case MADV_HUGEPAGE:
    case MADV_NOHUGEPAGE:
    case MADV_DONTDUMP:
    case MADV_DODUMP: break;
    default: return Errno::inval;
  }
  if (start.value() + size < size || size > ~0ul - page_size + 1) return Errno::inval;  // wraps
  Range range = TRY(range_of(start, size));
  AddressSpace& space = current_space();
  if (!space.mutex().lock_killable()) return Errno::restart;
  MutexGuard guard(space.mutex(), AlreadyHeld::yes);
  if (advice == MADV_DONTNEED) space.drop_pages(range.start, range.end);
  return space.is_covered(range.start, range.end) ? Result<>() : Errno::nomem;
}

// ---- msync ----

// A store changes the file's own page, so there is nothing to write back. Errors: inval, nomem
// (part of the range is not mapped).
SYSCALL(SYS_msync, msync, void, (VirtAddr start, std::uint64_t size, unsigned flags)) {
  if (flags & ~unsigned(MS_ASYNC | MS_INVALIDATE | MS_SYNC)) return Errno::inval;
  if ((flags & MS_ASYNC) && (flags & MS_SYNC)) return Errno::inval;
  Range range = TRY(range_of(start, size));
  AddressSpace& space = current_space();
  if (!space.mutex().lock_killable()) return Errno::restart;
  MutexGuard guard(space.mutex(), AlreadyHeld::yes);
  return space.is_covered(range.start, range.end) ? Result<>() : Errno::nomem;
}

}  // namespace tine
