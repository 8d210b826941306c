// Page faults: a program's trap, or the kernel's access to a program's memory. Both need the page
// to be mapped with the right permission; this file decides how, or refuses.
#include "arch/csr.hh"
#include "lib/string.hh"
#include "sync/panic.hh"
#include "vm/address_space.hh"

namespace tine {
namespace {

constexpr std::uint64_t stack_guard = page_size;  // left free below a growing stack

}  // namespace

Result<> AddressSpace::resolve(Access access) {
  VirtAddr page = access.address.page_down();
  if (!mutex_.lock_killable()) return Errno::restart;
  MutexGuard guard(mutex_, AlreadyHeld::yes);
  Pte* entry = entry_at(page);
  if (entry && entry->permits(access.wanted)) {
    // Another thread has mapped the page meanwhile, or this hart's TLB holds an older entry.
    csr::sfence_page(page.value());
    return {};
  }
  TRY(make_possible(access, entry));
  return {};
}

// [fault 3] Two things decide: the region, which says what may be there, and `entry`, which says
// what is there (nullptr if there is no leaf table). Returns the entry that now permits the access.
Result<Pte> AddressSpace::make_possible(Access access, Pte* entry) {
  VirtAddr page = access.address.page_down();
  Region* region = region_for_fault(page);
  if (!region) return Errno::fault;
  if (!Pte::user(PhysAddr(), region->prot).permits(access.wanted)) return Errno::access;
  current_thread()->count_fault();
  if (entry && entry->valid()) {
    ASSERT(entry->is_cow());  // any other valid entry permits all that its region allows
    return break_sharing(*region, page, entry);
  }
  if (region->source) return map_file_page(*region, page, entry, access.wanted);
  return map_zeros(*region, page, entry);
}

Result<Pte> AddressSpace::make_possible_for_copy(Access access, Pte* entry) {
  Result<Pte> made = make_possible(access, entry);
  if (!made && made.error() != Errno::nomem) return Errno::fault;
  return made;
}

// The region for an address. If the address is below a stack that may grow to it, the stack grows.
Region* AddressSpace::region_for_fault(VirtAddr page) {
  Region* region = first_region_after(page);
  if (!region || region->start <= page) return region;
  if (!region->grows_down || page < stack_limit_) return nullptr;
  std::uint64_t most = current_limits().stack.load(std::memory_order_relaxed);
  if (stack_limit_ + TINE_STACK_SIZE - page > most) return nullptr;
  if (!is_free(page - stack_guard, region->start)) return nullptr;
  if (!may_add(region->start - page, false)) return nullptr;
  region->start = page;
  note_room(region);
  return region;
}

// [fault 4] No page is mapped, and the region has no file: maps a page of zeros. `at`: the empty
// entry, or nullptr if there is no leaf table.
Result<Pte> AddressSpace::map_zeros(const Region& region, VirtAddr page, Pte* at) {
  PhysAddr frame = TRY(frame_allocate(FrameKind::user));
  zero_page(direct(frame));
  return map_frame(FrameRef::adopt(frame), page, at, Pte::user(frame, region.prot));
}

// Maps a page of a file. A MAP_SHARED region maps the file's own frame. A private one maps it
// copy-on-write, or a copy if the access is a write.
Result<Pte> AddressSpace::map_file_page(const Region& region, VirtAddr page, Pte* at, Prot wanted) {
  std::uint64_t index = region.page_at(page);
  // lab mmap 2 {
  if (region.shared) {
    FrameRef frame = TRY(region.source->shared_page(index));
    Pte entry = Pte::user(frame.address(), region.prot);
    return map_frame(std::move(frame), page, at, entry);
  }
  // } lab
  FrameRef frame = TRY(region.source->page(index));
  // lab mmap 1 {
  if (wanted != Prot::write) {
    Pte entry = Pte::user(frame.address(), region.prot).copy_on_write();
    TRY(map_frame(std::move(frame), page, at, entry));
    if (region.read_ahead) region.read_ahead(*this, region, page);
    return entry;
  }
  // } lab
  PhysAddr copy = TRY(frame_allocate(FrameKind::user));
  copy_page(direct(copy), frame.bytes().data());
  return map_frame(FrameRef::adopt(copy), page, at, Pte::user(copy, region.prot));
}

Result<Pte> AddressSpace::map_frame(FrameRef frame, VirtAddr page, Pte* at, Pte entry) {
  if (!at) at = TRY(table_.find_or_make(page));
  PageTable::set(at, entry);
  frame.release();  // the page table holds the reference now
  resident_.fetch_add(1, std::memory_order_relaxed);
  if (entry.executable()) table_.note_new_code();
  return entry;
}

// [fault 5] A write to a copy-on-write page. If this space is the only owner of the frame, it makes
// the page writable. Otherwise it gets a copy, and the other owners keep the frame. No second owner
// can come between the check and the change: only a fork of this space could add one, and that
// needs the mutex that is held here.
Result<Pte> AddressSpace::break_sharing(const Region& region, VirtAddr page, Pte* entry) {
  PhysAddr shared = entry->address();
  // lab fork 2 {
  if (frame_references(shared) == 1) {
    Pte own = Pte::user(shared, region.prot);
    PageTable::replace(entry, own);
    table_.flush_page(page);
    return own;
  }
  // } lab
  PhysAddr copy = TRY(frame_allocate(FrameKind::user));
  copy_page(direct(copy), direct(shared));
  Pte own = Pte::user(copy, region.prot);
  PageTable::replace(entry, own);
  table_.flush_page(page);  // before the old frame can be used for anything else
  frame_unref(shared);
  if (own.executable()) table_.note_new_code();
  return own;
}

// ---- Inspection ----

namespace {

tine_page_info describe(Pte entry) {
  tine_page_info info{};
  if (!entry.valid()) return info;
  info.frame = entry.address().value() >> page_shift;
  info.references = frame_references(entry.address());
  if (entry.readable()) info.flags |= TINE_PAGE_READ;
  if (entry.writable()) info.flags |= TINE_PAGE_WRITE;
  if (entry.executable()) info.flags |= TINE_PAGE_EXEC;
  if (entry.is_cow()) info.flags |= TINE_PAGE_COW;
  return info;
}

}  // namespace

Result<tine_page_info> AddressSpace::page_info(VirtAddr at) {
  if (!mutex_.lock_killable()) return Errno::restart;
  MutexGuard guard(mutex_, AlreadyHeld::yes);
  if (!region_at(at)) return Errno::fault;
  return describe(table_.lookup(at));
}

bool AddressSpace::is_heap(const Region& region) const {
  return !region.source && region.start >= break_start_ && region.end <= break_.page_up();
}

std::uint64_t AddressSpace::shared_pages() {
  if (!mutex_.lock_killable()) return 0;
  MutexGuard guard(mutex_, AlreadyHeld::yes);
  std::uint64_t shared = 0;
  Pace pace;
  for (Region* region = regions_.front(); region; region = regions_.next(region)) {
    table_.for_each_run(region->start, region->end, [&](VirtAddr, std::span<Pte> run) {
      for (Pte entry : run) {
        if (entry.valid() && frame_references(entry.address()) > 1) shared++;
      }
      pace.step(run.size() << page_shift);
    });
    pace.step();
  }
  return shared;
}

}  // namespace tine
