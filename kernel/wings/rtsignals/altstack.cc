// sigaltstack: another stack for signal handlers, for example when the program's own is full. The
// core stores it, uses it (SA_ONSTACK) and restores it (proc/signal_frame.cc); here is only the
// call.
#include <tine/signal.h>

#include "proc/signal.hh"
#include "syscall/dispatch.hh"

namespace tine {

// Either pointer may be null. Errors: fault, perm (the program runs on it), inval (flags), nomem
// (too small). As on Linux, the change is made before the old stack is stored.
SYSCALL(SYS_sigaltstack, sigaltstack, void,
        (UserPtr<tine_stack> fresh, UserPtr<tine_stack> old, TrapFrame& frame)) {
  Thread& self = *current_thread();
  tine_stack before = self.alternate_stack;
  int bits = before.flags & static_cast<int>(SS_AUTODISARM);
  int told = is_on_alternate_stack(self, frame.sp()) ? SS_ONSTACK : 0;
  before.flags = (before.size ? told : SS_DISABLE) | bits;
  if (!fresh.is_null()) TRY(change_alternate_stack(self, TRY(fresh.load()), frame.sp()));
  return old.is_null() ? Result<>() : old.store(before);
}

}  // namespace tine
