#include "sched/readiness.hh"

#include <atomic>

#include "sched/wait_queue.hh"

namespace tine {
namespace {

constinit Spinlock lock{Rank::readiness, "readiness"};
constinit WaitQueue sleepers;
// Both change under the lock; without it they are only looked at.
constinit std::atomic<std::uint64_t> changes{0};
constinit std::atomic<unsigned> sleeping{0};

}  // namespace

// Who sleeps has said so before it looked, with the strongest order there is on both sides: so
// either its look sees what has changed, or we see that it is there.
void readiness_changed() {
  changes.fetch_add(1);
  if (sleeping.load() == 0) return;
  SpinGuard guard(lock);
  sleepers.wake_all();
}

std::uint64_t readiness_changes() { return changes.load(); }

Result<bool> wait_for_readiness(std::uint64_t seen, std::uint64_t deadline) {
  SpinGuard guard(lock);
  sleeping.fetch_add(1);
  Result<bool> woken = wait_until(sleepers, lock, WaitReason::poll, deadline,
                                  [&] { return changes.load() != seen; });
  sleeping.fetch_sub(1);
  return woken;
}

}  // namespace tine
