// What a hart does while no thread is ready.
#pragma once

namespace tine {

// What an idle thread does (become_idle_thread): runs whatever is ready, and waits while nothing
// is.
[[noreturn]] void idle();

}  // namespace tine
