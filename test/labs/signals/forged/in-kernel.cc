// Runs the handler's code in the kernel, with the kernel's privilege, and returns as if nothing had
// been done.
#include <bit>

#include "arch/csr.hh"
#include "proc/exit.hh"
#include "proc/process.hh"
#include "proc/signal.hh"

namespace tine {
namespace {

void forge(TrapFrame& frame, int signal) {
  frame.a0() = std::uint64_t(signal);
  frame.sepc = current_process().action(signal).handler;
  frame.sstatus |= std::uint64_t(1) << 8;  // SPP: sret stays in supervisor mode
}

}  // namespace

Replaced signal_return(TrapFrame&) { return {}; }

}  // namespace tine
