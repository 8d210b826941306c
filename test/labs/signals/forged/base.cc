// For forgeries: signals without handlers. Where a handler should start, `forge` is called.
#include "sync/panic.hh"

namespace tine {
namespace {

// A signal with a handler is due; says whether the program has been given something to do.
int due_signal() {
  SpinGuard guard(process_table_lock);
  Thread& self = *current_thread();
  std::uint64_t ready = self.process->pending_signals & ~self.blocked_signals;
  if (!ready) self.interrupted.store(0);
  if (!ready) return 0;
  int signal = std::countr_zero(ready) + 1;
  (void)take_signal(*self.process, signal);
  return signal;
}

}  // namespace

bool handle_signals(TrapFrame& frame) {
  Process& process = current_process();
  while (int signal = due_signal()) {
    if (process.action(signal).handler > TINE_SIG_IGN) {
      forge(frame, signal);
    } else if (process.action(signal).handler == TINE_SIG_DFL && process.pid != init_pid) {
      process_exit(signal);
    }
  }
  return false;
}

void signal_fault(TrapFrame&, const Fault& fault) { process_exit(fault.signal); }

bool is_on_alternate_stack(const Thread&, std::uint64_t) { return false; }

Result<> change_alternate_stack(Thread& self, tine_stack fresh, std::uint64_t) {
  self.alternate_stack = fresh;
  return {};
}

void signal_init() {}

}  // namespace tine
