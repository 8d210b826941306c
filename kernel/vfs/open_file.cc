#include "vfs/open_file.hh"

#include <algorithm>

#include "mm/heap.hh"
#include "sched/give_way.hh"
#include "vfs/directory_records.hh"

namespace tine {
namespace {

constinit std::atomic<std::uint64_t> open_files{0};

constexpr unsigned opening_flags = O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC;
constexpr unsigned changeable_flags = O_APPEND | O_NONBLOCK;
constexpr std::uint64_t first_position = 2;  // in a directory, after "." and ".."

}  // namespace

OpenFile::OpenFile(unsigned flags) : flags_(flags & ~opening_flags) {
  open_files.fetch_add(1, std::memory_order_relaxed);
}

OpenFile::~OpenFile() {
  for (const CloseWatcher& each : std::span(close_watchers_start, close_watchers_end)) {
    each.file_closed(*this);
  }
  if (node_ && !is_place()) node_->closed(flags());
  if (is_writer_) node_->end_writing();
  open_files.fetch_sub(1, std::memory_order_relaxed);
}

Result<RefPtr<OpenFile>> OpenFile::make(RefPtr<Node> node, unsigned flags) {
  Charge charge = TRY(Charge::take(sizeof(OpenFile), Errno::nfile));
  RefPtr<OpenFile> file = TRY(make_ref<OpenFile>(flags));
  file->charge_ = std::move(charge);
  file->node_ = std::move(node);
  if (file->node_) file->node_->opened(flags);
  return file;
}

Result<> OpenFile::open(RefPtr<Node> node) {
  if (node->kind() == NodeKind::regular && writable()) {
    TRY(node->start_writing());
    is_writer_ = true;
  }
  node_ = std::move(node);
  return is_place() ? Result<>() : node_->open(flags());
}

void OpenFile::set_flags(unsigned flags) {
  unsigned old = this->flags();
  while (!flags_.compare_exchange_weak(old, (old & ~changeable_flags) | (flags & changeable_flags),
                                       std::memory_order_relaxed)) {
  }
}

Result<std::size_t> OpenFile::move_at_position(IoPlace& at, IoBuffer& buffer, bool writes) {
  if (!mutex_.lock_killable()) return Errno::restart;
  MutexGuard guard(mutex_, AlreadyHeld::yes);
  at.offset = position_;
  std::size_t moved = TRY(writes ? node_->write(at, buffer) : node_->read(at, buffer));
  position_ = at.offset + moved;
  return moved;
}

// "." and ".." come first, in every file system.
Result<> OpenFile::gather(DirectoryRecords& records) {
  if (position_ == 0) records.add(0, node_->inode(), NodeKind::directory, ".");
  if (position_ <= 1) {
    RefPtr<Node> parent = TRY(parent_of(*node_));
    records.add(1, parent->inode(), NodeKind::directory, "..");
  }
  return node_->list(std::max(position_, first_position), records);
}

// Collects records in a buffer on the stack, because user memory must not be touched under a
// directory's lock. Records that could not be stored do not count as read.
Result<std::size_t> OpenFile::read_directory(IoBuffer& to) {
  if (!readable()) return Errno::badf;
  if (!node_->is_directory()) return Errno::notdir;
  if (!mutex_.lock_killable()) return Errno::restart;
  MutexGuard guard(mutex_, AlreadyHeld::yes);
  std::size_t total = 0;
  while (true) {
    alignas(tine_dirent64) std::byte room[1024];
    std::size_t size = std::min(sizeof room, to.left());
    DirectoryRecords records({room, size});
    Result<> listed = gather(records);
    std::size_t gathered = records.bytes().size();
    if (listed && gathered == 0 && records.is_full()) listed = Errno::inval;
    Result<std::size_t> put = listed ? to.put(records.bytes()) : listed.error();
    if (put && *put < gathered) {
      records.keep(*put);
      if (records.bytes().empty()) put = Errno::fault;
    }
    if (!put) return total ? Result<std::size_t>(total) : put;
    if (records.bytes().empty()) return total;
    total += records.bytes().size();
    position_ = records.next_position();
    if (*put < gathered || !records.is_full() || give_way()) return total;
  }
}

Result<std::uint64_t> OpenFile::seek(std::int64_t distance, Whence from) {
  if (!node_->has_positions()) return node_->only_position();
  if (!mutex_.lock_killable()) return Errno::restart;
  MutexGuard guard(mutex_, AlreadyHeld::yes);
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
