#include "sync/remote.hh"

#include "arch/sbi.hh"
#include "sync/spinlock.hh"

namespace tine {
namespace {

// One remote fence at a time: in OpenSBI 1.1 two harts that ask at the same time can wait for each
// other's acknowledgement for ever (docs/races.md). A hart that waits here still carries out the
// other's fence, because that comes as an interrupt in M-mode, which the kernel cannot disable.
constinit Spinlock fence_lock{Rank::remote_fence, "remote fence"};

// The platform's ids of these harts, as a mask for the SBI.
std::uint64_t sbi_hart_mask(std::uint64_t mask) {
  std::uint64_t ids = 0;
  for (unsigned i = 0; i < hart_count; i++) {
    if (mask & (1ul << i)) ids |= 1ul << harts[i].id;
  }
  return ids;
}

}  // namespace

void interrupt_harts(std::uint64_t mask) {
  if (mask) sbi::send_ipi(sbi_hart_mask(mask));
}

void fence_harts(std::uint64_t mask, std::uint64_t start, std::uint64_t size) {
  if (!mask) return;
  SpinGuard guard(fence_lock);
  sbi::remote_sfence_vma(sbi_hart_mask(mask), start, size);
}

void fence_code_on_harts(std::uint64_t mask) {
  if (!mask) return;
  SpinGuard guard(fence_lock);
  sbi::remote_fence_i(sbi_hart_mask(mask));
}

}  // namespace tine
