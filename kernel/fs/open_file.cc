#include "fs/open_file.hh"

#include "mm/heap.hh"

namespace tine {
namespace {

constinit std::atomic<std::uint64_t> open_files{0};

}  // namespace

OpenFile::OpenFile(unsigned flags) : flags_(flags) {
  open_files.fetch_add(1, std::memory_order_relaxed);
}

OpenFile::~OpenFile() {
  if (node_) node_->closed(flags_);
  open_files.fetch_sub(1, std::memory_order_relaxed);
}

Result<RefPtr<OpenFile>> OpenFile::make(RefPtr<Node> node, unsigned flags) {
  RefPtr<OpenFile> file = TRY(make_ref<OpenFile>(flags));
  file->attach(std::move(node));
  return file;
}

void OpenFile::attach(RefPtr<Node> node) {
  node_ = std::move(node);
  if (node_) node_->opened(flags_);
}

Result<std::size_t> OpenFile::read(IoBuffer& to) {
  if (!readable()) return Errno::badf;
  IoPlace at{.may_block = !(flags_ & O_NONBLOCK)};
  if (!node_->has_positions()) return node_->read(at, to);

  MutexGuard guard(mutex_);
  at.offset = position_;
  std::size_t moved = TRY(node_->read(at, to));
  position_ += moved;
  return moved;
}

Result<std::size_t> OpenFile::write(IoBuffer& from) {
  if (!writable()) return Errno::badf;
  IoPlace at{.append = (flags_ & O_APPEND) != 0, .may_block = !(flags_ & O_NONBLOCK)};
  if (!node_->has_positions()) return node_->write(at, from);

  MutexGuard guard(mutex_);
  at.offset = position_;
  std::size_t moved = TRY(node_->write(at, from));
  position_ = at.offset + moved;
  return moved;
}

Result<std::uint64_t> OpenFile::seek(std::int64_t distance, Whence from) {
  if (!node_->has_positions()) return Errno::spipe;
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
