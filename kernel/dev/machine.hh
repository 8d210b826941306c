// What the kernel wants to know of the machine, gathered from the device tree once, at boot.
#pragma once

#include "arch/sbi.hh"
#include "dev/fdt.hh"

namespace tine {

// A few of something, counted.
template <class T, unsigned max>
struct FewOf {
  std::array<T, max> items{};
  unsigned count = 0;

  // What does not fit is left out; false then.
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
  FewOf<MemoryRange, 16> memory;   // its banks, lowest first
  FewOf<MemoryRange, 8> reserved;  // parts of it that are not ours
  std::optional<MemoryRange> initrd;
  std::span<const std::byte> rng_seed;
  std::string_view bootargs;

  FewOf<HartDescription, sbi::hart_ids> harts;  // those that may be used
  std::uint64_t timebase_frequency = 0;
  // Of the first hart: nothing that it does not have is used.
  bool has_sstc = false;
  bool has_double = false;  // floating point, of both sizes

  std::optional<UartDescription> uart;  // ns16550a
  std::optional<MemoryRange> plic;
  std::optional<PhysAddr> rtc;          // goldfish
  std::optional<PhysAddr> test_device;  // sifive: ends the machine with a status
};

// Whatever is missing in the tree stays empty: the caller says what it cannot do without.
MachineDescription describe_machine(const Fdt& tree);

}  // namespace tine
