// Giving way: the kernel does not preempt itself, so a call that works for long stops now and then
// and lets others run. `give_way` is the one place where that happens.
#pragma once

#include <cstddef>

namespace tine {

// The safe point of long work. Handles the interrupts that wait for this hart, sends and sets what
// the scheduler has put off (settle), and lets other threads run if this one must make room.
// Returns whether a fatal signal waits for the current thread: then the caller ends its work as
// soon as possible, with a partial result or with Errno::restart, which no program will see.
//
// No spinlock may be held. Sleeping mutexes may: whoever waits for one of them waits longer. The
// thread may go on on another hart, so no Hart& is kept across the call.
//
// When nothing waits, it costs the reading of one CSR: about as much as the copying of 128 bytes.
// So call it where 10 to 100 microseconds of work have been done: after 64 KiB copied, after 2 MiB
// of a page table, after some hundred steps in a list.
bool give_way();

// How many bytes are copied between two calls of give_way.
constexpr std::size_t give_way_bytes = 64 << 10;

// Provided by the room `trap`: handles all interrupts that are pending for this hart.
// `was_in_kernel`: they became so while the thread was in the kernel.
void handle_interrupts(bool was_in_kernel);

}  // namespace tine
