#include "sched/mutex.hh"

#include "sync/panic.hh"

namespace tine {

void Mutex::wait_for_it() {
  SpinGuard guard(spin_);
  waiting_++;
  while (true) {
    std::uint64_t word = word_.load(std::memory_order_relaxed);
    if (word == 0) {
      // Ours, unless somebody is quicker; those who still wait are not to be forgotten.
      std::uint64_t mine = self() | (waiting_ > 1 ? contended : 0);
      if (word_.compare_exchange_strong(word, mine, std::memory_order_acquire)) break;
    } else if ((word & contended) || word_.compare_exchange_strong(word, word | contended)) {
      waiters_.sleep_uninterruptibly(spin_, WaitReason::lock);
    }
  }
  waiting_--;
}

// Free for whoever comes first; the one that is woken looks again.
void Mutex::hand_on() {
  SpinGuard guard(spin_);
  word_.store(0, std::memory_order_release);
  waiters_.wake_one();
}

// Mutexes rank below all spinlocks, so a hart that holds any of those must not come here.
void Mutex::check_rank() const {
  Thread& self = *current_thread();
  if (this_hart().held_count)
    panic("mutex {} taken while holding {}", name_, this_hart().held[0]->name());
  for (unsigned i = 0; i < self.mutex_count; i++) {
    if (self.mutexes[i]->rank() >= rank_) {
      panic("lock order: taking {} while holding {}", name_, self.mutexes[i]->name());
    }
  }
  if (self.mutex_count == Thread::max_mutexes)
    panic("lock order: too many mutexes held, taking {}", name_);
  self.mutexes[self.mutex_count++] = this;
}

void Mutex::note_released() const {
  Thread& self = *current_thread();
  if (!held()) panic("mutex {} released by a thread that does not hold it", name_);
  unsigned i = 0;
  while (i < self.mutex_count && self.mutexes[i] != this) i++;
  for (; i + 1 < self.mutex_count; i++) self.mutexes[i] = self.mutexes[i + 1];
  self.mutex_count--;
}

}  // namespace tine
