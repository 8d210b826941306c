// Interrupts, whoever they interrupted: a program (trap.cc) or an idle hart (idle.cc).
#pragma once

namespace tine {

// Handles all that is pending for this hart.
void handle_interrupts();

// What an idle thread does (become_idle_thread): runs whatever is ready, and waits while nothing
// is.
[[noreturn]] void idle();

}  // namespace tine
