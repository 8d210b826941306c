// Sleeping. All blocking in the kernel is `wait`: sleep in a queue until a condition holds, under
// the spinlock that guards the condition's data and the queue. A thread that makes the condition
// true does so under the same lock and then wakes the queue.
//
//   WaitQueue readers_ GUARDED_BY(lock_);
//   ...
//   SpinGuard guard(lock_);
//   TRY(wait(readers_, lock_, WaitReason::pipe, [&] {
//     lock_.assert_held();  // true here, but the analysis cannot see it
//     return !buffer_.empty();
//   }));
//
// A queue holds Waiters. A Waiter lies on the stack of the waiting thread. It enters the queue
// under the queue's lock, and leaves under this lock too: a wake takes it out and marks it as told,
// or the thread itself takes it out when an interrupt or the deadline has ended the sleep. So while
// a waker holds the lock, the waiters of the queue and their threads exist.
//
// No wakeup is lost. The sleeper holds the queue's lock from its check of the condition until its
// state is `sleeping`, and the waker needs this lock to change the condition. The lock's release
// and the waker's acquire order the two. The sleeper takes the scheduler's lock before it releases
// the queue's, and that lock is free only after the switch: so the waker cannot make a thread ready
// that has not left its hart.
//
// `wake_one` is for queues in which all threads wait for the same condition. A woken thread checks
// the condition before it looks for an interrupt or its deadline. So a wakeup is not lost when one
// of those comes at the same time; and if the condition is false, another thread has already used
// what the wakeup announced. A queue whose waiters wait for different conditions needs `wake_all`.
//
// A thread can have waiters in several queues (ppoll): it enters each under the lock of that queue,
// then sleeps until one of them is told (Thread::told), and leaves each under its lock.
#pragma once

#include <atomic>
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
  Thread* thread = nullptr;  // set when it enters
  // What it waits for, in a queue for several things (futexes).
  std::uint64_t key = 0;
  ListLink link{};                     // guarded by the queue's lock
  std::atomic<std::uint32_t> told{0};  // a wake has taken it out of the queue
};

// Guarded by the lock of the condition that is waited for: declare it GUARDED_BY this lock.
class WaitQueue {
 public:
  bool empty() const { return waiters_.empty(); }
  // The one that has waited longest; nullptr: none waits.
  const Waiter* first() { return waiters_.front(); }

  // Wakes the thread that has waited longest.
  void wake_one() EXCLUDES(scheduler_lock) {
    if (!empty()) tell(*waiters_.front());
  }
  void wake_all() EXCLUDES(scheduler_lock) {
    while (!empty()) tell(*waiters_.front());
  }
  // Wakes those for which `pick(waiter)` is true, at most `most`. Returns how many.
  template <class Pick>
  unsigned wake(unsigned most, Pick pick) EXCLUDES(scheduler_lock) {
    unsigned told = 0;
    Waiter* next = nullptr;
    for (Waiter* at = waiters_.front(); at && told < most; at = next) {
      next = waiters_.next(at);
      if (pick(*at)) tell(*at), told++;
    }
    return told;
  }

  // Moves those for which `pick(waiter)` is true, at most `most`, to the queue `to`, whose lock is
  // held too. Returns how many. Only for waiters that find out which queue's lock to take when they
  // leave.
  template <class Pick>
  unsigned move(unsigned most, WaitQueue& to, Pick pick) {
    unsigned moved = 0;
    Waiter* next = nullptr;
    for (Waiter* at = waiters_.front(); at && moved < most; at = next) {
      next = waiters_.next(at);
      if (!pick(*at)) continue;
      moved++;
      if (&to == this) continue;
      waiters_.remove(at);
      to.waiters_.push_back(at);
    }
    return moved;
  }

  // The waiter of the running thread enters the queue: for threads that wait in several.
  void enter(Waiter& waiter) {
    waiter.thread = current_thread();
    waiter.told.store(0, std::memory_order_relaxed);
    waiters_.push_back(&waiter);
  }
  // Out of the queue, unless a wake has taken it out.
  void leave(Waiter& waiter) {
    if (waiter.link.is_linked()) waiters_.remove(&waiter);
  }

  // One sleep, with no condition: use `wait`, or a loop like it. Releases `lock` while asleep.
  // Errors: restart, without a sleep, when the thread has been interrupted already; an interrupt
  // that comes later ends the sleep like a wakeup. `deadline` is a clock value at which the sleep
  // ends at the latest. `key`: the waiter's. `ends`: the bits of Thread::interrupted that count as
  // an interrupt; only Mutex passes others than `signalled`.
  Result<> sleep(Spinlock& lock, WaitReason reason, std::uint64_t deadline, std::uint64_t key = 0,
                 std::uint32_t ends = Thread::signalled) REQUIRES(lock) EXCLUDES(scheduler_lock);

 private:
  List<Waiter, &Waiter::link> waiters_;  // the one that has waited longest first

  void tell(Waiter& waiter) EXCLUDES(scheduler_lock);
};

// Sleeps until `condition()` is true; it is called with the lock held. Errors: restart.
template <class Condition>
Result<> wait(WaitQueue& queue, Spinlock& lock, WaitReason reason, Condition condition)
    REQUIRES(lock) {
  while (!condition()) TRY(queue.sleep(lock, reason, never));
  return {};
}

// Makes the running thread sleep until a wake, an interrupt or `deadline`; the caller then calls
// switch_away. Errors: restart, when it has been interrupted already.
Result<> begin_to_sleep_until(std::uint64_t deadline, WaitReason reason,
                              std::uint32_t ends = Thread::signalled) REQUIRES(scheduler_lock);

// Sleeps until `deadline`. Errors: restart.
Result<> sleep_until(std::uint64_t deadline);

}  // namespace tine
