// System calls about signals (proc/signal.hh).
#include <tine/signal.h>

#include "proc/signal.hh"
#include "syscall/dispatch.hh"

namespace tine {

// Errors: inval (no such signal), srch, perm.
SYSCALL(SYS_kill, kill, void, (int pid, int signal)) { return process_kill(pid, signal); }

// Either pointer may be null. Errors: inval (not the size of a set; no such signal; SIGKILL and
// SIGSTOP keep their action), fault, nomem; nothing has changed then.
SYSCALL(SYS_rt_sigaction, rt_sigaction, void,
        (int signal, UserPtr<tine_sigaction> fresh, UserPtr<tine_sigaction> old,
         std::size_t size)) {
  if (size != sizeof(std::uint64_t)) return Errno::inval;
  tine_sigaction action{};
  if (!fresh.is_null()) action = TRY(fresh.load());
  if (!has_action(signal, !fresh.is_null())) return Errno::inval;
  tine_sigaction before = TRY(change_signal_action(signal, nullptr));
  if (!old.is_null()) TRY(old.store(before));
  if (!fresh.is_null()) TRY(change_signal_action(signal, &action));
  return {};
}

// Errors: inval (not the size of a set, how), fault, nomem; nothing has changed then.
SYSCALL(SYS_rt_sigprocmask, rt_sigprocmask, void,
        (int how, UserPtr<std::uint64_t> fresh, UserPtr<std::uint64_t> old, std::size_t size)) {
  if (size != sizeof(std::uint64_t)) return Errno::inval;
  std::uint64_t before = current_thread()->blocked_signals, after = before;
  if (!fresh.is_null()) {
    std::uint64_t set = TRY(fresh.load());
    switch (how) {
      case SIG_BLOCK: after |= set; break;
      case SIG_UNBLOCK: after &= ~set; break;
      case SIG_SETMASK: after = set; break;
      default: return Errno::inval;
    }
  }
  if (!old.is_null()) TRY(old.store(before));
  return fresh.is_null() ? Result<>() : block_signals(after);
}

// Called by the trampoline that a handler returns to. Errors: none (a frame that cannot be read is
// a SIGSEGV).
SYSCALL(SYS_rt_sigreturn, rt_sigreturn, Replaced, (TrapFrame & frame)) {
  return signal_return(frame);
}

}  // namespace tine
