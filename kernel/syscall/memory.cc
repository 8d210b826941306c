// System calls about memory.
#include <tine/abi.h>

#include "proc/process.hh"
#include "syscall/dispatch.hh"

namespace tine {
namespace {

constexpr int known_prot = PROT_READ | PROT_WRITE | PROT_EXEC;

Prot prot_of(int bits) { return Prot(bits & known_prot); }
static_assert(int(Prot::read) == PROT_READ && int(Prot::write) == PROT_WRITE &&
              int(Prot::exec) == PROT_EXEC);

}  // namespace

// Answers where the break is now, moved or not: brk has no errors.
SYSCALL(SYS_brk, brk, std::uint64_t, (VirtAddr wanted)) {
  return current_space().change_break(wanted).value();
}

// Anonymous private memory. Errors: inval, nomem; nodev for files, which this kernel does not map.
SYSCALL(SYS_mmap, mmap, std::uint64_t, (VirtAddr wanted, std::uint64_t size, int prot, int flags)) {
  if (prot & ~known_prot) return Errno::inval;
  if (!(flags & MAP_PRIVATE) == !(flags & MAP_SHARED)) return Errno::inval;
  if (!(flags & MAP_ANONYMOUS) || (flags & MAP_SHARED)) return Errno::nodev;
  VirtAddr start =
      TRY(current_space().map_anonymous(wanted, size, prot_of(prot), flags & MAP_FIXED));
  return start.value();
}

// Errors: inval, nomem (splitting a region needs one more).
SYSCALL(SYS_munmap, munmap, void, (VirtAddr start, std::uint64_t size)) {
  return current_space().unmap(start, size);
}

// Errors: inval, nomem (part of the range is not mapped).
SYSCALL(SYS_mprotect, mprotect, void, (VirtAddr start, std::uint64_t size, int prot)) {
  if (prot & ~known_prot) return Errno::inval;
  return current_space().protect(start, size, prot_of(prot));
}

// Errors: fault.
SYSCALL(SYS_page_info, page_info, void, (VirtAddr at, UserPtr<tine_page_info> to)) {
  return to.store(TRY(current_space().page_info(at)));
}

}  // namespace tine
