#include "mm/kernel_stack.hh"

#include <algorithm>

#include "mm/frames.hh"
#include "mm/page_table.hh"
#include "sync/spinlock.hh"

namespace tine {
namespace {

constexpr std::uint64_t mark = 0x6b7374616b636174;  // what a debug build fills an unused stack with
constexpr unsigned pages_per_stack = kernel_stack_size / page_size;
// All that the window holds but the last, where signal_trampoline is.
constexpr std::uint64_t max_stacks = pte_span(2) / kernel_stack_slot - 1;

constinit Spinlock lock{Rank::stack_pool, "stack pool"};
constinit VirtAddr first_spare GUARDED_BY(lock);  // its lowest word names the next one
constinit std::uint64_t made GUARDED_BY(lock) = 0;
constinit std::uint64_t in_use GUARDED_BY(lock) = 0;
constinit std::uint64_t deepest GUARDED_BY(lock) = 0;

std::uint64_t* bottom_of(VirtAddr top) {
  return reinterpret_cast<std::uint64_t*>(top.value() - kernel_stack_size);
}

void fill_with_marks(VirtAddr top) {
  std::fill_n(bottom_of(top), kernel_stack_size / sizeof(std::uint64_t), mark);
}

std::uint64_t depth_of(VirtAddr top) {
  const std::uint64_t* word = bottom_of(top) + 1;  // the lowest word may be a link
  const std::uint64_t* end = bottom_of(top) + kernel_stack_size / sizeof(std::uint64_t);
  while (word < end && *word == mark) word++;  // a thread that was never started left no trace
  return top.value() - reinterpret_cast<std::uint64_t>(word);
}

// Maps the frames of a slot that was never used. On failure the slot's number is lost, not its
// frames: those that are mapped already stay, and the slot is tried again by whoever comes next.
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
  std::uint64_t slot;
  {
    SpinGuard guard(lock);
    kernel_map_catch_up();  // the spare may have been made on another hart
    if (first_spare.value()) {
      VirtAddr top = first_spare;
      first_spare = VirtAddr(*bottom_of(top));
      in_use++;
      return top;
    }
    if (made == max_stacks) return Errno::nomem;
    slot = made++;
  }
  VirtAddr top = stack_window + (slot + 1) * kernel_stack_slot;
  if (Result<> mapped = map_stack(top); !mapped) {
    SpinGuard guard(lock);
    if (made == slot + 1) made = slot;
    return mapped.error();
  }
  kernel_map_catch_up();
  if constexpr (TINE_DEBUG) fill_with_marks(top);
  SpinGuard guard(lock);
  in_use++;
  return top;
}

void kernel_stack_free(VirtAddr top) {
  kernel_map_catch_up();  // whoever reaps a thread may be on a hart that never saw its stack
  std::uint64_t depth = 0;
  if constexpr (TINE_DEBUG) depth = depth_of(top);
  if constexpr (TINE_DEBUG) fill_with_marks(top);
  SpinGuard guard(lock);
  deepest = std::max(deepest, depth);
  *bottom_of(top) = first_spare.value();
  first_spare = top;
  in_use--;
}

std::uint64_t kernel_stacks_in_use() {
  SpinGuard guard(lock);
  return in_use;
}

std::uint64_t kernel_stack_deepest() {
  SpinGuard guard(lock);
  return deepest;
}

}  // namespace tine
