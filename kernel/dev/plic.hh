// The platform-level interrupt controller (RISC-V PLIC specification 1.0): interrupts of devices.
//
// Every source interrupts every hart that the PLIC serves (of several PLICs, the kernel uses one,
// which may serve only some harts). The hart that claims the interrupt first handles it; the others
// find nothing to claim. So a key is handled immediately even while some harts are busy in the
// kernel, and no hart is special. The price is a short trap on the other harts for each key.
//
// The boot hart sets it up before the others start. After that the table of handlers only grows,
// and each entry is written before its source is enabled; so it needs no lock.
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

// On a supervisor external interrupt: claims and handles interrupts until none is left.
void plic_interrupt();

}  // namespace tine
