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

Result<> WaitQueue::sleep(Spinlock& lock, WaitReason reason, std::uint64_t deadline) {
  Waiter waiter;
  waiters_.push_back(&waiter);
  scheduler_lock.lock();
  // Under the lock: an interrupt that comes now either is seen here or finds us asleep.
  if (waiter.thread.interrupted.load(std::memory_order_relaxed)) {
    scheduler_lock.unlock();
    leave(waiter);
    return Errno::restart;
  }
  begin_to_sleep(reason, true);
  if (deadline != never) {
    waiter.thread.wake_at = deadline;
    arm_wakeup(waiter.thread);
  }
  lock.unlock();
  switch_away();
  lock.lock();
  leave(waiter);
  return {};
}

Result<> sleep_until(std::uint64_t deadline) {
  static constinit Spinlock lock{Rank::mailbox, "sleep"};
  static constinit WaitQueue never_woken;
  SpinGuard guard(lock);
  TRY(wait_with_deadline(never_woken, lock, WaitReason::sleep, deadline, [] { return false; }));
  return {};
}

void WaitQueue::sleep_uninterruptibly(Spinlock& lock, WaitReason reason) {
  Waiter waiter;
  waiters_.push_back(&waiter);
  scheduler_lock.lock();
  begin_to_sleep(reason, false);
  lock.unlock();
  switch_away();
  lock.lock();
  leave(waiter);
}

// Out of the queue, unless a wake has taken it out.
void WaitQueue::leave(Waiter& waiter) {
  if (waiter.link.is_linked()) waiters_.remove(&waiter);
}

// A thread that no longer sleeps (an interrupt or its deadline woke it, and it has not run since)
// is told all the same, and looks at the condition.
unsigned WaitQueue::wake(unsigned most) {
  SpinGuard guard(scheduler_lock);
  unsigned told = 0;
  while (told < most) {
    Waiter* first = waiters_.pop_front();
    if (!first) break;
    wake_thread(first->thread);
    told++;
  }
  return told;
}

}  // namespace tine
