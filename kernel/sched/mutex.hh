// A sleeping mutex: for work that may itself sleep or touch user memory. A thread that waits for it
// sleeps. `lock` cannot be interrupted, so a holder must never sleep for an event that may not
// come. But a holder may work for long and give way; so code that can return an error uses
// `lock_killable`, and then a thread that is to die does not wait for the holder:
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
  // The same, but returns false, without the mutex, when the thread would have to sleep and a fatal
  // signal is pending or comes meanwhile.
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
  // For the analysis: the object around this mutex is being built or destroyed, and no other thread
  // can reach it.
  void assume_unshared() const ASSERT_CAPABILITY(this) {}

 private:
  // 0: free; else the owner's Thread*, plus `contended` when other threads may sleep until it is
  // free. A thread that sets that bit holds spin_ and keeps it until it is in the queue; an owner
  // that finds it set at unlock takes spin_ and wakes. So no sleeper is missed, and a mutex that no
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
