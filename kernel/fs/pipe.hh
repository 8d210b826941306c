// Pipe: bytes that come out in the order in which they went in, through an open file that is
// written and one that is read.
//
// The bytes lie in a ring of page frames. A reader takes from the filled part and a writer fills
// the free part at the same time, both without a lock, since user memory may make them sleep; that
// there is one of each at most, `reading_` and `writing_` say.
//
// One waiter is woken for one piece of news. Bytes are news for one reader: it takes some of them
// and wakes the next reader if some are left, so that none waits beside bytes. Room is news for the
// writer that has waited longest, when it is as much as that one needs. It does not matter what
// becomes of the one that is woken: it acts, and then wakes the next; or it has found the part
// claimed, and the thread that has claimed it wakes the next; or it leaves, and wakes the next.
//
// Lock: the spinlock guards the ring's ends, these two, the counts of open ends, and the queues.
// The page of a ring's part belongs to the thread that has claimed the part.
#pragma once

#include <array>

#include "fs/node.hh"
#include "mm/account.hh"
#include "mm/frames.hh"
#include "sched/wait_queue.hh"
#include "sync/spinlock.hh"

namespace tine {

class Pipe final : public Node {
 public:
  // With `file_system`: one that is to have a name there (mknod). A user whose pipes may take many
  // pages already gets one of least_pages. Errors: nfile (his account takes no more), nomem.
  static Result<RefPtr<Node>> make(const Attributes& attributes, std::uint64_t file_system);
  Pipe(const Attributes& attributes, std::uint64_t file_system, std::size_t pages, Charge charge)
      : Node(NodeKind::fifo, attributes, file_system),
        charge_(std::move(charge)),
        capacity_(pages * page_size) {
    count_pages(int(pages));
  }
  ~Pipe() override { count_pages(-int(capacity_ / page_size)); }

  // 0: empty, and nobody has it open for writing. Errors: again, restart, fault,
  // nomem.
  Result<std::size_t> read(const IoPlace& at, IoBuffer& to) override EXCLUDES(lock_);
  // Up to `atomic_size` bytes go in at once, next to each other, or wait until they can. Errors:
  // pipe (nobody has it open for reading), again, restart, fault, nomem; when some bytes moved,
  // their number.
  Result<std::size_t> write(IoPlace& at, IoBuffer& from) override EXCLUDES(lock_);
  // FIONREAD: how many bytes are in it, as an int. Errors: notty, fault, nomem.
  Result<std::size_t> ioctl(std::uint64_t request, VirtAddr argument) override EXCLUDES(lock_);
  unsigned ready(unsigned flags, Waiter* watcher) override EXCLUDES(lock_);
  void stop_watching(Waiter& watcher) override EXCLUDES(lock_);
  void opened(unsigned flags) override EXCLUDES(lock_);
  void closed(unsigned flags) override EXCLUDES(lock_);
  // A pipe with a name: a reader waits for a writer, and a writer for a reader (POSIX, open). Who
  // must not block does not wait; a writer then gets nxio. Errors: nxio, restart.
  Result<> open(unsigned flags) override EXCLUDES(lock_);

 private:
  static constexpr std::size_t atomic_size = 4096;  // POSIX: PIPE_BUF
  static constexpr std::size_t ring_pages = 16, least_pages = 2;

  const Charge charge_;         // for all pages that the ring may get
  const std::size_t capacity_;  // bytes; a power of two

  Spinlock lock_{Rank::pipe, "pipe"};
  WaitQueue read_queue_ GUARDED_BY(lock_);   // until there are bytes, or no writers
  WaitQueue write_queue_ GUARDED_BY(lock_);  // until there is room (key: how much), or no readers
  // Until another thread has done its part: the one that has claimed the bytes or the room, or one
  // that opens the other end.
  WaitQueue turn_queue_ GUARDED_BY(lock_);
  WaitQueue watchers_ GUARDED_BY(lock_);    // ppoll
  unsigned waiting_ GUARDED_BY(lock_) = 0;  // threads in one of the first three
  unsigned readers_ GUARDED_BY(lock_) = 0;  // open files
  unsigned writers_ GUARDED_BY(lock_) = 0;
  unsigned reader_opens_ GUARDED_BY(lock_) = 0;  // so far: who waits for one may miss none
  unsigned writer_opens_ GUARDED_BY(lock_) = 0;
  bool reading_ GUARDED_BY(lock_) = false;    // somebody takes from the filled part
  bool writing_ GUARDED_BY(lock_) = false;    // somebody fills the free part
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
  bool has_answer() const REQUIRES(lock_);
  bool has_room(std::size_t size) const REQUIRES(lock_);
  Result<std::size_t> write_piece(const IoPlace& at, IoBuffer& from, std::size_t least,
                                  std::size_t most) EXCLUDES(lock_);
  Result<std::size_t> write_pieces(const IoPlace& at, IoBuffer& from) EXCLUDES(lock_);
  FrameRef& page_of(std::uint64_t at) { return pages_[(at & (capacity_ - 1)) / page_size]; }
  void count_pages(int more);
  template <class Move>
  Result<std::size_t> move(std::uint64_t start, std::size_t size, Move step);
  template <class Move>
  Result<std::size_t> move_rest(std::uint64_t start, std::size_t size, std::size_t done, Move step);
};

}  // namespace tine
