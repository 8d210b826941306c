#include "sched/mutex.hh"

#include "sync/panic.hh"

namespace tine {

void Mutex::lock() {
  if constexpr (TINE_DEBUG) check_rank();
  SpinGuard guard(spin_);
  while (owner_) {
    waiting_++;
    waiters_.sleep_uninterruptibly(spin_, WaitReason::lock);
    waiting_--;
  }
  owner_ = current_thread();
}

void Mutex::unlock() {
  if constexpr (TINE_DEBUG) note_released();
  SpinGuard guard(spin_);
  owner_ = nullptr;
  if (waiting_) waiters_.wake_one();
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
