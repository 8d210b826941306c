// FdTable: a process's file descriptors. It grows in chunks, up to TINE_OPEN_MAX.
//
// Lock: `descriptors`, inside. References to open files are dropped after the lock is released,
// because closing a file may sleep.
#pragma once

#include <tine/limits.h>

#include <array>
#include <atomic>
#include <span>

#include "lib/own.hh"
#include "lib/ref.hh"
#include "lib/result.hh"
#include "sync/spinlock.hh"
#include "vfs/open_file.hh"

namespace tine {

class FdTable {
 public:
  // The lowest free descriptor not below `from`. Errors: mfile, nomem.
  Result<int> add(RefPtr<OpenFile> file, bool close_on_exec, int from = 0);
  // Errors: as `add` would have. To be called before a file is made that `add` could then refuse.
  Result<> make_room();
  // Makes `fd` a descriptor of `file`; closes what it was before. Errors: badf (no such number),
  // nomem.
  Result<> put(int fd, RefPtr<OpenFile> file, bool close_on_exec);

  // Errors of all: badf.
  Result<RefPtr<OpenFile>> get(int fd);
  // The same, but also returns a file opened with O_PATH: for calls that only need its node.
  Result<RefPtr<OpenFile>> get_any(int fd);
  Result<> close(int fd);
  Result<bool> closes_on_exec(int fd);
  Result<> set_close_on_exec(int fd, bool close_on_exec);

  // No new descriptor gets this number or a higher one (RLIMIT_NOFILE; TINE_OPEN_MAX at most).
  std::atomic<int> limit{TINE_OPEN_MAX};

  // Copies every descriptor of `other`, for fork. This table must be empty. Errors: nomem.
  Result<> copy_from(FdTable& other);
  void close_on_exec();
  void close_all();

 private:
  struct Slot {
    RefPtr<OpenFile> file;
    bool close_on_exec = false;
    bool is_place = false;  // a copy of the file's, so that `get` reads only the slot
  };
  static constexpr int per_chunk = 32;
  struct Chunk {
    std::array<Slot, per_chunk> slots;
  };

  Spinlock lock_{Rank::descriptors, "file descriptors"};
  std::array<OwnPtr<Chunk>, TINE_OPEN_MAX / per_chunk> chunks_ GUARDED_BY(lock_);
  int lowest_ GUARDED_BY(lock_) = 0;  // every descriptor below is in use
  int end_ GUARDED_BY(lock_) = 0;     // none from here on was ever in use

  void closed(RefPtr<OpenFile> file) EXCLUDES(lock_);
  int next_to_close(int fd) EXCLUDES(lock_);
  Slot* slot(int fd) REQUIRES(lock_);
  Result<int> find_free(int from) REQUIRES(lock_);
  Result<Slot*> make_slot(int fd) REQUIRES(lock_);
  void set(Slot& at, RefPtr<OpenFile>& file, bool close_on_exec) REQUIRES(lock_);
  int end() {
    SpinGuard guard(lock_);
    return end_;
  }
};

// The slot of a descriptor that is in use, or nullptr.
inline FdTable::Slot* FdTable::slot(int fd) {
  auto index = static_cast<unsigned>(fd);
  if (index >= TINE_OPEN_MAX) return nullptr;
  Chunk* chunk = chunks_[index / per_chunk].get();
  Slot* at = chunk ? &chunk->slots[index % per_chunk] : nullptr;
  return at && at->file ? at : nullptr;
}

// Inline, because every read and write begins with one of these.
inline Result<RefPtr<OpenFile>> FdTable::get_any(int fd) {
  if (static_cast<unsigned>(fd) >= TINE_OPEN_MAX) return Errno::badf;
  SpinGuard guard(lock_);
  Slot* at = slot(fd);
  if (!at) return Errno::badf;
  return at->file;
}

inline Result<RefPtr<OpenFile>> FdTable::get(int fd) {
  if (static_cast<unsigned>(fd) >= TINE_OPEN_MAX) return Errno::badf;
  SpinGuard guard(lock_);
  Slot* at = slot(fd);
  if (!at || at->is_place) return Errno::badf;
  return at->file;
}

}  // namespace tine
