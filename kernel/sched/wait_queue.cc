#include "sched/wait_queue.hh"

#include "sync/panic.hh"

namespace tine {
namespace {

void begin_to_sleep(WaitReason reason, bool interruptible) REQUIRES(scheduler_lock) {
  Thread& self = *current_thread();
  self.state = ThreadState::sleeping;
  self.wait_reason = reason;
  self.interruptible = interruptible;
}

}  // namespace

// The look at `interrupted` is under the lock: an interrupt that comes now either is seen here or
// finds us asleep.
Result<> begin_to_sleep_until(std::uint64_t deadline, WaitReason reason) {
  Thread& self = *current_thread();
  if (self.interrupted.load(std::memory_order_relaxed)) return Errno::restart;
  begin_to_sleep(reason, true);
  if (deadline != never) {
    self.wake_at = deadline;
    arm_wakeup(self);
  }
  return {};
}

Result<> WaitQueue::sleep(Spinlock& lock, WaitReason reason, std::uint64_t deadline,
                          std::uint64_t key) {
  Waiter waiter{.key = key};
  enter(waiter);
  scheduler_lock.lock();
  Result<> sleeps = begin_to_sleep_until(deadline, reason);
  if (sleeps) {
    lock.unlock();
    switch_away();
    lock.lock();
  } else {
    scheduler_lock.unlock();
  }
  leave(waiter);
  return sleeps;
}

void WaitQueue::sleep_uninterruptibly(Spinlock& lock, WaitReason reason) {
  Waiter waiter;
  enter(waiter);
  scheduler_lock.lock();
  begin_to_sleep(reason, false);
  lock.unlock();
  switch_away();
  lock.lock();
  leave(waiter);
}

// The thread's `told` is for threads with waiters in several queues, which hold no queue's lock
// when they fall asleep. They look at it under the scheduler's lock, as here it is set: so either
// the thread does not fall asleep, or it is found sleeping. (Release: a thread that reads `told`
// with acquire sees the waiter as told, too.)
//
// A thread that no longer sleeps (an interrupt or its deadline woke it, and it has not run since)
// is told all the same, and looks at the condition.
void WaitQueue::tell(Waiter& waiter) {
  waiters_.remove(&waiter);
  waiter.told.store(1, std::memory_order_relaxed);
  SpinGuard guard(scheduler_lock);
  waiter.thread->told.store(1, std::memory_order_release);
  wake_thread(*waiter.thread);
}

Result<> sleep_until(std::uint64_t deadline) {
  static constinit Spinlock lock{Rank::mailbox, "sleep"};
  static constinit WaitQueue never_woken;
  SpinGuard guard(lock);
  while (clock_now() < deadline) TRY(never_woken.sleep(lock, WaitReason::sleep, deadline));
  return {};
}

}  // namespace tine
