// Giving way: the kernel does not preempt itself, so a system call that works for long calls
// `give_way` now and then to let other threads run.
#pragma once

#include <cstddef>

namespace tine {

// The safe point of long work. Handles the interrupts that are pending on this hart, does what the
// scheduler has put off (do_deferred_work), and lets other threads run if this thread must make
// room. Returns whether a fatal signal waits for the current thread: then the caller ends its work
// as soon as possible, with a partial result or with Errno::restart. (No program sees either: the
// process dies.)
//
// No spinlock may be held. Mutexes may be held; threads that wait for them wait longer. The thread
// may continue on another hart, so no Hart& is kept across the call.
//
// When nothing is pending, it costs the reading of one CSR: about as much as copying 128 bytes. So
// call it after 10 to 100 microseconds of work: after 64 KiB copied, after 2 MiB of a page table,
// after some hundred steps in a list.
bool give_way();

// How many bytes are copied between two calls of give_way.
constexpr std::size_t give_way_bytes = 64 << 10;

// Provided by the room `trap`: handles all interrupts that are pending on this hart.
// `was_in_kernel`: they became pending while the thread was in the kernel.
void handle_interrupts(bool was_in_kernel);

}  // namespace tine
