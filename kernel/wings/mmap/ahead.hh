// Read-ahead of mapped files.
#pragma once

#include "vm/address_space.hh"

namespace tine {

// `page` of a private mapping of a file was mapped because it is read. A program that has read the
// page before it, too, will read on. So the next pages come with it, as far as they are in memory
// and their page table is there: each of them saves a page fault. (If it is code, the fence of the
// first page will do: no hart can have fetched theirs since.) The space's mutex is held.
void map_pages_ahead(AddressSpace& space, const Region& region, VirtAddr page);

}  // namespace tine
