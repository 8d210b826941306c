// Sv39 page tables (Privileged Architecture, "Sv39"): three levels of 512 entries.
//
// The kernel's half (root entries 256..511) is the same in every table and never changes after
// boot, so a trap changes no page table. The user's half belongs to one address space, whose lock
// guards it.
//
// A table's frame record counts its valid entries; a table that becomes empty is taken out
// immediately. An empty table is all zeros, so it is kept as a spare and used again without
// clearing.
#pragma once

#include <atomic>
#include <span>

#include "arch/pte.hh"
#include "lib/result.hh"
#include "mm/frames.hh"

namespace tine {

class PageTable {
 public:
  PageTable() = default;
  PageTable(const PageTable&) = delete;
  PageTable& operator=(const PageTable&) = delete;
  // Every user entry must be cleared, and no hart may be running on it.
  ~PageTable();

  // Makes the root. Once, before anything else. Errors: nomem.
  Result<> init();

  // The leaf entry for a user address, or nullptr when the tables above it do not exist. Both kinds
  // of absence (no table, invalid entry) mean "not mapped".
  Pte* find(VirtAddr address) const;
  Pte lookup(VirtAddr address) const {
    Pte* entry = find(address);
    return entry ? *entry : Pte();
  }

  // The same, but makes tables as needed; the caller must fill the entry with `set`. Errors: nomem,
  // nothing changed.
  Result<Pte*> find_or_make(VirtAddr address);

  // Fills an entry that is not valid. The caller hands over the reference to the frame.
  static void set(Pte* at, Pte entry) {
    frame_record(physical(at).page_down()).valid_entries()++;
    replace(at, entry);
  }
  // Replaces a valid leaf entry found before. The caller flushes afterwards, if the new entry
  // allows less or names another frame.
  static void replace(Pte* at, Pte entry) {
    // Release: the page's contents are visible before any hart can find the page.
    std::atomic_ref(*reinterpret_cast<std::uint64_t*>(at))
        .store(entry.bits(), std::memory_order_release);
  }

  // Maps every page of [start, end) into `child` too, copy-on-write: writable entries lose W on
  // both sides, and each frame gets a reference. `child` must have no page there. The caller
  // flushes this table even when this fails. Returns how many pages were mapped. Errors: nomem; the
  // pages mapped until then stay in `child`.
  Result<std::size_t> share(VirtAddr start, VirtAddr end, PageTable& child);

  // Unmaps [start, end): clears the entries, flushes the harts' TLBs, and only then drops the
  // references to the frames. Returns how many pages were mapped.
  std::size_t unmap(VirtAddr start, VirtAddr end);
  // The same for a table that no hart will use again: no TLB knows it, so the references are
  // dropped without a flush.
  void abandon(VirtAddr start, VirtAddr end);

  // Where the leaf table for `start` ends, or `end` if that is nearer. Where the root entry is
  // empty, a whole GiB is one stretch. Long walks use this to stop in between and give way.
  VirtAddr table_end(VirtAddr start, VirtAddr end) const {
    std::uint64_t span = has_middle_table(start) ? pte_span(1) : pte_span(2);
    VirtAddr stop((start.value() & ~(span - 1)) + span);
    return stop < end ? stop : end;
  }

  // Calls visit(VirtAddr of the first, std::span<Pte>) for each stretch of leaf entries in [start,
  // end) whose table exists.
  template <class Visit>
  void for_each_run(VirtAddr start, VirtAddr end, Visit visit) const;

  // ---- The TLBs ----

  // Makes every hart that runs on this table drop its TLB entries for one page, or for all.
  void flush_page(VirtAddr address);
  void flush_all();
  // A page became executable: every hart executes fence.i before it next runs code of this address
  // space.
  void note_new_code();

  // Puts `next` into this hart's satp; nullptr: the kernel's table, which has no lower half.
  static void activate(PageTable* next);

 private:
  PhysAddr root_;
  // Harts (bit: index) whose TLB may hold entries of this table. Set before satp is written,
  // cleared after another table has been fenced in.
  std::atomic<std::uint64_t> harts_{0};
  // Harts that must execute fence.i before they run code of this table.
  std::atomic<std::uint64_t> stale_code_{0};

  bool has_middle_table(VirtAddr address) const {
    return direct<Pte>(root_)[pte_index(address, table_levels - 1)].valid();
  }
  template <class Release>
  std::size_t clear(VirtAddr start, VirtAddr end, Release release);
  void remove_empty_tables(VirtAddr address);
  void flush(std::uint64_t start, std::uint64_t size);
};

// ---- The kernel's half ----

// The bounds of the kernel's image (linker/kernel.ld), by permission.
extern "C" const char kernel_start[], text_end[], rodata_end[], kernel_end[];

// Builds the kernel's half: devices and memory in the direct map, the image W^X in it, an empty
// window for stacks; and runs the boot hart on it. Devices are below `devices_end`; the memory that
// the kernel may use is [start, end).
void kernel_map_init(PhysAddr devices_end, PhysAddr start, PhysAddr end);
// Runs this hart on the kernel's half alone (PageTable::activate with nullptr).
void kernel_map_activate();
// The leaf entry for an address in the kernel's half. Tables on the way are made if needed, and
// stay. The caller owns the page and fills the entry, then calls kernel_map_changed; a hart that is
// going to use the page calls kernel_map_catch_up first. Errors: nomem, but never when the leaf
// table exists already.
Result<Pte*> kernel_map_entry(VirtAddr at);
void kernel_map_changed();
// Entries were cleared: makes every hart drop them from its TLB. Their frames must not be freed
// before.
void kernel_map_forget();
// Executes sfence.vma on this hart if pages were mapped since its last one; else costs almost
// nothing.
void kernel_map_catch_up();

// ---- Implementation ----

inline Pte* PageTable::find(VirtAddr address) const {
  // lab pagetable 1 {
  Pte* table = direct<Pte>(root_);
  for (unsigned level = table_levels - 1; level > 0; level--) {
    Pte entry = table[pte_index(address, level)];
    if (!entry.valid()) return nullptr;
    table = direct<Pte>(entry.address());
  }
  return &table[pte_index(address, 0)];
  // } lab
}

template <class Visit>
void PageTable::for_each_run(VirtAddr start, VirtAddr end, Visit visit) const {
  while (start < end) {
    VirtAddr stop = table_end(start, end);
    if (Pte* first = find(start)) {
      visit(start, std::span<Pte>(first, (stop - start) >> page_shift));
    }
    start = stop;
  }
}

}  // namespace tine
