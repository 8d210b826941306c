#include "wings/mmap/cut.hh"

#include "proc/process.hh"
#include "proc/table.hh"

namespace tine {
namespace {

// lab mmap 2 {
// Where the pages of `region` from number `first` of its file on begin.
VirtAddr place_of(const Region& region, std::uint64_t first) {
  if (first <= region.source_page) return region.start;
  std::uint64_t pages = first - region.source_page;
  return pages < (region.end - region.start) >> page_shift ? region.start + (pages << page_shift)
                                                           : region.end;
}

void forget_in(AddressSpace& space, const PageSource& file, std::uint64_t first) {
  MutexGuard guard(space.mutex());
  for (Region* region = space.first_region_after(user_base); region;
       region = space.first_region_after(region->end)) {
    if (region->shared && region->source.get() == &file) {
      space.drop_pages(place_of(*region, first), region->end);
    }
  }
}
// } lab

}  // namespace

// A file has no list of the spaces that map it, so this goes through all processes: truncating a
// file that is mapped MAP_SHARED is rare. Spaces that belong to no process can be left out. A new
// one has no page of a MAP_SHARED mapping: fork copies none, and exec maps privately. An old one is
// used by no thread.
void forget_pages(const PageSource& file, std::uint64_t first) {
  // lab mmap 2 {
  for (int pid = init_pid;; pid++) {
    RefPtr<AddressSpace> space;
    {
      SpinGuard guard(process_table_lock);
      Process* process = find_process_from(pid);
      if (!process) return;
      pid = process->pid;
      space = process->space;
    }
    if (space) forget_in(*space, file, first);
  }
  // } lab
}

}  // namespace tine
