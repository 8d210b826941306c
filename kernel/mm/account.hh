// Accounts: how much kernel memory each user's objects take.
//
// An object that outlives the system call that makes it, and that a program can make in any number,
// is charged in bytes to the user for whom the call was made (by the real user ID): pages of files
// and pipes, names, open files, regions, locks, processes. It gives the same number of bytes back
// when it is destroyed. The number is about what the object costs.
//
// Not charged: what root makes (its account is nullptr), and the private memory of programs, which
// is freed when they end (wings/oom counts it when memory runs out).
//
// Users together get half of what is free after boot. One user gets at most three quarters of what
// the others leave, so that something is left for the next one.
//
// The code that sets user ids finds the account of each user (wings/linux/users.hh). No lock: each
// number is an atomic, and none orders other data.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "lib/ref.hh"
#include "lib/result.hh"
#include "sync/hart.hh"

namespace tine {

class Account : public RefCounted {
 public:
  std::atomic<int> processes{0};            // for RLIMIT_NPROC
  std::atomic<std::int64_t> pipe_pages{0};  // that the buffers of its pipes may take
  std::uint64_t pages_seen = 0;             // by wings/oom, whose mutex guards it

  // Takes `bytes` more. False: the user may not have so much, and nothing has changed.
  bool charge(std::size_t bytes);
  // The same for an object that exists and changes its owner: never refused.
  void charge_anyway(std::size_t bytes);
  void uncharge(std::size_t bytes);
  std::uint64_t bytes() const { return std::uint64_t(bytes_.load(std::memory_order_relaxed)); }

 protected:
  ~Account() override;

 private:
  std::atomic<std::int64_t> bytes_{0};
};

// The account of the user for whom this hart runs; nullptr: root, or the kernel itself.
inline Account* current_account() { return this_hart().account; }

// At the end of the boot, when `bytes` are free.
void accounts_init(std::uint64_t bytes);
// How much all users together may take, and have taken, in bytes.
std::uint64_t users_limit();
std::uint64_t users_bytes();

// A charge for the object that it is a member of; the destructor gives it back.
class Charge {
 public:
  constexpr Charge() = default;  // of no bytes
  // To the current account. Errors: `refusal` when the user has too much already.
  static Result<Charge> take(std::size_t bytes, Errno refusal) {
    Account* account = current_account();
    if (account && !account->charge(bytes)) return refusal;
    return Charge(account, bytes);
  }
  static Charge of_root(std::size_t bytes) { return Charge(nullptr, bytes); }  // for move_to
  Charge(const Charge&) {}  // the copy of an object has no charge yet
  Charge(Charge&& other) noexcept : account_(std::move(other.account_)), bytes_(other.bytes_) {}
  Charge& operator=(Charge other) {
    std::swap(account_, other.account_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~Charge() {
    if (account_) account_->uncharge(bytes_);
  }

  // The object belongs to another user from now on, even if that user's limit is exceeded.
  void move_to(RefPtr<Account> account);
  const RefPtr<Account>& account() const { return account_; }

 private:
  RefPtr<Account> account_;
  std::size_t bytes_ = 0;

  Charge(Account* account, std::size_t bytes) : account_(account), bytes_(bytes) {}
};

}  // namespace tine
