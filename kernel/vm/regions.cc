// The regions of a space: looking up, adding, splitting, removing; and the calls that change them.
#include <algorithm>

#include "mm/heap.hh"
#include "vm/address_space.hh"

namespace tine {
namespace {

// mmap looks for room below the memory that the stack may need.
constexpr VirtAddr mmap_end{USER_TOP - stack_shift_limit - TINE_STACK_SIZE - (1 << 20)};

bool in_user_half(VirtAddr start, std::uint64_t size) {
  return start >= user_base && start <= user_top && size <= user_top - start;
}

}  // namespace

Result<RefPtr<AddressSpace>> AddressSpace::create() {
  RefPtr<AddressSpace> space = TRY(make_ref<AddressSpace>());
  TRY(space->table_.init());
  return space;
}

AddressSpace::~AddressSpace() {
  mutex_.assume_unshared();
  Pace pace;
  while (Region* region = regions_.take_any()) {
    for (VirtAddr at = region->start, stop; at < region->end; at = stop) {
      stop = table_.table_end(at, region->end);
      table_.abandon(at, stop);
      pace.step(stop - at);
    }
    delete region;
  }
  heap_free(spare_);
}

// ---- Looking up ----

Region* AddressSpace::region_at(VirtAddr at) {
  Region* region = first_region_after(at);
  return region && region->start <= at ? region : nullptr;
}

Region* AddressSpace::first_region_after(VirtAddr at) { return regions_.first_after(at); }

bool AddressSpace::is_free(VirtAddr start, VirtAddr end) {
  Region* next = first_region_after(start);
  return !next || next->start >= end;
}

// ---- Rooms ----

// Where the room between `before` (nullptr: there is no region before) and the next region begins.
VirtAddr AddressSpace::room_start(const Region* before) const {
  return before ? std::max(before->end, lowest_room_) : lowest_room_;
}

void AddressSpace::note_room(Region* region) {
  if (!region || region->start <= lowest_room_) return;
  VirtAddr start = room_start(regions_.prev(region)), end = std::min(region->start, mmap_end);
  std::uint64_t room = start < end ? end - start : 0;
  if (room == region->room) return;
  std::uint64_t old = std::exchange(region->room, room);
  if (old > 0 && room > 0) {
    rooms_.reorder(region);
  } else if (room > 0) {
    rooms_.insert(region);
  } else if (old > 0) {
    rooms_.remove(region);
  }
}

// The smallest room that is large enough, so that large ones stay whole. There is room above the
// last region only if the program has unmapped its stack.
Result<VirtAddr> AddressSpace::find_room(std::uint64_t size) {
  if (Region* region = rooms_.first_not_below(size)) {
    return room_start(regions_.prev(region));
  }
  VirtAddr start = room_start(regions_.back());
  if (start > mmap_end || mmap_end - start < size) return Errno::nomem;
  return start;
}

// ---- Adding and removing ----

Result<OwnPtr<Region>> AddressSpace::make_region(const Contents& contents) {
  if (region_count_ >= max_regions) return Errno::nomem;
  Charge charge = TRY(Charge::take(sizeof(Region), Errno::nomem));
  void* place = spare_ ? std::exchange(spare_, nullptr) : heap_allocate(sizeof(Region));
  if (!place) return Errno::nomem;
  OwnPtr<Region> region(new (place) Region(contents));
  region->charge = std::move(charge);
  return region;
}

void AddressSpace::insert(OwnPtr<Region> owned) {
  Region* region = owned.release();
  regions_.insert(region);
  region_count_++;
  if (region->end <= lowest_room_) return;  // no room begins or ends there
  note_room(region);
  note_room(regions_.next(region));
}

// Adds a copy of `last`, a region of another space with the same rooms, after all regions of this
// space.
Result<> AddressSpace::append(const Region& last) {
  Region* region = TRY(make_region(last)).release();
  region->start = last.start;
  region->end = last.end;
  region->room = last.room;
  regions_.insert_last(region);
  region_count_++;
  if (region->room > 0) rooms_.insert(region);
  return {};
}

// The caller updates the room of the next region (note_room).
void AddressSpace::erase(Region* region) {
  if (region->room > 0) rooms_.remove(region);
  regions_.remove(region);
  region_count_--;
  std::destroy_at(region);
  heap_free(std::exchange(spare_, region));
}

// If `at` lies inside a region, splits it there. Returns the first region that ends after `at`.
Result<Region*> AddressSpace::split_at(VirtAddr at) {
  Region* region = first_region_after(at);
  if (!region || region->start >= at) return region;
  OwnPtr<Region> upper = TRY(make_region(*region));
  upper->start = at;
  upper->end = region->end;
  upper->grows_down = false;
  upper->source_page = region->page_at(at);
  region->end = at;
  insert(std::move(upper));
  return regions_.next(region);
}

// Splits regions at both ends of the range. Returns the first region that ends after `start`.
Result<Region*> AddressSpace::split_off(VirtAddr start, VirtAddr end) {
  Region* first = TRY(split_at(start));
  Result<Region*> behind = split_at(end);
  if (behind) return first;
  merge(start, start);
  return behind;
}

void AddressSpace::drop_pages(VirtAddr start, VirtAddr end) {
  Pace pace;
  peak_.store(peak_pages(), std::memory_order_relaxed);
  for (VirtAddr at = start, stop; at < end; at = stop) {
    stop = table_.table_end(at, end);
    resident_.fetch_sub(table_.unmap(at, stop), std::memory_order_relaxed);
    pace.step(stop - at);
  }
}

Result<> AddressSpace::remove_range(VirtAddr start, VirtAddr end) {
  Region* region = first_region_after(start);
  if (region && region->start < start && region->end == end) {  // its end: it gets shorter
    drop_pages(start, end);
    region->end = start;
    if (end > lowest_room_) note_room(regions_.next(region));
    return {};
  }
  bool is_whole = region && region->start == start && region->end == end;
  if (!is_whole) region = TRY(split_off(start, end));
  drop_pages(start, end);
  Pace pace;
  while (region && region->start < end) {
    Region* next = regions_.next(region);
    erase(region);
    region = next;
    pace.step();
  }
  if (end > lowest_room_) note_room(region);
  return {};
}

bool AddressSpace::is_covered(VirtAddr start, VirtAddr end) {
  Pace pace;
  VirtAddr covered = start;
  for (Region* region = first_region_after(start); covered < end; region = regions_.next(region)) {
    if (!region || region->start > covered) return false;
    covered = region->end;
    pace.step();
  }
  return true;
}

bool AddressSpace::may_be_written(VirtAddr start, VirtAddr end) {
  for (Region* region = first_region_after(start); region && region->start < end;
       region = regions_.next(region)) {
    if (!region->may_write) return false;
  }
  return true;
}

namespace {

// Could one region describe both? `a` ends where `b` starts.
bool are_alike(const Region& a, const Region& b) {
  bool follows = a.source == b.source && (!a.source || a.page_at(a.end) == b.source_page);
  return follows && a.prot == b.prot && a.shared == b.shared && a.may_write == b.may_write &&
         a.read_ahead == b.read_ahead && !a.grows_down && !b.grows_down;
}

}  // namespace

// From the region before `start` to the one at `end`. The heap's end stays a border, so that brk
// finds it.
void AddressSpace::merge(VirtAddr start, VirtAddr end) {
  Region* region = start > user_base ? first_region_after(start - page_size) : regions_.front();
  Pace pace;
  while (region && region->end <= end) {
    Region* next = regions_.next(region);
    if (!next || region->end != next->start || next->start == break_.page_up() ||
        !are_alike(*region, *next)) {
      region = next;
      continue;
    }
    VirtAddr end_of_both = next->end;
    erase(next);
    region->end = end_of_both;
    pace.step();
  }
}

// ---- Building ----

Result<> AddressSpace::lay_out(std::uint64_t mmap_shift, VirtAddr stack_top) {
  MutexGuard guard(mutex_);
  lowest_room_ = mmap_base + mmap_shift;
  stack_limit_ = stack_top - TINE_STACK_SIZE;
  OwnPtr<Region> stack = TRY(make_region({.prot = Prot::read | Prot::write, .grows_down = true}));
  stack->start = stack_top - page_size;
  stack->end = stack_top;
  insert(std::move(stack));
  return {};
}

bool AddressSpace::is_mapped(VirtAddr at) {
  MutexGuard guard(mutex_);
  return region_at(at) != nullptr;
}

void AddressSpace::start_heap(VirtAddr end) {
  MutexGuard guard(mutex_);
  break_start_ = break_ = end.page_up();
}

// ---- System calls ----

// The heap's last region grows. The first time, or when the region at the old end is not plain heap
// memory, a new region is made.
Result<> AddressSpace::grow_heap(VirtAddr old_end, VirtAddr new_end) {
  constexpr Prot read_write = Prot::read | Prot::write;
  Region* heap = old_end > break_start_ ? region_at(old_end - page_size) : nullptr;
  if (heap && !heap->source && heap->prot == read_write) {
    heap->end = new_end;
    return {};
  }
  OwnPtr<Region> fresh = TRY(make_region({.prot = read_write}));
  fresh->start = old_end;
  fresh->end = new_end;
  insert(std::move(fresh));
  return {};
}

VirtAddr AddressSpace::change_break(VirtAddr wanted) {
  if (!mutex_.lock_killable()) return wanted;
  MutexGuard guard(mutex_, AlreadyHeld::yes);
  if (wanted < break_start_ || wanted >= mmap_base) return break_;
  VirtAddr old_end = break_.page_up(), new_end = wanted.page_up();
  if (new_end > old_end) {
    if (!is_free(old_end, new_end) || !may_add(new_end - old_end, true)) return break_;
    if (!grow_heap(old_end, new_end)) return break_;
  } else if (new_end < old_end) {
    if (!remove_range(new_end, old_end)) return break_;
  }
  break_ = wanted;
  return break_;
}

Result<VirtAddr> AddressSpace::map(const Mapping& mapping) {
  bool fixed = mapping.place != Mapping::Place::hint;
  if (mapping.size == 0 || (fixed && !mapping.wanted.is_page_aligned())) return Errno::inval;
  if (mapping.size > user_top.value()) return Errno::nomem;
  std::uint64_t size = VirtAddr(mapping.size).page_up().value();
  VirtAddr start = mapping.wanted.page_down();
  if (!mutex_.lock_killable()) return Errno::restart;
  MutexGuard guard(mutex_, AlreadyHeld::yes);
  // Allocates first, so that nothing is removed if this fails.
  OwnPtr<Region> fresh = TRY(make_region(mapping.contents));
  bool is_room = in_user_half(start, size) && is_free(start, start + size);
  if (fixed && !in_user_half(start, size)) return Errno::nomem;
  if (mapping.place == Mapping::Place::fixed_and_free && !is_room) return Errno::exist;
  VirtAddr end = fixed ? start + size : start;
  if (!may_add(size, fresh->is_data(), start, end)) return Errno::nomem;
  if (fixed && !is_room) {
    TRY(remove_range(start, start + size));
  } else if (!is_room) {
    start = TRY(find_room(size));
  }
  fresh->start = start;
  fresh->end = start + size;
  insert(std::move(fresh));
  merge(start, start + size);
  return start;
}

Result<> AddressSpace::unmap(VirtAddr start, std::uint64_t size) {
  if (!start.is_page_aligned() || size == 0) return Errno::inval;
  if (start > user_top || size > user_top - start) return Errno::inval;
  VirtAddr end = (start + size).page_up();
  if (!mutex_.lock_killable()) return Errno::restart;
  MutexGuard guard(mutex_, AlreadyHeld::yes);
  return remove_range(start, end);
}

// Changes the entries of its pages to what the region now permits.
void AddressSpace::protect_pages(const Region& region, Pace& pace) {
  table_.for_each_run(region.start, region.end, [&](VirtAddr, std::span<Pte> run) {
    for (Pte& entry : run) {
      if (!entry.valid()) continue;
      // A page that could not be written may have other owners: it becomes copy-on-write, and its
      // first write finds out.
      bool own = region.shared || entry.writable() || !allows(region.prot, Prot::write);
      PageTable::replace(&entry, own ? Pte::user(entry.address(), region.prot)
                                     : Pte::user(entry.address(), region.prot).copy_on_write());
    }
    pace.step(run.size() << page_shift);
  });
}

Result<> AddressSpace::protect(VirtAddr start, std::uint64_t size, Prot prot) {
  if (!start.is_page_aligned()) return Errno::inval;
  if (start > user_top || size > user_top - start) return Errno::nomem;
  VirtAddr end = (start + size).page_up();
  if (!mutex_.lock_killable()) return Errno::restart;
  MutexGuard guard(mutex_, AlreadyHeld::yes);
  if (!is_covered(start, end) || !may_add(end - start, allows(prot, Prot::write), start, end))
    return Errno::nomem;
  if (allows(prot, Prot::write) && !may_be_written(start, end)) return Errno::access;
  Region* region = TRY(split_off(start, end));
  Pace pace;
  for (; region && region->start < end; region = regions_.next(region)) {
    region->prot = prot;
    protect_pages(*region, pace);
    pace.step();
  }
  table_.flush_all();
  if (allows(prot, Prot::exec)) table_.note_new_code();
  merge(start, end);
  return {};
}

Result<RefPtr<AddressSpace>> AddressSpace::clone() {
  // lab fork 1 {
  RefPtr<AddressSpace> child = TRY(create());
  child->mutex_.assume_unshared();
  if (!mutex_.lock_killable()) return Errno::restart;
  MutexGuard guard(mutex_, AlreadyHeld::yes);
  // [fork 8] On every path out of here, this side's entries may have lost W. No hart may use a
  // translation from before, which still allows the write.
  ScopeExit forget_writable([&] { table_.flush_all(); });
  child->break_start_ = break_start_;
  child->break_ = break_;
  child->stack_limit_ = stack_limit_;
  child->lowest_room_ = lowest_room_;
  Pace pace;
  for (Region* region = regions_.front(); region; region = regions_.next(region)) {
    TRY(child->append(*region));
    if (region->shared) continue;  // the child gets these pages from the source, by page faults
    for (VirtAddr at = region->start, stop; at < region->end; at = stop) {
      stop = table_.table_end(at, region->end);
      // [fork 6] Page table entries are copied, not pages.
      std::size_t shared = TRY(table_.share(at, stop, child->table_));
      child->resident_.fetch_add(shared, std::memory_order_relaxed);
      if (pace.step(stop - at)) return Errno::restart;
    }
  }
  return child;
  // } lab
}

}  // namespace tine
