// LockTable: which bytes of which files are locked, and by which owners. There is one table for
// each of the two kinds of lock, which do not see each other:
//   - those of flock: the whole file; the owner is an open file, and so all who share it;
//   - record locks (fcntl): ranges of bytes; the owner is a process, by its table of descriptors.
//
// Locks that exclude each other never overlap, and neither do two locks of one owner. So the locks
// that one owner has on one file lie in two trees, one for the shared and one for the exclusive
// locks, in the order of their offsets. Each such tree is a Holding, which is there while it has a
// lock. The Holdings of all files are in a tree themselves, by file.
//
// The cost: to find the first lock in the way of a request takes one search in each Holding of
// another owner of this file, O(log n) each; a shared request looks at exclusive locks alone. How
// many locks the owners have does not matter otherwise, nor do locks of other files.
//
// A file stays as long as it is locked: an owner has its file open, and gives its locks up when it
// closes it. So a Holding names its file without a reference.
//
// Lock: the spinlock `file locks`, inside. Objects are made before it is taken and deleted after
// it; so what is taken out of the trees under it is gathered in Gone.
#pragma once

#include <atomic>
#include <compare>
#include <cstdint>

#include "fs/node.hh"
#include "lib/list.hh"
#include "lib/own.hh"
#include "lib/result.hh"
#include "lib/tree.hh"
#include "mm/account.hh"
#include "sched/wait_queue.hh"

namespace tine {

// Bytes [start, end).
struct ByteRange {
  static constexpr std::uint64_t no_end = ~0ul;

  std::uint64_t start = 0, end = no_end;

  bool overlaps(ByteRange other) const { return start < other.end && other.start < end; }
  bool contains(ByteRange other) const { return start <= other.start && other.end <= end; }
};

// What is to be locked or unlocked, or is in the way of that.
struct LockRequest {
  const Node* file;
  const void* owner;  // an OpenFile (flock), or an FdTable (record lock)
  bool exclusive;
  int pid;  // of the process that asks
  ByteRange range{};
};

class LockTable {
 public:
  // `of_processes`: owners are processes, so that two of them can wait for each other.
  constexpr explicit LockTable(bool of_processes) : of_processes_(of_processes) {}

  // Gives `wanted.owner` the lock, in the place of what it had in the range. Waits while a lock of
  // another owner is in the way, if it `may_wait`. Errors: again, deadlk (owners wait for each
  // other in a circle), restart, nomem, nolck (the user has too many).
  Result<> lock(const LockRequest& wanted, bool may_wait) EXCLUDES(lock_);
  // Takes away what the owner of `which` has in its range. Errors: nomem, nolck (a lock must be cut
  // in two).
  Result<> unlock(const LockRequest& which) EXCLUDES(lock_);
  // The lock with the lowest offset that is in the way of `wanted`: its owner's, in `found`. False:
  // there is none.
  bool find_conflict(const LockRequest& wanted, LockRequest& found) EXCLUDES(lock_);
  // Gives up all that `owner` has on `file`. Gives way: no spinlock may be held. Cheap while there
  // are no locks at all: the count may be read without the lock, for what an owner has was made
  // before it let go of the file, and is seen here, since letting go is ordered (RefCounted; or it
  // is our own doing).
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
  // In the order of the Holdings: all of one file are beside each other, the exclusive ones last.
  struct HoldingKey {
    const Node* file;
    bool exclusive;
    const void* owner;

    std::strong_ordering operator<=>(const HoldingKey&) const = default;
  };
  // Locks of one kind that one owner has on one file. By their ends: the first one that ends after
  // an offset is the first one that can overlap what starts there.
  struct Holding {
    HoldingKey key;
    Tree<FileLock, &FileLock::link, &FileLock::end> locks{};
    TreeLink link{};
    ListLink gone{};

    FileLock* first_overlap(ByteRange range);
    bool is_within(ByteRange range);
  };
  // What was taken out, to be deleted when the table's lock is free again.
  struct Gone {
    List<FileLock, &FileLock::gone> locks;
    List<Holding, &Holding::gone> holdings;

    Gone() = default;
    Gone(const Gone&) = delete;
    Gone& operator=(const Gone&) = delete;
    ~Gone();  // gives way
  };
  // A thread that waits; on its stack.
  struct Waiting {
    const LockRequest& wanted;
    const void* holder = nullptr;  // the owner that it waits for; nullptr: it has to look again
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
