// Truncating a file that is mapped MAP_SHARED.
#pragma once

#include "vm/page_source.hh"

namespace tine {

// Unmaps the pages of `file` from number `first` on in all processes that have them mapped
// MAP_SHARED: their next access gets SIGBUS. Called by the file when its shared_page refuses these
// pages already. Takes the spaces' mutexes, one after the other.
void forget_pages(const PageSource& file, std::uint64_t first);

}  // namespace tine
