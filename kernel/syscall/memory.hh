// What else than anonymous private memory can be mapped: rows of a table that the linker gathers,
// which only wings have.
#pragma once

#include "lib/result.hh"
#include "vm/address_space.hh"

namespace tine {

// Completes `mapping` (source, first page, shared, may_write), which has place, size and protection
// already. `flags`: MAP_*. Errors: those of mmap.
struct MapSource {
  Result<> (*find)(Mapping& mapping, unsigned flags, int fd, std::uint64_t offset);
};
#define MAP_SOURCE(name, find) \
  [[gnu::section(".table.map"), gnu::used]] static constinit const MapSource source_##name{find};

}  // namespace tine
