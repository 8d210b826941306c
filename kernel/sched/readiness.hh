// Waiting for any of several things at once (ppoll): a pipe has bytes, a line was typed. Whoever
// sleeps so looks at each thing anew when one of them has changed; which one, nobody records.
//
// Lock: one spinlock of its own. What has changed may be guarded by any lock of a lower rank, which
// the caller of readiness_changed may hold.
#pragma once

#include <cstdint>

#include "lib/result.hh"

namespace tine {

// Something may now be read or written that could not be before.
void readiness_changed();

// How many changes there were. Read it before the things are looked at, so that none is missed.
std::uint64_t readiness_changes();
// Sleeps until there are other than `seen` changes, or `deadline` (a clock value). False: the
// deadline. Errors: restart.
Result<bool> wait_for_readiness(std::uint64_t seen, std::uint64_t deadline);

}  // namespace tine
