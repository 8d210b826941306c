// The grader of the lab `pagetable`, part 2: the kernel's half, looked at when the machine has
// booted, or has stopped for the want of programs.
#include <algorithm>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "catch.hh"
#include "guest/machine.hh"
#include "labs/steps.hh"

namespace test {
namespace {

constexpr std::uint64_t direct_map = 0xffffffc000000000, stacks = 0xffffffffc0000000;
constexpr std::uint64_t memory = 0x80000000;
constexpr std::uint64_t read_bit = 2, write_bit = 4, exec_bit = 8, user_bit = 16;

struct Leaf {
  std::uint64_t at, frame, size, bits;
  std::uint64_t end() const { return frame + size; }
  std::uint64_t rights() const { return bits & (read_bit | write_bit | exec_bit | user_bit); }
};

// The kernel's half, and where linker/kernel.ld has put the parts of the kernel.
struct KernelHalf {
  Machine m;
  std::vector<Leaf> leaves;  // by address
  std::map<std::string, std::uint64_t> symbols;
  std::uint64_t start = ~0ul;  // of the memory that is mapped; before it is the firmware's

  explicit KernelHalf(const std::string& name) : m({.name = name, .kernel_only = true}) {
    collect(m.root(), 2, 256, ~0ul << 39);
    std::istringstream names(output_of(setting("TINE_CROSS", "riscv64-linux-gnu-") + "nm '" +
                                       setting("TINE_KERNEL", "build/release/kernel.elf") + "'"));
    std::uint64_t address = 0;
    for (std::string kind, symbol; names >> std::hex >> address >> kind >> symbol;)
      symbols[symbol] = address - direct_map;
    for (const char* needed : {"kernel_start", "text_end", "rodata_end", "boot_stack_guard"})
      if (!symbols.contains(needed)) m.give_up("The kernel's image has no " + std::string(needed));
    for (const Leaf& leaf : leaves) {
      if (leaf.end() > memory && leaf.at < stacks) start = std::min(start, leaf.frame);
    }
    expect(start <= symbols["kernel_start"], "The kernel is not in its page table.");
  }
  void collect(std::uint64_t table, unsigned level, std::uint64_t first, std::uint64_t base) {
    const std::uint64_t size = page << 9 * level;
    for (std::uint64_t i = first; i < 512; i++) {
      const std::uint64_t entry = m.word(table + i * 8), next = (entry << 10 >> 20) * page;
      if (!(entry & 1)) continue;
      if (entry & (read_bit | write_bit | exec_bit)) {
        leaves.push_back({base + i * size, next, size, entry & 0xff});
      } else if (level > 0) {
        collect(next, level - 1, 0, base + i * size);
      }
    }
  }
  std::uint64_t end() const { return memory + m.machine_memory(); }
  // The leaf that maps a physical address in the direct map.
  const Leaf* of(std::uint64_t physical) const {
    for (const Leaf& leaf : leaves) {
      if (leaf.at - direct_map <= physical && physical < leaf.at - direct_map + leaf.size)
        return &leaf;
    }
    return nullptr;
  }
  void expect_rights(std::uint64_t from, std::uint64_t to, std::uint64_t rights,
                     const std::string& what) const {
    for (std::uint64_t each = from; each < to;) {
      const Leaf* leaf = of(each);
      expect(leaf, what + " is not mapped.");
      expect(leaf->rights() == rights, what + " has other rights than it needs.");
      each = leaf->at - direct_map + leaf->size;
    }
  }
};

TEST_CASE("part 2, 6 points: memory is mapped with the largest leaves", "[pagetable][part2]") {
  const KernelHalf kernel("pagetable-leaves");
  const std::vector<Leaf>& all = kernel.leaves;
  for (std::size_t i = 0; i < all.size(); i++) {
    const Leaf& leaf = all[i];
    if (leaf.at >= stacks) continue;
    expect(leaf.at - leaf.frame == direct_map, "A leaf of the direct map leads somewhere else.");
    expect(leaf.frame % leaf.size == 0,
           "A large leaf begins at an address that is no multiple of "
           "its size.");
    std::size_t alike = 1;
    while (i + alike < all.size() && all[i + alike].frame == leaf.frame + alike * leaf.size &&
           all[i + alike].size == leaf.size && all[i + alike].bits == leaf.bits && alike < 512)
      alike++;
    expect(leaf.size == 1ul << 30 || leaf.frame % (leaf.size * 512) != 0 || alike < 512,
           "512 entries of a table say what one entry of the table above could say.");
  }
  for (std::uint64_t at = kernel.start; at < kernel.end(); at += page) {
    expect(at == kernel.symbols.at("boot_stack_guard") || kernel.of(at),
           "A page of the machine's memory is not in the direct map.");
  }
  expect(kernel.of(0x10000000), "The devices are not in the direct map.");
}

TEST_CASE("part 2, 6 points: no page of the kernel may be written and executed",
          "[pagetable][part2]") {
  const KernelHalf kernel("pagetable-rights");
  for (const Leaf& leaf : kernel.leaves) {
    if (leaf.at < stacks)
      expect((leaf.rights() & (write_bit | exec_bit)) != (write_bit | exec_bit),
             "The kernel may write to a page, and execute it.");
  }
  const auto& at = kernel.symbols;
  constexpr std::uint64_t both = read_bit | write_bit;
  kernel.expect_rights(at.at("kernel_start"), at.at("text_end"), read_bit | exec_bit, "Code");
  kernel.expect_rights(at.at("text_end"), at.at("rodata_end"), read_bit, "A constant");
  kernel.expect_rights(at.at("rodata_end"), at.at("boot_stack_guard"), both, "Data");
  kernel.expect_rights(at.at("boot_stack_guard") + page, kernel.end(), both, "Memory");
  kernel.expect_rights(kernel.start, at.at("kernel_start"), both, "Memory before the kernel");
  kernel.expect_rights(0, memory, both, "A device");
}

TEST_CASE("part 2, 4 points: what the kernel must not touch is mapped nowhere",
          "[pagetable][part2]") {
  const KernelHalf kernel("pagetable-unmapped");
  const std::uint64_t guard = kernel.symbols.at("boot_stack_guard");
  expect(kernel.start > memory, "The firmware's memory is mapped.");
  for (const Leaf& leaf : kernel.leaves) {
    expect(leaf.end() <= guard || leaf.frame > guard, "The page below the first stack is mapped.");
    expect(leaf.end() <= kernel.end(), "Memory is mapped that the machine does not have.");
  }
  expect(kernel.of(guard - page) && kernel.of(guard + page), "More than the guard is unmapped.");
}

}  // namespace
}  // namespace test
