#include "fs/pipe.hh"

#include <algorithm>

#include "sched/readiness.hh"

namespace tine {
namespace {

constexpr bool reads(unsigned flags) { return (flags & O_ACCMODE) != O_WRONLY; }
constexpr bool writes(unsigned flags) { return (flags & O_ACCMODE) != O_RDONLY; }

}  // namespace

void Pipe::count_open(unsigned flags) {
  if (reads(flags)) readers_++, reader_opens_++;
  if (writes(flags)) writers_++, writer_opens_++;
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
  if (reads(flags)) readers_--;
  if (writes(flags)) writers_--;
  if (readers_ == 0 && writers_ == 0) {
    std::swap(pages_, unneeded);
    head_ = tail_ = 0;
  }
  wake();
}

// The other end may have been opened and closed again until we see it: so the count of `opens`. Who
// is both ends (O_RDWR) finds itself.
Result<> Pipe::open(unsigned flags) {
  SpinGuard guard(lock_);
  count_open(flags);
  unsigned& others = reads(flags) ? writers_ : readers_;
  unsigned& opens = reads(flags) ? writer_opens_ : reader_opens_;
  if (flags & O_NONBLOCK) return reads(flags) || others > 0 ? Result<>() : Errno::nxio;
  unsigned before = opens;
  return wait_for([&] { return others > 0 || opens != before; });
}

template <class Condition>
Result<> Pipe::wait_for(Condition condition) {
  if (condition()) return {};
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
  if (reads(flags)) ready |= (head_ != tail_ ? POLLIN : 0) | (writers_ == 0 ? POLLHUP : 0);
  if (writes(flags)) {
    ready |= capacity - (tail_ - head_) >= atomic_size ? POLLOUT : 0;
    ready |= readers_ == 0 ? POLLERR : 0;
  }
  return ready;
}

// Moves bytes between the ring's part [start, start + size), which the caller has claimed, and its
// buffer. Answers how many; fewer when the buffer turned out bad half way, or memory is short.
template <class Move>
Result<std::size_t> Pipe::move(std::uint64_t start, std::size_t size, Move step) {
  std::size_t done = 0;
  while (done < size) {
    std::size_t offset = (start + done) % capacity;
    FrameRef& page = pages_[offset / page_size];
    if (!page) {
      Result<PhysAddr> fresh = frame_allocate(FrameKind::file);
      if (!fresh) return done ? Result<std::size_t>(done) : fresh.error();
      page = FrameRef::adopt(*fresh);
    }
    std::size_t in_page = offset % page_size;
    std::size_t wanted = std::min(size - done, page_size - in_page);
    Result<std::size_t> moved = step(page.bytes().subspan(in_page, wanted));
    if (!moved && done == 0) return moved;
    if (moved) done += *moved;
    if (!moved || *moved < wanted) break;
  }
  return done;
}

Result<std::size_t> Pipe::read(const IoPlace& at, IoBuffer& to) {
  if (to.left() == 0) return 0;
  std::uint64_t start;
  std::size_t size;
  {
    SpinGuard guard(lock_);
    auto has_answer = [&] {
      lock_.assert_held();
      return head_ != tail_ || writers_ == 0;
    };
    TRY(wait_for([&] {
      lock_.assert_held();
      return !reading_ && (!at.may_block || has_answer());
    }));
    if (!has_answer()) return Errno::again;
    start = head_;
    size = std::min(to.left(), tail_ - head_);
    reading_ = size > 0;
  }
  if (size == 0) return 0;
  auto moved = move(start, size, [&](std::span<const std::byte> bytes) { return to.put(bytes); });
  SpinGuard guard(lock_);
  reading_ = false;
  if (moved) head_ += *moved;
  if (head_ == tail_ && !writing_) head_ = tail_ = 0;  // stay in the first page if it suffices
  wake();
  return moved;
}

// Waits until `needed` bytes are free, and claims up to `wanted`: answers how many, and where.
inline Result<std::size_t> Pipe::claim_for_write(const IoPlace& at, std::size_t wanted,
                                                 std::size_t needed, std::uint64_t& start) {
  SpinGuard guard(lock_);
  auto has_answer = [&] {
    lock_.assert_held();
    return capacity - (tail_ - head_) >= needed || readers_ == 0;
  };
  TRY(wait_for([&] {
    lock_.assert_held();
    return !writing_ && (!at.may_block || has_answer());
  }));
  if (!has_answer()) return Errno::again;
  if (readers_ == 0) return Errno::pipe;
  writing_ = true;
  start = tail_;
  return std::min(wanted, capacity - (tail_ - head_));
}

Result<std::size_t> Pipe::write(IoPlace& at, IoBuffer& from) {
  bool in_pieces = from.left() > atomic_size;
  std::size_t total = 0;
  while (from.left() > 0) {
    std::size_t needed = in_pieces && !at.may_block ? 1 : std::min(from.left(), atomic_size);
    std::uint64_t start;
    Result<std::size_t> moved = claim_for_write(at, from.left(), needed, start);
    std::size_t size = moved ? *moved : 0;
    if (moved) {
      moved = move(start, size, [&](std::span<std::byte> bytes) { return from.take(bytes); });
      SpinGuard guard(lock_);
      writing_ = false;
      if (moved) tail_ += *moved;
      wake();
    }
    if (!moved && total == 0) return moved;
    if (moved) total += *moved;
    if (!moved || *moved < size) break;
  }
  return total;
}

}  // namespace tine
