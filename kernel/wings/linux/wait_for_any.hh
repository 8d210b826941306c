// Waiting in several queues at once (ppoll), or for more than one waiter can tell (futex).
#pragma once

#include <cstdint>

#include "sched/wait_queue.hh"

namespace tine {

// For a thread with waiters in several queues: sleeps until one of them is told. Returns at once if
// that has happened since the last call, or since forget_wakes. False: the deadline has come, and
// none is told. Errors: restart.
Result<bool> wait_for_any(WaitReason reason, std::uint64_t deadline) EXCLUDES(scheduler_lock);
void forget_wakes();

}  // namespace tine
