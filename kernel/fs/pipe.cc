#include "fs/pipe.hh"

#include <algorithm>

#include "sched/readiness.hh"

namespace tine {

void Pipe::count_open(unsigned flags) {
  if (opened_to_read(flags)) readers_++, reader_opens_++;
  if (opened_to_write(flags)) writers_++, writer_opens_++;
  wake();
}

void Pipe::opened(unsigned flags) {
  SpinGuard guard(lock_);
  count_open(flags);
}

// What nobody can read any more is forgotten, though the pipe may have a name and live on.
void Pipe::closed(unsigned flags) {
  decltype(pages_) unneeded;  // given back after the lock
  SpinGuard guard(lock_);
  if (opened_to_read(flags)) readers_--;
  if (opened_to_write(flags)) writers_--;
  if (readers_ == 0 && writers_ == 0) {
    std::swap(pages_, unneeded);
    head_ = tail_ = 0;
    reader_opens_ = writer_opens_ = 0;
  }
  wake();
}

// The other end may have been opened and closed again until we see it: so the count of `opens`. Who
// is both ends (O_RDWR) finds itself.
Result<> Pipe::open(unsigned flags) {
  SpinGuard guard(lock_);
  count_open(flags);
  unsigned& others = opened_to_read(flags) ? writers_ : readers_;
  unsigned& opens = opened_to_read(flags) ? writer_opens_ : reader_opens_;
  if (flags & O_NONBLOCK) return opened_to_read(flags) || others > 0 ? Result<>() : Errno::nxio;
  unsigned before = opens;
  return wait_until([&] { return others > 0 || opens != before; });
}

template <class Condition>
Result<> Pipe::wait_until(Condition condition) {
  waiting_++;
  Result<> woken = wait(queue_, lock_, WaitReason::pipe, condition);
  waiting_--;
  return woken;
}

void Pipe::wake() {
  if (waiting_) queue_.wake_all();
  readiness_changed();
}

unsigned Pipe::ready(unsigned flags) {
  SpinGuard guard(lock_);
  unsigned ready = 0;
  // No writer yet is not the end of all writers.
  bool hung_up = writers_ == 0 && writer_opens_ > 0;
  if (opened_to_read(flags)) ready |= (head_ != tail_ ? POLLIN : 0) | (hung_up ? POLLHUP : 0);
  if (opened_to_write(flags)) {
    ready |= free_bytes() >= atomic_size ? POLLOUT : 0;
    ready |= readers_ == 0 ? POLLERR : 0;
  }
  return ready;
}

// Moves [start, start + size) between the ring and a buffer; the caller has claimed it. Mostly that
// lies in one page and in one place of the buffer. Answers how many bytes; fewer when the buffer
// turned out bad half way. Errors: nomem (nothing was moved), and the step's.
template <class Move>
inline Result<std::size_t> Pipe::move(std::uint64_t start, std::size_t size, Move step) {
  std::size_t in_page = start % page_size, done = 0;
  FrameRef& page = page_of(start);
  if (page && size <= page_size - in_page) {
    Result<std::size_t> moved = step(page.bytes().subspan(in_page, size));
    if (!moved || *moved == size) return moved;
    done = *moved;
  }
  return move_rest(start, size, done, step);
}

// Only the last page can be missing: the one before has bytes that came before these, and nothing
// larger than a page is written at once.
template <class Move>
[[gnu::noinline]] Result<std::size_t> Pipe::move_rest(std::uint64_t start, std::size_t size,
                                                      std::size_t done, Move step) {
  FrameRef& last = page_of(start + size - 1);
  if (!last) last = FrameRef::adopt(TRY(frame_allocate(FrameKind::file)));
  while (done < size) {
    std::size_t in_page = (start + done) % page_size;
    Result<std::size_t> moved = step(
        page_of(start + done).bytes().subspan(in_page, std::min(size - done, page_size - in_page)));
    if (!moved && done == 0) return moved;
    if (!moved) break;
    done += *moved;
  }
  return done;
}

// A reader need not wait: there is something, or nothing will come.
inline bool Pipe::has_answer() const { return head_ != tail_ || writers_ == 0; }
// Nor a writer: there is room, or nobody will read.
inline bool Pipe::has_room(std::size_t size) const { return free_bytes() >= size || readers_ == 0; }

// Who must not block waits for the other reader only, who is in the middle of it.
[[gnu::noinline]] Result<> Pipe::wait_to_read(bool may_block) {
  TRY(wait_until([&] {
    lock_.assert_held();
    return !reading_ && (!may_block || has_answer());
  }));
  return has_answer() ? Result<>() : Errno::again;
}

[[gnu::noinline]] Result<> Pipe::wait_to_write(std::size_t needed, bool may_block) {
  TRY(wait_until([&] {
    lock_.assert_held();
    return !writing_ && (!may_block || has_room(needed));
  }));
  return has_room(needed) ? Result<>() : Errno::again;
}

Result<std::size_t> Pipe::read(const IoPlace& at, IoBuffer& to) {
  if (to.left() == 0) return 0;
  std::uint64_t start;
  std::size_t size;
  {
    SpinGuard guard(lock_);
    if (reading_ || !has_answer()) TRY(wait_to_read(at.may_block()));
    if (head_ == tail_) return 0;
    start = head_;
    size = std::min(to.left(), tail_ - head_);
    reading_ = true;
  }
  auto moved = move(start, size, [&](std::span<const std::byte> bytes) { return to.put(bytes); });
  SpinGuard guard(lock_);
  reading_ = false;
  if (moved) head_ += *moved;
  if (head_ == tail_ && !writing_) head_ = tail_ = 0;  // stay in the first page if it suffices
  wake();
  return moved;
}

// Waits until `least` bytes are free, and writes as many as are free then, up to `most`. A part of
// `write`, for the sake of small writes.
[[gnu::always_inline]] inline Result<std::size_t> Pipe::write_piece(const IoPlace& at,
                                                                    IoBuffer& from,
                                                                    std::size_t least,
                                                                    std::size_t most) {
  std::uint64_t start;
  std::size_t size;
  {
    SpinGuard guard(lock_);
    if (writing_ || !has_room(least)) TRY(wait_to_write(least, at.may_block()));
    if (readers_ == 0) return Errno::pipe;
    start = tail_;
    size = std::min(most, free_bytes());
    writing_ = true;
  }
  auto moved = move(start, size, [&](std::span<std::byte> bytes) { return from.take(bytes); });
  SpinGuard guard(lock_);
  writing_ = false;
  if (moved) tail_ += *moved;
  wake();
  return moved;
}

// As many pieces as it takes, or none; between two other writers may come.
[[gnu::noinline]] Result<std::size_t> Pipe::write_pieces(const IoPlace& at, IoBuffer& from) {
  std::size_t total = 0;
  while (from.left() > 0) {
    std::size_t most = std::min(from.left(), atomic_size);
    std::size_t needed = at.may_block() ? most : 1;
    Result<std::size_t> moved = write_piece(at, from, needed, most);
    if (!moved) return total ? Result<std::size_t>(total) : moved;
    total += *moved;
    if (*moved < needed) break;  // the buffer turned out bad: nothing is worth waiting for
    if (from.left() > 0 && give_way()) break;
  }
  return total;
}

Result<std::size_t> Pipe::write(IoPlace& at, IoBuffer& from) {
  if (from.left() == 0 || from.left() > atomic_size) return write_pieces(at, from);
  return write_piece(at, from, from.left(), from.left());
}

}  // namespace tine
