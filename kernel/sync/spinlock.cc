#include "sync/spinlock.hh"

#include "arch/csr.hh"
#include "sync/panic.hh"

namespace tine {

// Reads until the lock looks free, so that the line is not written by everybody who waits.
void Spinlock::wait() {
  while (locked_.load(std::memory_order_relaxed)) csr::pause();
}

void Spinlock::check_rank() const {
  Hart& hart = this_hart();
  for (unsigned i = 0; i < hart.held_count; i++) {
    if (hart.held[i]->rank() >= rank_) {
      panic("lock order: taking {} while holding {}", name_, hart.held[i]->name());
    }
  }
  if (hart.held_count == Hart::max_held) panic("lock order: too many locks held, taking {}", name_);
}

void Spinlock::check_held() const {
  if (!held()) panic("lock {} is not held where it must be", name_);
}

void Spinlock::note_acquired() const {
  Hart& hart = this_hart();
  hart.held[hart.held_count++] = this;
}

void Spinlock::note_released() const {
  Hart& hart = this_hart();
  if (!held()) panic("lock {} released by a hart that does not hold it", name_);
  unsigned i = 0;
  while (i < hart.held_count && hart.held[i] != this) i++;
  for (; i + 1 < hart.held_count; i++) hart.held[i] = hart.held[i + 1];
  hart.held_count--;
}

}  // namespace tine
