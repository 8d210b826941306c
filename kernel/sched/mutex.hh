// A sleeping mutex: for work that may itself sleep or touch user memory. A thread that waits for it
// gives its hart away. `lock` cannot be interrupted, so a holder never sleeps for something that
// may not come. But it may work for long and give way; so a call that can fail uses
// `lock_killable`, and a thread that is to die does not wait for others first:
//
//   if (!mutex_.lock_killable()) return Errno::restart;
//   MutexGuard guard(mutex_, AlreadyHeld::yes);
#pragma once

#include <atomic>

#include "sched/wait_queue.hh"
#include "sync/annotations.hh"
#include "sync/spinlock.hh"

namespace tine {

class CAPABILITY("mutex") Mutex : public RankedLock {
 public:
  using RankedLock::RankedLock;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  void lock() ACQUIRE() NO_THREAD_SAFETY_ANALYSIS {
    if constexpr (TINE_DEBUG) note_taken();
    std::uint64_t word = 0;
    if (!word_.compare_exchange_strong(word, self(), std::memory_order_acquire)) [[unlikely]]
      (void)wait_for_it(0);
  }
  // The same, unless a fatal signal waits for the thread, or comes while it sleeps: then false, and
  // the mutex is not held. One that is free is taken all the same.
  bool lock_killable() TRY_ACQUIRE(true) NO_THREAD_SAFETY_ANALYSIS {
    if constexpr (TINE_DEBUG) note_taken();
    std::uint64_t word = 0;
    bool taken = word_.compare_exchange_strong(word, self(), std::memory_order_acquire);
    if (!taken) [[unlikely]]
      taken = wait_for_it(Thread::fatal);
    if constexpr (TINE_DEBUG)
      if (!taken) note_released();
    return taken;
  }
  void unlock() RELEASE() NO_THREAD_SAFETY_ANALYSIS {
    if constexpr (TINE_DEBUG) note_released();
    if (word_.exchange(0, std::memory_order_release) & contended) [[unlikely]]
      hand_on();
  }
  bool held() const { return (word_.load(std::memory_order_relaxed) & ~contended) == self(); }
  // For code that runs under the mutex where the analysis cannot see it.
  void assert_held() const ASSERT_CAPABILITY(this) {
    if constexpr (TINE_DEBUG) check_held();
  }
  // For the analysis: the object around this mutex is being built or destroyed, and nobody else
  // knows it.
  void assume_unshared() const ASSERT_CAPABILITY(this) {}

 private:
  // 0: free; else the owner's Thread*, plus `contended` when others may sleep until it is free. A
  // thread that sets that bit holds spin_ and keeps it until it is in the queue; an owner that
  // finds it set at unlock takes spin_ and wakes. So no sleeper is missed, and a mutex that no
  // other thread wants costs two atomic operations. A waiter that is woken takes the mutex, or
  // finds it taken and leaves the bit set, so the wakeup is not lost when a signal ends its wait.
  std::atomic<std::uint64_t> word_{0};
  static constexpr std::uint64_t contended = 1;

  Spinlock spin_{Rank::mutex, "mutex"};
  WaitQueue waiters_ GUARDED_BY(spin_);

  static std::uint64_t self() { return reinterpret_cast<std::uint64_t>(current_thread()); }
  bool wait_for_it(std::uint32_t ends);
  void hand_on();
  void note_taken() const;
  void note_released() const;
  void check_held() const;
};

using MutexGuard = Guard<Mutex>;

}  // namespace tine
