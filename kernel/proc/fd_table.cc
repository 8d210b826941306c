#include "proc/fd_table.hh"

#include <algorithm>

#include "mm/heap.hh"

namespace tine {

// The slot of a descriptor, free or not; nullptr where the table does not reach.
FdTable::Slot* FdTable::slot(int fd) {
  if (fd < 0 || fd >= TINE_OPEN_MAX) return nullptr;
  Chunk* chunk = chunks_[fd / per_chunk].get();
  return chunk ? &chunk->slots[fd % per_chunk] : nullptr;
}

Result<int> FdTable::add(RefPtr<OpenFile> file, bool close_on_exec, int from) {
  SpinGuard guard(lock_);
  for (int fd = from; fd < TINE_OPEN_MAX; fd++) {
    OwnPtr<Chunk>& chunk = chunks_[fd / per_chunk];
    if (!chunk) chunk = TRY(make<Chunk>());
    Slot& at = *slot(fd);
    if (at.file) continue;
    at.file = std::move(file);
    at.close_on_exec = close_on_exec;
    return fd;
  }
  return Errno::mfile;
}

Result<RefPtr<OpenFile>> FdTable::get(int fd) {
  SpinGuard guard(lock_);
  Slot* at = slot(fd);
  if (!at || !at->file) return Errno::badf;
  return at->file;
}

Result<> FdTable::close(int fd) {
  RefPtr<OpenFile> closed;
  SpinGuard guard(lock_);
  Slot* at = slot(fd);
  if (!at || !at->file) return Errno::badf;
  closed = std::move(at->file);
  return {};
}

Result<> FdTable::copy_from(FdTable& other) {
  // Nobody else knows this table yet, and two locks of one rank must not be held: so chunk by chunk.
  for (unsigned i = 0; i < chunks_.size(); i++) {
    OwnPtr<Chunk> copy;
    {
      SpinGuard guard(other.lock_);
      Chunk* original = other.chunks_[i].get();
      if (!original) continue;
      copy = TRY(make<Chunk>());
      copy->slots = original->slots;
    }
    SpinGuard guard(lock_);
    chunks_[i] = std::move(copy);
  }
  return {};
}

// Takes the chosen files out under the lock, a chunk at a time, and lets go of them after it.
template <class Which>
void FdTable::close_where(Which which) {
  for (unsigned i = 0; i < chunks_.size(); i++) {
    std::array<RefPtr<OpenFile>, per_chunk> closed;
    SpinGuard guard(lock_);
    Chunk* chunk = chunks_[i].get();
    if (!chunk) continue;
    for (unsigned n = 0; n < per_chunk; n++) {
      if (which(chunk->slots[n])) closed[n] = std::move(chunk->slots[n].file);
    }
  }
}

void FdTable::close_on_exec() {
  close_where([](const Slot& slot) { return slot.close_on_exec; });
}

void FdTable::close_all() {
  close_where([](const Slot&) { return true; });
}

}  // namespace tine
