#include "dev/machine.hh"

namespace tine {
namespace {

constexpr std::uint32_t cause_supervisor_external = 9;

std::uint64_t number_of(const FdtNode& node, std::string_view name) {
  auto property = node.property(name);
  return property ? property->number().value_or(0) : 0;
}

// Names of extensions stand behind underscores in an ISA string: rv64imac_zicsr_sstc.
bool isa_has(std::string_view isa, std::string_view extension) {
  while (!isa.empty()) {
    std::string_view name = isa.substr(0, isa.find('_'));
    if (name == extension) return true;
    isa.remove_prefix(name.size() < isa.size() ? name.size() + 1 : name.size());
  }
  return false;
}

void describe_cpu(const FdtNode& cpu, MachineDescription& machine) {
  auto id = cpu.region();
  if (!id || !cpu.is_enabled()) return;
  if (machine.harts.count == 0) {
    auto isa = cpu.property("riscv,isa"), extensions = cpu.property("riscv,isa-extensions");
    machine.has_sstc =
        (isa && isa_has(isa->text(), "sstc")) || (extensions && extensions->contains("sstc"));
  }
  HartDescription hart{.id = id->start.value(), .interrupt_controller = 0, .plic_context = {}};
  for (auto child = cpu.first_child(); child; child = child->next_sibling()) {
    if (child->property("interrupt-controller")) {
      hart.interrupt_controller = static_cast<std::uint32_t>(number_of(*child, "phandle"));
    }
  }
  machine.harts.add(hart);
  if (!machine.timebase_frequency) {
    machine.timebase_frequency = number_of(cpu, "timebase-frequency");
  }
}

void describe_cpus(const FdtNode& cpus, MachineDescription& machine) {
  machine.timebase_frequency = number_of(cpus, "timebase-frequency");
  for (auto child = cpus.first_child(); child; child = child->next_sibling()) {
    auto type = child->property("device_type");
    if (type && type->text() == "cpu") describe_cpu(*child, machine);
  }
}

// Context n of the PLIC interrupts what the n-th pair (controller, cause) names.
void describe_plic(const FdtNode& plic, MachineDescription& machine) {
  if (auto region = plic.region()) machine.plic = *region;
  auto contexts = plic.property("interrupts-extended");
  if (!contexts) return;
  for (unsigned i = 0; i < machine.harts.count; i++) {
    HartDescription& hart = machine.harts.items[i];
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
  std::uint64_t start = number_of(chosen, "linux,initrd-start");
  std::uint64_t end = number_of(chosen, "linux,initrd-end");
  if (start && start < end) machine.initrd = MemoryRange{PhysAddr(start), end - start};
}

void describe_reserved(const Fdt& tree, MachineDescription& machine) {
  for (std::size_t i = 0; auto region = tree.reservation(i); i++) {
    if (!machine.reserved.add(*region)) break;
  }
  auto reserved = tree.find("/reserved-memory");
  if (!reserved) return;
  for (auto child = reserved->first_child(); child; child = child->next_sibling()) {
    for (std::size_t i = 0; auto region = child->region(i); i++) {
      machine.reserved.add(*region);
    }
  }
}

void describe_devices(const Fdt& tree, MachineDescription& machine) {
  auto plic = tree.find_compatible("riscv,plic0");
  if (!plic) plic = tree.find_compatible("sifive,plic-1.0.0");
  if (plic) describe_plic(*plic, machine);
  if (auto uart = tree.find_compatible("ns16550a")) {
    auto region = uart->region();
    auto interrupts = uart->property("interrupts");
    if (region) machine.uart = UartDescription{region->start};
    if (region && interrupts) machine.uart->interrupt = interrupts->cell().value_or(0);
  }
  if (auto rtc = tree.find_compatible("google,goldfish-rtc")) {
    if (auto region = rtc->region()) machine.rtc = region->start;
  }
  if (auto test = tree.find_compatible("sifive,test0")) {
    if (auto region = test->region()) machine.test_device = region->start;
  }
}

}  // namespace

MachineDescription describe_machine(const Fdt& tree) {
  MachineDescription machine;
  if (auto memory = tree.find("/memory")) {
    if (auto region = memory->region()) machine.memory = *region;
  }
  if (auto cpus = tree.find("/cpus")) describe_cpus(*cpus, machine);
  if (auto chosen = tree.find("/chosen")) describe_chosen(*chosen, machine);
  describe_reserved(tree, machine);
  describe_devices(tree, machine);
  return machine;
}

}  // namespace tine
