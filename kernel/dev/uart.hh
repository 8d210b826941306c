// The serial port (ns16550a). Sending polls; receiving is by interrupt.
//
// It has no lock: senders hold console_output_lock (sync/panic.hh), except a panic, which must not
// wait for a lock. Receiving happens on one hart at a time, because the PLIC gives a claimed
// interrupt to no other.
#pragma once

#include <optional>
#include <string_view>

#include "dev/plic.hh"
#include "lib/format.hh"
#include "lib/result.hh"
#include "lib/types.hh"

namespace tine {

// Takes the port over from the firmware; from now on it is where log and panic write
// (kernel_console).
void uart_init(PhysAddr base);

// From now on `received` is called, in the interrupt, when bytes have come in. Needs the PLIC.
// Errors: inval, when there is no such interrupt.
Result<> uart_start_receiving(unsigned irq, InterruptHandler received);
// The next byte that has come in, if there is one.
std::optional<char> uart_read();
// `hold`: no more receive interrupts; bytes stay in the port, or with the sender when the port is
// full. The caller holds the lock under which it decides this and reads.
void uart_hold_back(bool hold);

// Sends `text`, with a carriage return before each newline if `lines`. The caller holds
// console_output_lock, except in a panic.
void uart_write(std::string_view text, bool lines);

// Waits until the last byte is sent (but not forever), before the machine stops.
void uart_drain();

}  // namespace tine
