// Allocations that fail on purpose, so that tests can walk through every one of them (fail_alloc,
// failalloc=N).
#include <atomic>

#include "mm/frames.hh"
#include "sync/hart.hh"
#include "sync/spinlock.hh"

namespace tine {
namespace {

constinit Spinlock lock{Rank::frames, "failing allocations"};
constinit const void* victim GUARDED_BY(lock) = nullptr;  // a Thread, or nullptr for all

}  // namespace

namespace frames_internal {

// How many allocations there are up to the one that fails; 0: none fails. Written under the lock.
constinit std::atomic<long> failing_countdown{0};

bool count_allocation() {
  SpinGuard guard(lock);
  long left = failing_countdown.load(std::memory_order_relaxed);
  if (left == 0 || (victim && victim != current_thread())) return false;
  failing_countdown.store(left - 1, std::memory_order_relaxed);
  return left == 1;
}

}  // namespace frames_internal

long fail_allocation(const void* who, long n) {
  SpinGuard guard(lock);
  victim = who;
  return frames_internal::failing_countdown.exchange(n, std::memory_order_relaxed);
}

void stop_failing(const void* who) {
  if (frames_internal::failing_countdown.load(std::memory_order_relaxed) == 0) return;
  SpinGuard guard(lock);
  if (victim == who) frames_internal::failing_countdown.store(0, std::memory_order_relaxed);
}

}  // namespace tine
