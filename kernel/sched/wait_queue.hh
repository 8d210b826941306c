// Sleeping. All blocking in the kernel is `wait`: sleep in a queue until a condition holds, under
// the spinlock that guards the condition's data and the queue. A thread that makes the condition
// true does so under the same lock and then wakes the queue.
//
//   WaitQueue readers_ GUARDED_BY(lock_);
//   ...
//   SpinGuard guard(lock_);
//   TRY(wait(readers_, lock_, WaitReason::pipe, [&] {
//     lock_.assert_held();  // `wait` says so, but the analysis does not look into it
//     return !buffer_.empty();
//   }));
//
// What waits in a queue is a Waiter, which lies on the stack of the waiting thread. It enters the
// queue under the queue's lock. It leaves under this lock too: a wake takes it out and tells it, or
// the thread itself takes it out when an interrupt or the deadline has ended the sleep. So as long
// as a waker holds the lock, the waiters of the queue and their threads exist.
//
// No wakeup is lost. The sleeper holds the queue's lock from its look at the condition until its
// state is `sleeping`, and the waker needs this lock to change what was looked at. The lock's
// release and the waker's acquire order the two; the scheduler's lock, which the sleeper takes
// before it lets go of the queue's and which is free only after the switch, keeps the waker from
// making a thread ready that has not left its hart.
//
// `wake_one` is for queues in which all wait for the same condition. The waiter that it has told
// looks at the condition before anything else, so that an interrupt or a deadline that comes at the
// same time does not make it leave. If it finds the condition false, another thread has already
// acted on the news. So news is never lost with a waiter that leaves; a queue whose waiters wait
// for different things is woken with `wake_all`.
#pragma once

#include <cstdint>

#include "lib/list.hh"
#include "lib/result.hh"
#include "sched/clock.hh"
#include "sched/scheduler.hh"
#include "sched/thread.hh"
#include "sync/spinlock.hh"

namespace tine {

// The running thread's place in one wait queue.
struct Waiter {
  Thread& thread = *current_thread();
  // What it waits for, where the owner of the queue tells several things apart.
  std::uint64_t key = 0;
  ListLink link{};  // guarded by the queue's lock
};

// Guarded by the lock of the condition that is waited for: declare it GUARDED_BY this lock.
class WaitQueue {
 public:
  bool empty() const { return waiters_.empty(); }

  // Both return how many waiters they told.
  unsigned wake_one() EXCLUDES(scheduler_lock) { return empty() ? 0 : wake(1); }
  unsigned wake_all() EXCLUDES(scheduler_lock) { return empty() ? 0 : wake(~0u); }

  // One sleep, with no condition: use `wait`. Releases `lock` while asleep. Errors: restart, at
  // once, when the thread has been interrupted; an interrupt that comes later ends the sleep like a
  // wakeup. `deadline` is a clock value; the sleep ends then at the latest.
  Result<> sleep(Spinlock& lock, WaitReason reason, std::uint64_t deadline) REQUIRES(lock)
  EXCLUDES(scheduler_lock);
  // The same for short waits that no signal may end. Only for Mutex.
  void sleep_uninterruptibly(Spinlock& lock, WaitReason reason) REQUIRES(lock)
  EXCLUDES(scheduler_lock);

 private:
  List<Waiter, &Waiter::link> waiters_;  // the one that has waited longest first

  unsigned wake(unsigned most) EXCLUDES(scheduler_lock);
  void leave(Waiter& waiter);
};

// Sleeps until `condition()` is true; it is called with the lock held. Errors: restart.
template <class Condition>
Result<> wait(WaitQueue& queue, Spinlock& lock, WaitReason reason, Condition condition)
    REQUIRES(lock) {
  while (!condition()) TRY(queue.sleep(lock, reason, never));
  return {};
}

// The same until `deadline` (a clock value) at the latest. Returns whether the condition holds.
// Errors: restart.
template <class Condition>
Result<bool> wait_with_deadline(WaitQueue& queue, Spinlock& lock, WaitReason reason,
                                std::uint64_t deadline, Condition condition) REQUIRES(lock) {
  while (!condition()) {
    if (clock_now() >= deadline) return false;
    TRY(queue.sleep(lock, reason, deadline));
  }
  return true;
}

// Sleeps for nothing but the clock. Errors: restart.
Result<> sleep_until(std::uint64_t deadline);

}  // namespace tine
