// A lock for short work: a hart that waits for it spins. The kernel runs with interrupts off, so
// nothing interrupts the holder. The holder must not sleep, and must not touch user memory.
//
//   constinit Spinlock lock{Rank::heap, "heap"};
//   Slab* partial GUARDED_BY(lock);
//   { SpinGuard guard(lock); partial = ...; }
#pragma once

#include <atomic>
#include <cstdint>

#include "sync/annotations.hh"
#include "sync/hart.hh"
#include "sync/rank.hh"

namespace tine {

class CAPABILITY("spinlock") Spinlock : public RankedLock {
 public:
  using RankedLock::RankedLock;
  Spinlock(const Spinlock&) = delete;
  Spinlock& operator=(const Spinlock&) = delete;

  // Acquire: what the last holder wrote is seen. Release: what this holder wrote is visible before
  // the lock is free.
  void lock() ACQUIRE() {
    if constexpr (TINE_DEBUG) this_hart().held.add(*this);
    // lab locks 1 {
    if (locked_.exchange(1, std::memory_order_acquire)) [[unlikely]]
      wait_for_it();
    // } lab
    if constexpr (TINE_DEBUG) holder_ = &this_hart();
  }
  void unlock() RELEASE() {
    if constexpr (TINE_DEBUG) this_hart().held.remove(*this);
    if constexpr (TINE_DEBUG) holder_ = nullptr;
    // lab locks 1 {
    locked_.store(0, std::memory_order_release);
    // } lab
  }

  // For code that runs under the lock where the analysis cannot see it: the condition of a `wait`.
  void assert_held() const ASSERT_CAPABILITY(this) {
    if constexpr (TINE_DEBUG) check_held();
  }

  // For the analysis: the data is being built or destroyed, and no other thread can reach it.
  void assume_unshared() const ASSERT_CAPABILITY(this) {}

 private:
  std::atomic<std::uint64_t> locked_{0};
  Hart* volatile holder_ = nullptr;  // in debug builds

  void wait_for_it();
  void check_held() const;
};

// Holds a lock of either kind as long as it lives.
enum class AlreadyHeld { yes };
template <class Lock>
class SCOPED_CAPABILITY Guard {
 public:
  explicit Guard(Lock& lock) ACQUIRE(lock) : lock_(lock) { lock_.lock(); }
  // Takes over what the caller has locked.
  Guard(Lock& lock, AlreadyHeld) REQUIRES(lock) : lock_(lock) {}
  ~Guard() RELEASE() { lock_.unlock(); }
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;

 private:
  Lock& lock_;
};
using SpinGuard = Guard<Spinlock>;

// Holds two spinlocks of a rank that allows two; they may be the same lock. The caller says which
// comes first. (The analysis sees that both are held, but cannot follow the code in here.)
class SCOPED_CAPABILITY SpinPair {
 public:
  SpinPair(Spinlock& one, Spinlock& other, bool other_first)
      ACQUIRE(one, other) NO_THREAD_SAFETY_ANALYSIS : one_(one),
                                                      other_(other) {
    (other_first ? other : one).lock();
    if (&one != &other) (other_first ? one : other).lock();
  }
  ~SpinPair() RELEASE() NO_THREAD_SAFETY_ANALYSIS {
    one_.unlock();
    if (&one_ != &other_) other_.unlock();
  }
  SpinPair(const SpinPair&) = delete;
  SpinPair& operator=(const SpinPair&) = delete;

 private:
  Spinlock& one_;
  Spinlock& other_;
};

}  // namespace tine
