// Further system calls about signals.
#include <tine/signal.h>

#include "proc/signal.hh"
#include "sched/wait_queue.hh"
#include "syscall/dispatch.hh"
#include "wings/linux/masked.hh"

namespace tine {

// Sleeps with another mask until a handler has run, so it always returns intr. Errors: inval,
// fault, nomem, intr.
SYSCALL(SYS_rt_sigsuspend, rt_sigsuspend, void, (UserPtr<std::uint64_t> mask, std::size_t size)) {
  if (mask.is_null()) return Errno::fault;
  return with_signal_mask(mask, size, []() -> Result<> {
    (void)sleep_until(never);
    return Errno::intr;
  });
}

// Errors: inval, fault.
SYSCALL(SYS_rt_sigpending, rt_sigpending, void, (UserPtr<std::uint64_t> to, std::size_t size)) {
  if (size > sizeof(std::uint64_t)) return Errno::inval;
  std::uint64_t pending;
  {
    SpinGuard guard(process_table_lock);
    pending = current_process().pending_signals & current_thread()->blocked_signals;
  }
  return copy_to_user(current_space(), to.address(), &pending, size);
}

// A process has one thread, whose id is the process's. Errors: inval, srch, perm.
SYSCALL(SYS_tkill, tkill, void, (int thread, int signal)) {
  return thread > 0 ? process_kill(thread, signal, SI_TKILL) : Errno::inval;
}

// Errors: inval, srch, perm.
SYSCALL(SYS_tgkill, tgkill, void, (int process, int thread, int signal)) {
  if (process <= 0 || thread <= 0) return Errno::inval;
  return process == thread ? process_kill(thread, signal, SI_TKILL) : Errno::srch;
}

}  // namespace tine
