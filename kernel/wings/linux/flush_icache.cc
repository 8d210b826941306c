// riscv_flush_icache: a program has written instructions, and is going to run them.
#include <tine/syscall.h>

#include "proc/process.hh"
#include "syscall/dispatch.hh"

namespace tine {

constexpr unsigned flush_local = 1;  // SYS_RISCV_FLUSH_ICACHE_LOCAL: for the calling thread alone

// The addresses are ignored, as on Linux, because fence.i has none. flush_local does the same: the
// thread may move to any hart, and a hart that already runs this address space executes no fence
// when the thread comes. The mutex orders two calls at the same time: the second one must not mark
// its hart as fenced before the first one's instructions are visible to it. Errors: inval.
SYSCALL(SYS_riscv_flush_icache, riscv_flush_icache, void,
        (VirtAddr start, VirtAddr end, std::uint64_t flags)) {
  (void)start;
  (void)end;
  if (flags & ~std::uint64_t{flush_local}) return Errno::inval;
  AddressSpace& space = *current_process().space;
  if (!space.mutex().lock_killable()) return Errno::restart;
  MutexGuard guard(space.mutex(), AlreadyHeld::yes);
  space.page_table().note_new_code();
  return {};
}

}  // namespace tine
