#include "sched/wait_queue.hh"

namespace tine {

// `interrupted` is read under the scheduler's lock, so an interrupt that comes now is either seen
// here or finds this thread asleep.
Result<> begin_to_sleep_until(std::uint64_t deadline, WaitReason reason, std::uint32_t ends) {
  Thread& self = *current_thread();
  if (self.interrupted.load(std::memory_order_relaxed) & ends) return Errno::restart;
  self.state = ThreadState::sleeping;
  self.wait_reason = reason;
  self.sleep_ends = ends;
  if (deadline != never) {
    self.wake_at = deadline;
    arm_wakeup(self);
  }
  return {};
}

Result<> WaitQueue::sleep(Spinlock& lock, WaitReason reason, std::uint64_t deadline,
                          std::uint64_t key, std::uint32_t ends) {
  Waiter waiter{.key = key};
  enter(waiter);
  scheduler_lock.lock();
  Result<> sleeps = begin_to_sleep_until(deadline, reason, ends);
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

// The thread's `told` is for threads with waiters in several queues, which hold no queue's lock
// when they fall asleep. It is set here and read there under the scheduler's lock, so the thread
// either sees it and does not fall asleep, or is found asleep here. (Release: a thread that reads
// its `told` with acquire also sees the waiter's.)
//
// A thread that no longer sleeps (an interrupt or its deadline woke it, and it has not run since)
// has its waiter told too, and then checks the condition.
void WaitQueue::tell(Waiter& waiter) {
  waiters_.remove(&waiter);
  waiter.told.store(1, std::memory_order_relaxed);
  SpinGuard guard(scheduler_lock);
  waiter.thread->told.store(1, std::memory_order_release);
  // [pipe 5] It is ready. The next switch of this hart, or an idle one, runs it.
  wake_thread(*waiter.thread);
}

Result<> sleep_until(std::uint64_t deadline) {
  static constinit Spinlock lock{Rank::sleepers, "sleep"};
  static constinit WaitQueue never_woken;
  SpinGuard guard(lock);
  while (clock_now() < deadline) TRY(never_woken.sleep(lock, WaitReason::sleep, deadline));
  return {};
}

}  // namespace tine
