// The interface through which an address space gets the pages of a file, without knowing what a
// file is. (The room fs implements it, and this room must not include anything from fs.)
#pragma once

#include <cstdint>
#include <span>

#include "lib/ref.hh"
#include "lib/result.hh"
#include "mm/frames.hh"

namespace tine {

class PageSource : public RefCounted {
 public:
  // Unmaps the pages of a file from `first` on from all address spaces that map them MAP_SHARED.
  using Truncated = void (*)(const PageSource& file, std::uint64_t first);

  // The frame that holds page `index` (of page_size bytes) of the file, with a reference for the
  // caller. Bytes after the end of the file are 0. The contents must not change while the caller's
  // reference exists: before a source writes to such a page, it replaces the page with a copy in
  // the file. Called with the address space's mutex held, so it may only take locks of a higher
  // rank. Errors: inval (after the last page), nomem.
  virtual Result<FrameRef> page(std::uint64_t index) = 0;
  // The pages from `index` on that are in memory already, up to the first that is not, and at most
  // as many as `to` has places. Puts their frames into `to`, with references. Returns how many.
  virtual std::size_t pages_at_hand(std::uint64_t, std::span<FrameRef>) { return 0; }
  // Page `index` for a MAP_SHARED mapping: stores to this frame change the file, and writes to the
  // file appear in it. A page that was never written is allocated. Errors: as for `page`, and
  // nospc, dquot.
  virtual Result<FrameRef> shared_page(std::uint64_t index) = 0;
  // To be called before the first shared_page. From then on the source calls `forget` each time
  // that the file was cut, when shared_page returns inval from page `first` on already. `forget`
  // takes locks of address spaces.
  virtual void on_truncate(Truncated function) = 0;
};

}  // namespace tine
