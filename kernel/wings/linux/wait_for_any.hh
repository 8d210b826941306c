// Waiting in several queues at the same time (ppoll), or in one that may change meanwhile (futex).
#pragma once

#include <cstdint>

#include "sched/wait_queue.hh"

namespace tine {

// For a thread with waiters in several queues: sleeps until one of them is told, and returns true.
// Returns immediately if that has happened since the last call, or since forget_wakes. False: the
// deadline has come and none was told. Errors: restart.
Result<bool> wait_for_any(WaitReason reason, std::uint64_t deadline) EXCLUDES(scheduler_lock);
void forget_wakes();

}  // namespace tine
