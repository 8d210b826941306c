// A sleeping mutex: for work that may itself sleep or touch user memory. Whoever waits gives the
// hart away. It cannot be interrupted, so its holder must never sleep for something that may not
// come.
#pragma once

#include "sched/wait_queue.hh"
#include "sync/annotations.hh"
#include "sync/spinlock.hh"

namespace tine {

class CAPABILITY("mutex") Mutex {
 public:
  explicit constexpr Mutex(Rank rank, const char* name) : rank_(rank), name_(name) {}
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  void lock() ACQUIRE();
  void unlock() RELEASE();
  bool held() const { return owner_ == current_thread(); }
  // For the analysis: the object around this mutex is being built or destroyed, and nobody else
  // knows it.
  void assume_unshared() const ASSERT_CAPABILITY(this) {}

  Rank rank() const { return rank_; }
  const char* name() const { return name_; }

 private:
  Spinlock spin_{Rank::mutex, "mutex"};
  Thread* volatile owner_ = nullptr;  // written under spin_, like what follows
  WaitQueue waiters_;
  unsigned waiting_ = 0;  // threads in waiters_, or on their way in or out
  Rank rank_;
  const char* name_;

  void check_rank() const;
  void note_released() const;
};

class SCOPED_CAPABILITY MutexGuard {
 public:
  explicit MutexGuard(Mutex& mutex) ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
  ~MutexGuard() RELEASE() { mutex_.unlock(); }
  MutexGuard(const MutexGuard&) = delete;
  MutexGuard& operator=(const MutexGuard&) = delete;

 private:
  Mutex& mutex_;
};

}  // namespace tine
