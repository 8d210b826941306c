// The kernel's half of the address space.
//
//   0xffff_ffc0_0000_0000  direct map: physical address + this (devices, memory, the image)
//   0xffff_ffff_c000_0000  kernel stacks: slots of 32 KiB, of which the lower half is never mapped
//   0xffff_ffff_ffff_f000  the page to which signal handlers return, the only one of this half that
//                          user mode can execute
//
// The unit tests put a header of the same name before this one, in which `direct` finds simulated
// memory.
#pragma once

#include "arch/offsets.h"
#include "lib/types.hh"

namespace tine {

constexpr VirtAddr direct_map{DIRECT_MAP_BASE};
constexpr VirtAddr stack_window{0xffffffffc0000000};
constexpr VirtAddr signal_trampoline{0xfffffffffffff000};
constexpr std::size_t kernel_stack_size = 16384;
constexpr std::size_t kernel_stack_slot = 2 * kernel_stack_size;

// The kernel's pointer to a byte of physical memory.
template <class T = std::byte>
T* direct(PhysAddr at) {
  return reinterpret_cast<T*>(direct_map.value() + at.value());
}
// The inverse, for pointers into the direct map (the kernel's image included).
inline PhysAddr physical(const void* at) {
  return PhysAddr(reinterpret_cast<std::uint64_t>(at) - direct_map.value());
}

}  // namespace tine
