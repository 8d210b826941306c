// Allocations that fail on purpose, so that tests can walk through every one of them (fail_alloc,
// failalloc=N).
#include <atomic>

#include "mm/frames.hh"
#include "sync/hart.hh"
#include "sync/spinlock.hh"

namespace tine {
namespace {

// 0: nobody is counted, the usual case, seen with one load. Written under the lock.
constinit std::atomic<long> countdown{0};
constinit Spinlock lock{Rank::frames, "failing allocations"};
constinit const void* victim GUARDED_BY(lock) = nullptr;  // a Thread, or nullptr for all

}  // namespace

long fail_allocation(const void* who, long n) {
  SpinGuard guard(lock);
  victim = who;
  return countdown.exchange(n, std::memory_order_relaxed);
}

bool allocation_must_fail() {
  if (countdown.load(std::memory_order_relaxed) == 0) [[likely]]
    return false;
  SpinGuard guard(lock);
  long left = countdown.load(std::memory_order_relaxed);
  if (left == 0 || (victim && victim != current_thread())) return false;
  countdown.store(left - 1, std::memory_order_relaxed);
  return left == 1;
}

}  // namespace tine
