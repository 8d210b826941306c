#include "sched/mutex.hh"

#include "sync/panic.hh"

namespace tine {

void Mutex::wait_for_it() {
  SpinGuard guard(spin_);
  while (true) {
    std::uint64_t word = word_.load(std::memory_order_relaxed);
    if (word == 0) {
      // Ours, unless somebody is quicker; others may still wait, and are not to be forgotten.
      if (word_.compare_exchange_strong(word, self() | contended, std::memory_order_acquire))
        return;
    } else if ((word & contended) || word_.compare_exchange_strong(word, word | contended)) {
      waiters_.sleep_uninterruptibly(spin_, WaitReason::lock);
    }
  }
}

// Free for whoever comes first; the one that is woken looks again.
void Mutex::hand_on() {
  SpinGuard guard(spin_);
  waiters_.wake_one();
}

// Mutexes rank below all spinlocks, so a hart that holds any of those must not come here.
void Mutex::note_taken() const {
  this_hart().held.check(*this);
  current_thread()->mutexes.add(*this);
}

void Mutex::check_held() const {
  if (!held()) panic("mutex {} is not held where it must be", name);
}

void Mutex::note_released() const { current_thread()->mutexes.remove(*this); }

}  // namespace tine
