#include "mm/account.hh"

#include "sync/panic.hh"

namespace tine {
namespace {

constinit std::int64_t most = INT64_MAX / 4;  // that all users together may take; set once, at boot
constinit std::atomic<std::int64_t> taken{0};

}  // namespace

Account::~Account() {
  ASSERT(bytes_.load(std::memory_order_relaxed) == 0 && processes.load() == 0);
}

// Relaxed, here and below: the numbers guard no other data. Two threads that reach the limit at the
// same time may both be refused; neither gets more than it may have.
bool Account::charge(std::size_t bytes) {
  auto more = std::int64_t(bytes);
  std::int64_t all = taken.fetch_add(more, std::memory_order_relaxed) + more;
  std::int64_t own = bytes_.fetch_add(more, std::memory_order_relaxed) + more;
  if (own <= 3 * (most - all)) [[likely]]
    return true;
  uncharge(bytes);
  return false;
}

void Account::charge_anyway(std::size_t bytes) {
  taken.fetch_add(std::int64_t(bytes), std::memory_order_relaxed);
  bytes_.fetch_add(std::int64_t(bytes), std::memory_order_relaxed);
}

void Account::uncharge(std::size_t bytes) {
  taken.fetch_sub(std::int64_t(bytes), std::memory_order_relaxed);
  bytes_.fetch_sub(std::int64_t(bytes), std::memory_order_relaxed);
}

void Charge::move_to(RefPtr<Account> account) {
  if (account) account->charge_anyway(bytes_);
  if (account_) account_->uncharge(bytes_);
  account_ = std::move(account);
}

void accounts_init(std::uint64_t bytes) { most = std::int64_t(bytes / 2); }

std::uint64_t users_limit() { return std::uint64_t(most); }

std::uint64_t users_bytes() { return std::uint64_t(taken.load(std::memory_order_relaxed)); }

}  // namespace tine
