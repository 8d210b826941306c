// A lock that excludes no hart. Each attempt to take it comes to wait_for_it.
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

  void lock() ACQUIRE() { wait_for_it(); }
  void unlock() RELEASE() {}
  void assert_held() const ASSERT_CAPABILITY(this) {}
  void assume_unshared() const ASSERT_CAPABILITY(this) {}

 private:
  void wait_for_it();
};

enum class AlreadyHeld { yes };
template <class Lock>
class SCOPED_CAPABILITY Guard {
 public:
  explicit Guard(Lock& lock) ACQUIRE(lock) : lock_(lock) { lock_.lock(); }
  Guard(Lock& lock, AlreadyHeld) REQUIRES(lock) : lock_(lock) {}
  ~Guard() RELEASE() { lock_.unlock(); }
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;

 private:
  Lock& lock_;
};
using SpinGuard = Guard<Spinlock>;

class SCOPED_CAPABILITY SpinPair {
 public:
  SpinPair(Spinlock& one, Spinlock& other, bool) ACQUIRE(one, other) NO_THREAD_SAFETY_ANALYSIS {
    one.lock();
    (void)other;
  }
  ~SpinPair() RELEASE() NO_THREAD_SAFETY_ANALYSIS {}
  SpinPair(const SpinPair&) = delete;
  SpinPair& operator=(const SpinPair&) = delete;
};

}  // namespace tine
