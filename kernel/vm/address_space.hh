// AddressSpace: the memory that a process can access. Its regions say what may be at each address,
// and its page table says what is there now. Pages are mapped at their first use: a program's page
// fault (`resolve`) and the kernel's own access to a program's memory (`with_page`) both call
// `make_possible`.
//
// Regions are in a tree by address, so that one is found in O(log n). A second tree has the gaps
// ("rooms") between them by size, for mmap.
//
// Lock: the space's mutex guards regions and page table. Long walks give way with the mutex held.
// Reference-counted: processes hold references (two of them, with CLONE_VM), and so does code that
// inspects a space.
#pragma once

#include <tine/abi.h>

#include "arch/pte.hh"
#include "lib/own.hh"
#include "lib/ref.hh"
#include "lib/result.hh"
#include "lib/tree.hh"
#include "mm/account.hh"
#include "mm/page_table.hh"
#include "sched/give_way.hh"
#include "sched/mutex.hh"
#include "sched/thread.hh"
#include "vm/page_source.hh"

namespace tine {

class AddressSpace;

struct Region;

// What a region maps, and the rights to it.
struct Contents {
  Prot prot = Prot::none;
  bool grows_down = false;  // the stack: a fault below it, down to the space's limit, extends it
  bool shared = false;      // MAP_SHARED: stores go to the source's own pages
  bool may_write = true;    // may mprotect allow writing?
  // Called after a page of the source was mapped for reading: it may map more pages (count_mapped).
  // nullptr: no read-ahead.
  void (*read_ahead)(AddressSpace& space, const Region& region, VirtAddr page) = nullptr;
  RefPtr<PageSource> source{};    // nullptr: pages start as zeros
  std::uint64_t source_page = 0;  // the source's page where the region starts
};

// Pages [start, end) with the same permissions and source. Regions of a space do not overlap.
struct Region : Contents {
  VirtAddr start{}, end{};  // page aligned
  Charge charge{};
  TreeLink link{};         // of the space's regions, by `end`
  std::uint64_t room = 0;  // free bytes right below it that mmap may use
  TreeLink room_link{};    // of the space's rooms, by `room`, if that is not 0

  explicit Region(const Contents& contents) : Contents(contents) {}

  // Does RLIMIT_DATA count it?
  bool is_data() const { return allows(prot, Prot::write) && !shared && !grows_down; }
  // The source's page that belongs there.
  std::uint64_t page_at(VirtAddr at) const { return source_page + ((at - start) >> page_shift); }
};

// A page fault, or an access that the kernel makes for a program.
struct Access {
  VirtAddr address;
  Prot wanted;  // one of read, write, exec
};

// The arguments of mmap.
struct Mapping {
  enum class Place { hint, fixed, fixed_and_free };

  VirtAddr wanted;
  std::uint64_t size;         // bytes
  Place place = Place::hint;  // fixed: exactly there, replacing what is there
  Contents contents;
};

// What can be mapped besides anonymous private memory: rows of a table that the linker gathers,
// which only wings have. `find` completes `mapping`, in which place, size and protection are set
// already. `flags`: MAP_*. Errors: nodev (the next row is asked), and the others of mmap.
struct MapSource {
  Result<> (*find)(Mapping& mapping, unsigned flags, int fd, std::uint64_t offset);
};
#define MAP_SOURCE(name, find) \
  [[gnu::section(".table.map"), gnu::used]] static constinit const MapSource source_##name{find};

// A space has no more regions than this (Linux: vm.max_map_count).
constexpr std::size_t max_regions = 65'530;

// Gives way in the middle of long work on a space, after each 2 MiB of page table or 64 regions.
class Pace {
 public:
  // Call after each step, in which `bytes` of address space were walked. Returns the result of
  // give_way.
  bool step(std::uint64_t bytes = 0) {
    work_ += (bytes >> page_shift) + 8;
    if (work_ < ptes_per_table) return false;
    work_ = 0;
    return give_way();
  }

 private:
  std::uint64_t work_ = 0;
};

// mmap looks for room from the middle of the user's half on.
constexpr VirtAddr mmap_base{0x2000000000};

// Each program's stack ends at a random place, at most this far below the end of the user's half.
constexpr std::uint64_t stack_shift_limit = 1 << 30;

class AddressSpace final : public RefCounted {
 public:
  // An empty space. Errors: nomem.
  static Result<RefPtr<AddressSpace>> create();
  AddressSpace() = default;

  // ---- Building (exec, mmap, brk) ----

  // Sets up a new program's space: its stack, which ends at `stack_top` and grows on demand down to
  // stack_top - TINE_STACK_SIZE, and where mmap begins to look for room: `mmap_shift` bytes (whole
  // pages) above mmap_base. `stack_top` lies at most stack_shift_limit below the end of the user's
  // half. Errors: nomem.
  Result<> lay_out(std::uint64_t mmap_shift, VirtAddr stack_top) EXCLUDES(mutex_);
  // Does a region cover this byte?
  bool is_mapped(VirtAddr at) EXCLUDES(mutex_);
  // The heap of brk starts at the first page border from `end` on, where the program's segments
  // end.
  void start_heap(VirtAddr end) EXCLUDES(mutex_);

  // ---- System calls ----

  // A copy of the space (fork): private pages are copy-on-write in both. Errors: nomem; restart,
  // for a thread that is being killed. After an error no program can see a difference.
  Result<RefPtr<AddressSpace>> clone() EXCLUDES(mutex_);
  // Moves the break to `wanted` if that is possible. Returns where it is now; brk has no other
  // error.
  VirtAddr change_break(VirtAddr wanted) EXCLUDES(mutex_);
  // Returns the address of the mapping. Errors: inval, nomem (no room, not in the user's half, or
  // no memory), exist (fixed_and_free, and the range is not free); nothing has changed then.
  Result<VirtAddr> map(const Mapping& wanted) EXCLUDES(mutex_);
  // Errors: inval, nomem (splitting a region needs one more).
  Result<> unmap(VirtAddr start, std::uint64_t size) EXCLUDES(mutex_);
  // Errors: inval (`start` is not page aligned), nomem (part of the range is in no region, as on
  // Linux; or no memory), access (a MAP_SHARED file that was not opened for writing).
  Result<> protect(VirtAddr start, std::uint64_t size, Prot prot) EXCLUDES(mutex_);

  // ---- Steps of these calls, for calls that wings add. `start` and `end` are page aligned. ----

  Mutex& mutex() RETURN_CAPABILITY(mutex_) { return mutex_; }
  Region* region_at(VirtAddr at) REQUIRES(mutex_);
  Region* first_region_after(VirtAddr at) REQUIRES(mutex_);  // the first one that ends after `at`
  bool is_free(VirtAddr start, VirtAddr end) REQUIRES(mutex_);
  bool is_covered(VirtAddr start, VirtAddr end) REQUIRES(mutex_);  // by regions, without gaps
  // May `bytes` be mapped, which are data or not, in place of what is mapped in [from, to)? The
  // current thread's limits decide (RLIMIT_AS, RLIMIT_DATA). A mapping that makes the space no
  // larger is always allowed.
  bool may_add(std::uint64_t bytes, bool is_data, VirtAddr from = {}, VirtAddr to = {})
      REQUIRES(mutex_) {
    auto ask = current_limits().may_add;
    return !ask || ask(*this, bytes, is_data, from, to);
  }
  Result<VirtAddr> find_room(std::uint64_t size) REQUIRES(mutex_);  // Errors: nomem
  // A region that is not inserted yet and has no address. Errors: nomem; also when there are
  // max_regions.
  Result<OwnPtr<Region>> make_region(const Contents& contents) REQUIRES(mutex_);
  void insert(OwnPtr<Region> region) REQUIRES(mutex_);  // its range must be free
  // Updates the size of the room below `region`. Call it when the region's `start` has changed, or
  // the `end` of the one before it.
  void note_room(Region* region) REQUIRES(mutex_);
  // Removes regions and pages; regions that cross an end of the range are split there. Errors:
  // nomem; then nothing is removed.
  Result<> remove_range(VirtAddr start, VirtAddr end) REQUIRES(mutex_);
  // Removes only the pages: the next access maps them again as at first.
  void drop_pages(VirtAddr start, VirtAddr end) REQUIRES(mutex_);
  // Joins neighbouring regions that differ in nothing, in the range and at its ends.
  void merge(VirtAddr start, VirtAddr end) REQUIRES(mutex_);
  // Maps a page where none is mapped. `at`: its entry, if the tables above it exist. Errors: nomem.
  Result<Pte> map_frame(FrameRef frame, VirtAddr page, Pte* at, Pte entry) REQUIRES(mutex_);
  // `pages` were entered into the page table without map_frame.
  void count_mapped(std::uint64_t pages) REQUIRES(mutex_) {
    resident_.fetch_add(pages, std::memory_order_relaxed);
  }

  // ---- Page faults and user copies ----

  // Makes `access` possible if its region allows it. Errors: fault (no region), access (not
  // allowed), nomem, and the source's (inval: after the end of the file); restart, when a fatal
  // signal ends the wait for the mutex.
  Result<> resolve(Access access) EXCLUDES(mutex_);

  // Calls use(std::byte*) with the kernel's view of the byte at a user address, after making sure
  // that it may be accessed. The rest of its page may be used as well; the page stays mapped while
  // `use` runs. Errors: fault, nomem, restart.
  template <class Use>
  Result<> with_page(Access access, Use use) EXCLUDES(mutex_);
  // The same, but only if the page is mapped with the right already; false: `use` was not called.
  template <class Use>
  bool with_page_there(Access access, Use use) EXCLUDES(mutex_);

  // ---- Inspection ----

  Result<tine_page_info> page_info(VirtAddr at) EXCLUDES(mutex_);  // Errors: fault
  bool is_heap(const Region& region) const REQUIRES(mutex_);       // brk made it
  std::uint64_t resident_pages() const { return resident_.load(std::memory_order_relaxed); }
  std::uint64_t peak_pages() const {  // the most that were mapped at one time
    return std::max(peak_.load(std::memory_order_relaxed), resident_pages());
  }
  std::uint64_t shared_pages() EXCLUDES(mutex_);  // pages whose frames have other owners too

  PageTable& page_table() { return table_; }

 private:
  Mutex mutex_{Rank::space, "address space"};
  PageTable table_;
  Tree<Region, &Region::link, &Region::end> regions_ GUARDED_BY(mutex_);
  Tree<Region, &Region::room_link, &Region::room> rooms_ GUARDED_BY(mutex_);
  std::size_t region_count_ GUARDED_BY(mutex_) = 0;
  void* spare_ GUARDED_BY(mutex_) = nullptr;  // memory for one region, or nullptr
  std::atomic<std::uint64_t> resident_{0};    // pages mapped; written under the mutex
  std::atomic<std::uint64_t> peak_{0};        // highest `resident_`, see drop_pages
  VirtAddr break_start_ GUARDED_BY(mutex_);
  VirtAddr break_ GUARDED_BY(mutex_);
  VirtAddr stack_limit_ GUARDED_BY(mutex_);  // the lowest start that a growing region may get
  VirtAddr lowest_room_ GUARDED_BY(mutex_){mmap_base};  // where mmap starts to look

  ~AddressSpace() override;

  // regions.cc
  Region* region_for_fault(VirtAddr at) REQUIRES(mutex_);
  Result<> append(const Region& last) REQUIRES(mutex_);
  Result<> grow_heap(VirtAddr old_end, VirtAddr new_end) REQUIRES(mutex_);
  void erase(Region* region) REQUIRES(mutex_);
  VirtAddr room_start(const Region* before) const REQUIRES(mutex_);
  Result<Region*> split_at(VirtAddr at) REQUIRES(mutex_);                    // nomem
  Result<Region*> split_off(VirtAddr start, VirtAddr end) REQUIRES(mutex_);  // nomem
  bool may_be_written(VirtAddr start, VirtAddr end) REQUIRES(mutex_);
  void protect_pages(const Region& region, Pace& pace) REQUIRES(mutex_);

  // fault.cc
  Pte* entry_at(VirtAddr at) REQUIRES(mutex_) {
    return in_lower_half(at) ? table_.find(at) : nullptr;  // not in the kernel's half
  }
  Result<Pte> make_possible(Access access, Pte* entry) REQUIRES(mutex_);
  Result<Pte> make_possible_for_copy(Access access, Pte* entry) REQUIRES(mutex_);  // fault, nomem
  Result<Pte> map_zeros(const Region& region, VirtAddr page, Pte* at) REQUIRES(mutex_);
  Result<Pte> map_file_page(const Region& region, VirtAddr page, Pte* at, Prot wanted)
      REQUIRES(mutex_);
  Result<Pte> break_sharing(const Region& region, VirtAddr page, Pte* entry) REQUIRES(mutex_);
};

template <class Use>
Result<> AddressSpace::with_page(Access access, Use use) {
  if (!mutex_.lock_killable()) return Errno::restart;
  MutexGuard guard(mutex_, AlreadyHeld::yes);
  Pte* at = entry_at(access.address);
  Pte entry = at && at->permits(access.wanted) ? *at : TRY(make_possible_for_copy(access, at));
  use(direct(entry.address() + access.address.page_offset()));
  return {};
}

template <class Use>
bool AddressSpace::with_page_there(Access access, Use use) {
  MutexGuard guard(mutex_);
  const Pte* entry = entry_at(access.address);
  if (!entry || !entry->permits(access.wanted)) return false;
  use(direct(entry->address() + access.address.page_offset()));
  return true;
}

// From now on `thread` runs on this space; nullptr: on the kernel's page table.
inline void use_space(Thread& thread, AddressSpace* space) {
  thread.space = space;
  thread.page_table = space ? &space->page_table() : nullptr;
}

}  // namespace tine
