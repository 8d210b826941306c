// Read-ahead of mapped files.
#pragma once

#include "vm/address_space.hh"

namespace tine {

// Called when `page` of a private mapping of a file was mapped for reading. If the page before it
// is mapped too, the program probably reads on. So the next pages are mapped as well, if they are
// in memory and their leaf table exists: each of them saves a page fault. (For code, the fence that
// the first page needed is enough, because no hart has fetched from the others since.) The caller
// holds the space's mutex.
void map_pages_ahead(AddressSpace& space, const Region& region, VirtAddr page);

}  // namespace tine
