// The kernel's half of every page table. Built once at boot; later, pages come and go only in the
// window of the stacks.
//
// No lock: a table is put in with one atomic operation and stays, so when two harts need the same
// table at the same time, one of them finds the other's. A leaf entry is written by its owner only.
#include "arch/csr.hh"
#include "mm/page_table.hh"
#include "mm/table_pool.hh"
#include "sync/hart.hh"
#include "sync/panic.hh"
#include "sync/remote.hh"

namespace tine {
namespace {

extern "C" const char boot_stack_guard[];

// Counts the new mappings (kernel_map_changed). A hart's TLB may remember that nothing was mapped
// where a page is now. So each hart executes a fence when it sees a new number, before it uses what
// was mapped (kernel_map_catch_up).
constinit std::atomic<std::uint64_t> generation{0};

// The table below an entry of the kernel's half; it is made if there is none.
Result<Pte*> table_below(Pte& entry) {
  std::atomic_ref word(reinterpret_cast<std::uint64_t&>(entry));
  if (word.load(std::memory_order_acquire) == 0) {
    FrameRef below = FrameRef::adopt(TRY(frame_allocate_zeroed(FrameKind::kernel)));
    std::uint64_t nothing = 0;
    // Release: the table's zeros are visible first, since any hart may walk here from now on.
    if (word.compare_exchange_strong(nothing, Pte::table(below.address()).bits(),
                                     std::memory_order_acq_rel)) {
      below.release();
    }
  }
  return direct<Pte>(entry.address());
}

// The entry of `level` for this address (0: 4 KiB, 1: 2 MiB, 2: 1 GiB).
Result<Pte*> entry_of(VirtAddr at, unsigned level) {
  Pte* table = direct<Pte>(kernel_root);
  for (unsigned above = table_levels - 1; above > level; above--) {
    table = TRY(table_below(table[pte_index(at, above)]));
  }
  return &table[pte_index(at, level)];
}

// [start, end) in the direct map, with the largest leaves that fit. At boot only, when memory
// cannot run out.
void map_direct(PhysAddr start, PhysAddr end, Prot prot) {
  while (start < end) {
    // lab pagetable 2 {
    unsigned level = table_levels - 1;
    while (level > 0 && (start.value() % pte_span(level) != 0 || end - start < pte_span(level)))
      level--;
    // } lab
    Result<Pte*> entry = entry_of(direct_map + start.value(), level);
    if (!entry) panic("no memory for the kernel's page table");
    **entry = Pte::kernel(start, prot);
    start += pte_span(level);
  }
}

}  // namespace

void kernel_map_init(PhysAddr devices_end, PhysAddr start, PhysAddr end) {
  auto frame = frame_allocate_zeroed(FrameKind::kernel);
  if (!frame) panic("no memory for the kernel's page table");
  kernel_root = *frame;

  constexpr Prot rw = Prot::read | Prot::write;
  // lab pagetable 2 {
  PhysAddr text = physical(kernel_start), rodata = physical(text_end), data = physical(rodata_end);
  PhysAddr guard = physical(boot_stack_guard);
  // The firmware's memory, between the devices and `start`, is left unmapped: the kernel must not
  // touch it.
  map_direct(PhysAddr(0), devices_end, rw);
  map_direct(start, text, rw);
  map_direct(text, rodata, Prot::read | Prot::exec);
  map_direct(rodata, data, Prot::read);
  map_direct(data, guard, rw);
  map_direct(guard + page_size, end, rw);
  // } lab

  // The middle table of the stacks' window exists from the start, so that no root changes after
  // boot.
  Pte& window = direct<Pte>(kernel_root)[pte_index(stack_window, 2)];
  if (!table_below(window)) panic("no memory for the kernel's page table");
  kernel_map_activate();
}

void kernel_map_activate() {
  csr::write_satp(csr::satp_sv39 | kernel_root.value() >> page_shift);
  csr::sfence_all();
}

Result<Pte*> kernel_map_entry(VirtAddr at) { return entry_of(at, 0); }

void kernel_map_changed() { generation.fetch_add(1, std::memory_order_release); }

// The other harts are interrupted in M-mode, so they carry out the fence although the kernel runs
// with interrupts off, even while they spin for a lock that the caller holds. The full fence makes
// the cleared entries visible before the request, so that later walks find them. A hart that has
// not started yet fences when it first sees a new mapping, as after each one.
void kernel_map_forget() {
  std::atomic_thread_fence(std::memory_order_seq_cst);
  csr::sfence_all();
  fence_harts(~(1ul << this_hart().index), 0, ~0ul);
}

// Acquire: a hart that sees the new number sees the entry, and the sfence orders its later walks
// after both.
void kernel_map_catch_up() {
  Hart& hart = this_hart();
  std::uint64_t latest = generation.load(std::memory_order_acquire);
  if (hart.kernel_map_generation == latest) return;
  csr::sfence_all();
  hart.kernel_map_generation = latest;
}

}  // namespace tine
