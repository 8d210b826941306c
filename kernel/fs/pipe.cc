#include "fs/pipe.hh"

#include <algorithm>

#include "mm/heap.hh"

namespace tine {

// As on Linux (pipe-user-pages-soft), a user whose pipes have 16,384 pages gets only small new
// ones; here from a quarter of what users may take, if that is less.
Result<RefPtr<Node>> Pipe::make(const Attributes& attributes, std::uint64_t file_system) {
  auto most = std::int64_t(std::min<std::uint64_t>(users_limit() / page_size / 4, 16384));
  Account* account = current_account();
  bool has_many = account && account->pipe_pages.load(std::memory_order_relaxed) >= most;
  std::size_t pages = has_many ? least_pages : ring_pages;
  Charge charge = TRY(Charge::take(pages * page_size, Errno::nfile));
  RefPtr<Pipe> pipe = TRY(make_ref<Pipe>(attributes, file_system, pages, std::move(charge)));
  return pipe;
}

void Pipe::count_pages(int more) {
  if (Account* account = charge_.account().get())
    account->pipe_pages.fetch_add(more, std::memory_order_relaxed);
}

void Pipe::count_open(unsigned flags) {
  if (opened_to_read(flags)) readers_++, reader_opens_++;
  if (opened_to_write(flags)) writers_++, writer_opens_++;
  turn_queue_.wake_all();
}

void Pipe::opened(unsigned flags) {
  SpinGuard guard(lock_);
  count_open(flags);
}

// When both ends are closed, the bytes in the pipe are dropped, even if the pipe has a name and can
// be opened again.
void Pipe::closed(unsigned flags) {
  decltype(pages_) unneeded;  // freed after the lock is released
  SpinGuard guard(lock_);
  if (opened_to_read(flags)) readers_--;
  if (opened_to_write(flags)) writers_--;
  if (readers_ == 0 && writers_ == 0) {
    std::swap(pages_, unneeded);
    head_ = tail_ = 0;
    reader_opens_ = writer_opens_ = 0;
  }
  // When an end closes, all threads at the other end must look again.
  if (writers_ == 0) read_queue_.wake_all();
  if (readers_ == 0) write_queue_.wake_all();
  if (writers_ == 0 || readers_ == 0) watchers_.wake_all();
}

// The other end may be opened and closed again before this thread runs, so it counts `opens`. An
// open for both (O_RDWR) counts as the other end itself. A pipe without a name, opened through
// /proc/PID/fd, has had both ends already: no wait, as on Linux.
Result<> Pipe::open(unsigned flags) {
  SpinGuard guard(lock_);
  count_open(flags);
  if (file_system() == no_file_system) return {};
  unsigned& others = opened_to_read(flags) ? writers_ : readers_;
  unsigned& opens = opened_to_read(flags) ? writer_opens_ : reader_opens_;
  if (flags & O_NONBLOCK) return opened_to_read(flags) || others > 0 ? Result<>() : Errno::nxio;
  unsigned before = opens;
  while (others == 0 && opens == before) TRY(sleep_in(turn_queue_));
  return {};
}

// One sleep, after which the caller checks its condition again. A thread whose wait was interrupted
// wakes the next one: a writer at the head of the queue keeps those after it waiting, though they
// may need less room.
Result<> Pipe::sleep_in(WaitQueue& queue, std::size_t needed) {
  waiting_++;
  Result<> slept = queue.sleep(lock_, WaitReason::pipe, never, needed);
  waiting_--;
  if (!slept) transfer_ended();
  return slept;
}

// The end of each transfer: wakes threads that can go on now. While another thread reads (or
// writes), no other reader (or writer) is woken here: that thread comes here too when it is done.
void Pipe::tell_of_bytes_and_room() {
  unsigned news = (head_ != tail_ ? POLLIN : 0) | (free_bytes() >= atomic_size ? POLLOUT : 0);
  turn_queue_.wake_all();
  // [pipe 4] One reader is woken, as one can take the bytes.
  if ((news & POLLIN) && !reading_) read_queue_.wake_one();
  const Waiter* writer = write_queue_.first();
  if (writer && writer->key <= free_bytes() && !writing_) write_queue_.wake_one();
  if (!watchers_.empty()) tell_watchers(news);
}

void Pipe::tell_watchers(unsigned news) {
  watchers_.wake(~0u, [news](const Waiter& each) { return (each.key & news) != 0; });
}

unsigned Pipe::ready(unsigned flags, Waiter* watcher) {
  SpinGuard guard(lock_);
  unsigned ready = ready_now(flags);
  if (watcher && !(ready & watcher->key)) watchers_.enter(*watcher);
  return ready;
}

Result<std::size_t> Pipe::ioctl(std::uint64_t request, VirtAddr argument) {
  if (request != FIONREAD) return Errno::notty;
  int bytes;
  {
    SpinGuard guard(lock_);
    bytes = int(tail_ - head_);
  }
  TRY(UserPtr<int>(argument).store(bytes));
  return 0;
}

void Pipe::stop_watching(Waiter& watcher) {
  SpinGuard guard(lock_);
  watchers_.leave(watcher);
}

unsigned Pipe::ready_now(unsigned flags) const {
  unsigned ready = 0;
  // A pipe that never had a writer is not at its end.
  bool hung_up = writers_ == 0 && writer_opens_ > 0;
  if (opened_to_read(flags)) ready |= (head_ != tail_ ? POLLIN : 0) | (hung_up ? POLLHUP : 0);
  if (opened_to_write(flags)) {
    ready |= free_bytes() >= atomic_size ? POLLOUT : 0;
    ready |= readers_ == 0 ? POLLERR : 0;
  }
  return ready;
}

// Moves `bytes` to or from the next place of a buffer.
Result<std::size_t> Pipe::move_piece(std::span<std::byte> bytes, IoBuffer& buffer, Way way) {
  return way == Way::put ? buffer.put(bytes) : buffer.take(bytes);
}

// Moves [start, start + size), which the caller has claimed, from the ring to a buffer (`put`) or
// from a buffer to the ring (`take`). Usually that is one page and one place of the buffer. Returns
// how many bytes were moved; fewer when a part of the buffer is bad. Errors: nomem (nothing was
// moved), and those of the buffer.
inline Result<std::size_t> Pipe::move(std::uint64_t start, std::size_t size, IoBuffer& buffer,
                                      Way way) {
  std::size_t in_page = start % page_size, done = 0;
  FrameRef& page = page_of(start);
  if (page && size <= page_size - in_page) {
    Result<std::size_t> moved = move_piece(page.bytes().subspan(in_page, size), buffer, way);
    if (!moved || *moved == size) return moved;
    done = *moved;
  }
  return move_rest(start, size, done, buffer, way);
}

// Only the last page can be missing: a write moves at most a page, so if it needs two, the first
// one has bytes already. A read only moves bytes that are there.
Result<std::size_t> Pipe::move_rest(std::uint64_t start, std::size_t size, std::size_t done,
                                    IoBuffer& buffer, Way way) {
  FrameRef& last = page_of(start + size - 1);
  if (!last) last = FrameRef::adopt(TRY(frame_allocate(FrameKind::file)));
  while (done < size) {
    std::size_t in_page = (start + done) % page_size;
    std::size_t here = std::min(size - done, page_size - in_page);
    Result<std::size_t> moved =
        move_piece(page_of(start + done).bytes().subspan(in_page, here), buffer, way);
    if (!moved && done == 0) return moved;
    if (!moved) break;
    done += *moved;
  }
  return done;
}

// Not `wait`, because the queue depends on what the thread waits for. A reader that must not block
// still waits for another reader that is in the middle of its transfer.
Result<> Pipe::wait_to_read(bool may_block) {
  while (reading_ || !has_answer()) {
    if (!reading_ && !may_block) return Errno::again;
    // [pipe 1] Nothing is there, and a writer may come: the reader sleeps.
    TRY(sleep_in(reading_ ? turn_queue_ : read_queue_));
  }
  return {};
}

Result<> Pipe::wait_to_write(std::size_t needed, bool may_block) {
  while (writing_ || !has_room(needed)) {
    if (!writing_ && !may_block) return Errno::again;
    TRY(sleep_in(writing_ ? turn_queue_ : write_queue_, needed));
  }
  return {};
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
  // [pipe 6] The reader, awake again, takes what is there.
  Result<std::size_t> moved = move(start, size, to, Way::put);
  SpinGuard guard(lock_);
  reading_ = false;
  if (moved) head_ += *moved;
  if (head_ == tail_ && !writing_) head_ = tail_ = 0;  // small transfers use one page
  transfer_ended();
  return moved;
}

// Waits until `least` bytes are free, and writes as many as are free then, up to `most`.
Result<std::size_t> Pipe::write_piece(const IoPlace& at, IoBuffer& from, std::size_t least,
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
  // [pipe 2] This part of the ring is claimed, so the copy needs no lock.
  Result<std::size_t> moved = move(start, size, from, Way::take);
  SpinGuard guard(lock_);
  writing_ = false;
  // [pipe 3] Now the bytes are in the pipe.
  if (moved) tail_ += *moved;
  transfer_ended();
  return moved;
}

// Writes in pieces of at most atomic_size; other writers may come between two pieces.
Result<std::size_t> Pipe::write_pieces(const IoPlace& at, IoBuffer& from) {
  std::size_t total = 0;
  while (from.left() > 0) {
    std::size_t most = std::min(from.left(), atomic_size);
    std::size_t needed = at.may_block() ? most : 1;
    Result<std::size_t> moved = write_piece(at, from, needed, most);
    if (!moved) return total ? Result<std::size_t>(total) : moved;
    total += *moved;
    if (*moved < needed) break;  // the rest of the buffer is bad
    if (from.left() > 0 && give_way()) break;
  }
  return total;
}

Result<std::size_t> Pipe::write(IoPlace& at, IoBuffer& from) {
  if (from.left() == 0 || from.left() > atomic_size) return write_pieces(at, from);
  return write_piece(at, from, from.left(), from.left());
}

}  // namespace tine
