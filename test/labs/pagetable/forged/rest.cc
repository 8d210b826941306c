// What each forgery ends with: a page table that unmaps nothing, and whose entries `make` finds.
#include "arch/csr.hh"
#include "mm/page_table.hh"
#include "mm/table_pool.hh"
#include "sync/hart.hh"
#include "sync/remote.hh"

namespace tine {

Result<> PageTable::init() {
  root_ = TRY(root_allocate());
  return {};
}

PageTable::~PageTable() {}

Result<Pte*> PageTable::find_or_make(VirtAddr address) { return make(root_, address); }

Result<std::size_t> PageTable::share(VirtAddr start, VirtAddr end, PageTable& child) {
  std::size_t shared = 0;
  for (VirtAddr at = start; at < end; at += page_size) {
    Pte* entry = find(at);
    if (!entry || !entry->valid()) continue;
    *entry = entry->copy_on_write();
    *TRY(child.find_or_make(at)) = *entry;
    frame_ref(entry->address());
    shared++;
  }
  return shared;
}

std::size_t PageTable::unmap(VirtAddr, VirtAddr) { return 0; }
void PageTable::abandon(VirtAddr, VirtAddr) {}
void PageTable::remove_empty_tables(VirtAddr) {}
void PageTable::flush_page(VirtAddr) { flush_all(); }
void PageTable::flush_all() {
  csr::sfence_all();
  fence_harts(harts_.load() & ~(1ul << this_hart().index), 0, ~0ul);
}
void PageTable::flush(std::uint64_t, std::uint64_t) { flush_all(); }
void PageTable::note_new_code() { csr::fence_i(); }

void PageTable::activate(PageTable* next) {
  if (next) {
    csr::write_satp(csr::satp_sv39 | next->root_.value() >> page_shift);
    csr::sfence_all();
  } else {
    kernel_map_activate();
  }
  this_hart().page_table = next;
}

}  // namespace tine
