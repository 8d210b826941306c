// The idle loop of a hart.
#pragma once

namespace tine {

// The idle thread's code (become_idle_thread): runs threads that are ready, and waits for an
// interrupt while none is.
[[noreturn]] void idle();

}  // namespace tine
