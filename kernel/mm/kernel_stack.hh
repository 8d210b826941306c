// Kernel stacks: one for each thread, in their own window, with unmapped guard pages between them.
// A stack that is given back stays mapped and is used again. Idle stacks are unmapped, several at a
// time, only when no frame is left: then one fence of all harts serves many of them.
//
// Lock: `stack pool`, inside.
#pragma once

#include "arch/layout.hh"
#include "lib/result.hh"

namespace tine {

// Returns the first byte after the stack (where sp starts); its size is kernel_stack_size. Errors:
// nomem.
Result<VirtAddr> kernel_stack_allocate();
void kernel_stack_free(VirtAddr top);

std::uint64_t kernel_stacks_in_use();

}  // namespace tine
