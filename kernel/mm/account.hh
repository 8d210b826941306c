// Accounts: how much of the machine's memory the things of each user take.
//
// What outlives the call that makes it, and can be made in any number, is charged in bytes to the
// user for whom the call was made (by the real user ID), and gives the charge back when it dies:
// pages of files and pipes, names, open files, regions, locks, processes. A number of bytes is what
// a thing costs about; it is the same when it is taken and when it is given back.
//
// Not charged: what root makes (its account is nullptr); and the private memory of programs, which
// goes with them (wings/oom counts that when memory ends).
//
// Users together get half of what is free after boot. One of them gets at most three quarters of
// what the others leave, so that something is left for the next one.
//
// Which account belongs to which user is the business of those who give users their ids
// (wings/linux/users.hh). No lock: the numbers are atomics, each for itself.
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
  std::atomic<std::int64_t> pipe_pages{0};  // that its pipes may take
  std::uint64_t pages_seen = 0;             // by wings/oom, whose mutex guards it

  // Takes `bytes` more. False: this is more than the user may have, and nothing has changed.
  bool charge(std::size_t bytes);
  // The same for what is there already and changes hands: never refused.
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

// At boot, when all is set up: `bytes` are free.
void accounts_init(std::uint64_t bytes);
// What all users may take, and have taken, in bytes.
std::uint64_t users_limit();
std::uint64_t users_bytes();

// A charge, given back at the end of its life. Of the object that it is a member of.
class Charge {
 public:
  constexpr Charge() = default;  // of nothing
  // To the current account. Errors: `refusal` when the user has too much already.
  static Result<Charge> take(std::size_t bytes, Errno refusal) {
    Account* account = current_account();
    if (account && !account->charge(bytes)) return refusal;
    return Charge(account, bytes);
  }
  static Charge of_root(std::size_t bytes) { return Charge(nullptr, bytes); }  // for move_to
  Charge(const Charge&) {}  // the copy of an object is to be charged for itself
  Charge(Charge&& other) noexcept : account_(std::move(other.account_)), bytes_(other.bytes_) {}
  Charge& operator=(Charge other) {
    std::swap(account_, other.account_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~Charge() {
    if (account_) account_->uncharge(bytes_);
  }

  // The object belongs to another user from now on, who cannot refuse it.
  void move_to(RefPtr<Account> account);
  const RefPtr<Account>& account() const { return account_; }

 private:
  RefPtr<Account> account_;
  std::size_t bytes_ = 0;

  Charge(Account* account, std::size_t bytes) : account_(account), bytes_(bytes) {}
};

}  // namespace tine
