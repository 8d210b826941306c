#include "sched/readiness.hh"

#include "sched/wait_queue.hh"

namespace tine {
namespace {

constinit Spinlock lock{Rank::readiness, "readiness"};
constinit WaitQueue sleepers GUARDED_BY(lock);
constinit std::uint64_t change_count GUARDED_BY(lock) = 0;

}  // namespace

constinit std::atomic<unsigned> ReadinessWatch::watches{0};

void ReadinessWatch::wake() {
  SpinGuard guard(lock);
  change_count++;
  sleepers.wake_all();
}

std::uint64_t ReadinessWatch::changes() const {
  SpinGuard guard(lock);
  return change_count;
}

Result<bool> ReadinessWatch::wait(std::uint64_t seen, std::uint64_t deadline) {
  SpinGuard guard(lock);
  return wait_with_deadline(sleepers, lock, WaitReason::poll, deadline, [&] {
    lock.assert_held();
    return change_count != seen;
  });
}

}  // namespace tine
