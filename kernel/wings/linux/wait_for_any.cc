#include "wings/linux/wait_for_any.hh"

namespace tine {

Result<bool> wait_for_any(WaitReason reason, std::uint64_t deadline) {
  Thread& self = *current_thread();
  while (!self.told.exchange(0, std::memory_order_acquire)) {
    if (clock_now() >= deadline) return false;
    scheduler_lock.lock();
    Result<> sleeps;
    bool stays_awake = self.told.load(std::memory_order_relaxed);
    if (!stays_awake) sleeps = begin_to_sleep_until(deadline, reason);
    if (stays_awake || !sleeps) {
      scheduler_lock.unlock();
      TRY(sleeps);
    } else {
      switch_away();
    }
  }
  return true;
}

// A waiter that is told from now on sets `told` again. Acquire: one that was told before is seen as
// told.
void forget_wakes() { (void)current_thread()->told.exchange(0, std::memory_order_acquire); }

}  // namespace tine
