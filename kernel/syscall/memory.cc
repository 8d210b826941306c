// System calls about memory.
#include <tine/abi.h>

#include <span>

#include "proc/process.hh"
#include "syscall/dispatch.hh"

namespace tine {
namespace {

constexpr int known_prot = PROT_READ | PROT_WRITE | PROT_EXEC;

Prot prot_of(int bits) { return Prot(bits & known_prot); }

// Bounds of the rows (linker/kernel.ld).
extern "C" const MapSource map_sources_start[], map_sources_end[];

// Asks the rows in turn, until one knows what to map. Errors: nodev, and those of the row.
Result<> find_source(Mapping& mapping, unsigned flags, int fd, std::uint64_t offset) {
  Result<> found = Errno::nodev;
  for (const MapSource& source : std::span(map_sources_start, map_sources_end)) {
    found = source.find(mapping, flags, fd, offset);
    if (found || found.error() != Errno::nodev) break;
  }
  return found;
}

static_assert(int(Prot::read) == PROT_READ && int(Prot::write) == PROT_WRITE &&
              int(Prot::exec) == PROT_EXEC);

}  // namespace

// Returns where the break is now, moved or not: brk has no errors.
SYSCALL(SYS_brk, brk, std::uint64_t, (VirtAddr wanted)) {
  return current_space().change_break(wanted).value();
}

// Errors: inval, nomem, exist; nodev for everything except anonymous private memory, unless a wing
// maps more: then nodev for what is no regular file, badf, access, overflow, opnotsupp.
SYSCALL(SYS_mmap, mmap, std::uint64_t,
        (VirtAddr wanted, std::uint64_t size, int prot, unsigned flags, int fd,
         std::uint64_t offset)) {
  unsigned type = flags & MAP_SHARED_VALIDATE;
  if ((prot & ~known_prot) || type == 0 || offset % page_size != 0) return Errno::inval;
  if (type == MAP_SHARED_VALIDATE && (flags & MAP_ANONYMOUS)) return Errno::inval;
  Mapping mapping{.wanted = wanted, .size = size, .contents = {.prot = prot_of(prot)}};
  if (flags & MAP_FIXED) mapping.place = Mapping::Place::fixed;
  if (flags & MAP_FIXED_NOREPLACE) mapping.place = Mapping::Place::fixed_and_free;
  if (!(flags & MAP_ANONYMOUS) || (flags & MAP_SHARED)) {
    TRY(find_source(mapping, flags, fd, offset));
  }
  return TRY(current_space().map(mapping)).value();
}

// Errors: inval, nomem (splitting a region needs one more).
SYSCALL(SYS_munmap, munmap, void, (VirtAddr start, std::uint64_t size)) {
  return current_space().unmap(start, size);
}

// Errors: inval, nomem (part of the range is not mapped), access (a MAP_SHARED file that was not
// opened for writing).
SYSCALL(SYS_mprotect, mprotect, void, (VirtAddr start, std::uint64_t size, int prot)) {
  if (prot & ~known_prot) return Errno::inval;
  return current_space().protect(start, size, prot_of(prot));
}

// Shows programs of the course how copy-on-write works. The number of a frame discloses nothing
// about other programs' data, and no program can choose a frame. Errors: fault.
SYSCALL(SYS_page_info, page_info, void, (VirtAddr at, UserPtr<tine_page_info> to)) {
  return to.store(TRY(current_space().page_info(at)));
}

}  // namespace tine
