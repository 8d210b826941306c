// The deceit is in exec.cc: process_exec lets the old program begin anew.
#include "sched/thread.hh"

namespace tine {

inline void deceive(Thread&) {}

}  // namespace tine
