// Shadow of kernel/sync/hart.hh: a test says which hart it is.
#pragma once

#define this_hart hardware_this_hart
#define current_thread hardware_current_thread
#include_next "sync/hart.hh"
#undef this_hart
#undef current_thread

namespace tine {

inline unsigned simulated_hart = 0;
inline Hart& this_hart() { return harts[simulated_hart]; }
inline Thread* current_thread() { return this_hart().current; }

}  // namespace tine
