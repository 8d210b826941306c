#include "mm/kernel_stack.hh"

#include "mm/frames.hh"
#include "mm/page_table.hh"
#include "sync/spinlock.hh"

namespace tine {
namespace {

constexpr unsigned pages_per_stack = kernel_stack_size / page_size;
// All that the window holds but the last, where signal_trampoline is.
constexpr std::uint64_t max_stacks = pte_span(2) / kernel_stack_slot - 1;

constinit Spinlock lock{Rank::stack_pool, "stack pool"};
constinit VirtAddr first_spare GUARDED_BY(lock);  // its lowest word names the next one
constinit std::uint64_t made GUARDED_BY(lock) = 0;
constinit std::uint64_t in_use GUARDED_BY(lock) = 0;

std::uint64_t* bottom_of(VirtAddr top) {
  return reinterpret_cast<std::uint64_t*>(top.value() - kernel_stack_size);
}

// Maps the frames of a slot that was never used. On failure all of them are given back; who comes
// next tries the slot again, and maps others over those that were mapped.
Result<> map_stack(VirtAddr top) {
  FrameRef frames[pages_per_stack];
  for (FrameRef& frame : frames) frame = FrameRef::adopt(TRY(frame_allocate(FrameKind::stack)));
  for (unsigned i = 0; i < pages_per_stack; i++) {
    VirtAddr page = top - kernel_stack_size + i * page_size;
    TRY(kernel_map_page(page, Pte::kernel(frames[i].address(), Prot::read | Prot::write)));
  }
  for (FrameRef& frame : frames) frame.release();  // the mapping holds them, for good
  return {};
}

}  // namespace

Result<VirtAddr> kernel_stack_allocate() {
  if (allocation_must_fail()) return Errno::nomem;
  SpinGuard guard(lock);
  VirtAddr top = first_spare;
  if (!top.value()) {
    if (made == max_stacks) return Errno::nomem;
    top = stack_window + (made + 1) * kernel_stack_slot;
    TRY(map_stack(top));
    made++;
  }
  kernel_map_catch_up();  // mapped just now, or at some time on another hart
  if (first_spare.value()) first_spare = VirtAddr(*bottom_of(top));
  in_use++;
  return top;
}

void kernel_stack_free(VirtAddr top) {
  kernel_map_catch_up();  // whoever reaps a thread may be on a hart that never saw its stack
  SpinGuard guard(lock);
  *bottom_of(top) = first_spare.value();
  first_spare = top;
  in_use--;
}

std::uint64_t kernel_stacks_in_use() {
  SpinGuard guard(lock);
  return in_use;
}

}  // namespace tine
