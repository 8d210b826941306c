// Node: something that a path can name: a file, a directory, a device. Each file system derives its
// own kinds and implements the operations that make sense for them; the others answer the errno
// that POSIX has for it.
//
// Locks: `attributes_lock` guards owner, group and permissions of all nodes, so that they are
// checked and changed in one step. One lock is enough: it is held for a few instructions. The other
// numbers are atomics, each standing for itself; what else there is, the file systems guard.
// Counted: directories hold their entries, open files and processes (root, cwd) what they use.
#pragma once

#include <tine/abi.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "fs/credentials.hh"
#include "lib/ref.hh"
#include "lib/result.hh"
#include "sync/spinlock.hh"
#include "vm/page_source.hh"
#include "vm/user_memory.hh"

namespace tine {

struct Waiter;

enum class NodeKind : std::uint32_t {
  directory = S_IFDIR,
  regular = S_IFREG,
  character_device = S_IFCHR,
  symlink = S_IFLNK,
  fifo = S_IFIFO,
};

// Permissions, owner and group of a node, as they are at one moment; and what a new node gets.
struct Attributes {
  std::uint32_t permissions;  // the low 12 bits of st_mode
  std::uint32_t user = 0, group = 0;

  Attributes(std::uint32_t bits, std::uint32_t u = 0, std::uint32_t g = 0)
      : permissions(bits), user(u), group(g) {}

  bool is_owner(const Credentials& who) const {
    return who.is_superuser() || who.user.effective == user;
  }
  // Do the permissions grant all that is `wanted`? The superuser may read and write, and execute
  // what anybody may. Errors: access.
  Result<> check(const Credentials& who, unsigned wanted) const;
};

// What one may want to do with a node; as in its permissions, and for access().
constexpr unsigned may_read = 4, may_write = 2, may_execute = 1;  // a directory: search

// What open's `flags` ask for.
constexpr bool opened_to_read(unsigned flags) { return (flags & O_ACCMODE) != O_WRONLY; }
constexpr bool opened_to_write(unsigned flags) { return (flags & O_ACCMODE) != O_RDONLY; }

// How a read or write is to be done.
struct IoPlace {
  std::uint64_t offset = 0;  // ignored by what has no positions
  unsigned flags = 0;        // open's

  bool append() const { return flags & O_APPEND; }  // write at the end, wherever that is then
  bool may_block() const { return !(flags & O_NONBLOCK); }  // false: EAGAIN instead of waiting
};

// Room for a name in a directory.
struct NameBuffer {
  std::size_t length = 0;
  char bytes[TINE_NAME_MAX];

  NameBuffer() {}  // leaves the bytes as they are
  std::string_view view() const { return {bytes, length}; }
  void set(std::string_view name);  // of at most TINE_NAME_MAX bytes
};

extern constinit Spinlock attributes_lock;
class DirectoryRecords;

class Node : public RefCounted {
 public:
  NodeKind kind() const { return kind_; }
  bool is_directory() const { return kind_ == NodeKind::directory; }
  std::uint64_t inode() const { return inode_; }
  std::uint64_t file_system() const { return file_system_; }  // st_dev
  std::uint32_t permissions() const { return permissions_.load(std::memory_order_relaxed); }
  // Decisions that need more than one of the three take them in one look.
  Attributes attributes() const EXCLUDES(attributes_lock);
  // Calls change(attributes), which checks the caller's rights and changes them; nothing else
  // happens to them meanwhile. On its error they stay as they were. It may not sleep. Errors: its
  // own.
  template <class Change>
  Result<> change_attributes(Change change) EXCLUDES(attributes_lock);
  tine_stat stat();
  // May they do all that is `wanted`? The superuser may, but execute what nobody may. Errors:
  // access.
  Result<> check_access(const Credentials& who, unsigned wanted) const {
    if (who.is_superuser() && (is_directory() || !(wanted & may_execute))) return {};
    return attributes().check(who, wanted);
  }
  // May they take the name of `entry` out of this directory, where they may write? Errors: perm
  // (somebody else's file, where the sticky bit protects them).
  Result<> check_takes(const Credentials& who, const Node& entry) const;
  // A file does not run with its owner's rights any more (POSIX, write). Before its contents
  // change. A directory keeps its bits: they mean something else there.
  void remove_set_ids() {
    constexpr std::uint32_t set_ids = S_ISUID | S_ISGID;
    if (!is_directory() && (permissions() & set_ids)) [[unlikely]]
      clear_permissions(set_ids);
  }
  // Of the wall clock, in ns since 1970.
  std::uint64_t accessed() const { return accessed_ns_.load(std::memory_order_relaxed); }
  std::uint64_t modified() const { return modified_ns_.load(std::memory_order_relaxed); }
  void set_times(std::uint64_t accessed, std::uint64_t modified);
  // Names more or fewer: for file systems.
  void add_links(int more);
  // One name more, for what still has one. Errors: noent (its last one was taken away).
  Result<> add_name();

  // ---- Directories. Names are neither empty, "." nor "..", and at most TINE_NAME_MAX bytes. What
  // is no directory answers notdir to questions; only a directory may be asked to change, and one
  // that cannot answers perm. ----

  virtual Result<RefPtr<Node>> lookup(std::string_view name);  // Errors: noent
  // The root's is itself; a removed directory's is the one that it was in. Errors: those of other
  // file systems.
  virtual Result<RefPtr<Node>> parent() { return Errno::notdir; }
  // The directory that this one is in, and in `name` the name that it has there. Errors: noent (it
  // has none: the root, or removed).
  virtual Result<RefPtr<Node>> place(NameBuffer&) { return Errno::notdir; }
  // Adds the entries from `position` on, in their order, until there is no room for one or none is
  // left; "." and ".." are not among them. Positions grow from each entry to the next, from 2 on,
  // and an entry keeps its own as long as it is there: so a reader that comes back sees every name
  // that was there all the time exactly once, whatever comes and goes meanwhile. Errors: noent
  // (this directory was removed).
  virtual Result<> list(std::uint64_t, DirectoryRecords&) { return Errno::notdir; }

  // New entries. Errors: exist, noent (the directory itself was removed), nomem; make_symlink also
  // noent and nametoolong (the target). Nothing is changed then.
  virtual Result<RefPtr<Node>> create(std::string_view name, const Attributes& attributes);
  virtual Result<RefPtr<Node>> make_directory(std::string_view name, const Attributes& attributes);
  virtual Result<RefPtr<Node>> make_symlink(std::string_view name, std::string_view target,
                                            const Attributes& attributes);
  virtual Result<> add(std::string_view name, RefPtr<Node> fresh);  // a node that has no name yet
  // One name more for a node of the same file system. Errors besides: perm (a directory), xdev.
  virtual Result<> link(std::string_view name, RefPtr<Node> existing);

  // Takes a name away: that of an empty directory, or that of anything else. The node lives on
  // while it is in use. Errors: noent; isdir; notdir, notempty, busy (something is mounted there);
  // perm (check_takes).
  virtual Result<> remove(std::string_view name, bool as_a_directory, const Credentials& who);
  // Gives `name` the new name `new_name` in the directory `to` of the same file system, in one
  // step; what had that name loses it. `flags`: RENAME_*, at most one. Errors: noent, exist
  // (RENAME_NOREPLACE), inval (into itself), isdir, notdir, notempty, busy, perm, access, xdev,
  // nomem.
  virtual Result<> rename(std::string_view name, Node& to, std::string_view new_name,
                          unsigned flags, const Credentials& who);

  // ---- Symbolic links (others: inval) ----

  // Stays readable as long as the node lives.
  virtual Result<std::string_view> link_target() { return Errno::inval; }
  // Where a link leads that does not go by its target (/proc/PID/fd/N); null: it goes by that.
  virtual RefPtr<Node> link_node() { return nullptr; }

  // ---- Files and devices ----

  // Errors of all: fault, nomem; isdir for directories; inval where it makes no sense. Besides:
  // again, restart (console, pipes), pipe (nobody reads it), fbig.
  virtual Result<std::size_t> read(const IoPlace& at, IoBuffer& to);  // 0: the end
  // When appending, at.offset becomes where the first byte went.
  virtual Result<std::size_t> write(IoPlace& at, IoBuffer& from);
  virtual Result<> truncate(std::uint64_t size);
  virtual Result<std::size_t> ioctl(std::uint64_t request, VirtAddr argument);  // Errors: notty
  // The contents, for mapping into an address space. Errors: access (it cannot be).
  virtual Result<RefPtr<PageSource>> pages() { return Errno::access; }
  // What an open file with these flags could do at once: POLLIN, POLLOUT, and how the other end is.
  // With `watcher`, whose key says what of this it waits for: if none of it is true now, the
  // watcher enters a queue of the node, in the same step, and is told when some of it may be true.
  // It must leave by stop_watching before it or the node ends.
  virtual unsigned ready(unsigned, Waiter*) { return POLLIN | POLLOUT; }
  virtual void stop_watching(Waiter&) {}
  // An open file of it comes to life, or dies; with open's flags. For who counts them.
  virtual void opened(unsigned) {}
  virtual void closed(unsigned) {}
  // The first, when it is opened by name; may wait. Errors: nxio, restart (closed() will follow).
  virtual Result<> open(unsigned flags) {
    opened(flags);
    return {};
  }

  // ---- A file that runs is not written to, and one that is written to does not run ----

  // For exec, while a program of this file runs. Errors: txtbsy (an open file may write to it).
  Result<> deny_writes() { return join(-1); }
  void allow_writes() { writers_.fetch_add(1, std::memory_order_release); }
  // For open files, and for a truncate by name. Errors: txtbsy (it runs).
  Result<> start_writing() { return join(1); }
  void end_writing() { writers_.fetch_sub(1, std::memory_order_release); }
  // Cuts or lengthens a file that is not open for writing. Errors: txtbsy, and truncate's.
  Result<> truncate_by_name(std::uint64_t size);

  virtual std::uint64_t size() { return 0; }
  // Does an open file have a position here?
  bool has_positions() const { return has_positions_; }
  // What lseek answers where it has none. Errors: spipe.
  virtual Result<std::uint64_t> only_position() { return Errno::spipe; }

  // ---- Mounts: one file system's root takes the place of another's directory ----

  // Puts `root` in the place of this directory, for good. Nothing is mounted here yet (vfs.hh).
  // Errors: noent (this directory was removed).
  virtual Result<> mount(RefPtr<Node> root);
  // Acquire: who finds a root finds all that was made of it before.
  Node* mounted() const {  // on this directory; nullptr: nothing
    return mounted_.load(std::memory_order_acquire);
  }
  Node* covered() const { return covered_; }  // by this root; nullptr: nothing

 protected:
  // `file_system`: the number of the one it belongs to, from new_file_system(). `inode`: for file
  // systems that make a node anew each time it is looked up; 0: one that nobody else has.
  Node(NodeKind kind, const Attributes& attributes, std::uint64_t file_system,
       std::uint64_t inode = 0);

  // Noted once after each change, as with Linux's relatime (but not once a day): whether the news
  // were read. `flags`: open's.
  void contents_read(unsigned flags);
  void contents_changed();                          // now
  virtual std::uint64_t bytes_held() { return 0; }  // memory or disk behind it
  virtual std::uint64_t device_number() const { return 0; }

 private:
  const NodeKind kind_;
  const bool has_positions_;  // by its kind; every read and write asks
  const std::uint64_t inode_;
  const std::uint64_t file_system_;
  std::atomic<std::uint32_t> permissions_;  // changed under the lock; read without it, if alone
  std::uint32_t user_ GUARDED_BY(attributes_lock);
  std::uint32_t group_ GUARDED_BY(attributes_lock);
  std::atomic<std::uint32_t> links_;
  std::atomic<std::uint64_t> modified_ns_;  // wall clock
  std::atomic<std::uint64_t> accessed_ns_;
  std::atomic<std::uint64_t> changed_ns_;
  std::atomic<int> writers_{0};  // open files that may write to it; or, negative: programs of it
  std::atomic<Node*> mounted_{nullptr};  // both counted, and never given back
  Node* covered_ = nullptr;

  Attributes attributes_now() const REQUIRES(attributes_lock) {
    return {permissions(), user_, group_};
  }
  void set_attributes(const Attributes& fresh) REQUIRES(attributes_lock);
  void clear_permissions(std::uint32_t bits) EXCLUDES(attributes_lock);
  Result<> join(int side);
};

template <class Change>
Result<> Node::change_attributes(Change change) {
  SpinGuard guard(attributes_lock);
  Attributes fresh = attributes_now();
  TRY(change(fresh));
  set_attributes(fresh);
  return {};
}

// A number that no other file system has; and that of nodes that belong to none.
std::uint64_t new_file_system();
constexpr std::uint64_t no_file_system = 0;

}  // namespace tine
