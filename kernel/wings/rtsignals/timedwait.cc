// rt_sigtimedwait: takes a pending signal, without a handler.
#include <tine/signal.h>

#include <bit>

#include "proc/signal.hh"
#include "sched/wait_queue.hh"
#include "syscall/dispatch.hh"
#include "syscall/timespec.hh"

namespace tine {
namespace {

// Sleeps until a signal of `set` is pending; takes it, and returns its siginfo. While asleep the
// thread does not block these signals, so that they end its sleep. `blocked_before` still has them
// as blocked, so that send_signal does not drop one that is ignored. Errors: again (the deadline
// has come), intr (another signal has come).
Result<tine_siginfo> wait_for_signal(std::uint64_t set, std::uint64_t deadline) {
  static constinit WaitQueue never_woken;
  Thread& self = *current_thread();
  Process& process = *self.process;
  SpinGuard guard(process_table_lock);
  std::uint64_t own = self.blocked_signals;
  self.blocked_before = own;
  set_blocked_signals(self, own & ~set);
  Result<> slept;
  while (slept && !(process.pending_signals & set) && clock_now() < deadline) {
    slept = never_woken.sleep(process_table_lock, WaitReason::sleep, deadline);
  }
  self.blocked_before.reset();
  set_blocked_signals(self, own);
  if (std::uint64_t ready = process.pending_signals & set) {
    tine_siginfo info = take_signal(process, std::countr_zero(ready) + 1);
    set_blocked_signals(self, own);  // updates `interrupted`: no other may be pending
    return info;
  }
  return slept ? Errno::again : Errno::intr;
}

}  // namespace

// Returns the signal's number. `to` may be null. `timeout` null: no deadline. Errors: inval (size,
// timeout), fault, nomem, again, intr.
SYSCALL(SYS_rt_sigtimedwait, rt_sigtimedwait, int,
        (UserPtr<std::uint64_t> set, UserPtr<tine_siginfo> to, UserPtr<tine_timespec> timeout,
         std::size_t size)) {
  if (size != sizeof(std::uint64_t)) return Errno::inval;
  std::uint64_t wanted = TRY(set.load()) & ~(signal_bit(SIGKILL) | signal_bit(SIGSTOP));
  std::uint64_t deadline = never;
  if (!timeout.is_null()) {
    tine_timespec time = TRY(timeout.load());
    deadline = clock_after(clock_now(), TRY(ns_of(time)));
  }
  if (!to.is_null()) TRY(to.prepare_to_store());
  TRY(block_signals(current_thread()->blocked_signals));  // so that origins are stored
  tine_siginfo info = TRY(wait_for_signal(wanted, deadline));
  if (!to.is_null()) TRY(copy_to_user(current_space(), to.address(), &info, sizeof(info)));
  return info.number;
}

}  // namespace tine
