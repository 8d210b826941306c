// The interface through which an address space gets the pages of a file, without knowing what a
// file is. (The file systems, further right, implement it.)
#pragma once

#include <cstdint>
#include <span>

#include "lib/ref.hh"
#include "lib/result.hh"
#include "mm/frames.hh"

namespace tine {

class PageSource : public RefCounted {
 public:
  // Takes the pages of a file from `first` on from all address spaces that share them.
  using Forget = void (*)(const PageSource& file, std::uint64_t first);

  // The frame that holds page `index` (of page_size bytes) of the file, with a reference for the
  // caller. Bytes behind the end of the file are 0. The contents must not change while anybody but
  // the source holds a reference: a source that wants to write to such a page first gives itself a
  // copy. Called with the address space's mutex held, so it may only take locks of a higher rank.
  // Errors: inval behind the last page, nomem.
  virtual Result<FrameRef> page(std::uint64_t index) = 0;
  // Of the pages from `index` on, those that are there already, up to the first that is not: with
  // references in `to`, as far as that reaches. Answers how many they are.
  virtual std::size_t pages_at_hand(std::uint64_t, std::span<FrameRef>) { return 0; }
  // The same page for who shares it with the file: what is stored in this frame changes the file,
  // and what is written to the file appears in it. A page that was never written is there from now
  // on. Errors: as above.
  virtual Result<FrameRef> shared_page(std::uint64_t index) = 0;
  // Before the first shared_page: what is to be called each time when the file was cut, and
  // shared_page answers inval from page `first` on already. It takes locks of address spaces.
  virtual void when_cut(Forget forget) = 0;
};

}  // namespace tine
