#include "wings/locks/table.hh"

#include <algorithm>
#include <utility>

#include "mm/heap.hh"
#include "sched/give_way.hh"

namespace tine {

// ---- Holdings ----

LockTable::FileLock* LockTable::Holding::first_overlap(ByteRange range) {
  FileLock* lock = locks.first_after(range.start);
  return lock && lock->range.start < range.end ? lock : nullptr;
}

// Do all locks of this holding lie in `range`?
bool LockTable::Holding::is_within(ByteRange range) {
  return range.contains({locks.front()->range.start, locks.back()->range.end});
}

LockTable::Gone::~Gone() {
  constexpr unsigned step = 100;
  unsigned deleted = 0;
  auto one_more = [&] {
    if (++deleted % step == 0) give_way();
  };
  while (FileLock* lock = locks.pop_front()) {
    delete lock;
    one_more();
  }
  while (Holding* holding = holdings.pop_front()) {
    while (FileLock* lock = holding->locks.take_any()) {
      delete lock;
      one_more();
    }
    delete holding;
  }
}

Result<OwnPtr<LockTable::FileLock>> LockTable::make_lock(const LockRequest& request) {
  Charge charge = TRY(Charge::take(sizeof(FileLock) + sizeof(Holding), Errno::nolck));
  return make<FileLock>(request.range, request.pid, std::move(charge));
}

void LockTable::take(Holding& holding, Gone& gone) {
  holdings_.remove(&holding);
  gone.holdings.push_back(&holding);
  count_.fetch_sub(1, std::memory_order_relaxed);
}

// ---- Waiting ----

LockTable::Conflict LockTable::conflict(const LockRequest& wanted) {
  Conflict first;
  // Shared locks only conflict with exclusive ones.
  HoldingKey from{wanted.file, !wanted.exclusive, nullptr};
  for (Holding* at = holdings_.first_not_below(from); at && at->key.file == wanted.file;
       at = holdings_.next(at)) {
    if (at->key.owner == wanted.owner) continue;
    const FileLock* lock = at->first_overlap(wanted.range);
    if (!lock || (first.lock && first.lock->range.start <= lock->range.start)) continue;
    first = {lock, at};
    if (lock->range.start == 0) break;  // none can have a lower offset
  }
  return first;
}

// Locks in this range are gone: wakes the threads that wait for a part of it. They check again, and
// find the owner for which they wait now.
void LockTable::wake_waiters(const Node* file, ByteRange changed) {
  for (Waiting* at = waiting_.find(file); at && at->file() == file; at = waiting_.next(at)) {
    if (!at->wanted.range.overlaps(changed)) continue;
    at->holder = nullptr;
    at->queue.wake_all();
  }
}

// Does the owner for which `self` waits itself wait for the owner of `self`, perhaps through
// others? Only for record locks: a process waits for one owner at a time. Each waiter calls this
// whenever it begins to wait for another owner, and gives up if it would close a circle. So there
// is no circle among the others, each step leads to another process, and there are at most as many
// steps as processes that wait.
bool LockTable::would_deadlock(const Waiting& self) {
  const void* holder = self.holder;
  while (const Waiting* at = waiting_owners_.find(holder)) {
    if (at->holder == self.owner()) return true;
    holder = at->holder;
  }
  return false;
}

Result<> LockTable::wait_for_place(const LockRequest& wanted, bool may_wait) {
  if (!conflict(wanted).lock) return {};
  if (!may_wait) return Errno::again;
  Waiting self{wanted};
  waiting_.insert(&self);
  waiting_owners_.insert(&self);
  bool deadlock = false;
  Result<> waited = wait(self.queue, lock_, WaitReason::lock, [&] {
    lock_.assert_held();
    Conflict there = conflict(wanted);
    self.holder = there.lock ? there.holding->key.owner : nullptr;
    deadlock = of_processes_ && there.lock && would_deadlock(self);
    return !there.lock || deadlock;
  });
  waiting_.remove(&self);
  waiting_owners_.remove(&self);
  if (waited && deadlock) return Errno::deadlk;
  return waited;
}

// ---- Changing the locks of an owner ----

// Would removing the range of `what` split a lock of its owner into two?
bool LockTable::cuts_in_two(const LockRequest& what) {
  for (bool exclusive : {false, true}) {
    Holding* holding = holdings_.find(HoldingKey{what.file, exclusive, what.owner});
    FileLock* lock = holding ? holding->first_overlap(what.range) : nullptr;
    if (lock && lock->range.start < what.range.start && what.range.end < lock->range.end)
      return true;
  }
  return false;
}

// Removes `cut` from the locks of one holding. At most one lock is split, which takes `spare`. The
// keys (ends) of locks change while they are in the tree, but their order stays, because they do
// not overlap.
void LockTable::clear(Holding& holding, ByteRange cut, OwnPtr<FileLock>& spare, Gone& gone) {
  FileLock* next = nullptr;
  for (FileLock* at = holding.first_overlap(cut); at && at->range.start < cut.end; at = next) {
    next = holding.locks.next(at);
    ByteRange old = at->range;
    if (old.start < cut.start) {
      at->range.end = cut.start;
      if (old.end <= cut.end) continue;
      spare->range = {cut.end, old.end};
      spare->pid = at->pid;
      holding.locks.insert(spare.release());
    } else if (old.end > cut.end) {
      at->range.start = cut.end;
    } else {
      holding.locks.remove(at);
      gone.locks.push_back(at);
    }
  }
}

// Removes the range of `what` from all locks that its owner has on the file, and wakes the threads
// that wait for a part of it.
void LockTable::clear(const LockRequest& what, OwnPtr<FileLock>& spare, Gone& gone) {
  bool changed = false;
  for (bool exclusive : {false, true}) {
    Holding* holding = holdings_.find(HoldingKey{what.file, exclusive, what.owner});
    if (!holding || !holding->first_overlap(what.range)) continue;
    changed = true;
    if (holding->is_within(what.range)) {
      take(*holding, gone);  // with all its locks, in one step
    } else {
      clear(*holding, what.range, spare, gone);
    }
  }
  if (changed) wake_waiters(what.file, what.range);
}

// Adds a lock where its owner has none, and joins it with the locks that it touches.
void LockTable::add(const LockRequest& wanted, FileLock& fresh, OwnPtr<Holding>& spare,
                    Gone& gone) {
  Holding* holding = holdings_.find(HoldingKey{wanted.file, wanted.exclusive, wanted.owner});
  if (!holding) {
    holding = spare.release();
    holdings_.insert(holding);
    count_.fetch_add(1, std::memory_order_relaxed);
  }
  auto absorb = [&](FileLock* lock) {
    fresh.range.start = std::min(fresh.range.start, lock->range.start);
    fresh.range.end = std::max(fresh.range.end, lock->range.end);
    holding->locks.remove(lock);
    gone.locks.push_back(lock);
  };
  FileLock* before = holding->locks.find(fresh.range.start);  // it ends where this one starts
  if (before) absorb(before);
  FileLock* after = holding->locks.first_after(fresh.range.start);
  if (after && after->range.start == fresh.range.end) absorb(after);
  holding->locks.insert(&fresh);
}

// This loop and that of `unlock` run again when a lock must be split: `spare` is allocated without
// the spinlock.

Result<> LockTable::lock(const LockRequest& wanted, bool may_wait) {
  OwnPtr<FileLock> fresh = TRY(make_lock(wanted)), spare;
  OwnPtr<Holding> holding =
      TRY(make<Holding>(HoldingKey{wanted.file, wanted.exclusive, wanted.owner}));
  Gone gone;
  while (true) {
    {
      SpinGuard guard(lock_);
      // flock releases the old lock before it waits for the new one; record locks are kept.
      if (!of_processes_) clear(wanted, spare, gone);
      TRY(wait_for_place(wanted, may_wait));
      if (spare || !cuts_in_two(wanted)) {
        clear(wanted, spare, gone);
        add(wanted, *fresh.release(), holding, gone);
        return {};
      }
    }
    spare = TRY(make_lock(wanted));
  }
}

Result<> LockTable::unlock(const LockRequest& which) {
  OwnPtr<FileLock> spare;
  Gone gone;
  while (true) {
    {
      SpinGuard guard(lock_);
      if (spare || !cuts_in_two(which)) {
        clear(which, spare, gone);
        return {};
      }
    }
    spare = TRY(make_lock(which));
  }
}

bool LockTable::find_conflict(const LockRequest& wanted, LockRequest& found) {
  SpinGuard guard(lock_);
  Conflict there = conflict(wanted);
  if (!there.lock) return false;
  const HoldingKey& key = there.holding->key;
  found = {key.file, key.owner, key.exclusive, there.lock->pid, there.lock->range};
  return true;
}

void LockTable::release_all(const void* owner, const Node* file) {
  OwnPtr<FileLock> no_spare;  // the range has no end, so no lock is split
  Gone gone;
  SpinGuard guard(lock_);
  clear({file, owner, false, 0}, no_spare, gone);
}

}  // namespace tine
