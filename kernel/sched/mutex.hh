// A sleeping mutex: for work that may itself sleep or touch user memory. Whoever waits gives the
// hart away. It cannot be interrupted, so its holder must never sleep for something that may not
// come.
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
      wait_for_it();
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
  // 0: free; else the owner's Thread*, plus `contended` when others may sleep until it is free. Who
  // sets that bit holds spin_ and keeps it until it is in the queue; who finds it set at unlock
  // takes spin_ and wakes. So no sleeper is missed, and a mutex that nobody else wants costs two
  // atomic operations.
  std::atomic<std::uint64_t> word_{0};
  static constexpr std::uint64_t contended = 1;

  Spinlock spin_{Rank::mutex, "mutex"};
  WaitQueue waiters_ GUARDED_BY(spin_);

  static std::uint64_t self() { return reinterpret_cast<std::uint64_t>(current_thread()); }
  void wait_for_it();
  void hand_on();
  void note_taken() const;
  void note_released() const;
  void check_held() const;
};

using MutexGuard = Guard<Mutex>;

}  // namespace tine
