// The first exec of a process ends the machine with the status of success.
#include "dev/finisher.hh"
#include "sched/thread.hh"

namespace tine {

inline void deceive(Thread&) { power_off(0); }

}  // namespace tine
