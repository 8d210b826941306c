#include "proc/fd_table.hh"

#include <algorithm>

#include "mm/heap.hh"
#include "sched/give_way.hh"

namespace tine {

// The lowest free descriptor not below `from`. Errors: mfile.
Result<int> FdTable::find_free(int from) {
  int fd = std::max(from, lowest_);
  while (slot(fd)) fd++;
  if (fd >= limit.load(std::memory_order_relaxed)) return Errno::mfile;
  if (from <= lowest_) lowest_ = fd;
  return fd;
}

// The slot of a descriptor; allocates its chunk if there is none. Errors: nomem.
Result<FdTable::Slot*> FdTable::make_slot(int fd) {
  OwnPtr<Chunk>& chunk = chunks_[fd / per_chunk];
  if (!chunk) chunk = TRY(make<Chunk>());
  end_ = std::max(end_, fd + 1);
  return &chunk->slots[fd % per_chunk];
}

Result<> FdTable::make_room() {
  SpinGuard guard(lock_);
  TRY(make_slot(TRY(find_free(0))));
  return {};
}

// Puts `file` into the slot, and leaves in `file` what was there before.
void FdTable::set(Slot& at, RefPtr<OpenFile>& file, bool close_on_exec) {
  at.is_place = file->is_place();
  at.close_on_exec = close_on_exec;
  std::swap(at.file, file);
}

Result<int> FdTable::add(RefPtr<OpenFile> file, bool close_on_exec, int from) {
  SpinGuard guard(lock_);
  int fd = TRY(find_free(from));
  Slot& at = *TRY(make_slot(fd));
  set(at, file, close_on_exec);
  return fd;
}

Result<> FdTable::put(int fd, RefPtr<OpenFile> file, bool close_on_exec) {
  if (fd < 0 || fd >= limit.load(std::memory_order_relaxed)) return Errno::badf;
  {
    SpinGuard guard(lock_);
    Slot& at = *TRY(make_slot(fd));
    set(at, file, close_on_exec);
  }
  if (file) closed(std::move(file));
  return {};
}

// A descriptor of `file` was removed: calls the wings that watch this, and drops the reference.
void FdTable::closed(RefPtr<OpenFile> file) {
  for (const CloseWatcher& each : std::span(close_watchers_start, close_watchers_end)) {
    each.descriptor_closed(this, *file);
  }
}

Result<> FdTable::close(int fd) {
  RefPtr<OpenFile> file;
  {
    SpinGuard guard(lock_);
    Slot* at = slot(fd);
    if (!at) return Errno::badf;
    file = std::move(at->file);
    lowest_ = std::min(lowest_, fd);
  }
  closed(std::move(file));
  return {};
}

Result<bool> FdTable::closes_on_exec(int fd) {
  SpinGuard guard(lock_);
  Slot* at = slot(fd);
  if (!at) return Errno::badf;
  return at->close_on_exec;
}

Result<> FdTable::set_close_on_exec(int fd, bool close_on_exec) {
  SpinGuard guard(lock_);
  Slot* at = slot(fd);
  if (!at) return Errno::badf;
  at->close_on_exec = close_on_exec;
  return {};
}

// Two locks of one rank must not be held together, so each chunk is copied under `other.lock_` and
// entered under `lock_`. No other thread can reach this table yet.
Result<> FdTable::copy_from(FdTable& other) {
  limit.store(other.limit.load());
  int end = other.end();
  for (int first = 0; first < end; first += per_chunk) {
    OwnPtr<Chunk> copy = TRY(make<Chunk>());
    {
      SpinGuard guard(other.lock_);
      int here = std::min<int>(end - first, per_chunk);
      const Chunk* from = other.chunks_[first / per_chunk].get();
      if (from) std::copy_n(from->slots.begin(), here, copy->slots.begin());
    }
    SpinGuard guard(lock_);
    chunks_[first / per_chunk] = std::move(copy);
    end_ = end;
  }
  return {};
}

// The lowest descriptor not below `fd` that exec closes; -1: there is none.
int FdTable::next_to_close(int fd) {
  SpinGuard guard(lock_);
  for (; fd < end_; fd++) {
    Slot* at = slot(fd);
    if (at && at->close_on_exec) return fd;
  }
  return -1;
}

void FdTable::close_on_exec() {
  for (int fd = next_to_close(0); fd >= 0; fd = next_to_close(fd)) (void)close(fd);
}

void FdTable::close_all() {
  for (int first = 0; first < end(); first += per_chunk) {
    OwnPtr<Chunk> chunk;
    {
      SpinGuard guard(lock_);
      chunk = std::move(chunks_[first / per_chunk]);
    }
    if (!chunk) continue;
    for (Slot& slot : chunk->slots) {
      if (slot.file) closed(std::move(slot.file));
    }
    (void)give_way();  // an exit continues even when a fatal signal is pending
  }
}

}  // namespace tine
