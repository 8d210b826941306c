// What mmap can map besides anonymous private memory: files (MAP_PRIVATE and MAP_SHARED), and
// memory that parent and children use together (MAP_SHARED, MAP_ANONYMOUS). The latter is a file
// without a name, so both use the pages of a file (vfs/file_pages.hh).
#include <tine/abi.h>

#include "mm/heap.hh"
#include "proc/process.hh"
#include "vfs/file_pages.hh"
#include "wings/mmap/ahead.hh"
#include "wings/mmap/cut.hh"

namespace tine {
namespace {

// Errors: nomem, fbig as nomem.
Result<> find_nameless(Mapping& mapping) {
  // lab mmap 2 {
  RefPtr<FilePages> pages = TRY(make_ref<FilePages>());
  if (!pages->truncate(mapping.size)) return Errno::nomem;
  mapping.contents.source = std::move(pages);
  mapping.contents.shared = true;
  return {};
  // } lab
}

// The flags that are allowed with MAP_SHARED_VALIDATE. 0x1f900: flags of Linux that have no effect
// here.
constexpr unsigned validated_flags =
    MAP_SHARED_VALIDATE | MAP_FIXED | MAP_FIXED_NOREPLACE | MAP_ANONYMOUS | 0x1f900;

// Mapping /dev/zero means MAP_ANONYMOUS.
bool is_zero_device(Node& node) {
  return node.kind() == NodeKind::character_device && node.stat().st_rdev == (1 << 8 | 5);
}

// Errors: badf, access, nodev, nomem, overflow (the end is past 2^63), opnotsupp.
Result<> find_in_file(Mapping& mapping, unsigned flags, int fd, std::uint64_t offset) {
  Contents& region = mapping.contents;
  RefPtr<OpenFile> file = TRY(current_process().files.get(fd));
  // lab mmap 1 {
  if (!file->readable()) return Errno::access;
  // } lab
  if ((flags & MAP_SHARED_VALIDATE) == MAP_SHARED_VALIDATE && (flags & ~validated_flags)) {
    return Errno::opnotsupp;
  }
  if (mapping.size > user_top.value()) return Errno::nomem;
  std::uint64_t end;
  if (__builtin_add_overflow(offset, mapping.size, &end) || end > INT64_MAX) {
    return Errno::overflow;
  }
  if (is_zero_device(*file->node())) {
    return flags & MAP_SHARED ? find_nameless(mapping) : Result<>();
  }
  // lab mmap 1 {
  region.shared = flags & MAP_SHARED;
  region.may_write = !region.shared || file->writable();
  if (allows(region.prot, Prot::write) && !region.may_write) return Errno::access;
  Result<RefPtr<PageSource>> pages = file->node()->pages();
  if (!pages) return Errno::nodev;
  if (region.shared) (*pages)->on_truncate(forget_pages);
  region.source = std::move(*pages);
  region.source_page = offset >> page_shift;
  region.read_ahead = map_pages_ahead;
  return {};
  // } lab
}

Result<> find_source(Mapping& mapping, unsigned flags, int fd, std::uint64_t offset) {
  if (mapping.size == 0) return Errno::inval;
  // MAP_SHARED_VALIDATE has both bits, and is for files only.
  bool both = (flags & MAP_SHARED_VALIDATE) == MAP_SHARED_VALIDATE;
  if ((flags & MAP_ANONYMOUS) && both) return Errno::inval;
  return flags & MAP_ANONYMOUS ? find_nameless(mapping) : find_in_file(mapping, flags, fd, offset);
}

}  // namespace

MAP_SOURCE(files_and_shared, find_source)

}  // namespace tine
