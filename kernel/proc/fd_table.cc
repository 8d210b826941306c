#include "proc/fd_table.hh"

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
    TRY(ensure_chunk(fd / per_chunk));
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

// Nobody else knows this table yet, and two locks of one rank must not be held: so chunk by chunk.
Result<> FdTable::copy_from(FdTable& other) {
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

// Takes the chosen files out under the lock, a chunk at a time, and lets go of them after it.
void FdTable::close_on_exec() {
  for (unsigned i = 0; i < used_chunks(); i++) {
    std::array<RefPtr<OpenFile>, per_chunk> closed;
    SpinGuard guard(lock_);
    if (!chunks_[i]) continue;
    for (unsigned n = 0; n < per_chunk; n++) {
      Slot& at = chunks_[i]->slots[n];
      if (at.close_on_exec) closed[n] = std::move(at.file);
    }
  }
}

void FdTable::close_all() {
  for (unsigned i = 0; i < used_chunks(); i++) {
    OwnPtr<Chunk> closed;
    SpinGuard guard(lock_);
    closed = std::move(chunks_[i]);
  }
}

unsigned FdTable::used_chunks() {
  SpinGuard guard(lock_);
  return used_;
}

Result<> FdTable::ensure_chunk(unsigned index) {
  if (!chunks_[index]) chunks_[index] = TRY(make<Chunk>());
  if (used_ <= index) used_ = index + 1;
  return {};
}

}  // namespace tine
