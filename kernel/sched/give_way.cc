#include "sched/give_way.hh"

#include "arch/csr.hh"
#include "sched/scheduler.hh"
#include "sync/panic.hh"

namespace tine {

// The boot runs as the idle thread of its hart, which is in no run queue, so it could not come back
// from a switch: it gives no way.
bool give_way() {
  constexpr std::uint64_t any =
      csr::interrupt_software | csr::interrupt_timer | csr::interrupt_external;
  Hart& hart = this_hart();
  Thread* self = hart.current;
  if constexpr (TINE_DEBUG) {
    ASSERT(hart.held.count() == 0);
  }
  if (self == hart.idle) return false;
  if (csr::read_sip() & any) handle_interrupts(true);
  if (hart.work & Hart::must_yield) {
    make_room();
  } else {
    do_deferred_work();
  }
  return self->has_fatal_signal();
}

}  // namespace tine
