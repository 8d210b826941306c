// Node: something that a path can name: a file, a directory, a device. Each file system derives its
// own kinds and implements the operations that make sense for them; the others answer the errno
// that POSIX has for it.
//
// Locks: a node's own numbers are atomics, each standing for itself; what else there is, the file
// systems guard. Counted: directories hold their entries, open files and processes (root, cwd) what
// they use.
#pragma once

#include <tine/abi.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "lib/ref.hh"
#include "lib/result.hh"
#include "vm/page_source.hh"
#include "vm/user_memory.hh"

namespace tine {

enum class NodeKind : std::uint32_t {
  directory = S_IFDIR,
  regular = S_IFREG,
  character_device = S_IFCHR,
  symlink = S_IFLNK,
  fifo = S_IFIFO,
};

// How a read or write is to be done.
struct IoPlace {
  std::uint64_t offset = 0;  // ignored by what has no positions
  bool append = false;       // write at the end, wherever that is then
  bool may_block = true;     // false: EAGAIN instead of waiting (O_NONBLOCK)
};

class Node : public RefCounted {
 public:
  NodeKind kind() const { return kind_; }
  bool is_directory() const { return kind_ == NodeKind::directory; }
  std::uint64_t inode() const { return inode_; }
  std::uint32_t permissions() const { return permissions_.load(std::memory_order_relaxed); }
  tine_stat stat();

  // ---- Directories (others: notdir). Names are neither empty, "." nor "..", and at most
  // TINE_NAME_MAX bytes ----

  virtual Result<RefPtr<Node>> lookup(std::string_view name);  // Errors: noent
  virtual Result<RefPtr<Node>> parent();  // the root's is itself. Errors: noent
  // New entries. Errors: exist, noent (the directory itself was removed), nomem; nothing is changed
  // then.
  virtual Result<RefPtr<Node>> create(std::string_view name, std::uint32_t permissions);
  virtual Result<RefPtr<Node>> make_directory(std::string_view name, std::uint32_t permissions);
  virtual Result<RefPtr<Node>> make_symlink(std::string_view name, std::string_view target);
  virtual Result<> add(std::string_view name, RefPtr<Node> fresh);  // a node that has no name yet

  // ---- Symbolic links (others: inval) ----

  // Stays readable as long as the node lives.
  virtual Result<std::string_view> link_target();

  // ---- Files and devices ----

  // Errors of all: fault, nomem; isdir for directories.
  virtual Result<std::size_t> read(const IoPlace& at, IoBuffer& to);  // 0: the end
  // When appending, at.offset becomes where the first byte went.
  virtual Result<std::size_t> write(IoPlace& at, IoBuffer& from);
  virtual Result<> truncate(std::uint64_t size);
  virtual Result<std::size_t> ioctl(std::uint64_t request, VirtAddr argument);  // Errors: notty
  // The contents, for mapping into an address space. Errors: access (no regular file).
  virtual Result<RefPtr<PageSource>> pages();

  virtual std::uint64_t size() { return 0; }
  // Does an open file have a position here?
  bool has_positions() const { return kind_ == NodeKind::regular || kind_ == NodeKind::directory; }

 protected:
  Node(NodeKind kind, std::uint32_t permissions);

  void contents_changed();  // now
  void add_links(int more) { links_.fetch_add(more, std::memory_order_relaxed); }
  virtual std::uint64_t bytes_held() { return 0; }  // memory or disk behind it
  virtual std::uint64_t device_number() const { return 0; }

 private:
  const NodeKind kind_;
  const std::uint64_t inode_;
  std::atomic<std::uint32_t> permissions_;  // the low 12 bits of st_mode
  std::atomic<std::uint32_t> links_;
  std::atomic<std::uint64_t> modified_ns_;  // wall clock
  std::atomic<std::uint64_t> changed_ns_;
};

}  // namespace tine
