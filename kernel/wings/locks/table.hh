// LockTable: which bytes of which files are locked, and by which owners. There is one table for
// each of the two kinds of lock, which do not affect each other:
//   - flock: the whole file; the owner is an open file, so all processes that have it own the lock;
//   - record locks (fcntl): ranges of bytes; the owner is a process, by its table of descriptors.
//
// Locks that exclude each other never overlap, and neither do two locks of one owner. So the locks
// of one owner on one file lie in two trees, one for shared and one for exclusive locks, in the
// order of their offsets. Each such tree is a Holding, which exists while it has a lock. The
// Holdings of all files are in a tree, ordered by file.
//
// The cost: finding the first lock that conflicts with a request takes one search, O(log n), in
// each Holding of another owner on this file; a shared request only searches exclusive locks. Locks
// of other files cost nothing.
//
// A Holding needs no reference to its file: the owner has the file open, and releases its locks
// when it closes the file.
//
// Lock: the spinlock `file locks`, inside. Objects are made before it is taken and deleted after it
// is released; objects that are removed from the trees wait in Gone.
#pragma once

#include <atomic>
#include <compare>
#include <cstdint>

#include "lib/list.hh"
#include "lib/own.hh"
#include "lib/result.hh"
#include "lib/tree.hh"
#include "mm/account.hh"
#include "sched/wait_queue.hh"
#include "vfs/node.hh"

namespace tine {

// Bytes [start, end).
struct ByteRange {
  static constexpr std::uint64_t no_end = ~0ul;

  std::uint64_t start = 0, end = no_end;

  bool overlaps(ByteRange other) const { return start < other.end && other.start < end; }
  bool contains(ByteRange other) const { return start <= other.start && other.end <= end; }
};

// A lock to take or release, or one that conflicts with a request.
struct LockRequest {
  const Node* file;
  const void* owner;  // an OpenFile (flock), or an FdTable (record lock)
  bool exclusive;
  int pid;  // of the process that makes the request
  ByteRange range{};
};

class LockTable {
 public:
  // `of_processes`: owners are processes, so deadlocks between them are detected.
  constexpr explicit LockTable(bool of_processes) : of_processes_(of_processes) {}

  // Gives `wanted.owner` the lock, which replaces its locks in the range. If `may_wait`, sleeps
  // while another owner's lock conflicts. Errors: again, deadlk (owners would wait for each other
  // in a circle), restart, nomem, nolck (the user's account refuses).
  Result<> lock(const LockRequest& wanted, bool may_wait) EXCLUDES(lock_);
  // Removes the locks that the owner of `which` has in its range. Errors: nomem, nolck (when a lock
  // must be split).
  Result<> unlock(const LockRequest& which) EXCLUDES(lock_);
  // Puts the conflicting lock with the lowest offset into `found`. False: there is none.
  bool find_conflict(const LockRequest& wanted, LockRequest& found) EXCLUDES(lock_);
  // Releases all locks of `owner` on `file`. Gives way, so no spinlock may be held. Costs one load
  // while there are no locks at all. That load needs no lock: the owner made its locks before it
  // dropped its reference to the file, which orders them before this call (RefCounted), or this
  // thread made them.
  void release(const void* owner, const Node* file) EXCLUDES(lock_) {
    if (count_.load(std::memory_order_relaxed) != 0) [[unlikely]]
      release_all(owner, file);
  }

 private:
  struct FileLock {
    ByteRange range;
    int pid;  // of the process that made it
    Charge charge;
    TreeLink link{};
    ListLink gone{};

    std::uint64_t end() const { return range.end; }
  };
  // Orders the Holdings: all of one file are next to each other, the exclusive ones last.
  struct HoldingKey {
    const Node* file;
    bool exclusive;
    const void* owner;

    std::strong_ordering operator<=>(const HoldingKey&) const = default;
  };
  // Locks of one kind of one owner on one file, by their ends: the first lock that ends after an
  // offset is the first that can overlap a range starting there.
  struct Holding {
    HoldingKey key;
    Tree<FileLock, &FileLock::link, &FileLock::end> locks{};
    TreeLink link{};
    ListLink gone{};

    FileLock* first_overlap(ByteRange range);
    bool is_within(ByteRange range);
  };
  // Removed objects, deleted when the table's lock is released.
  struct Gone {
    List<FileLock, &FileLock::gone> locks;
    List<Holding, &Holding::gone> holdings;

    Gone() = default;
    Gone(const Gone&) = delete;
    Gone& operator=(const Gone&) = delete;
    ~Gone();  // gives way
  };
  // A waiting thread; lies on its stack.
  struct Waiting {
    const LockRequest& wanted;
    const void* holder = nullptr;  // the owner for which it waits; nullptr: it must check again
    WaitQueue queue{};
    TreeLink by_file{}, by_owner{};

    const Node* file() const { return wanted.file; }
    const void* owner() const { return wanted.owner; }
  };
  struct Conflict {
    const FileLock* lock = nullptr;  // nullptr: there is none
    const Holding* holding = nullptr;
  };

  const bool of_processes_;
  Spinlock lock_{Rank::file_locks, "file locks"};
  Tree<Holding, &Holding::link, &Holding::key> holdings_ GUARDED_BY(lock_);
  Tree<Waiting, &Waiting::by_file, &Waiting::file> waiting_ GUARDED_BY(lock_);
  Tree<Waiting, &Waiting::by_owner, &Waiting::owner> waiting_owners_ GUARDED_BY(lock_);
  std::atomic<unsigned> count_{0};  // of holdings_; written under the lock

  static Result<OwnPtr<FileLock>> make_lock(const LockRequest& request);
  void release_all(const void* owner, const Node* file) EXCLUDES(lock_);
  Conflict conflict(const LockRequest& wanted) REQUIRES(lock_);
  void wake_waiters(const Node* file, ByteRange changed) REQUIRES(lock_);
  bool would_deadlock(const Waiting& self) REQUIRES(lock_);
  Result<> wait_for_place(const LockRequest& wanted, bool may_wait) REQUIRES(lock_);
  bool cuts_in_two(const LockRequest& what) REQUIRES(lock_);
  void clear(const LockRequest& what, OwnPtr<FileLock>& spare, Gone& gone) REQUIRES(lock_);
  void clear(Holding& holding, ByteRange cut, OwnPtr<FileLock>& spare, Gone& gone) REQUIRES(lock_);
  void add(const LockRequest& wanted, FileLock& fresh, OwnPtr<Holding>& spare, Gone& gone)
      REQUIRES(lock_);
  void take(Holding& holding, Gone& gone) REQUIRES(lock_);
};

}  // namespace tine
