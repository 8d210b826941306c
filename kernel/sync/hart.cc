#include "sync/hart.hh"

#include <cstddef>

#include "arch/sbi.hh"

namespace tine {

static_assert(offsetof(Hart, emergency_stack_top) == HART_EMERGENCY_TOP);
static_assert(offsetof(Hart, start_sp) == HART_START_SP);
static_assert(offsetof(Hart, start_satp) == HART_START_SATP);

constinit Hart harts[max_harts] = {};
constinit unsigned hart_count = 1;

std::uint64_t sbi_hart_mask(std::uint64_t mask) {
  std::uint64_t ids = 0;
  for (unsigned i = 0; i < hart_count; i++) {
    if (mask & (1ul << i)) ids |= 1ul << harts[i].id;
  }
  return ids;
}

void interrupt_harts(std::uint64_t mask) {
  if (mask) sbi::send_ipi(sbi_hart_mask(mask));
}

}  // namespace tine
