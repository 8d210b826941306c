// LockTable: who has which bytes of which file locked. There are two kinds of lock, which do not
// see each other:
//   - those of flock: the whole file, had by an open file, and so by all who share it;
//   - record locks (fcntl): ranges of bytes, had by a process, through its table of descriptors.
//
// A file stays as long as it is locked: who has a lock has it open, and gives the lock up when it
// closes it. So a lock names its file without a reference.
//
// Lock: the spinlock `file locks`, inside. Objects are made before it is taken and deleted after
// it.
#pragma once

#include <atomic>
#include <cstdint>

#include "fs/node.hh"
#include "lib/list.hh"
#include "lib/own.hh"
#include "lib/result.hh"
#include "sched/wait_queue.hh"

namespace tine {

// Bytes [start, end).
struct ByteRange {
  static constexpr std::uint64_t no_end = ~0ul;

  std::uint64_t start = 0, end = no_end;

  bool overlaps(ByteRange other) const { return start < other.end && other.start < end; }
};

struct FileLock {
  const Node* file;
  const void* owner;  // an OpenFile (flock), or an FdTable (record lock)
  bool is_record, exclusive;
  int pid = 0;  // who made it
  ByteRange range{};
  ListLink link{};
};

class LockTable {
 public:
  // Gives `wanted.owner` the lock, in the place of what it had in the range. Waits while somebody
  // else's lock is in the way, if it `may_wait`. Errors: again, deadlk (both wait for each other),
  // restart, nomem.
  Result<> lock(const FileLock& wanted, bool may_wait) EXCLUDES(lock_);
  // Takes away what the owner of `which` has in its range. Errors: nomem (a lock might be cut in
  // two).
  Result<> unlock(const FileLock& which) EXCLUDES(lock_);
  // The first lock that is in the way of `wanted`; its link means nothing. False: there is none.
  bool find_conflict(const FileLock& wanted, FileLock& found) EXCLUDES(lock_);
  // All that `owner` has, on `file` or (nullptr) anywhere. Cheap while there are no locks at all:
  // the count may be read without the lock, for what an owner has was made before it let go of the
  // file, and is seen here, since letting go is ordered (RefCounted; or it is our own doing).
  void release(const void* owner, const Node* file) EXCLUDES(lock_) {
    if (count_.load(std::memory_order_relaxed) != 0) [[unlikely]]
      release_all(owner, file);
  }

 private:
  using Locks = List<FileLock, &FileLock::link>;
  // Who waits, and for whom; on the waiter's stack.
  struct Waiter {
    const void* owner;
    const void* holder = nullptr;
    ListLink link{};
  };

  Spinlock lock_{Rank::file_locks, "file locks"};
  WaitQueue changed_ GUARDED_BY(lock_);
  Locks locks_ GUARDED_BY(lock_);
  List<Waiter, &Waiter::link> waiters_ GUARDED_BY(lock_);
  std::atomic<unsigned> count_{0};  // of locks_; written under the lock

  void release_all(const void* owner, const Node* file) EXCLUDES(lock_);
  FileLock* conflict(const FileLock& wanted) REQUIRES(lock_);
  void wake_waiters() REQUIRES(lock_);
  bool would_deadlock(const Waiter& self) REQUIRES(lock_);
  Result<> wait_for_place(const FileLock& wanted, bool may_wait) REQUIRES(lock_);
  void clear(const FileLock& what, OwnPtr<FileLock>& spare, Locks& gone) REQUIRES(lock_);
  void join(FileLock& fresh, Locks& gone) REQUIRES(lock_);
  void add(FileLock& lock) REQUIRES(lock_);
  void take(FileLock& lock, Locks& gone) REQUIRES(lock_);
};

}  // namespace tine
