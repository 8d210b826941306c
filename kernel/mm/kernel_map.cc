// The kernel's half of every page table. Built once at boot; only the stack window grows later.
#include "arch/csr.hh"
#include "arch/sbi.hh"
#include "mm/page_table.hh"
#include "mm/table_pool.hh"
#include "sync/hart.hh"
#include "sync/panic.hh"
#include "sync/spinlock.hh"

namespace tine {
namespace {

extern "C" const char boot_stack_guard[];

constinit Spinlock lock{Rank::stack_pool, "kernel map"};
constinit PhysAddr root;

// The table below an entry of the kernel's half, made if need be.
Result<Pte*> table_below(Pte& entry) {
  if (!entry.valid()) {
    PhysAddr below = TRY(frame_allocate_zeroed(FrameKind::kernel));
    entry = Pte::table(below);
  }
  return direct<Pte>(entry.address());
}

// One leaf of `level` (0: 4 KiB, 1: 2 MiB, 2: 1 GiB).
Result<> map_leaf(VirtAddr at, PhysAddr to, Prot prot, unsigned level) {
  Pte* table = direct<Pte>(root);
  for (unsigned above = table_levels - 1; above > level; above--) {
    table = TRY(table_below(table[pte_index(at, above)]));
  }
  table[pte_index(at, level)] = Pte::kernel(to, prot);
  return {};
}

// [start, end) in the direct map, with the largest leaves that fit. At boot only: there must be memory.
void map_direct(PhysAddr start, PhysAddr end, Prot prot) {
  while (start < end) {
    unsigned level = table_levels - 1;
    while (level > 0 && (start.value() % pte_span(level) != 0 || end - start < pte_span(level))) level--;
    if (!map_leaf(direct_map + start.value(), start, prot, level)) panic("no memory for the kernel's page table");
    start += pte_span(level);
  }
}

}  // namespace

void kernel_map_init(PhysAddr start, PhysAddr end) {
  auto frame = frame_allocate_zeroed(FrameKind::kernel);
  if (!frame) panic("no memory for the kernel's page table");
  root = *frame;

  constexpr Prot rw = Prot::read | Prot::write;
  PhysAddr text = physical(kernel_start), rodata = physical(text_end), data = physical(rodata_end);
  PhysAddr guard = physical(boot_stack_guard), image_end = physical(kernel_end);
  // Below memory are the devices. The firmware's own memory, between `start` and the image, is not ours to touch.
  map_direct(PhysAddr(0), PhysAddr(start.value() & ~(pte_span(1) - 1)), rw);
  map_direct(text, rodata, Prot::read | Prot::exec);
  map_direct(rodata, data, Prot::read);
  map_direct(data, guard, rw);
  map_direct(guard + page_size, image_end, rw);
  map_direct(image_end, end, rw);

  // The window of the stacks: its table exists from the start, so that no root ever changes after boot.
  Pte& window = direct<Pte>(root)[pte_index(stack_window, 2)];
  if (!table_below(window)) panic("no memory for the kernel's page table");
  set_kernel_root(root);
  kernel_map_activate();
}

void kernel_map_activate() {
  csr::write_satp(csr::satp_sv39 | root.value() >> page_shift);
  csr::sfence_all();
}

Result<> kernel_map_page(VirtAddr at, PhysAddr frame, Prot prot) {
  {
    SpinGuard guard(lock);
    TRY(map_leaf(at, frame, prot, 0));
  }
  // A hart may remember that there was nothing here.
  csr::sfence_all();
  std::uint64_t others = ((1ul << hart_count) - 1) & ~(1ul << this_hart().index);
  std::uint64_t online = 0;
  for (unsigned i = 0; i < hart_count; i++) {
    if (harts[i].online.load(std::memory_order_acquire)) online |= 1ul << i;
  }
  if (others & online) sbi::remote_sfence_vma(sbi_hart_mask(others & online), at.value(), page_size);
  return {};
}

}  // namespace tine
