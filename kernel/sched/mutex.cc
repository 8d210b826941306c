#include "sched/mutex.hh"

#include "sync/panic.hh"

namespace tine {

// `ends`: which bits of Thread::interrupted end the wait. Returns whether the mutex is held.
bool Mutex::wait_for_it(std::uint32_t ends) {
  SpinGuard guard(spin_);
  while (true) {
    std::uint64_t word = word_.load(std::memory_order_relaxed);
    if (word == 0) {
      // Ours, unless another thread is quicker; others may still wait, and are not to be forgotten.
      if (word_.compare_exchange_strong(word, self() | contended, std::memory_order_acquire))
        return true;
    } else if ((word & contended) || word_.compare_exchange_strong(word, word | contended)) {
      if (!waiters_.sleep(spin_, WaitReason::lock, never, 0, ends)) return false;
    }
  }
}

// Free for the thread that comes first; the one that is woken looks again.
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
