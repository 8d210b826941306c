// Sleeping. All blocking in the kernel is `wait`: sleep on a queue until a condition holds, under
// the spinlock that guards the condition's data. Whoever makes the condition true does so under the
// same lock and then wakes the queue.
//
//   SpinGuard guard(lock_);
//   TRY(wait(readers_, lock_, WaitReason::pipe, [&] {
//     lock_.assert_held();  // `wait` says so, but the analysis does not look into it
//     return !buffer_.empty();
//   }));
//
// No wakeup is lost: the sleeper holds the lock from its look at the condition until it is in the
// queue, and the waker needs the lock to change what was looked at. After a wakeup the condition is
// looked at again, because another thread may have been quicker.
#pragma once

#include <cstdint>

#include "lib/list.hh"
#include "lib/result.hh"
#include "sched/clock.hh"
#include "sched/scheduler.hh"
#include "sched/thread.hh"
#include "sync/spinlock.hh"

namespace tine {

class WaitQueue {
 public:
  void wake_one() EXCLUDES(scheduler_lock);
  void wake_all() EXCLUDES(scheduler_lock);

  // One sleep, with no condition: use `wait`. Releases `lock` while asleep. Errors: restart, at
  // once, when the thread has been interrupted; an interrupt that comes later ends the sleep like a
  // wakeup. `deadline` is a clock value; the sleep ends then at the latest.
  Result<> sleep(Spinlock& lock, WaitReason reason, std::uint64_t deadline) REQUIRES(lock)
  EXCLUDES(scheduler_lock);
  // The same for short waits that no signal may end. Only for Mutex.
  void sleep_uninterruptibly(Spinlock& lock, WaitReason reason) REQUIRES(lock)
  EXCLUDES(scheduler_lock);

 private:
  List<Thread, &Thread::queue_link> sleepers_ GUARDED_BY(scheduler_lock);

  void enqueue_self(WaitReason reason, bool interruptible) REQUIRES(scheduler_lock);
};

// Sleeps until `condition()` is true; it is called with the lock held. Errors: restart.
template <class Condition>
Result<> wait(WaitQueue& queue, Spinlock& lock, WaitReason reason, Condition condition)
    REQUIRES(lock) {
  while (!condition()) TRY(queue.sleep(lock, reason, ~0ul));
  return {};
}

// The same until `deadline` (a clock value) at the latest. Answers whether the condition holds.
// Errors: restart.
template <class Condition>
Result<bool> wait_until(WaitQueue& queue, Spinlock& lock, WaitReason reason, std::uint64_t deadline,
                        Condition condition) REQUIRES(lock) {
  while (!condition()) {
    if (clock_now() >= deadline) return false;
    TRY(queue.sleep(lock, reason, deadline));
  }
  return true;
}

// Sleeps for nothing but the clock. Errors: restart.
Result<> sleep_until(std::uint64_t deadline);

}  // namespace tine
