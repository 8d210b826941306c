// The user and group ids of a process, and the rules for changing them (POSIX, setuid and similar
// calls; where POSIX leaves a choice, as Linux).
#include <tine/syscall.h>

#include "mm/heap.hh"
#include "proc/process.hh"
#include "syscall/dispatch.hh"
#include "wings/linux/limits.hh"
#include "wings/linux/users.hh"

namespace tine {
namespace {

constexpr std::uint32_t unchanged = ~0u;

// `change` may return an error; then nothing has changed. If an effective id changes, the memory is
// marked as secret: the new user must not read what it holds from before. Errors: those of
// `change`, nomem.
template <class Change>
Result<> change_credentials(Change change) {
  RefPtr<SharedCredentials> fresh = TRY(make_ref<SharedCredentials>(current_credentials()));
  TRY(change(fresh->ids));
  fresh->account = TRY(account_of(fresh->ids.user.real));
  RefPtr<Account> account = fresh->account;
  auto effective = [](const Credentials& of) {
    return std::pair(of.user.effective, of.group.effective);
  };
  SpinGuard guard(process_table_lock);
  Process& self = current_process();
  if (account.get() != current_account()) {
    Limits* limits = TRY(limits_of(self));
    limits->move_to(account);
  }
  if (effective(fresh->ids) != effective(self.paths.credentials())) self.secret = true;
  std::swap(self.paths.shared_credentials, fresh);
  current_thread()->account = this_hart().account = account.get();
  return {};
}

// setuid, setgid: for the superuser they set all three ids, so there is no way back.
Result<> set_id(Ids& ids, std::uint32_t id, bool privileged) {
  if (id == unchanged) return Errno::inval;
  if (privileged) ids = {id, id, id};
  if (id != ids.real && id != ids.saved) return Errno::perm;
  ids.effective = id;
  return {};
}

// setreuid, setregid: the saved id is set to the effective one when the real id was given, or the
// effective one was set to something else than the old real one.
Result<> set_two(Ids& ids, std::uint32_t real, std::uint32_t effective, bool privileged) {
  Ids old = ids;
  if (real != unchanged) {
    if (!privileged && real != old.real && real != old.effective) return Errno::perm;
    ids.real = real;
  }
  if (effective != unchanged) {
    if (!privileged && !old.has(effective)) return Errno::perm;
    ids.effective = effective;
  }
  if (real != unchanged || (effective != unchanged && effective != old.real)) {
    ids.saved = ids.effective;
  }
  return {};
}

// setresuid, setresgid.
Result<> set_three(Ids& ids, const Ids& wanted, bool privileged) {
  Ids old = ids;
  auto set = [&](std::uint32_t& to, std::uint32_t id) {
    if (id == unchanged) return true;
    to = id;
    return privileged || old.has(id);
  };
  bool allowed = set(ids.real, wanted.real) && set(ids.effective, wanted.effective) &&
                 set(ids.saved, wanted.saved);
  return allowed ? Result<>() : Errno::perm;
}

using IdPointer = UserPtr<std::uint32_t>;
Result<> store_ids(const Ids& ids, IdPointer real, IdPointer effective, IdPointer saved) {
  TRY(real.store(ids.real));
  TRY(effective.store(ids.effective));
  return saved.store(ids.saved);
}

}  // namespace

// ---- Reading ids ----

SYSCALL(SYS_getuid, getuid, std::uint32_t, ()) { return current_credentials().user.real; }
SYSCALL(SYS_geteuid, geteuid, std::uint32_t, ()) { return current_credentials().user.effective; }
SYSCALL(SYS_getgid, getgid, std::uint32_t, ()) { return current_credentials().group.real; }
SYSCALL(SYS_getegid, getegid, std::uint32_t, ()) { return current_credentials().group.effective; }

// Errors: fault.
SYSCALL(SYS_getresuid, getresuid, void, (IdPointer real, IdPointer effective, IdPointer saved)) {
  return store_ids(current_credentials().user, real, effective, saved);
}
// Errors: fault.
SYSCALL(SYS_getresgid, getresgid, void, (IdPointer real, IdPointer effective, IdPointer saved)) {
  return store_ids(current_credentials().group, real, effective, saved);
}

// Supplementary groups; `room` 0: only returns their number. Errors: inval (too little room),
// fault.
SYSCALL(SYS_getgroups, getgroups, int, (int room, VirtAddr to)) {
  const Credentials& own = current_credentials();
  int count = int(own.group_count);
  if (room == 0) return count;
  if (room < count) return Errno::inval;
  TRY(copy_to_user(current_space(), to, own.groups.data(),
                   own.group_count * sizeof(own.groups[0])));
  return count;
}

// ---- Changing ids. Errors of all: perm, nomem ----

// Errors: perm, inval (-1), nomem.
SYSCALL(SYS_setuid, setuid, void, (std::uint32_t id)) {
  return change_credentials([&](Credentials& c) { return set_id(c.user, id, c.is_superuser()); });
}
// Errors: perm, inval (-1), nomem.
SYSCALL(SYS_setgid, setgid, void, (std::uint32_t id)) {
  return change_credentials([&](Credentials& c) { return set_id(c.group, id, c.is_superuser()); });
}
// Errors: perm, nomem.
SYSCALL(SYS_setreuid, setreuid, void, (std::uint32_t real, std::uint32_t effective)) {
  return change_credentials(
      [&](Credentials& c) { return set_two(c.user, real, effective, c.is_superuser()); });
}
// Errors: perm, nomem.
SYSCALL(SYS_setregid, setregid, void, (std::uint32_t real, std::uint32_t effective)) {
  return change_credentials(
      [&](Credentials& c) { return set_two(c.group, real, effective, c.is_superuser()); });
}
// Errors: perm, nomem.
SYSCALL(SYS_setresuid, setresuid, void,
        (std::uint32_t real, std::uint32_t effective, std::uint32_t saved)) {
  return change_credentials([&](Credentials& c) {
    return set_three(c.user, {real, effective, saved}, c.is_superuser());
  });
}
// Errors: perm, nomem.
SYSCALL(SYS_setresgid, setresgid, void,
        (std::uint32_t real, std::uint32_t effective, std::uint32_t saved)) {
  return change_credentials([&](Credentials& c) {
    return set_three(c.group, {real, effective, saved}, c.is_superuser());
  });
}

// Errors: perm, inval (too many), fault, nomem.
SYSCALL(SYS_setgroups, setgroups, void, (std::uint32_t count, VirtAddr from)) {
  return change_credentials([&](Credentials& c) -> Result<> {
    if (!c.is_superuser()) return Errno::perm;
    if (count > c.groups.size()) return Errno::inval;
    c.group_count = count;
    return copy_from_user(current_space(), c.groups.data(), from, count * sizeof(c.groups[0]));
  });
}

}  // namespace tine
