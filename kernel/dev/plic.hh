// The platform-level interrupt controller (RISC-V PLIC specification 1.0): interrupts of devices.
//
// Every source goes to every hart that the PLIC serves (with several PLICs, ours serves some): the
// one that claims it first handles it, the others find nothing to claim. So a key is seen at once
// even while some hart is busy in the kernel, and no hart is special; the price is a short trap on
// the others, at the rate at which people type.
//
// Set up by the boot hart alone before the others start; afterwards the table of handlers only
// grows, each entry before its source is enabled.
#pragma once

#include "lib/result.hh"
#include "lib/types.hh"

namespace tine {

// Serves the harts that have a plic_context. All sources start disabled.
void plic_init(PhysAddr base);

// `handler` runs for each interrupt `irq`, on any hart, but on one at a time. Errors: inval (no
// such source).
using InterruptHandler = void (*)();
Result<> plic_enable(unsigned irq, InterruptHandler handler);

// On a supervisor external interrupt: handles what this hart can claim, until there is nothing
// left.
void plic_interrupt();

}  // namespace tine
