// Access to device registers. The compiler neither drops nor merges such an access (volatile), and
// the fences order it against ordinary memory, as drivers expect (RISC-V ISA, "FENCE": I and O are
// device input and output).
#pragma once

#include <cstdint>

#include "arch/layout.hh"

namespace tine {

// The read of the device comes before all later reads and writes of memory.
template <class T>
T mmio_read(PhysAddr at) {
  T value = *direct<volatile T>(at);
  asm volatile("fence i, rw" : : : "memory");
  return value;
}

// The device sees the write after all earlier reads and writes of memory. The second fence keeps it
// before later writes, such as the release of a lock.
template <class T>
void mmio_write(PhysAddr at, T value) {
  asm volatile("fence rw, o" : : : "memory");
  *direct<volatile T>(at) = value;
  asm volatile("fence o, w" : : : "memory");
}

}  // namespace tine
