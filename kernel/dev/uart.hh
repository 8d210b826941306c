// The serial port (ns16550a). Sending polls; receiving is by interrupt.
//
// No lock of its own: senders hold console_output_lock (sync/panic.hh), except a panic, which must
// not wait for anybody. Receiving happens on one hart at a time, because the PLIC gives a claimed
// interrupt to nobody else.
#pragma once

#include <string_view>

#include "lib/format.hh"
#include "lib/result.hh"
#include "lib/types.hh"

namespace tine {

// Takes the port over from the firmware; from now on it is where log and panic write (set_console).
void uart_init(PhysAddr base);

// From now on `receive` is called, in the interrupt, with each byte that comes in. Needs the PLIC.
// Errors: inval, when there is no such interrupt.
using Receiver = void (*)(char byte);
Result<> uart_start_receiving(unsigned irq, Receiver receive);

// Sends `text`, with a carriage return before each newline if `lines`. The caller holds
// console_output_lock, or is a panic.
void uart_write(std::string_view text, bool lines);

// Waits until the last byte is on its way (but not forever): before the machine stops.
void uart_drain();

}  // namespace tine
