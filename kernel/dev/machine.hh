// What the kernel needs to know about the machine, read from the device tree once, at boot.
#pragma once

#include "arch/sbi.hh"
#include "dev/fdt.hh"

namespace tine {

// An array of at most `max` items, with their count.
template <class T, unsigned max>
struct InplaceVector {
  std::array<T, max> items{};
  unsigned count = 0;

  // False: there is no room, and the item was not added.
  bool add(const T& item) {
    if (count == max) return false;
    items[count++] = item;
    return true;
  }
  T* begin() { return items.data(); }
  T* end() { return items.data() + count; }
  const T* begin() const { return items.data(); }
  const T* end() const { return items.data() + count; }
};

struct HartDescription {
  std::uint64_t id = 0;  // mhartid
  std::uint32_t interrupt_controller =
      0;  // phandle of its own controller, by which the PLIC names it
  std::optional<unsigned> plic_context;  // of its S-mode
};

struct UartDescription {
  PhysAddr base;
  std::uint32_t interrupt = 0;  // 0: none
};

struct MachineDescription {
  InplaceVector<MemoryRange, 16> memory;   // its banks, lowest first
  InplaceVector<MemoryRange, 8> reserved;  // parts of it that the kernel must not use
  std::optional<MemoryRange> initrd;
  std::span<const std::byte> rng_seed;
  std::string_view bootargs;

  InplaceVector<HartDescription, sbi::hart_ids> harts;  // those that may be used
  std::uint64_t timebase_frequency = 0;
  // Read from the first hart; all harts are assumed to be alike.
  bool has_sstc = false;
  bool has_double = false;  // floating point, single and double precision

  std::optional<UartDescription> uart;  // ns16550a
  std::optional<MemoryRange> plic;
  std::optional<PhysAddr> rtc;          // goldfish
  std::optional<PhysAddr> test_device;  // sifive: ends the machine with a status
};

// What is missing in the tree stays empty; the caller checks what it needs.
MachineDescription describe_machine(const Fdt& tree);

}  // namespace tine
