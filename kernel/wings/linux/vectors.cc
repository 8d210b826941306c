// Further ways to read and write: several buffers, at a given offset, from file to file.
#include <tine/abi.h>

#include <algorithm>

#include "mm/frames.hh"
#include "proc/signal.hh"
#include "sched/give_way.hh"
#include "syscall/dispatch.hh"
#include "vfs/open_file.hh"

namespace tine {
namespace {

constexpr unsigned max_pieces = 1024;  // IOV_MAX

struct IoVector {
  VirtAddr at;
  std::size_t size;
};

// Writes as the call `write` does.
Result<std::size_t> write_to(OpenFile& file, IoBuffer& from) {
  std::size_t size = from.left();
  Result<std::size_t> written = file.write(from);
  if (!written || *written < size) signal_failed_write(file, written);
  return written;
}

// All pieces as one buffer, for a single read or write. Each piece is loaded again when its turn
// comes. If the program changes their sizes meanwhile, no more bytes are moved than at first; if
// too few are left, the result is short, or EFAULT.
class VectorBuffer final : public IoBuffer {
 public:
  VectorBuffer() : IoBuffer(current_space(), VirtAddr(), 0) { next_place_ = next_piece; }

  // Errors: inval (too many pieces, or too many bytes), fault.
  Result<> set(UserPtr<IoVector> pieces, std::uint64_t count) {
    if (count > max_pieces) return Errno::inval;
    std::size_t sum = 0;
    for (unsigned i = 0; i < count; i++) {
      IoVector piece = TRY((pieces + i).load());
      if (piece.size > INT64_MAX) return Errno::inval;
      TRY(user_buffer(piece.at, piece.size));  // so the sum cannot wrap, either
      sum += piece.size;
    }
    next_ = pieces;
    pieces_ = unsigned(count);
    left_ = left_elsewhere_ = std::min(sum, max_transfer);
    return {};
  }

 private:
  UserPtr<IoVector> next_;
  unsigned pieces_ = 0;  // from `next_` on

  static Result<> next_piece(IoBuffer& buffer) {
    auto& self = static_cast<VectorBuffer&>(buffer);
    while (self.left_ == self.left_elsewhere_) {
      if (self.pieces_-- == 0) return Errno::fault;
      IoVector piece = TRY(self.next_.load());
      self.next_ = self.next_ + 1;
      self.at_ = piece.at.value();
      self.left_elsewhere_ -= std::min(piece.size, self.left_elsewhere_);
    }
    return {};
  }
};

}  // namespace

// Errors: those of read, and inval.
SYSCALL(SYS_readv, readv, std::size_t, (int fd, UserPtr<IoVector> pieces, std::uint64_t count)) {
  RefPtr<OpenFile> file = TRY(current_process().files.get(fd));
  if (!file->readable()) return Errno::badf;
  VectorBuffer to;
  TRY(to.set(pieces, count));
  return file->read(to);
}

// Errors: those of write, and inval.
SYSCALL(SYS_writev, writev, std::size_t, (int fd, UserPtr<IoVector> pieces, std::uint64_t count)) {
  RefPtr<OpenFile> file = TRY(current_process().files.get(fd));
  if (!file->writable()) return Errno::badf;
  VectorBuffer from;
  TRY(from.set(pieces, count));
  return write_to(*file, from);
}

// ---- At an offset that the caller gives; the file's position stays ----

namespace {

// Errors: badf, spipe, inval (negative, or past the last place).
Result<RefPtr<OpenFile>> file_with_positions(int fd, std::int64_t offset, std::size_t size) {
  RefPtr<OpenFile> file = TRY(current_process().files.get(fd));
  if (offset < 0 || size > std::uint64_t(INT64_MAX - offset)) return Errno::inval;
  if (!file->node()->has_positions()) return Errno::spipe;
  return file;
}

}  // namespace

// Errors: those of read, spipe, inval (negative, or past the last place).
SYSCALL(SYS_pread64, pread64, std::size_t,
        (int fd, VirtAddr at, std::size_t size, std::int64_t offset)) {
  RefPtr<OpenFile> file = TRY(file_with_positions(fd, offset, size));
  if (!file->readable()) return Errno::badf;
  IoBuffer to = TRY(user_buffer(at, size));
  return file->node()->read({.offset = std::uint64_t(offset)}, to);
}

// Errors: those of write, spipe, inval (negative, or past the last place).
SYSCALL(SYS_pwrite64, pwrite64, std::size_t,
        (int fd, VirtAddr at, std::size_t size, std::int64_t offset)) {
  RefPtr<OpenFile> file = TRY(file_with_positions(fd, offset, size));
  if (!file->writable()) return Errno::badf;
  IoBuffer from = TRY(user_buffer(at, size));
  IoPlace place{.offset = std::uint64_t(offset), .flags = file->flags()};
  Result<std::size_t> written = file->node()->write(place, from);
  if (!written) signal_large_file(written.error());
  return written;
}

// ---- From file to file ----

namespace {

// Copies through a page of the kernel. `offset` moves by the bytes that were written, so bytes that
// were read but not written are read again later.
Result<std::size_t> copy_file(OpenFile& from, std::uint64_t& offset, OpenFile& to,
                              std::size_t size) {
  FrameRef page = FrameRef::adopt(TRY(frame_allocate(FrameKind::kernel)));
  std::size_t total = 0;
  while (total < size) {
    std::span<std::byte> room = page.bytes().first(std::min(size - total, page_size));
    IoBuffer in(room);
    Result<std::size_t> read = from.node()->read({.offset = offset}, in);
    if (read && *read == 0) break;
    IoBuffer out(room.first(read ? *read : 0));
    Result<std::size_t> written = read ? write_to(to, out) : read;
    if (!written && total == 0) return written;
    if (!written) break;
    offset += *written;
    total += *written;
    if (*written < *read || give_way()) break;
  }
  return total;
}

}  // namespace

// `offset` null: reads at the position and moves it. Errors: badf, inval (no regular file to read
// from, one to append to, a negative size), fault, and those of read and write.
SYSCALL(SYS_sendfile, sendfile, std::size_t,
        (int to_fd, int from_fd, UserPtr<std::int64_t> offset, std::size_t size)) {
  RefPtr<OpenFile> from = TRY(current_process().files.get(from_fd));
  RefPtr<OpenFile> to = TRY(current_process().files.get(to_fd));
  if (!from->readable() || !to->writable()) return Errno::badf;
  if (from->node()->kind() != NodeKind::regular) return Errno::inval;
  if ((to->flags() & O_APPEND) || size > INT64_MAX) return Errno::inval;
  std::int64_t start =
      offset.is_null() ? std::int64_t(TRY(from->seek(0, Whence::current))) : TRY(offset.load());
  if (start < 0) return Errno::inval;
  std::uint64_t at = std::uint64_t(start);
  Result<std::size_t> moved = copy_file(*from, at, *to, std::min(size, max_transfer));
  if (moved && offset.is_null()) TRY(from->seek(std::int64_t(at), Whence::start));
  if (moved && !offset.is_null()) TRY(offset.store(std::int64_t(at)));
  return moved;
}

}  // namespace tine
