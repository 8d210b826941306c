// Frames for page tables, with spares kept ready: an empty table is all zeros, and a root differs
// from zeros only in the kernel's half, which never changes. Using a spare saves clearing 4 KiB.
//
// Lock: `table pool`, inside.
#pragma once

#include "mm/frames.hh"

namespace tine {

// An empty table with no entries. Errors: nomem.
Result<PhysAddr> table_allocate();
// `table` must be all zeros again.
void table_free(PhysAddr table);

// The same for roots, whose kernel half is filled in.
Result<PhysAddr> root_allocate();
void root_free(PhysAddr root);

std::size_t spare_tables();
// Frees all spares, and returns how many. A row of the frame allocator's table (FRAME_KEEPER).
std::size_t give_back_spare_tables();

// The root whose upper half every other one copies; set once, at boot.
extern constinit PhysAddr kernel_root;

}  // namespace tine
