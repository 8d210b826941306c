#include "wings/mmap/cut.hh"

#include "proc/process.hh"

namespace tine {
namespace {

// The first page of `region` that is number `first` of its file or behind it.
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

}  // namespace

// The file itself keeps no list of who maps it: cutting one that is shared is rare enough to ask
// everybody. A space that is in no process yet has no page of a shared mapping: fork gives its
// child none, and exec maps privately. One that is in none any more runs nowhere.
void forget_pages(const PageSource& file, std::uint64_t first) {
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
}

}  // namespace tine
