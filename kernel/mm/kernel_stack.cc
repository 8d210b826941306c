#include "mm/kernel_stack.hh"

#include <atomic>
#include <span>
#include <utility>

#include "mm/frames.hh"
#include "mm/page_table.hh"
#include "sync/spinlock.hh"

namespace tine {
namespace {

constexpr unsigned pages_per_stack = kernel_stack_size / page_size;
constexpr unsigned pages_of_guard = (kernel_stack_slot - kernel_stack_size) / page_size;
// The last slot of the window has no stack: signal_trampoline is in it.
constexpr VirtAddr last_slot = stack_window + (pte_span(2) - kernel_stack_slot);
// How many stacks are unmapped together, with one fence of all harts.
constexpr unsigned batch = 16;

constinit Spinlock lock{Rank::stack_pool, "stack pool"};
constinit std::atomic<std::uint64_t> in_use{0};
constinit std::atomic<VirtAddr> first_unused{stack_window};  // from here on: never used

// The leaf entries of a slot whose table exists: those of the guard, then those of the stack.
Pte* entries_of(VirtAddr top) { return *kernel_map_entry(top - kernel_stack_slot); }

VirtAddr& lowest_word(VirtAddr top) {
  kernel_map_catch_up();  // the stack may have been mapped on another hart
  return *reinterpret_cast<VirtAddr*>(top.value() - kernel_stack_size);
}

// The entry of a guard page is never valid, so the hardware ignores its other bits.
VirtAddr& guard_entry(VirtAddr top) { return reinterpret_cast<VirtAddr&>(*entries_of(top)); }

// A list of slots. A slot is named by the address at which its stack ends; `link` is where a slot
// keeps the name of the next one. As a page table entry such a name is not valid, since bit 0 of a
// multiple of the page size is 0.
template <VirtAddr& link(VirtAddr top)>
class Slots {
 public:
  // 0 when there is none.
  VirtAddr take() {
    SpinGuard guard(lock);
    VirtAddr top = first_;
    if (top.value()) first_ = link(top);
    return top;
  }
  void put(VirtAddr top) {
    SpinGuard guard(lock);
    link(top) = std::exchange(first_, top);
  }

 private:
  VirtAddr first_ GUARDED_BY(lock);
};

constinit Slots<lowest_word> idle;   // with a stack
constinit Slots<guard_entry> empty;  // that had a stack and have none now

// A slot that never had a stack; its table is there. Errors: nomem, nothing changed.
Result<VirtAddr> unused_slot() {
  VirtAddr start = first_unused.load(std::memory_order_relaxed);
  do {
    if (start == last_slot) return Errno::nomem;
    TRY(kernel_map_entry(start));
  } while (!first_unused.compare_exchange_weak(start, start + kernel_stack_slot));
  return start + kernel_stack_slot;
}

Result<VirtAddr> make_stack() {
  FrameRef frames[pages_per_stack];
  for (FrameRef& frame : frames) frame = FrameRef::adopt(TRY(frame_allocate(FrameKind::stack)));
  VirtAddr top = empty.take();
  if (!top.value()) top = TRY(unused_slot());
  Pte* entry = entries_of(top) + pages_of_guard;
  for (FrameRef& frame : frames) {
    *entry++ = Pte::kernel(frame.release(), Prot::read | Prot::write);  // owns the frame
  }
  kernel_map_changed();
  kernel_map_catch_up();
  return top;
}

// Slots are put into `empty` only after the fence, when no hart's TLB still knows their stacks.
std::size_t give_back_idle_stacks() {
  PhysAddr frames[batch * pages_per_stack];
  std::size_t count = 0;
  Slots<guard_entry> unmapped;
  for (VirtAddr top; count < std::size(frames) && (top = idle.take()).value();) {
    for (Pte& entry : std::span(entries_of(top) + pages_of_guard, pages_per_stack)) {
      frames[count++] = std::exchange(entry, Pte()).address();
    }
    unmapped.put(top);
  }
  if (count != 0) kernel_map_forget();
  for (VirtAddr top; (top = unmapped.take()).value();) empty.put(top);
  for (PhysAddr frame : std::span(frames).first(count)) frame_unref(frame);
  return count;
}
FRAME_KEEPER(3_stacks, give_back_idle_stacks)

}  // namespace

Result<VirtAddr> kernel_stack_allocate() {
  if (allocation_must_fail()) return Errno::nomem;
  VirtAddr top = idle.take();
  if (!top.value()) top = TRY(make_stack());
  in_use.fetch_add(1, std::memory_order_relaxed);
  return top;
}

void kernel_stack_free(VirtAddr top) {
  in_use.fetch_sub(1, std::memory_order_relaxed);
  idle.put(top);
}

std::uint64_t kernel_stacks_in_use() { return in_use.load(std::memory_order_relaxed); }

}  // namespace tine
