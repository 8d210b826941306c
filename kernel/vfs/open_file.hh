// OpenFile: made by `open`, and referred to by one or more file descriptors: a node, how it may be
// used, and the position (POSIX, "open file description").
//
// Lock: a mutex guards the position, and is held during the transfer, so that two processes that
// use one OpenFile get different bytes. Nodes without positions (the console) are read without it,
// because such a read may sleep for long.
#pragma once

#include <tine/abi.h>

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "lib/ref.hh"
#include "lib/result.hh"
#include "mm/account.hh"
#include "sched/mutex.hh"
#include "vfs/node.hh"
#include "vm/user_memory.hh"

namespace tine {

enum class Whence { start = 0, current = 1, end = 2 };

class OpenFile final : public RefCounted {
 public:
  // `flags` are open's. Errors: nomem, nfile (the user's account refuses).
  static Result<RefPtr<OpenFile>> make(RefPtr<Node> node, unsigned flags);

  explicit OpenFile(unsigned flags);
  // Completes a file that was made without a node. May wait. Errors: nxio, restart (pipes); txtbsy
  // (open for writing, and the file runs).
  Result<> open(RefPtr<Node> node);

  const RefPtr<Node>& node() const { return node_; }
  // Open's flags, without those that only matter while opening.
  unsigned flags() const { return flags_.load(std::memory_order_relaxed); }
  // Changes O_APPEND and O_NONBLOCK; others are ignored.
  void set_flags(unsigned flags);
  bool readable() const { return opened_to_read(flags()); }
  bool writable() const { return opened_to_write(flags()); }
  // Opened with O_PATH: it only names the file, which was not opened.
  bool is_place() const { return flags() & O_PATH; }

  // Errors: badf (not open for this), and the node's.
  Result<std::size_t> read(IoBuffer& to) EXCLUDES(mutex_);
  Result<std::size_t> write(IoBuffer& from) EXCLUDES(mutex_);
  // Entries of a directory as tine_dirent64. 0: the end. Errors: badf, notdir, noent (it was
  // removed), inval (no room for one entry), fault, nomem.
  Result<std::size_t> read_directory(IoBuffer& to) EXCLUDES(mutex_);
  // Returns the new position. Errors: spipe (the node has no positions), inval (negative).
  Result<std::uint64_t> seek(std::int64_t distance, Whence from) EXCLUDES(mutex_);

 private:
  RefPtr<Node> node_;
  Charge charge_;
  std::atomic<unsigned> flags_;
  bool is_writer_ = false;  // the node counts it as a writer
  Mutex mutex_{Rank::open_file, "open file"};
  std::uint64_t position_ GUARDED_BY(mutex_) = 0;

  ~OpenFile() override;
  Result<> gather(DirectoryRecords& records) REQUIRES(mutex_);
  Result<std::size_t> move_at_position(IoPlace& at, IoBuffer& buffer, bool writes) EXCLUDES(mutex_);
};

// Inline, to save a call for each read and write of a pipe.
inline Result<std::size_t> OpenFile::read(IoBuffer& to) {
  IoPlace at{.flags = flags()};
  if (!opened_to_read(at.flags)) return Errno::badf;
  return node_->has_positions() ? move_at_position(at, to, false) : node_->read(at, to);
}

inline Result<std::size_t> OpenFile::write(IoBuffer& from) {
  IoPlace at{.flags = flags()};
  if (!opened_to_write(at.flags)) return Errno::badf;
  return node_->has_positions() ? move_at_position(at, from, true) : node_->write(at, from);
}

// Functions to be called when files are closed, and further commands of fcntl: rows of tables that
// the linker gathers, which only wings have. Called with no spinlock held; file_closed perhaps
// under the mutex of another open file.
struct CloseWatcher {
  // A descriptor of `file` in the table `owner` (of one process) was closed.
  void (*descriptor_closed)(const void* owner, const OpenFile& file);
  void (*file_closed)(const OpenFile& file);  // its last reference is gone
};
#define CLOSE_WATCHER(name, descriptor_closed, file_closed)                                       \
  [[gnu::section(".table.close"), gnu::used]] static constinit const CloseWatcher watcher_##name{ \
      descriptor_closed, file_closed};
extern "C" const CloseWatcher close_watchers_start[], close_watchers_end[];

struct FileCommand {
  int number;  // F_*
  Result<int> (*run)(OpenFile& file, VirtAddr argument);
};
#define FILE_COMMAND(number, run)                                                                  \
  [[gnu::section(".table.fcntl"), gnu::used]] static constinit const FileCommand command_##number{ \
      number, run};

// In all processes together.
std::uint64_t open_file_count();

}  // namespace tine
