// Sv39 page tables (Privileged Architecture, "Sv39"): three levels of 512 entries.
//
// The kernel's half (root entries 256..511) is the same in every table and never changes after
// boot, so a trap changes no page table. The user's half belongs to one address space, whose lock
// guards it.
//
// A table's frame record counts its valid entries (`next`); a table that becomes empty is taken out
// at once. An empty table is all zeros, so it is kept as a spare and used again without clearing.
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

  // The same, making tables as needed: `set` must follow. Errors: nomem, nothing changed.
  Result<Pte*> find_or_make(VirtAddr address);

  // Fills an entry that is not valid; the frame reference that the new one stands for is the
  // caller's to manage.
  static void set(Pte* at, Pte entry) {
    frame_record(physical(at).page_down()).next++;
    replace(at, entry);
  }
  // Replaces a valid leaf entry found before. Flush afterwards, if it allows less or names another
  // frame.
  static void replace(Pte* at, Pte entry) {
    // Release: the page's contents are there before any hart can find the page.
    std::atomic_ref(*reinterpret_cast<std::uint64_t*>(at))
        .store(entry.bits(), std::memory_order_release);
  }

  // Shares every page of [start, end) with `child`, copy on write: writable entries lose W on both
  // sides, each frame gets a reference. `child` must have nothing there. The caller flushes this
  // table even when it fails. Returns how many pages were shared. Errors: nomem; what was shared
  // until then is in `child`.
  Result<std::size_t> share(VirtAddr start, VirtAddr end, PageTable& child);

  // Unmaps [start, end): entries are cleared, harts flushed, and only then the frames' references
  // dropped. Returns how many pages were mapped.
  std::size_t unmap(VirtAddr start, VirtAddr end);
  // The same for a table that no hart uses any more nor ever will: no TLB knows it, and the frames
  // go at once.
  void abandon(VirtAddr start, VirtAddr end);

  // Where the leaf table for `start` ends, or `end` if that is nearer. Where the root has nothing,
  // a whole GiB is one stretch. Long walks call it to be made in pieces.
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

  // Makes every hart that runs on this table forget what it knows of one page, or of all.
  void flush_page(VirtAddr address);
  void flush_all();
  // A page became executable: every hart fetches anew before it runs code of this address space.
  void note_new_code();

  // Runs this hart on `next` from now on; nullptr: on the kernel's half alone.
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
// is ours is [start, end).
void kernel_map_init(PhysAddr devices_end, PhysAddr start, PhysAddr end);
// Runs this hart on the kernel's half alone (PageTable::activate with nullptr).
void kernel_map_activate();
// The leaf entry for an address in the kernel's half, whose tables are made if need be; they stay.
// The caller owns the page and fills the entry, then calls kernel_map_changed; and a hart that is
// going to use the page calls kernel_map_catch_up first. Errors: nomem, not for a page in 2 MiB of
// which another page had its entry before.
Result<Pte*> kernel_map_entry(VirtAddr at);
void kernel_map_changed();
// Entries were cleared: makes every hart forget them. Before that their frames must not be freed.
void kernel_map_forget();
// Fences on this hart whatever was mapped since it last did; next to nothing when that is nothing.
void kernel_map_catch_up();

// ---- Spare tables ----

std::size_t spare_tables();
// Frees all spares, and returns how many. A row of the frame allocator's table (FRAME_KEEPER).
std::size_t give_back_spare_tables();

// ---- Implementation ----

inline Pte* PageTable::find(VirtAddr address) const {
  Pte* table = direct<Pte>(root_);
  for (unsigned level = table_levels - 1; level > 0; level--) {
    Pte entry = table[pte_index(address, level)];
    if (!entry.valid()) return nullptr;
    table = direct<Pte>(entry.address());
  }
  return &table[pte_index(address, 0)];
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
