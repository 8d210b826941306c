#include "wings/linux/users.hh"

#include "mm/heap.hh"
#include "sync/spinlock.hh"

namespace tine {
namespace {

constinit Spinlock lock{Rank::accounts, "accounts"};
constinit List<UserAccount, &UserAccount::link> accounts GUARDED_BY(lock);  // without references

// An account that is not being destroyed, with a new reference; nullptr: there is none.
RefPtr<UserAccount> find(std::uint32_t user) REQUIRES(lock) {
  for (UserAccount& each : accounts) {
    if (each.user == user && each.try_ref()) return RefPtr<UserAccount>::adopt(&each);
  }
  return nullptr;
}

}  // namespace

Result<RefPtr<Account>> account_of(std::uint32_t user) {
  if (user == 0) return RefPtr<Account>();
  RefPtr<UserAccount> known;
  {
    SpinGuard guard(lock);
    known = find(user);
  }
  if (known) return RefPtr<Account>(known);
  RefPtr<UserAccount> fresh = TRY(make_ref<UserAccount>(user));
  SpinGuard guard(lock);
  known = find(user);
  if (!known) accounts.push_back(fresh.get());
  return RefPtr<Account>(known ? known : fresh);
}

void UserAccount::destroy() {
  {
    SpinGuard guard(lock);
    if (link.is_linked()) accounts.remove(this);
  }
  delete this;
}

}  // namespace tine
