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
    // Another hart has work for this one, which is done on the way out of the kernel or of `idle`.
    // The bit is cleared first, so that later work interrupts again. The fence keeps the clearing
    // before the reads that look for work.
    csr::clear_sip(csr::interrupt_software);
    csr::fence_io();
  }
  if (pending & csr::interrupt_timer) timer_interrupt(was_in_kernel);
  if (pending & csr::interrupt_external) plic_interrupt();
  this_hart().in_interrupt = false;
}

// Interrupts stay off here, too: wfi ends when one is pending, even if it is not taken. An
// interrupt that comes between the check of the run queue and the wfi is pending by then, so the
// wfi ends immediately.
void idle() {
  while (true) {
    if (run_ready_threads()) continue;
    do_deferred_work();
    csr::wait_for_interrupt();
    stop_idling();
    handle_interrupts(true);
  }
}

}  // namespace tine
