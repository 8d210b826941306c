// What mmap can map besides anonymous private memory: files, private and shared, and memory that is
// shared with the children. The latter is a file without a name: so both take one way, the pages of
// a file (fs/file_pages.hh).
#include <tine/abi.h>

#include "fs/file_pages.hh"
#include "mm/heap.hh"
#include "proc/process.hh"
#include "wings/mmap/cut.hh"

namespace tine {
namespace {

// Errors: nomem, fbig as nomem.
Result<> find_nameless(Mapping& mapping) {
  RefPtr<FilePages> pages = TRY(make_ref<FilePages>());
  if (!pages->truncate(mapping.size)) return Errno::nomem;
  mapping.region.source = std::move(pages);
  mapping.region.shared = true;
  return {};
}

// Errors: badf, access, nodev, overflow.
Result<> find_in_file(Mapping& mapping, unsigned flags, int fd, std::uint64_t offset) {
  Region& region = mapping.region;
  RefPtr<OpenFile> file = TRY(current_process().files.get(fd));
  if (!file->readable()) return Errno::access;
  region.shared = flags & MAP_SHARED;
  region.may_write = !region.shared || file->writable();
  if (allows(region.prot, Prot::write) && !region.may_write) return Errno::access;
  Result<RefPtr<PageSource>> pages = file->node()->pages();
  if (!pages) return Errno::nodev;
  std::uint64_t end;
  if (__builtin_add_overflow(offset, mapping.size, &end)) return Errno::overflow;
  if (region.shared) (*pages)->when_cut(forget_pages);
  region.source = std::move(*pages);
  region.source_page = offset >> page_shift;
  region.read_ahead = true;
  return {};
}

Result<> find_source(Mapping& mapping, unsigned flags, int fd, std::uint64_t offset) {
  if (mapping.size == 0) return Errno::inval;
  // Both bits are MAP_SHARED_VALIDATE, which is for files.
  bool both = (flags & MAP_SHARED_VALIDATE) == MAP_SHARED_VALIDATE;
  if ((flags & MAP_ANONYMOUS) && both) return Errno::inval;
  return flags & MAP_ANONYMOUS ? find_nameless(mapping) : find_in_file(mapping, flags, fd, offset);
}

}  // namespace

MAP_SOURCE(files_and_shared, find_source)

}  // namespace tine
