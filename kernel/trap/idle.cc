#include "arch/csr.hh"
#include "dev/plic.hh"
#include "sched/give_way.hh"
#include "sched/scheduler.hh"
#include "trap/interrupt.hh"

namespace tine {

// Also called where the kernel gives way in the middle of a call (sched/give_way.hh).
void handle_interrupts(bool was_in_kernel) {
  this_hart().in_interrupt = true;
  std::uint64_t pending = csr::read_sip();
  if (pending & csr::interrupt_software) {
    // Another hart wants this one in the kernel; being here is all it takes. Cleared first, so that
    // what it wants next interrupts anew. The fence: what it wants is looked at after that.
    csr::clear_sip(csr::interrupt_software);
    csr::fence_io();
  }
  if (pending & csr::interrupt_timer) timer_interrupt(was_in_kernel);
  if (pending & csr::interrupt_external) plic_interrupt();
  this_hart().in_interrupt = false;
}

// Interrupts stay off here, too: wfi ends when one is pending, taken or not. One that comes between
// the look at the run queue and the wfi is pending by then, so it is not slept through.
void idle() {
  while (true) {
    if (run_ready_threads()) continue;
    settle();
    csr::wait_for_interrupt();
    stop_idling();
    handle_interrupts(true);
  }
}

}  // namespace tine
