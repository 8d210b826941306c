#include "wings/locks/table.hh"

#include <algorithm>

#include "mm/heap.hh"

namespace tine {
namespace {

bool is_same_owner(const FileLock& a, const FileLock& b) {
  return a.owner == b.owner && a.file == b.file;
}

void delete_all(List<FileLock, &FileLock::link>& locks) {
  while (FileLock* lock = locks.pop_front()) delete lock;
}

}  // namespace

void LockTable::add(FileLock& lock) {
  locks_.push_back(&lock);
  count_.fetch_add(1, std::memory_order_relaxed);
}

void LockTable::take(FileLock& lock, Locks& gone) {
  locks_.remove(&lock);
  gone.push_back(&lock);
  count_.fetch_sub(1, std::memory_order_relaxed);
}

FileLock* LockTable::conflict(const FileLock& wanted) {
  for (FileLock& each : locks_) {
    if (each.file != wanted.file || each.is_record != wanted.is_record) continue;
    if (each.owner == wanted.owner || !each.range.overlaps(wanted.range)) continue;
    if (each.exclusive || wanted.exclusive) return &each;
  }
  return nullptr;
}

// Locks have changed: for whom they wait, the waiters find out when they look again.
void LockTable::wake_waiters() {
  for (Waiter& each : waiters_) each.holder = nullptr;
  changed_.wake_all();
}

// Does the one that `self` waits for wait, through others perhaps, for `self`? For record locks: a
// process waits in one place at a time, and a circle is refused when it would close. So this ends.
bool LockTable::would_deadlock(const Waiter& self) {
  const void* holder = self.holder;
  for (Waiter* at = waiters_.front(); at;) {
    if (at->owner != holder) {
      at = waiters_.next(at);
      continue;
    }
    if (at->holder == self.owner) return true;
    holder = at->holder;
    at = waiters_.front();
  }
  return false;
}

Result<> LockTable::wait_for_place(const FileLock& wanted, bool may_wait) {
  if (!conflict(wanted)) return {};
  if (!may_wait) return Errno::again;
  Waiter self{wanted.owner};
  waiters_.push_back(&self);
  bool deadlock = false;
  Result<> waited = wait(changed_, lock_, WaitReason::lock, [&] {
    lock_.assert_held();
    FileLock* holder = conflict(wanted);
    self.holder = holder ? holder->owner : nullptr;
    deadlock = wanted.is_record && holder && would_deadlock(self);
    return !holder || deadlock;
  });
  waiters_.remove(&self);
  if (waited && deadlock) return Errno::deadlk;
  return waited;
}

// Cuts `what.range` out of all locks of its owner. At most one is cut in two: that needs `spare`.
void LockTable::clear(const FileLock& what, OwnPtr<FileLock>& spare, Locks& gone) {
  ByteRange cut = what.range;
  FileLock* next = nullptr;
  for (FileLock* at = locks_.front(); at; at = next) {
    next = locks_.next(at);
    if (!is_same_owner(*at, what) || !at->range.overlaps(cut)) continue;
    bool keeps_start = at->range.start<cut.start, keeps_end = at->range.end> cut.end;
    if (keeps_start && keeps_end) {
      spare->exclusive = at->exclusive;
      spare->pid = at->pid;
      spare->range = {cut.end, at->range.end};
      add(*spare.release());
    }
    if (keeps_start) {
      at->range.end = cut.start;
    } else if (keeps_end) {
      at->range.start = cut.end;
    } else {
      take(*at, gone);
    }
  }
}

// Makes one lock of `fresh` and those of its kind that it touches.
void LockTable::join(FileLock& fresh, Locks& gone) {
  FileLock* next = nullptr;
  for (FileLock* at = locks_.front(); at; at = next) {
    next = locks_.next(at);
    bool touches = at->range.end == fresh.range.start || at->range.start == fresh.range.end;
    if (!is_same_owner(*at, fresh) || at->exclusive != fresh.exclusive || !touches) continue;
    fresh.range.start = std::min(fresh.range.start, at->range.start);
    fresh.range.end = std::max(fresh.range.end, at->range.end);
    take(*at, gone);
  }
}

Result<> LockTable::lock(const FileLock& wanted, bool may_wait) {
  OwnPtr<FileLock> fresh = TRY(make<FileLock>(wanted));
  OwnPtr<FileLock> spare = TRY(make<FileLock>(wanted));
  Locks gone;
  Result<> place;
  {
    SpinGuard guard(lock_);
    // A lock of flock is given up before the other one is waited for; record locks are kept.
    if (!wanted.is_record) clear(wanted, spare, gone);
    place = wait_for_place(wanted, may_wait);
    if (place) {
      clear(wanted, spare, gone);
      join(*fresh, gone);
      add(*fresh.release());
    }
    wake_waiters();
  }
  delete_all(gone);
  return place;
}

Result<> LockTable::unlock(const FileLock& which) {
  OwnPtr<FileLock> spare = TRY(make<FileLock>(which));
  Locks gone;
  {
    SpinGuard guard(lock_);
    clear(which, spare, gone);
    wake_waiters();
  }
  delete_all(gone);
  return {};
}

bool LockTable::find_conflict(const FileLock& wanted, FileLock& found) {
  SpinGuard guard(lock_);
  FileLock* there = conflict(wanted);
  if (there) {
    found.exclusive = there->exclusive;
    found.pid = there->pid;
    found.range = there->range;
  }
  return there;
}

void LockTable::release_all(const void* owner, const Node* file) {
  Locks gone;
  {
    SpinGuard guard(lock_);
    FileLock* next = nullptr;
    for (FileLock* at = locks_.front(); at; at = next) {
      next = locks_.next(at);
      if (at->owner == owner && (!file || at->file == file)) take(*at, gone);
    }
    if (!gone.empty()) wake_waiters();
  }
  delete_all(gone);
}

}  // namespace tine
