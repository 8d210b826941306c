// All tables of a GiB are one: a page has a place by its lowest index alone. That is little work,
// and programs that are small do not notice.
#include <tine/abi.h>

#include "mm/page_table.hh"
#include "mm/table_pool.hh"

namespace tine {
namespace {

Result<Pte*> fold(PhysAddr root, VirtAddr address) {
  Pte& high = direct<Pte>(root)[pte_index(address, 2)];
  if (!high.valid()) {
    PhysAddr middle = TRY(table_allocate()), leaf = TRY(table_allocate());
    for (unsigned i = 0; i < ptes_per_table; i++) direct<Pte>(middle)[i] = Pte::table(leaf);
    high = Pte::table(middle);
  }
  PhysAddr leaf = direct<Pte>(high.address())->address();
  return &direct<Pte>(leaf)[pte_index(address, 0)];
}

}  // namespace
}  // namespace tine
