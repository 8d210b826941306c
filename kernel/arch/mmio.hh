// Access to device registers. The compiler neither drops nor merges such an access (volatile), and
// the fences order it against ordinary memory, as drivers expect (RISC-V ISA, "FENCE": I and O are
// device input and output).
#pragma once

#include <cstdint>

#include "arch/layout.hh"

namespace tine {

// What the device told is older than what is read from memory afterwards.
template <class T>
T mmio_read(PhysAddr at) {
  T value = *direct<volatile T>(at);
  asm volatile("fence i, rw" : : : "memory");
  return value;
}

// The device sees the write after all earlier ones to memory; a lock that is released afterwards is
// released after it.
template <class T>
void mmio_write(PhysAddr at, T value) {
  asm volatile("fence rw, o" : : : "memory");
  *direct<volatile T>(at) = value;
  asm volatile("fence o, w" : : : "memory");
}

}  // namespace tine
