#include "mm/table_pool.hh"

#include "arch/pte.hh"
#include "lib/string.hh"
#include "sync/spinlock.hh"

namespace tine {
namespace {

constexpr unsigned max_spares = 64;

constinit Spinlock lock{Rank::table_pool, "table pool"};

// Spare frames: all zeros, apart from the kernel half of a root.
class Spares {
 public:
  // 0 when there is none.
  PhysAddr take() {
    SpinGuard guard(lock);
    if (frames_.empty()) return PhysAddr();
    count_--;
    return frame_address(frames_.pop());
  }
  // Frees the frame when there are enough spares.
  void give(PhysAddr frame) {
    {
      SpinGuard guard(lock);
      if (count_ < max_spares) {
        frames_.push(frame_record(frame));
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
  FrameStack frames_ GUARDED_BY(lock);
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
