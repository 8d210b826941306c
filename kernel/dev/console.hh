// The console: a terminal on the serial port. What is typed goes through a line discipline (POSIX,
// "General Terminal Interface"; the structures are Linux's): in canonical mode a line can be edited
// and is handed out when it is complete, in raw mode every byte is handed out at once.
//
// Lock: console_input guards the typed bytes and the settings. It may be held while taking
// console_output_lock.
#pragma once

#include <tine/abi.h>

#include <cstddef>

#include "lib/result.hh"
#include "lib/types.hh"
#include "vm/user_memory.hh"

namespace tine {

struct Waiter;

// Starts receiving. Needs uart_init and plic_init. Errors: inval (the port has no usable
// interrupt).
Result<> console_init(unsigned irq);

// Moves typed bytes into `to`: in canonical mode at most one line, sleeping until it is complete;
// ^D at its beginning returns 0. Without lines it sleeps until there is a byte, or as VMIN 0 and
// VTIME say. Errors: restart, fault, nomem; again, when nothing is there and `may_block` is false.
Result<std::size_t> console_read(IoBuffer& to, bool may_block = true);
// With `watcher`: if there is none, it enters the queue of those that are told when some comes.
bool console_has_input(Waiter* watcher);
void console_stop_watching(Waiter& watcher);
// Writes; messages of the kernel do not come between the bytes of a piece of 256. Errors: fault,
// nomem.
Result<std::size_t> console_write(IoBuffer& from);

// The requests of <tine/abi.h>; `argument` is mostly an address of the current program. Errors:
// notty, fault, nomem, inval.
Result<std::size_t> console_ioctl(std::uint64_t request, VirtAddr argument);

// What ^C does when the terminal has ISIG; called with no lock held. Null: nothing but
// the echo. What was typed before it and not yet read is dropped in any case.
using InterruptHook = void (*)();
extern constinit InterruptHook console_interrupt_hook;

}  // namespace tine
