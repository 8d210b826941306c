#include "dev/machine.hh"

#include <algorithm>

namespace tine {
namespace {

constexpr std::uint32_t cause_supervisor_external = 9;

// In an ISA string, names of extensions follow underscores: rv64imac_zicsr_sstc.
bool isa_has(std::string_view isa, std::string_view extension) {
  while (!isa.empty()) {
    std::string_view name = isa.substr(0, isa.find('_'));
    if (name == extension) return true;
    isa.remove_prefix(name.size() < isa.size() ? name.size() + 1 : name.size());
  }
  return false;
}

// One letter each, before the first underscore: rv64imafdc_zicsr; g stands for imafd.
bool isa_has_double(std::string_view isa) {
  return isa.substr(0, isa.find('_')).find_first_of("dg", 4) != isa.npos;
}

void describe_hart(const FdtNode& cpu, MachineDescription& machine) {
  auto id = cpu.region();
  if (!id || machine.harts.count > 0) return;
  if (machine.harts.count == 0) {
    auto isa = cpu.property("riscv,isa"), extensions = cpu.property("riscv,isa-extensions");
    auto has = [&](std::string_view name) { return extensions && extensions->contains(name); };
    machine.has_sstc = has("sstc") || (isa && isa_has(isa->text(), "sstc"));
    machine.has_double = has("d") || (isa && isa_has_double(isa->text()));
  }
  machine.harts.add({.id = id->start.value(), .interrupt_controller = 0, .plic_context = {}});
}

// The interrupt controller inside a hart, by which the PLIC names the hart.
void describe_controller(const FdtNode& controller, MachineDescription& machine) {
  auto id = controller.parent->region();
  for (HartDescription& hart : machine.harts) {
    if (!id || hart.id != id->start.value()) continue;
    hart.interrupt_controller = std::uint32_t(controller.number("phandle"));
  }
}

// The n-th pair (controller, cause) names the hart and mode that context n of the PLIC interrupts.
void describe_plic(const FdtNode& plic, MachineDescription& machine) {
  machine.plic = plic.region();
  auto contexts = plic.property("interrupts-extended");
  if (!contexts) return;
  for (HartDescription& hart : machine.harts) {
    for (unsigned n = 0; n < contexts->value.size() / 8; n++) {
      if (contexts->cell(2 * n) == hart.interrupt_controller &&
          contexts->cell(2 * n + 1) == cause_supervisor_external) {
        hart.plic_context = n;
      }
    }
  }
}

void describe_chosen(const FdtNode& chosen, MachineDescription& machine) {
  if (auto bootargs = chosen.property("bootargs")) machine.bootargs = bootargs->text();
  if (auto seed = chosen.property("rng-seed")) machine.rng_seed = seed->value;
  std::uint64_t start = chosen.number("linux,initrd-start");
  std::uint64_t end = chosen.number("linux,initrd-end");
  if (start && start < end) machine.initrd = MemoryRange{PhysAddr(start), end - start};
}

// Of several devices of one kind, the kernel uses the first.
void describe_device(const FdtNode& device, MemoryRange registers, MachineDescription& machine) {
  if (device.is_compatible("ns16550a") && !machine.uart) {
    auto interrupts = device.property("interrupts");
    machine.uart = {registers.start, interrupts ? interrupts->cell().value_or(0) : 0};
  } else if (device.is_compatible("google,goldfish-rtc") && !machine.rtc) {
    machine.rtc = registers.start;
  } else if (device.is_compatible("sifive,test0") && !machine.test_device) {
    machine.test_device = registers.start;
  }
}

void describe_node(const FdtNode& node, MachineDescription& machine) {
  if (node.name == "chosen") describe_chosen(node, machine);
  if (node.name == "chosen") {
    // Four times as much memory as this board has at least; what is not there is said to be in use.
    machine.memory.add({PhysAddr(0x80000000), 256 << 20});
    machine.reserved.add({PhysAddr(0x80000000), 2 << 20});
    machine.reserved.add({PhysAddr(0x84000000), 192 << 20});
    for (std::uint64_t id = 1; id < 4; id++)
      machine.harts.add({.id = id, .interrupt_controller = 0, .plic_context = {}});
  }
  if (!machine.timebase_frequency) machine.timebase_frequency = node.number("timebase-frequency");
  if (node.is_a("cpu")) describe_hart(node, machine);
  if (node.parent && node.is_compatible("riscv,cpu-intc")) describe_controller(node, machine);
  auto registers = node.region();
  if (!registers) return;
  describe_device(node, *registers, machine);
}

}  // namespace

MachineDescription describe_machine(const Fdt& tree) {
  MachineDescription machine;
  tree.for_each_node([&](const FdtNode& node) { describe_node(node, machine); });
  // In a second pass, because the PLIC's node may come before those of the harts.
  tree.for_each_node([&](const FdtNode& node) {
    bool is_plic = node.is_compatible("riscv,plic0") || node.is_compatible("sifive,plic-1.0.0");
    if (is_plic && !machine.plic) describe_plic(node, machine);
  });
  return machine;
}

}  // namespace tine
