// Node: a file, directory, device or other object that a path can name. Each file system derives
// its own kinds and implements the operations that make sense for them; the others return the errno
// that POSIX has for this.
//
// Locks: `attributes_lock` guards owner, group and permissions of all nodes, so that they are
// checked and changed in one step. One lock is enough: it is held for a few instructions. The other
// numbers are independent atomics; the file systems guard their own data. Reference-counted:
// directories hold references to their entries, and open files and processes (root, cwd) to the
// nodes that they use.
#pragma once

#include <tine/abi.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "lib/ref.hh"
#include "lib/result.hh"
#include "sync/spinlock.hh"
#include "vfs/credentials.hh"
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

// Permissions, owner and group of a node at one moment, or for a new node.
struct Attributes {
  std::uint32_t permissions;  // the low 12 bits of st_mode
  std::uint32_t user = 0, group = 0;

  Attributes(std::uint32_t bits, std::uint32_t u = 0, std::uint32_t g = 0)
      : permissions(bits), user(u), group(g) {}

  bool is_owner(const Credentials& who) const {
    return who.is_superuser() || who.user.effective == user;
  }
  // Do the permissions grant all that is `wanted`? The superuser may always read and write, and may
  // execute if any class may. Errors: access.
  Result<> check(const Credentials& who, unsigned wanted) const;
};

// Kinds of access to a node, with the values that permissions and access() use.
constexpr unsigned may_read = 4, may_write = 2, may_execute = 1;  // a directory: search

// The access that open's `flags` ask for.
constexpr bool opened_to_read(unsigned flags) { return (flags & O_ACCMODE) != O_WRONLY; }
constexpr bool opened_to_write(unsigned flags) { return (flags & O_ACCMODE) != O_RDONLY; }

// Where and how to read or write.
struct IoPlace {
  std::uint64_t offset = 0;  // ignored by nodes without positions
  unsigned flags = 0;        // open's

  bool append() const { return flags & O_APPEND; }          // write at the end as it is then
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
  // All three at one moment, for decisions that need more than one of them.
  Attributes attributes() const EXCLUDES(attributes_lock);
  // Calls change(attributes), which checks the caller's rights and changes the attributes; no other
  // thread changes them meanwhile. If it returns an error they stay as they were. It must not
  // sleep. Errors: those of `change`.
  template <class Change>
  Result<> change_attributes(Change change) EXCLUDES(attributes_lock);
  tine_stat stat();
  // May a thread with these credentials do all that is `wanted`? The superuser may do everything,
  // except execute a file that no class may execute. Errors: access.
  Result<> check_access(const Credentials& who, unsigned wanted) const {
    if (who.is_superuser() && (is_directory() || !(wanted & may_execute))) return {};
    return attributes().check(who, wanted);
  }
  // May it remove the name of `entry` from this directory, in which it may write? Errors: perm
  // (another user's file in a directory with the sticky bit).
  Result<> check_takes(const Credentials& who, const Node& entry) const;
  // Clears the set-ID bits, before the contents change: a changed file must not run with its
  // owner's rights (POSIX, write). A directory keeps them: there they mean something else.
  void remove_set_ids() {
    constexpr std::uint32_t set_ids = S_ISUID | S_ISGID;
    if (!is_directory() && (permissions() & set_ids)) [[unlikely]]
      clear_permissions(set_ids);
  }
  // Wall clock, in ns since 1970.
  std::uint64_t accessed() const { return accessed_ns_.load(std::memory_order_relaxed); }
  std::uint64_t modified() const { return modified_ns_.load(std::memory_order_relaxed); }
  void set_times(std::uint64_t accessed, std::uint64_t modified);
  // Adds to the number of names: for file systems.
  void add_links(int more);
  // Counts a new name, if the node still has one. Errors: noent (it has none left).
  Result<> add_name();

  // ---- Directories. Names are neither empty, "." nor "..", and at most TINE_NAME_MAX bytes. A
  // node that is no directory returns notdir for lookup, parent, place and list. The calls that
  // change a directory are for directories only; one that cannot change returns perm. ----

  virtual Result<RefPtr<Node>> lookup(std::string_view name);  // Errors: noent
  // The parent directory. The root's is itself; a removed directory's is the one that it was in.
  // Errors: of file systems that can fail here.
  virtual Result<RefPtr<Node>> parent() { return Errno::notdir; }
  // The directory that this one is in, and in `name` its name there. Errors: noent (it has no name:
  // the root, or removed).
  virtual Result<RefPtr<Node>> place(NameBuffer&) { return Errno::notdir; }
  // Adds the entries from `position` on, in their order, until there is no room for one or none is
  // left; without "." and "..". Positions increase from entry to entry, from 2 on, and an entry
  // keeps its position while it exists: so a program that reads a directory in several calls sees
  // every name that exists all the time exactly once, even when other names are added and removed
  // meanwhile. Errors: noent (this directory was removed).
  virtual Result<> list(std::uint64_t, DirectoryRecords&) { return Errno::notdir; }

  // New entries. Errors: exist, noent (the directory itself was removed), nomem; make_symlink also
  // noent and nametoolong (the target). Nothing is changed then.
  virtual Result<RefPtr<Node>> create(std::string_view name, const Attributes& attributes);
  virtual Result<RefPtr<Node>> make_directory(std::string_view name, const Attributes& attributes);
  virtual Result<RefPtr<Node>> make_symlink(std::string_view name, std::string_view target,
                                            const Attributes& attributes);
  virtual Result<> add(std::string_view name, RefPtr<Node> fresh);  // a node without a name
  // A new name for a node of the same file system. Further errors: perm (a directory), xdev.
  virtual Result<> link(std::string_view name, RefPtr<Node> existing);

  // Removes a name: that of an empty directory (`as_a_directory`), or of any other node. The node
  // exists until it is no longer in use. Errors: noent; isdir; notdir, notempty, busy (something is
  // mounted there); perm (check_takes).
  virtual Result<> remove(std::string_view name, bool as_a_directory, const Credentials& who);
  // Renames `name` to `new_name` in the directory `to` of the same file system, in one step; a node
  // that had that name loses it. `flags`: RENAME_*, at most one. Errors: noent, exist
  // (RENAME_NOREPLACE), inval (into itself), isdir, notdir, notempty, busy, perm, access, xdev,
  // nomem.
  virtual Result<> rename(std::string_view name, Node& to, std::string_view new_name,
                          unsigned flags, const Credentials& who);

  // ---- Symbolic links (others: inval) ----

  // The text stays valid while the node exists.
  virtual Result<std::string_view> link_target() { return Errno::inval; }
  // The node to which a link leads that is not found by its target's text (/proc/PID/fd/N); null:
  // use the text.
  virtual RefPtr<Node> link_node() { return nullptr; }

  // ---- Files and devices ----

  // Errors of all: fault, nomem; isdir for directories; inval where the call makes no sense. Also
  // again, restart (console, pipes), pipe (it has no reader), fbig.
  virtual Result<std::size_t> read(const IoPlace& at, IoBuffer& to);  // 0: the end
  // When appending, at.offset is set to where the first byte was written.
  virtual Result<std::size_t> write(IoPlace& at, IoBuffer& from);
  virtual Result<> truncate(std::uint64_t size);
  virtual Result<std::size_t> ioctl(std::uint64_t request, VirtAddr argument);  // Errors: notty
  // The contents, for mapping into an address space. Errors: access (it cannot be mapped).
  virtual Result<RefPtr<PageSource>> pages() { return Errno::access; }
  // What an open file with these flags could do now without waiting: POLLIN, POLLOUT, and the state
  // of the other end. With `watcher`, whose key has the events that it waits for: if none of them
  // is true now, the watcher enters a queue of the node, in the same step, and is woken when one
  // may be true. It must leave by stop_watching before it or the node is destroyed.
  virtual unsigned ready(unsigned, Waiter*) { return POLLIN | POLLOUT; }
  virtual void stop_watching(Waiter&) {}
  // Called when an open file for this node is made, and when it is destroyed, with open's flags:
  // for nodes that count them (pipes).
  virtual void opened(unsigned) {}
  virtual void closed(unsigned) {}
  // Called instead of `opened` when the node is opened by name; may wait. Errors: nxio, restart
  // (closed() follows in either case).
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
  // What lseek returns if the node has no positions. Errors: spipe.
  virtual Result<std::uint64_t> only_position() { return Errno::spipe; }

  // ---- Mounts: one file system's root takes the place of another's directory ----

  // Puts `root` in the place of this directory. There is no unmount. The caller has checked that
  // nothing is mounted here (vfs.hh). Errors: noent (this directory was removed).
  virtual Result<> mount(RefPtr<Node> root);
  // Acquire: a thread that finds a root also sees its contents.
  Node* mounted() const {  // the root that is mounted here, or nullptr
    return mounted_.load(std::memory_order_acquire);
  }
  Node* covered() const { return covered_; }  // the directory that this root covers, or nullptr

 protected:
  // `file_system`: the number of the file system, from new_file_system(). `inode`: for file systems
  // that make a new Node at each lookup; 0: a new, unused number.
  Node(NodeKind kind, const Attributes& attributes, std::uint64_t file_system,
       std::uint64_t inode = 0);

  // Sets the time of access, but only at the first read after a change, as Linux does with relatime
  // (without its daily update). `flags`: open's.
  void contents_read(unsigned flags);
  void contents_changed();                          // sets both times to now
  virtual std::uint64_t bytes_held() { return 0; }  // of memory, for st_blocks
  virtual std::uint64_t device_number() const { return 0; }

 private:
  const NodeKind kind_;
  const bool has_positions_;  // from its kind; kept, because every read and write needs it
  const std::uint64_t inode_;
  const std::uint64_t file_system_;
  std::atomic<std::uint32_t> permissions_;  // changed under the lock; read alone without it
  std::uint32_t user_ GUARDED_BY(attributes_lock);
  std::uint32_t group_ GUARDED_BY(attributes_lock);
  std::atomic<std::uint32_t> links_;
  std::atomic<std::uint64_t> modified_ns_;  // wall clock
  std::atomic<std::uint64_t> accessed_ns_;
  std::atomic<std::uint64_t> changed_ns_;
  std::atomic<int> writers_{0};  // > 0: open files that may write; < 0: programs that run it
  std::atomic<Node*> mounted_{nullptr};  // both hold references that are never dropped
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

// Where ".." leads from `directory`, also out of a mounted file system.
Result<RefPtr<Node>> parent_of(Node& directory);

// A new number for a file system; and the number of nodes that belong to none.
std::uint64_t new_file_system();
constexpr std::uint64_t no_file_system = 0;

}  // namespace tine
