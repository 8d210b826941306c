#include "mm/table_pool.hh"

#include "lib/string.hh"
#include "mm/page_table.hh"
#include "sync/panic.hh"
#include "sync/spinlock.hh"

namespace tine {
namespace {

constexpr unsigned max_spares = 64;
constexpr std::uint32_t none = 0;  // frame 0 of memory is the firmware's, never a table

constinit Spinlock lock{Rank::table_pool, "table pool"};

// Spare frames, linked through their records (the frames themselves must stay as they are).
class Spares {
 public:
  // 0 when there is none.
  PhysAddr take() {
    SpinGuard guard(lock);
    if (first_ == none) return PhysAddr();
    FrameRecord& record = frames_internal::records[first_];
    first_ = record.next;
    record.next = 0;
    count_--;
    return frame_address(record);
  }
  // Frees the frame when there are enough spares.
  void give(PhysAddr frame) {
    {
      SpinGuard guard(lock);
      if (count_ < max_spares) {
        FrameRecord& record = frame_record(frame);
        record.next = first_;
        first_ = static_cast<std::uint32_t>(&record - frames_internal::records);
        count_++;
        return;
      }
    }
    frame_unref(frame);
  }
  unsigned count() const {
    SpinGuard guard(lock);
    return count_;
  }

 private:
  std::uint32_t first_ GUARDED_BY(lock) = none;
  unsigned count_ GUARDED_BY(lock) = 0;
};

constinit Spares tables;
constinit Spares roots;

}  // namespace

constinit PhysAddr kernel_root;

Result<PhysAddr> table_allocate() {
  if (allocation_must_fail()) return Errno::nomem;
  if (PhysAddr spare = tables.take(); spare.value()) return spare;
  return frame_allocate_zeroed(FrameKind::table);
}

void table_free(PhysAddr table) { tables.give(table); }

Result<PhysAddr> root_allocate() {
  if (allocation_must_fail()) return Errno::nomem;
  if (PhysAddr spare = roots.take(); spare.value()) return spare;
  PhysAddr root = TRY(frame_allocate_zeroed(FrameKind::table));
  constexpr unsigned half = ptes_per_table / 2;
  memcpy(direct<Pte>(root) + half, direct<Pte>(kernel_root) + half, half * sizeof(Pte));
  return root;
}

void root_free(PhysAddr root) { roots.give(root); }

std::size_t spare_tables() { return tables.count() + roots.count(); }

std::size_t give_back_spare_tables() {
  std::size_t given = 0;
  for (Spares* spares : {&tables, &roots}) {
    for (PhysAddr spare; (spare = spares->take()).value(); given++) frame_unref(spare);
  }
  return given;
}
FRAME_KEEPER(1_tables, give_back_spare_tables)

}  // namespace tine
