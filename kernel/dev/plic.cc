#include "dev/plic.hh"

#include <array>

#include "arch/mmio.hh"
#include "sync/hart.hh"

namespace tine {
namespace {

// Memory map (PLIC specification, chapter 3): 32-bit registers.
constexpr std::uint64_t priorities = 0;                                // one for each source
constexpr std::uint64_t enables = 0x2000, enables_per_context = 0x80;  // one bit for each source
constexpr std::uint64_t thresholds = 0x200000, per_context = 0x1000;
constexpr std::uint64_t claim = 4;  // after the threshold; a write means "complete"

constexpr unsigned max_sources = 128;  // the specification allows 1024; source 0 means "none"

constinit PhysAddr plic_base;  // 0: no controller
constinit std::array<InterruptHandler, max_sources> handlers{};

PhysAddr enable_word(unsigned context, unsigned irq) {
  return plic_base + enables + context * enables_per_context + irq / 32 * 4;
}
PhysAddr threshold(unsigned context) { return plic_base + thresholds + context * per_context; }

}  // namespace

void plic_init(PhysAddr base) {
  plic_base = base;
  for (const Hart& hart : std::span(harts, hart_count)) {
    if (hart.plic_context == no_context) continue;
    for (unsigned irq = 0; irq < max_sources; irq += 32) {
      mmio_write<std::uint32_t>(enable_word(hart.plic_context, irq), 0);
    }
    mmio_write<std::uint32_t>(threshold(hart.plic_context), 0);  // only priority 0 is blocked
  }
}

Result<> plic_enable(unsigned irq, InterruptHandler handler) {
  if (plic_base == PhysAddr() || irq == 0 || irq >= max_sources) return Errno::inval;
  handlers[irq] = handler;
  mmio_write<std::uint32_t>(plic_base + priorities + irq * 4, 1);
  for (const Hart& hart : std::span(harts, hart_count)) {
    if (hart.plic_context == no_context) continue;
    PhysAddr word = enable_word(hart.plic_context, irq);
    mmio_write<std::uint32_t>(word, mmio_read<std::uint32_t>(word) | 1u << irq % 32);
  }
  return {};
}

void plic_interrupt() {
  PhysAddr claim_register = threshold(this_hart().plic_context) + claim;
  while (std::uint32_t irq = mmio_read<std::uint32_t>(claim_register)) {
    // [key 1] This hart has claimed the interrupt. The driver of the device handles it.
    if (irq < max_sources && handlers[irq]) handlers[irq]();
    mmio_write(claim_register, irq);
  }
}

}  // namespace tine
