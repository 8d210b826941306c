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
  PhysAddr pop() {
    if (first_ == none) return PhysAddr();
    FrameRecord& record = frames_internal::records[first_];
    first_ = record.next;
    record.next = 0;
    count_--;
    return frame_address(record);
  }
  void push(PhysAddr frame) {
    FrameRecord& record = frame_record(frame);
    record.next = first_;
    first_ = static_cast<std::uint32_t>(&record - frames_internal::records);
    count_++;
  }
  unsigned count() const { return count_; }

 private:
  std::uint32_t first_ = none;
  unsigned count_ = 0;
};

constinit Spares tables GUARDED_BY(lock);
constinit Spares roots GUARDED_BY(lock);
constinit PhysAddr kernel_root;

}  // namespace

void set_kernel_root(PhysAddr root) { kernel_root = root; }

Result<PhysAddr> table_allocate() {
  if (allocation_must_fail()) return Errno::nomem;
  {
    SpinGuard guard(lock);
    if (PhysAddr spare = tables.pop(); spare.value()) return spare;
  }
  return frame_allocate_zeroed(FrameKind::table);
}

void table_free(PhysAddr table) {
  {
    SpinGuard guard(lock);
    if (tables.count() < max_spares) return tables.push(table);
  }
  frame_unref(table);
}

Result<PhysAddr> root_allocate() {
  if (allocation_must_fail()) return Errno::nomem;
  {
    SpinGuard guard(lock);
    if (PhysAddr spare = roots.pop(); spare.value()) return spare;
  }
  PhysAddr root = TRY(frame_allocate_zeroed(FrameKind::table));
  constexpr unsigned half = ptes_per_table / 2;
  memcpy(direct<Pte>(root) + half, direct<Pte>(kernel_root) + half, half * sizeof(Pte));
  return root;
}

void root_free(PhysAddr root) {
  {
    SpinGuard guard(lock);
    if (roots.count() < max_spares) return roots.push(root);
  }
  frame_unref(root);
}

std::size_t spare_tables() {
  SpinGuard guard(lock);
  return tables.count() + roots.count();
}

bool give_back_spare_tables() {
  bool any = false;
  while (true) {
    PhysAddr spare;
    {
      SpinGuard guard(lock);
      spare = tables.pop();
      if (!spare.value()) spare = roots.pop();
    }
    if (!spare.value()) return any;
    frame_unref(spare);
    any = true;
  }
}

}  // namespace tine
