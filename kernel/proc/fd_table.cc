#include "proc/fd_table.hh"

#include <algorithm>

#include "mm/heap.hh"
#include "sched/give_way.hh"

namespace tine {

// The lowest free descriptor not below `from`; its chunk is there. Errors: mfile, nomem.
Result<int> FdTable::find_free(int from) {
  int fd = std::max(from, lowest_);
  for (Slot* at = slot(fd); at && at->file; at = slot(fd)) fd++;
  if (fd >= limit.load(std::memory_order_relaxed)) return Errno::mfile;
  if (from <= lowest_) lowest_ = fd;
  if (!slot(fd)) TRY(add_chunk(fd));
  return fd;
}

Result<> FdTable::make_room() {
  SpinGuard guard(lock_);
  TRY(find_free(0));
  return {};
}

Result<int> FdTable::add(RefPtr<OpenFile> file, bool close_on_exec, int from) {
  SpinGuard guard(lock_);
  int fd = TRY(find_free(from));
  Slot& at = *slot(fd);
  at.file = std::move(file);
  at.close_on_exec = close_on_exec;
  return fd;
}

Result<> FdTable::put(int fd, RefPtr<OpenFile> file, bool close_on_exec) {
  if (fd < 0 || fd >= limit.load(std::memory_order_relaxed)) return Errno::badf;
  {
    SpinGuard guard(lock_);
    if (!slot(fd)) TRY(add_chunk(fd));
    std::swap(slot(fd)->file, file);
    slot(fd)->close_on_exec = close_on_exec;
  }
  if (file) closed(std::move(file));
  return {};
}

// One descriptor of `file` has gone: tells who wants to know, and lets go of it.
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
    if (!at || !at->file) return Errno::badf;
    file = std::move(at->file);
    lowest_ = std::min(lowest_, fd);
  }
  closed(std::move(file));
  return {};
}

Result<bool> FdTable::closes_on_exec(int fd) {
  SpinGuard guard(lock_);
  Slot* at = slot(fd);
  if (!at || !at->file) return Errno::badf;
  return at->close_on_exec;
}

Result<> FdTable::set_close_on_exec(int fd, bool close_on_exec) {
  SpinGuard guard(lock_);
  Slot* at = slot(fd);
  if (!at || !at->file) return Errno::badf;
  at->close_on_exec = close_on_exec;
  return {};
}

// No other thread knows this table yet, and two locks of one rank must not be held: so chunk by
// chunk.
Result<> FdTable::copy_from(FdTable& other) {
  limit.store(other.limit.load());
  for (unsigned i = 0; i < other.used_chunks(); i++) {
    OwnPtr<Chunk> copy = TRY(make<Chunk>());
    {
      SpinGuard guard(other.lock_);
      if (other.chunks_[i]) copy->slots = other.chunks_[i]->slots;
    }
    SpinGuard guard(lock_);
    chunks_[i] = std::move(copy);
    used_ = i + 1;
  }
  return {};
}

// The lowest descriptor not below `fd` that exec closes; -1: there is none.
int FdTable::next_to_close(int fd) {
  SpinGuard guard(lock_);
  for (; fd < static_cast<int>(used_ * per_chunk); fd++) {
    Slot* at = slot(fd);
    if (at && at->file && at->close_on_exec) return fd;
  }
  return -1;
}

void FdTable::close_on_exec() {
  for (int fd = next_to_close(0); fd >= 0; fd = next_to_close(fd)) (void)close(fd);
}

void FdTable::close_all() {
  for (unsigned i = 0; i < used_chunks(); i++) {
    OwnPtr<Chunk> chunk;
    {
      SpinGuard guard(lock_);
      chunk = std::move(chunks_[i]);
    }
    if (!chunk) continue;
    for (Slot& slot : chunk->slots) {
      if (slot.file) closed(std::move(slot.file));
    }
    (void)give_way();  // nothing ends an exit
  }
}

unsigned FdTable::used_chunks() {
  SpinGuard guard(lock_);
  return used_;
}

Result<> FdTable::add_chunk(int fd) {
  unsigned index = static_cast<unsigned>(fd) / per_chunk;
  chunks_[index] = TRY(make<Chunk>());
  if (used_ <= index) used_ = index + 1;
  return {};
}

}  // namespace tine
