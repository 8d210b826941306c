#include "sched/mutex.hh"

#include "sync/panic.hh"

namespace tine {

// `ends`: which bits of Thread::interrupted end the wait. Returns whether this thread holds the
// mutex.
bool Mutex::wait_for_it(std::uint32_t ends) {
  SpinGuard guard(spin_);
  while (true) {
    std::uint64_t word = word_.load(std::memory_order_relaxed);
    if (word == 0) {
      // Free: takes it, unless another thread takes it first. `contended` is set in any case,
      // because other threads may still be in the queue.
      if (word_.compare_exchange_strong(word, self() | contended, std::memory_order_acquire))
        return true;
    } else if ((word & contended) || word_.compare_exchange_strong(word, word | contended)) {
      if (!waiters_.sleep(spin_, WaitReason::lock, never, 0, ends)) return false;
    }
  }
}

// The mutex is free already. The thread that is woken tries to take it, and may find that another
// thread was faster.
void Mutex::hand_on() {
  SpinGuard guard(spin_);
  waiters_.wake_one();
}

// A mutex ranks before every spinlock, so a hart that holds a spinlock must not come here.
void Mutex::note_taken() const {
  this_hart().held.check(*this);
  current_thread()->mutexes.add(*this);
}

void Mutex::check_held() const {
  if (!held()) panic("mutex {} is not held where it must be", name);
}

void Mutex::note_released() const { current_thread()->mutexes.remove(*this); }

}  // namespace tine
