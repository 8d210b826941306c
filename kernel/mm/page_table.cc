#include "mm/page_table.hh"

#include "arch/csr.hh"
#include "mm/table_pool.hh"
#include "sync/hart.hh"
#include "sync/panic.hh"
#include "sync/remote.hh"

namespace tine {
namespace {

FrameRecord& record_of(const Pte* entry) { return frame_record(physical(entry).page_down()); }

std::uint64_t bit_of(const Hart& hart) { return 1ul << hart.index; }

// lab pagetable 1 {
// Frames whose entries are cleared, until no TLB knows them.
class PendingFrames {
 public:
  explicit PendingFrames(PageTable& table) : table_(table) {}
  ~PendingFrames() { release(); }

  void add(PhysAddr frame) {
    if (count_ == max) release();
    frames_[count_++] = frame.value();
  }

 private:
  static constexpr unsigned max = 64;
  PageTable& table_;
  std::uint64_t frames_[max];  // physical addresses; not initialised, to save time
  unsigned count_ = 0;

  void release() {
    if (count_) table_.flush_all();
    for (unsigned i = 0; i < count_; i++) frame_unref(PhysAddr(frames_[i]));
    count_ = 0;
  }
};
// } lab

}  // namespace

Result<> PageTable::init() {
  root_ = TRY(root_allocate());
  return {};
}

PageTable::~PageTable() {
  if (!root_.value()) return;
  ASSERT(harts_.load(std::memory_order_acquire) == 0);
  // lab pagetable 1 {
  ASSERT(frame_record(root_).valid_entries() == 0);
  root_free(root_);
  // } lab
}

Result<Pte*> PageTable::find_or_make(VirtAddr address) {
  // lab pagetable 1 {
  Pte* table = direct<Pte>(root_);
  for (unsigned level = table_levels - 1; level > 0; level--) {
    Pte& entry = table[pte_index(address, level)];
    if (!entry.valid()) {
      Result<PhysAddr> below = table_allocate();
      if (!below) {
        remove_empty_tables(address);
        return below.error();
      }
      // Release: a hart that walks here finds the new table's zeros, not what the frame held
      // before.
      std::atomic_thread_fence(std::memory_order_release);
      entry = Pte::table(*below);
      record_of(&entry).valid_entries()++;
    }
    table = direct<Pte>(entry.address());
  }
  return &table[pte_index(address, 0)];
  // } lab
}

Result<std::size_t> PageTable::share(VirtAddr start, VirtAddr end, PageTable& child) {
  // lab fork 2 {
  std::size_t shared = 0;
  Result<> made;
  for_each_run(start, end, [&](VirtAddr first, std::span<Pte> run) {
    if (!made) return;
    Result<Pte*> to = child.find_or_make(first);
    if (!to) {
      made = to.error();
      return;
    }
    Pte* copy = *to;
    std::uint32_t count = run.size();
    for (Pte& entry : run) {
      Pte pte = entry;
      if (pte.valid()) {
        // [fork 7] Copy-on-write: both entries lose W, and the frame has one more owner.
        if (pte.writable()) entry = pte = pte.copy_on_write();
        *copy = pte;
        frame_ref(pte.address());
      } else {
        count--;
      }
      copy++;
    }
    record_of(*to).valid_entries() += count;
    shared += count;
    if (count == 0) child.remove_empty_tables(first);
  });
  if (!made) return made.error();
  // The child's pages hold the same code, so a hart whose instruction cache may be stale for this
  // table may also be stale for the child.
  child.stale_code_.store(stale_code_.load(std::memory_order_relaxed), std::memory_order_relaxed);
  return shared;
  // } lab
}

// Gives each frame to `release` when its entry is cleared.
template <class Release>
std::size_t PageTable::clear(VirtAddr start, VirtAddr end, Release release) {
  // lab pagetable 1 {
  std::size_t cleared = 0;
  for_each_run(start, end, [&](VirtAddr first, std::span<Pte> run) {
    std::uint32_t count = run.size();
    for (Pte& entry : run) {
      Pte pte = entry;
      if (pte.valid()) {
        entry = Pte();
        release(pte.address());
      } else {
        count--;
      }
    }
    record_of(run.data()).valid_entries() -= count;
    cleared += count;
    remove_empty_tables(first);
  });
  return cleared;
  // } lab
}

std::size_t PageTable::unmap(VirtAddr start, VirtAddr end) {
  // lab pagetable 1 {
  PendingFrames pending(*this);
  return clear(start, end, [&](PhysAddr frame) { pending.add(frame); });
  // } lab
}

void PageTable::abandon(VirtAddr start, VirtAddr end) {
  ASSERT(harts_.load(std::memory_order_acquire) == 0);
  clear(start, end, [](PhysAddr frame) { frame_unref(frame); });
}

// Takes out the tables on the way to `address` that hold nothing, from the leaf upwards.
void PageTable::remove_empty_tables(VirtAddr address) {
  // lab pagetable 1 {
  for (unsigned level = 1; level < table_levels; level++) {
    Pte* table = direct<Pte>(root_);
    bool reached = true;
    for (unsigned above = table_levels - 1; above > level && reached; above--) {
      Pte entry = table[pte_index(address, above)];
      reached = entry.valid();
      if (reached) table = direct<Pte>(entry.address());
    }
    if (!reached) continue;
    Pte& entry = table[pte_index(address, level)];
    if (!entry.valid()) continue;
    PhysAddr below = entry.address();
    if (frame_record(below).valid_entries() != 0) return;
    entry = Pte();
    record_of(&entry).valid_entries()--;
    flush_all();  // a TLB may have cached the walk down to this table
    table_free(below);
  }
  // } lab
}

void PageTable::flush_page(VirtAddr address) { flush(address.value(), page_size); }

void PageTable::flush_all() { flush(0, ~0ul); }

// The entry was written before; a hart sets its bit in `harts_` before it walks (activate). With a
// full fence on both sides, either this hart sees that bit, or that hart sees the new entry.
void PageTable::flush(std::uint64_t start, std::uint64_t size) {
  std::atomic_thread_fence(std::memory_order_seq_cst);
  std::uint64_t harts = harts_.load(std::memory_order_relaxed);
  std::uint64_t self = bit_of(this_hart());
  if (harts & self) {
    if (size == page_size) {
      csr::sfence_page(start);
    } else {
      csr::sfence_all();
    }
  }
  fence_harts(harts & ~self, start, size);
}

// This hart has stored the code before this call, or has seen it stored. The full fence keeps that
// order for the other harts. Those that run on this table now execute fence.i immediately; the
// others find their bit when they come (activate).
void PageTable::note_new_code() {
  std::uint64_t self = bit_of(this_hart());
  stale_code_.store(~self, std::memory_order_relaxed);
  std::atomic_thread_fence(std::memory_order_seq_cst);
  csr::fence_i();
  fence_code_on_harts(harts_.load(std::memory_order_relaxed) & ~self);
}

void PageTable::activate(PageTable* next) {
  Hart& hart = this_hart();
  PageTable* previous = hart.page_table;
  if (next == previous) return;
  if (next) {
    next->harts_.fetch_or(bit_of(hart), std::memory_order_relaxed);
    // Full fence: the bit is visible before this hart walks the table (see flush).
    std::atomic_thread_fence(std::memory_order_seq_cst);
    csr::write_satp(csr::satp_sv39 | next->root_.value() >> page_shift);
    csr::sfence_all();
    if (next->stale_code_.load(std::memory_order_relaxed) & bit_of(hart)) {
      next->stale_code_.fetch_and(~bit_of(hart), std::memory_order_relaxed);
      csr::fence_i();
    }
  } else {
    kernel_map_activate();
  }
  hart.page_table = next;
  // Release: this hart's last walk of the old table is over before another hart sees the bit
  // cleared, and frees the table.
  if (previous) previous->harts_.fetch_and(~bit_of(hart), std::memory_order_release);
}

}  // namespace tine
