#include "fs/open_file.hh"

#include <cstddef>

#include "fs/path.hh"
#include "lib/string.hh"
#include "mm/heap.hh"

namespace tine {
namespace {

constinit std::atomic<std::uint64_t> open_files{0};

constexpr unsigned opening_flags = O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC;
constexpr unsigned changeable_flags = O_APPEND | O_NONBLOCK;

unsigned directory_type(NodeKind kind) { return static_cast<unsigned>(kind) >> 12; }
static_assert(DT_DIR == S_IFDIR >> 12 && DT_REG == S_IFREG >> 12 && DT_LNK == S_IFLNK >> 12 &&
              DT_CHR == S_IFCHR >> 12 && DT_FIFO == S_IFIFO >> 12);

// Puts an entry in the form that programs get; answers its size. Errors: inval (no room), fault,
// nomem.
Result<std::size_t> put_entry(const DirectoryEntry& entry, IoBuffer& to) {
  constexpr std::size_t name_at = offsetof(tine_dirent64, d_name);
  alignas(tine_dirent64) std::byte record[sizeof(tine_dirent64) + TINE_NAME_MAX + 1] = {};
  std::size_t size = (name_at + entry.length + 1 + 7) / 8 * 8;
  if (size > to.left()) return Errno::inval;
  auto* header = reinterpret_cast<tine_dirent64*>(record);
  header->d_ino = entry.inode;
  header->d_off = static_cast<std::int64_t>(entry.position + 1);
  header->d_reclen = static_cast<std::uint16_t>(size);
  header->d_type = static_cast<std::uint8_t>(directory_type(entry.kind));
  memcpy(record + name_at, entry.bytes, entry.length);
  std::size_t moved = TRY(to.put(std::span(record, size)));
  return moved == size ? Result<std::size_t>(size) : Errno::fault;
}

}  // namespace

OpenFile::OpenFile(unsigned flags) : flags_(flags & ~opening_flags) {
  open_files.fetch_add(1, std::memory_order_relaxed);
}

OpenFile::~OpenFile() {
  for (const CloseWatcher& each : std::span(close_watchers_start, close_watchers_end)) {
    each.file_closed(*this);
  }
  if (node_) node_->closed(flags());
  open_files.fetch_sub(1, std::memory_order_relaxed);
}

Result<RefPtr<OpenFile>> OpenFile::make(RefPtr<Node> node, unsigned flags) {
  RefPtr<OpenFile> file = TRY(make_ref<OpenFile>(flags));
  file->node_ = std::move(node);
  if (file->node_) file->node_->opened(flags);
  return file;
}

Result<> OpenFile::open(RefPtr<Node> node) {
  node_ = std::move(node);
  return node_->open(flags());
}

void OpenFile::set_flags(unsigned flags) {
  unsigned old = this->flags();
  while (!flags_.compare_exchange_weak(old, (old & ~changeable_flags) | (flags & changeable_flags),
                                       std::memory_order_relaxed)) {
  }
}

Result<std::size_t> OpenFile::read_at_position(IoPlace& at, IoBuffer& to) {
  MutexGuard guard(mutex_);
  at.offset = position_;
  std::size_t moved = TRY(node_->read(at, to));
  position_ += moved;
  return moved;
}

Result<std::size_t> OpenFile::write_at_position(IoPlace& at, IoBuffer& from) {
  MutexGuard guard(mutex_);
  at.offset = position_;
  std::size_t moved = TRY(node_->write(at, from));
  position_ = at.offset + moved;
  return moved;
}

// "." and ".." first: whatever the file system, they are the same.
Result<std::size_t> OpenFile::read_directory(IoBuffer& to) {
  if (!readable()) return Errno::badf;
  RefPtr<Node> parent = TRY(parent_of(*node_));
  MutexGuard guard(mutex_);
  std::size_t total = 0;
  DirectoryEntry entry;
  while (true) {
    entry.position = position_;
    entry.kind = NodeKind::directory;
    entry.inode = position_ == 0 ? node_->inode() : parent->inode();
    entry.set_name(position_ == 0 ? "." : "..");
    Result<> found;
    if (position_ > 1) found = node_->entry_from(position_, entry);
    if (!found && found.error() == Errno::noent) return total;
    Result<std::size_t> put = found ? put_entry(entry, to) : found.error();
    if (!put) return total ? Result<std::size_t>(total) : put;
    total += *put;
    position_ = entry.position + 1;
  }
}

Result<std::uint64_t> OpenFile::seek(std::int64_t distance, Whence from) {
  if (!node_->has_positions()) return node_->only_position();
  MutexGuard guard(mutex_);
  std::uint64_t origin = 0;
  if (from == Whence::current) origin = position_;
  if (from == Whence::end) origin = node_->size();
  std::int64_t target;
  if (__builtin_add_overflow(static_cast<std::int64_t>(origin), distance, &target) || target < 0) {
    return Errno::inval;
  }
  position_ = static_cast<std::uint64_t>(target);
  return position_;
}

std::uint64_t open_file_count() { return open_files.load(std::memory_order_relaxed); }

}  // namespace tine
