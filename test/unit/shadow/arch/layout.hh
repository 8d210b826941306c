// Shadow of kernel/arch/layout.hh: `direct` and `physical` find the simulated memory
// (test/unit/machine.hh).
#pragma once

#define direct hardware_direct
#define physical hardware_physical
#include_next "arch/layout.hh"
#undef direct
#undef physical

namespace tine {

constexpr PhysAddr simulated_start{0x80000000};
constexpr std::size_t simulated_size = 4096 * page_size;
extern std::byte simulated_memory[simulated_size];

template <class T = std::byte>
T* direct(PhysAddr at) {
  return reinterpret_cast<T*>(simulated_memory + (at - simulated_start));
}
inline PhysAddr physical(const void* at) {
  return simulated_start + (static_cast<const std::byte*>(at) - simulated_memory);
}

}  // namespace tine
