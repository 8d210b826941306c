// The list of regions: looking up, adding, splitting, removing; and the calls that change it.
#include <algorithm>

#include "mm/heap.hh"
#include "vm/address_space.hh"

namespace tine {
namespace {

// Where mmap looks for room: from the middle of the user's half up to what the stack may need.
constexpr VirtAddr mmap_base{0x2000000000};
constexpr VirtAddr mmap_end{USER_TOP - stack_shift_limit - TINE_STACK_SIZE - (1 << 20)};

// RISC-V has no pages that can be written but not read.
Prot normalise(Prot prot) { return allows(prot, Prot::write) ? prot | Prot::read : prot; }

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
  while (Region* region = regions_.pop_front()) {
    table_.abandon(region->start, region->end);
    delete region;
  }
}

// ---- Looking up ----

Region* AddressSpace::region_at(VirtAddr at) {
  Region* region = first_region_after(at);
  return region && region->start <= at ? region : nullptr;
}

Region* AddressSpace::first_region_after(VirtAddr at) {
  for (Region& region : regions_) {
    if (region.end > at) return &region;
  }
  return nullptr;
}

bool AddressSpace::is_free(VirtAddr start, VirtAddr end) {
  Region* next = first_region_after(start);
  return !next || next->start >= end;
}

Result<VirtAddr> AddressSpace::find_room(std::uint64_t size) {
  VirtAddr candidate = mmap_base + mmap_shift_;
  for (Region& region : regions_) {
    if (region.end <= candidate) continue;
    if (region.start >= candidate && region.start - candidate >= size) break;
    candidate = region.end;
  }
  if (candidate > mmap_end || mmap_end - candidate < size) return Errno::nomem;
  return candidate;
}

// ---- Changing the list ----

// Adds a region with these fields. The range must be free.
Result<> AddressSpace::insert(const Region& like) {
  OwnPtr<Region> region = TRY(make<Region>(like));
  insert(std::move(region));
  return {};
}

void AddressSpace::insert(OwnPtr<Region> region) {
  region->prot = normalise(region->prot);
  regions_.insert_before(first_region_after(region->start), region.get());
  region.release();
}

// Makes `at` a border between regions, if it lies inside one. Answers the first region behind it.
Result<Region*> AddressSpace::split_at(VirtAddr at) {
  Region* region = first_region_after(at);
  if (!region || region->start >= at) return region;
  OwnPtr<Region> upper = TRY(make<Region>(*region));
  upper->start = at;
  upper->grows_down = false;
  upper->source_page += (at - region->start) >> page_shift;
  region->end = at;
  regions_.insert_before(regions_.next(region), upper.get());
  return upper.release();
}

void AddressSpace::drop_pages(VirtAddr start, VirtAddr end) {
  resident_.fetch_sub(table_.unmap(start, end), std::memory_order_relaxed);
}

Result<> AddressSpace::remove_range(VirtAddr start, VirtAddr end) {
  Region* region = TRY(split_at(start));
  TRY(split_at(end));
  drop_pages(start, end);
  while (region && region->start < end) {
    Region* next = regions_.next(region);
    regions_.remove(region);
    delete region;
    region = next;
  }
  return {};
}

bool AddressSpace::is_covered(VirtAddr start, VirtAddr end) {
  for (VirtAddr at = start; at < end;) {
    Region* region = region_at(at);
    if (!region) return false;
    at = region->end;
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

// Could one region say what these two say? `a` ends where `b` starts.
bool are_alike(const Region& a, const Region& b) {
  std::uint64_t pages = (a.end - a.start) >> page_shift;
  bool follows = a.source == b.source && (!a.source || a.source_page + pages == b.source_page);
  return follows && a.prot == b.prot && a.shared == b.shared && a.may_write == b.may_write &&
         a.read_ahead == b.read_ahead && !a.grows_down && !b.grows_down;
}

}  // namespace

// Makes one region of neighbours that differ in nothing, from the one before `start` to the one at
// `end`; the heap's end stays a border.
void AddressSpace::merge(VirtAddr start, VirtAddr end) {
  Region* region = start > user_base ? first_region_after(start - page_size) : regions_.front();
  while (region && region->end <= end) {
    Region* next = regions_.next(region);
    if (!next || region->end != next->start || next->start == break_.page_up() ||
        !are_alike(*region, *next)) {
      region = next;
      continue;
    }
    region->end = next->end;
    regions_.remove(next);
    delete next;
  }
}

// ---- Building ----

Result<> AddressSpace::add_region(VirtAddr start, VirtAddr end, Prot prot,
                                  RefPtr<PageSource> source, std::uint64_t source_page) {
  if (start >= end || !in_user_half(start, end - start)) return Errno::inval;
  MutexGuard guard(mutex_);
  if (!is_free(start, end)) return Errno::exist;
  return insert(
      {.start = start, .end = end, .prot = prot, .source = source, .source_page = source_page});
}

Result<> AddressSpace::lay_out(VirtAddr highest, std::uint64_t mmap_shift, VirtAddr stack_top) {
  VirtAddr stack_limit = stack_top - TINE_STACK_SIZE;
  MutexGuard guard(mutex_);
  break_start_ = break_ = highest.page_up();
  mmap_shift_ = mmap_shift;
  if (!is_free(stack_limit, stack_top)) return Errno::exist;
  return insert({.start = stack_top - page_size,
                 .end = stack_top,
                 .prot = Prot::read | Prot::write,
                 .grows_down = true,
                 .limit = stack_limit});
}

// ---- System calls ----

VirtAddr AddressSpace::change_break(VirtAddr wanted) {
  MutexGuard guard(mutex_);
  if (wanted < break_start_ || wanted >= mmap_base) return break_;
  VirtAddr old_end = break_.page_up(), new_end = wanted.page_up();
  if (new_end > old_end) {
    if (!is_free(old_end, new_end)) return break_;
    // The heap's region grows; the first time, or after a hole was made at its end, there is a new
    // one.
    Region* heap = old_end > break_start_ ? region_at(old_end - page_size) : nullptr;
    if (heap && !heap->source && heap->prot == (Prot::read | Prot::write)) {
      heap->end = new_end;
    } else if (!insert({.start = old_end, .end = new_end, .prot = Prot::read | Prot::write})) {
      return break_;
    }
  } else if (new_end < old_end) {
    if (!remove_range(new_end, old_end)) return break_;
  }
  break_ = wanted;
  return break_;
}

Result<VirtAddr> AddressSpace::map(Mapping mapping) {
  bool fixed = mapping.place != Mapping::Place::hint;
  if (mapping.size == 0 || (fixed && !mapping.wanted.is_page_aligned())) return Errno::inval;
  if (mapping.size > user_top.value()) return Errno::nomem;
  std::uint64_t size = VirtAddr(mapping.size).page_up().value();
  VirtAddr start = mapping.wanted.page_down();
  // First, so that what lies there is not removed in vain.
  OwnPtr<Region> fresh = TRY(make<Region>(std::move(mapping.region)));
  MutexGuard guard(mutex_);
  bool is_room = in_user_half(start, size) && is_free(start, start + size);
  if (fixed && !in_user_half(start, size)) return Errno::nomem;
  if (mapping.place == Mapping::Place::fixed_and_free && !is_room) return Errno::exist;
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
  MutexGuard guard(mutex_);
  return remove_range(start, end);
}

// Brings the entries of its pages up to what the region permits.
void AddressSpace::protect_pages(const Region& region) {
  table_.for_each_run(region.start, region.end, [&](VirtAddr, std::span<Pte> run) {
    for (Pte& entry : run) {
      if (!entry.valid()) continue;
      // A page that could not be written may be shared with anybody: its first write decides.
      bool own = region.shared || entry.writable() || !allows(region.prot, Prot::write);
      PageTable::replace(&entry, own ? Pte::user(entry.address(), region.prot)
                                     : Pte::user(entry.address(), region.prot).shared());
    }
  });
}

Result<> AddressSpace::protect(VirtAddr start, std::uint64_t size, Prot prot) {
  if (!start.is_page_aligned()) return Errno::inval;
  if (start > user_top || size > user_top - start) return Errno::nomem;
  VirtAddr end = (start + size).page_up();
  prot = normalise(prot);
  MutexGuard guard(mutex_);
  if (!is_covered(start, end)) return Errno::nomem;
  if (allows(prot, Prot::write) && !may_be_written(start, end)) return Errno::access;
  Region* region = TRY(split_at(start));
  TRY(split_at(end));
  for (; region && region->start < end; region = regions_.next(region)) {
    region->prot = prot;
    protect_pages(*region);
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
  MutexGuard guard(mutex_);
  // Whatever happens, this side's entries have lost W.
  ScopeExit forget_writable([&] { table_.flush_all(); });
  child->break_start_ = break_start_;
  child->break_ = break_;
  child->mmap_shift_ = mmap_shift_;
  for (Region& region : regions_) {
    TRY(child->insert(region));
    if (region.shared) continue;  // the child finds its pages where we found them
    std::size_t shared = TRY(table_.share(region.start, region.end, child->table_));
    child->resident_.fetch_add(shared, std::memory_order_relaxed);
  }
  return child;
  // } lab
}

}  // namespace tine
