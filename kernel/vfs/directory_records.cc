#include "vfs/directory_records.hh"

#include <cstddef>
#include <utility>

#include "lib/string.hh"

namespace tine {
namespace {

unsigned directory_type(NodeKind kind) { return static_cast<unsigned>(kind) >> 12; }
static_assert(DT_DIR == S_IFDIR >> 12 && DT_REG == S_IFREG >> 12 && DT_LNK == S_IFLNK >> 12 &&
              DT_CHR == S_IFCHR >> 12 && DT_FIFO == S_IFIFO >> 12);

}  // namespace

bool DirectoryRecords::add(std::uint64_t position, std::uint64_t inode, NodeKind kind,
                           std::string_view name) {
  constexpr std::size_t name_at = offsetof(tine_dirent64, d_name);
  std::size_t size = (name_at + name.size() + 1 + 7) / 8 * 8;
  is_full_ = is_full_ || size > room_.size() - size_;
  if (is_full_) return false;
  std::byte* at = room_.data() + size_;
  memset(at + size - 8, 0, 8);  // the bytes after the name
  auto* record = reinterpret_cast<tine_dirent64*>(at);
  record->d_ino = inode;
  record->d_off = static_cast<std::int64_t>(position + 1);
  record->d_reclen = static_cast<std::uint16_t>(size);
  record->d_type = static_cast<std::uint8_t>(directory_type(kind));
  memcpy(at + name_at, name.data(), name.size());
  size_ += size;
  next_position_ = position + 1;
  return true;
}

void DirectoryRecords::keep(std::size_t size) {
  std::size_t end = std::exchange(size_, 0);
  while (size_ < end) {
    auto* record = reinterpret_cast<const tine_dirent64*>(room_.data() + size_);
    if (record->d_reclen > size - size_) return;
    size_ += record->d_reclen;
    next_position_ = static_cast<std::uint64_t>(record->d_off);
  }
}

}  // namespace tine
