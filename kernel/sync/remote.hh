// What one hart does to others. In every mask, bit n stands for harts[n].
#pragma once

#include <cstdint>

namespace tine {

// Makes these harts enter the kernel soon, from user mode or from idling.
void interrupt_harts(std::uint64_t mask);
// sfence.vma for [start, start + size) on these harts; returns when all have done it.
void fence_harts(std::uint64_t mask, std::uint64_t start, std::uint64_t size);
// fence.i on these harts; returns when all have done it.
void fence_code_on_harts(std::uint64_t mask);

}  // namespace tine
