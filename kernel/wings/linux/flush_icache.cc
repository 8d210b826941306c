// riscv_flush_icache: a program has written instructions, and is going to run them.
#include <tine/syscall.h>

#include "proc/process.hh"
#include "syscall/dispatch.hh"

namespace tine {

constexpr unsigned flush_local = 1;  // SYS_RISCV_FLUSH_ICACHE_LOCAL: for the calling thread alone

// The addresses are not looked at, as on Linux: fence.i knows none. The thread may go on on any
// hart, and one that runs this address space already fences nothing when the thread comes; so all
// are told, for the calling thread alone, too. The mutex: of two calls at once, the second one must
// find the instructions of the first when it notes that its own hart has fenced. Errors: inval.
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
