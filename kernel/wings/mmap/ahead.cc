#include "wings/mmap/ahead.hh"

#include <algorithm>
#include <array>

namespace tine {

void map_pages_ahead(AddressSpace& space, const Region& region, VirtAddr page) {
  space.mutex().assert_held();
  PageTable& table = space.page_table();
  if (page == region.start || !table.lookup(page - page_size).valid()) return;
  std::array<FrameRef, 15> frames;
  VirtAddr next = page + page_size;
  std::size_t room = std::min<std::size_t>((region.end - next) >> page_shift, frames.size());
  std::size_t count =
      region.source->pages_at_hand(region.page_at(next), std::span(frames).first(room));
  std::uint64_t mapped = 0;
  table.for_each_run(next, next + count * page_size, [&](VirtAddr first, std::span<Pte> run) {
    FrameRef* frame = &frames[(first - next) >> page_shift];
    for (Pte& entry : run) {
      if (!entry.valid()) {
        PageTable::set(&entry, Pte::user(frame->address(), region.prot).copy_on_write());
        frame->release();  // the page table holds the reference now
        mapped++;
      }
      frame++;
    }
  });
  space.count_mapped(mapped);
}

}  // namespace tine
