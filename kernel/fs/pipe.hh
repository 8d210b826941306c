// Pipe: bytes written to one open file are read from another, in the same order.
//
// The bytes lie in a ring of page frames. A reader may take from the filled part while a writer
// fills the free part. Both copy without a spinlock, since user memory may make them sleep;
// `reading_` and `writing_` say that a thread has claimed the part, so there is at most one of
// each.
//
// A transfer wakes at most one reader and one writer, not all. A woken reader takes some bytes and
// wakes the next reader if some are left, so none sleeps while there are bytes. The writer that has
// waited longest is woken when there is as much room as it needs. No wakeup is lost: a woken thread
// acts, and then wakes the next; or finds the part claimed, and the thread that has claimed it
// wakes the next; or is interrupted, and wakes the next.
//
// Lock: the spinlock guards the ring's ends, `reading_` and `writing_`, the counts of open ends,
// and the queues. The pages of a part belong to the thread that has claimed it.
#pragma once

#include <array>

#include "mm/account.hh"
#include "mm/frames.hh"
#include "sched/wait_queue.hh"
#include "sync/spinlock.hh"
#include "vfs/node.hh"

namespace tine {

class Pipe final : public Node {
 public:
  // `file_system`: where the pipe will have a name (mknod), or no_file_system. A user whose pipes
  // may take many pages already gets one of least_pages. Errors: nfile (the user's account
  // refuses), nomem.
  static Result<RefPtr<Node>> make(const Attributes& attributes, std::uint64_t file_system);
  Pipe(const Attributes& attributes, std::uint64_t file_system, std::size_t pages, Charge charge)
      : Node(NodeKind::fifo, attributes, file_system),
        charge_(std::move(charge)),
        capacity_(pages * page_size) {
    count_pages(int(pages));
  }
  ~Pipe() override { count_pages(-int(capacity_ / page_size)); }

  // Returns 0 when the pipe is empty and not open for writing. Errors: again, restart, fault,
  // nomem.
  Result<std::size_t> read(const IoPlace& at, IoBuffer& to) override EXCLUDES(lock_);
  // Up to `atomic_size` bytes are written in one piece, with no other bytes between them; the
  // writer waits until there is room for all. Errors: pipe (it is not open for reading), again,
  // restart, fault, nomem. If some bytes were moved, returns their number instead.
  Result<std::size_t> write(IoPlace& at, IoBuffer& from) override EXCLUDES(lock_);
  // FIONREAD: how many bytes are in it, as an int. Errors: notty, fault, nomem.
  Result<std::size_t> ioctl(std::uint64_t request, VirtAddr argument) override EXCLUDES(lock_);
  unsigned ready(unsigned flags, Waiter* watcher) override EXCLUDES(lock_);
  void stop_watching(Waiter& watcher) override EXCLUDES(lock_);
  void opened(unsigned flags) override EXCLUDES(lock_);
  void closed(unsigned flags) override EXCLUDES(lock_);
  // A pipe with a name: a reader waits for a writer, and a writer for a reader (POSIX, open). With
  // O_NONBLOCK neither waits, and a writer without a reader gets nxio. Errors: nxio, restart.
  Result<> open(unsigned flags) override EXCLUDES(lock_);

 private:
  static constexpr std::size_t atomic_size = 4096;  // POSIX: PIPE_BUF
  static constexpr std::size_t ring_pages = 16, least_pages = 2;

  const Charge charge_;         // for all pages that the ring may get
  const std::size_t capacity_;  // bytes; a power of two

  Spinlock lock_{Rank::pipe, "pipe"};
  WaitQueue read_queue_ GUARDED_BY(lock_);   // until there are bytes, or no writers
  WaitQueue write_queue_ GUARDED_BY(lock_);  // until there is room (key: how much), or no readers
  // Until the thread that has claimed the part is done, or until the other end is opened.
  WaitQueue turn_queue_ GUARDED_BY(lock_);
  WaitQueue watchers_ GUARDED_BY(lock_);    // ppoll
  unsigned waiting_ GUARDED_BY(lock_) = 0;  // threads in one of the first three
  unsigned readers_ GUARDED_BY(lock_) = 0;  // open files
  unsigned writers_ GUARDED_BY(lock_) = 0;
  unsigned reader_opens_ GUARDED_BY(lock_) = 0;  // so far: `open` waits for it to change
  unsigned writer_opens_ GUARDED_BY(lock_) = 0;
  bool reading_ GUARDED_BY(lock_) = false;    // a thread takes from the filled part
  bool writing_ GUARDED_BY(lock_) = false;    // a thread fills the free part
  std::uint64_t head_ GUARDED_BY(lock_) = 0;  // bytes taken and put so far: the filled part is
  std::uint64_t tail_ GUARDED_BY(lock_) = 0;  // [head_, tail_), modulo `capacity_`
  std::array<FrameRef, ring_pages> pages_;    // allocated when first filled

  void count_open(unsigned flags) REQUIRES(lock_);
  unsigned ready_now(unsigned flags) const REQUIRES(lock_);
  Result<> sleep_in(WaitQueue& queue, std::size_t needed = 0) REQUIRES(lock_);
  Result<> wait_to_read(bool may_block) REQUIRES(lock_);
  Result<> wait_to_write(std::size_t needed, bool may_block) REQUIRES(lock_);
  void transfer_ended() REQUIRES(lock_) {
    if (waiting_ > 0 || !watchers_.empty()) [[unlikely]]
      tell_of_bytes_and_room();
  }
  void tell_of_bytes_and_room() REQUIRES(lock_);
  void tell_watchers(unsigned news) REQUIRES(lock_);
  std::size_t free_bytes() const REQUIRES(lock_) { return capacity_ - (tail_ - head_); }
  // A reader need not wait: there are bytes, or there is no writer.
  bool has_answer() const REQUIRES(lock_) { return head_ != tail_ || writers_ == 0; }
  // A writer need not wait: there is room, or there is no reader.
  bool has_room(std::size_t size) const REQUIRES(lock_) {
    return free_bytes() >= size || readers_ == 0;
  }
  Result<std::size_t> write_piece(const IoPlace& at, IoBuffer& from, std::size_t least,
                                  std::size_t most) EXCLUDES(lock_);
  Result<std::size_t> write_pieces(const IoPlace& at, IoBuffer& from) EXCLUDES(lock_);
  FrameRef& page_of(std::uint64_t at) { return pages_[(at & (capacity_ - 1)) / page_size]; }
  void count_pages(int more);
  enum class Way { put, take };
  static Result<std::size_t> move_piece(std::span<std::byte> bytes, IoBuffer& buffer, Way way);
  Result<std::size_t> move(std::uint64_t start, std::size_t size, IoBuffer& buffer, Way way);
  Result<std::size_t> move_rest(std::uint64_t start, std::size_t size, std::size_t done,
                                IoBuffer& buffer, Way way);
};

}  // namespace tine
