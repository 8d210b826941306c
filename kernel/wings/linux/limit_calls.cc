// The calls that read and set limits. The limits are enforced where the resources are allocated
// (limits.hh).
#include <tine/abi.h>

#include "proc/process.hh"
#include "proc/table.hh"
#include "sched/scheduler.hh"
#include "syscall/dispatch.hh"
#include "wings/linux/limits.hh"

namespace tine {
namespace {

// May the caller see and set the limits of `other`? As on Linux, the superuser may; so may a caller
// whose real ids are all of the other's ids.
bool may_limit(const Credentials& caller, const Credentials& other) {
  auto all_are = [](const Ids& ids, std::uint32_t id) {
    return ids.real == id && ids.effective == id && ids.saved == id;
  };
  return caller.is_superuser() ||
         (all_are(other.user, caller.user.real) && all_are(other.group, caller.group.real));
}

// Errors: inval; perm (only the superuser may raise `most`, and for descriptors no caller above
// TINE_OPEN_MAX).
Result<> check_change(unsigned resource, const Limit& old, const Limit& fresh) {
  if (fresh.now > fresh.most) return Errno::inval;
  if (resource == RLIMIT_NOFILE && fresh.most > TINE_OPEN_MAX) return Errno::perm;
  if (fresh.most > old.most && !current_credentials().is_superuser()) return Errno::perm;
  return {};
}

// The limit of descriptors is also stored in the table, which needs it often.
Result<> set_limit(Process& process, unsigned resource, const Limit& fresh)
    REQUIRES(process_table_lock) {
  Limits* limits = TRY(limits_of(process));
  limits->set(resource, fresh);
  if (resource == RLIMIT_NOFILE) process.files.limit.store(int(fresh.now));
  return {};
}

// `pid` 0: the caller. Errors: inval, srch, perm, nomem.
Result<Limit> change_limit(int pid, unsigned resource, const Limit* fresh) {
  if (resource >= RLIM_NLIMITS) return Errno::inval;
  Process& self = current_process();
  SpinGuard guard(process_table_lock);
  Process* process = pid == 0 ? &self : find_process(pid);
  if (!process) return Errno::srch;
  if (process != &self && !may_limit(self.paths.credentials(), process->paths.credentials()))
    return Errno::perm;
  Limit old = limit_of(*process, resource);
  if (!fresh) return old;
  TRY(check_change(resource, old, *fresh));
  TRY(set_limit(*process, resource, *fresh));
  return old;
}

}  // namespace

// Errors: srch, inval, perm, nomem, fault (if `old` is bad, the limit is still set).
SYSCALL(SYS_prlimit64, prlimit64, void,
        (int pid, unsigned resource, UserPtr<Limit> fresh, UserPtr<Limit> old)) {
  Limit wanted{};
  if (!fresh.is_null()) wanted = TRY(fresh.load());
  Limit before = TRY(change_limit(pid, resource, fresh.is_null() ? nullptr : &wanted));
  return old.is_null() ? Result<>() : old.store(before);
}

// Errors: inval, fault.
SYSCALL(SYS_getrlimit, getrlimit, void, (unsigned resource, UserPtr<Limit> to)) {
  return to.store(TRY(change_limit(0, resource, nullptr)));
}

// Errors: inval, perm, nomem, fault.
SYSCALL(SYS_setrlimit, setrlimit, void, (unsigned resource, UserPtr<Limit> from)) {
  Limit wanted = TRY(from.load());
  TRY(change_limit(0, resource, &wanted));
  return {};
}

}  // namespace tine
