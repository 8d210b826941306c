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

// A sleep that an interrupt and `deadline` end. The look at `interrupted` is under the lock: an
// interrupt that comes now either is seen here or finds us asleep. Errors: restart.
Result<> begin_to_sleep_until(std::uint64_t deadline, WaitReason reason) REQUIRES(scheduler_lock) {
  Thread& self = *current_thread();
  if (self.interrupted.load(std::memory_order_relaxed)) return Errno::restart;
  begin_to_sleep(reason, true);
  if (deadline != never) {
    self.wake_at = deadline;
    arm_wakeup(self);
  }
  return {};
}

}  // namespace

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

// The thread's `told` is for `wait_for_any`, which holds no queue's lock when it falls asleep. It
// looks at it under the scheduler's lock, as here it is set: so either it does not fall asleep, or
// it is found sleeping. (Release: with wait_for_any's acquire, the waiter is seen as told, too.)
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

// A waiter that is told from now on sets it again. One that was told before is seen as told.
void forget_wakes() { (void)current_thread()->told.exchange(0, std::memory_order_acquire); }

Result<> sleep_until(std::uint64_t deadline) {
  static constinit Spinlock lock{Rank::mailbox, "sleep"};
  static constinit WaitQueue never_woken;
  SpinGuard guard(lock);
  TRY(wait_with_deadline(never_woken, lock, WaitReason::sleep, deadline, [] { return false; }));
  return {};
}

}  // namespace tine
