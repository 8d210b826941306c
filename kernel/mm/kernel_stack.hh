// Kernel stacks: one for each thread, in a window of their own with unmapped guards between them. A
// stack that is given back stays mapped and is used again, so that no TLB ever has to forget one.
//
// Lock: `stack pool`, inside.
#pragma once

#include "arch/layout.hh"
#include "lib/result.hh"

namespace tine {

// Returns the first byte behind the stack (where sp starts); its size is kernel_stack_size. Errors:
// nomem.
Result<VirtAddr> kernel_stack_allocate();
void kernel_stack_free(VirtAddr top);

std::uint64_t kernel_stacks_in_use();

}  // namespace tine
