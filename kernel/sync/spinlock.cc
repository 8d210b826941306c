#include "sync/spinlock.hh"

#include <algorithm>
#include <span>

#include "arch/csr.hh"
#include "sync/panic.hh"

namespace tine {

// Only reads until the lock looks free, so that waiting harts do not take the cache line from each
// other by writing to it.
void Spinlock::wait_for_it() {
  // lab locks 1 {
  do {
    while (locked_.load(std::memory_order_relaxed)) csr::pause();
  } while (locked_.exchange(1, std::memory_order_acquire));
  // } lab
}

void Spinlock::check_held() const {
  if (holder_ != &this_hart()) panic("lock {} is not held where it must be", name);
}

void HeldLocks::check(const RankedLock& wanted) const {
  for (const RankedLock* lock : std::span(locks_).first(count_)) {
    bool is_fine = lock->rank < wanted.rank ||
                   (lock->rank == wanted.rank && lock != &wanted && may_hold_two(wanted.rank));
    if (!is_fine) panic("lock order: taking {} while holding {}", wanted.name, lock->name);
  }
}

void HeldLocks::add(const RankedLock& wanted) {
  check(wanted);
  if (count_ == locks_.size()) panic("lock order: too many locks held, taking {}", wanted.name);
  locks_[count_++] = &wanted;
}

void HeldLocks::remove(const RankedLock& lock) {
  auto end = std::remove(locks_.begin(), locks_.begin() + count_, &lock);
  if (end == locks_.begin() + count_) panic("lock {} is released and was not held", lock.name);
  count_--;
}

}  // namespace tine
