// What becomes of shared mappings of a file that is cut.
#pragma once

#include "vm/page_source.hh"

namespace tine {

// Takes the pages of `file` from number `first` on from all processes that have them mapped shared:
// the next access finds no page there, and is a SIGBUS. Called by the file, which does not give
// them out any more. Takes the spaces' mutexes, one after the other.
void forget_pages(const PageSource& file, std::uint64_t first);

}  // namespace tine
