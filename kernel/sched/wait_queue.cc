#include "sched/wait_queue.hh"

#include "sync/panic.hh"

namespace tine {

void WaitQueue::enqueue_self(WaitReason reason, bool interruptible) {
  Thread& self = *current_thread();
  self.state = ThreadState::sleeping;
  self.wait_reason = reason;
  self.interruptible = interruptible;
  sleepers_.push_back(&self);
}

Result<> WaitQueue::sleep(Spinlock& lock, WaitReason reason, std::uint64_t deadline) {
  Thread& self = *current_thread();
  scheduler_lock.lock();
  // Under the lock: an interrupt that comes now either is seen here or finds us in the queue.
  if (self.interrupted.load(std::memory_order_relaxed)) {
    scheduler_lock.unlock();
    return Errno::restart;
  }
  enqueue_self(reason, true);
  if (deadline != never) {
    self.wake_at = deadline;
    arm_wakeup(self);
  }
  lock.unlock();
  switch_away();
  lock.lock();
  return {};
}

Result<> sleep_until(std::uint64_t deadline) {
  static constinit Spinlock lock{Rank::mailbox, "sleep"};
  static constinit WaitQueue nobody_wakes;
  SpinGuard guard(lock);
  TRY(wait_until(nobody_wakes, lock, WaitReason::sleep, deadline, [] { return false; }));
  return {};
}

void WaitQueue::sleep_uninterruptibly(Spinlock& lock, WaitReason reason) {
  scheduler_lock.lock();
  enqueue_self(reason, false);
  lock.unlock();
  switch_away();
  lock.lock();
}

void WaitQueue::wake_one() {
  SpinGuard guard(scheduler_lock);
  if (Thread* first = sleepers_.front()) wake_thread(*first);
}

void WaitQueue::wake_all() {
  SpinGuard guard(scheduler_lock);
  while (Thread* first = sleepers_.front()) wake_thread(*first);
}

}  // namespace tine
