// Shadow of kernel/sync/hart.hh: a test says which hart it is; threads are different ones.
#pragma once

#define this_hart hardware_this_hart
#define current_thread hardware_current_thread
#include_next "sync/hart.hh"
#undef this_hart
#undef current_thread

namespace tine {

inline thread_local unsigned simulated_hart = 0;
inline Hart& this_hart() { return harts[simulated_hart]; }
inline Thread* current_thread() { return this_hart().current; }

}  // namespace tine
