#include "fs/tmpfs.hh"

#include <utility>

#include "lib/own.hh"
#include "lib/string.hh"
#include "lib/tree.hh"
#include "mm/heap.hh"
#include "sched/give_way.hh"
#include "sched/mutex.hh"
#include "vfs/directory_records.hh"
#include "vfs/file_pages.hh"
#include "vfs/storage.hh"

namespace tine {
namespace {

constexpr unsigned steps_at_once = 100;  // between two calls of give_way

constinit Mutex renaming{Rank::rename, "renames from directory to directory"};
constinit Spinlock parents{Rank::parents, "parents of directories"};

class File final : public Node {
 public:
  File(const Attributes& attributes, std::uint64_t file_system, RefPtr<FilePages> contents)
      : Node(NodeKind::regular, attributes, file_system), contents_(std::move(contents)) {}

  Result<std::size_t> read(const IoPlace& at, IoBuffer& to) override {
    contents_read(at.flags);
    return contents_->read(at.offset, to);
  }
  Result<std::size_t> write(IoPlace& at, IoBuffer& from) override {
    if (from.left() == 0) return 0;  // without any other effect (POSIX)
    remove_set_ids();
    std::size_t moved = TRY(contents_->write(at, from));
    contents_changed();
    return moved;
  }
  Result<> truncate(std::uint64_t size) override {
    if (size > contents_->size() && size > largest_file()) return Errno::fbig;
    remove_set_ids();
    TRY(contents_->truncate(size));
    contents_changed();
    return {};
  }
  Result<RefPtr<PageSource>> pages() override { return contents_; }
  std::uint64_t size() override { return contents_->size(); }

 private:
  const RefPtr<FilePages> contents_;

  std::uint64_t bytes_held() override { return contents_->pages_held() * page_size; }
};

class Symlink final : public Node {
 public:
  // Permissions of a symbolic link have no effect. It gets all of them, whatever the umask.
  Symlink(const Attributes& attributes, std::uint64_t file_system)
      : Node(NodeKind::symlink, {0777, attributes.user, attributes.group}, file_system) {}
  ~Symlink() override { heap_free(target_); }

  // Call it once, before the link can be found. Errors: nomem, nospc.
  Result<> set_target(std::string_view target) {
    TRY(share_.take_node(sizeof(Symlink) + target.size()));
    target_ = static_cast<char*>(heap_allocate(target.size()));
    if (!target_) return Errno::nomem;
    memcpy(target_, target.data(), target.size());
    length_ = target.size();
    return {};
  }
  Result<std::string_view> link_target() override { return std::string_view(target_, length_); }
  std::uint64_t size() override { return length_; }

 private:
  char* target_ = nullptr;
  std::size_t length_ = 0;
  StorageShare share_;
};

// The order of names in a directory: the shorter one first, then the one with the lower first byte,
// because these comparisons are fast, and most names differ there.
struct NameOrder {
  std::string_view name;

  bool operator<(const NameOrder& other) const {
    if (name.size() != other.name.size()) return name.size() < other.name.size();
    auto first = static_cast<unsigned char>(name[0]);
    auto others_first = static_cast<unsigned char>(other.name[0]);
    if (first != others_first) return first < others_first;
    return memcmp(name.data(), other.name.data(), name.size()) < 0;
  }
};

struct Entry {
  RefPtr<Node> node;
  std::uint64_t position = 0;
  TreeLink name_link, position_link;
  StorageShare share;
  std::size_t length;
  char bytes[];

  // One allocation with room for the name at its end. Errors: nomem, nospc, nametoolong.
  static Result<OwnPtr<Entry>> make(std::string_view name, RefPtr<Node> node) {
    if (name.size() > TINE_NAME_MAX) return Errno::nametoolong;
    void* place = heap_allocate(sizeof(Entry) + name.size());
    if (!place) return Errno::nomem;
    OwnPtr<Entry> entry(new (place) Entry(name, std::move(node)));
    TRY(entry->share.take(sizeof(Entry) + name.size()));
    return entry;
  }
  std::string_view name() const { return {bytes, length}; }

 private:
  Entry(std::string_view name, RefPtr<Node> what) : node(std::move(what)), length(name.size()) {
    memcpy(bytes, name.data(), length);
  }
};

[[gnu::always_inline]] inline NameOrder order_of(const Entry& entry) { return {entry.name()}; }

class Directory final : public Node {
 public:
  // Errors: nomem, nospc.
  static Result<RefPtr<Directory>> make_empty(const Attributes& attributes,
                                              std::uint64_t file_system);

  Directory(const Attributes& attributes, std::uint64_t file_system)
      : Node(NodeKind::directory, attributes, file_system) {}
  ~Directory() override;

  Result<RefPtr<Node>> lookup(std::string_view name) override EXCLUDES(lock_);
  Result<RefPtr<Node>> parent() override EXCLUDES(parents);
  Result<RefPtr<Node>> place(NameBuffer& name) override EXCLUDES(parents);
  Result<> list(std::uint64_t position, DirectoryRecords& to) override EXCLUDES(lock_);
  Result<RefPtr<Node>> create(std::string_view name, const Attributes& attributes) override;
  Result<RefPtr<Node>> make_directory(std::string_view name, const Attributes& attributes) override;
  Result<RefPtr<Node>> make_symlink(std::string_view name, std::string_view target,
                                    const Attributes& attributes) override;
  Result<> add(std::string_view name, RefPtr<Node> fresh) override EXCLUDES(lock_);
  Result<> link(std::string_view name, RefPtr<Node> existing) override EXCLUDES(lock_);
  Result<> remove(std::string_view name, bool as_a_directory, const Credentials& who) override
      EXCLUDES(lock_);
  Result<> rename(std::string_view name, Node& to, std::string_view new_name, unsigned flags,
                  const Credentials& who) override EXCLUDES(lock_);
  Result<> mount(RefPtr<Node> root) override EXCLUDES(parents);

 private:
  // The arguments and results of one rename.
  struct Move {
    std::string_view name;
    Directory& to;
    std::string_view new_name;
    unsigned flags;
    const Credentials& who;
    OwnPtr<Entry> fresh;               // for the new name, if it does not exist yet
    OwnPtr<Entry> gone{};              // the entry removed: freed after the locks are released
    const Node* towards_to = nullptr;  // what leads down to `to`, or nullptr
    const Node* towards_us = nullptr;  // what leads from `to` down to this
  };

  Spinlock lock_{Rank::directory, "a directory of tmpfs"};
  Tree<Entry, &Entry::name_link, order_of> by_name_ GUARDED_BY(lock_);
  Tree<Entry, &Entry::position_link, &Entry::position> by_position_ GUARDED_BY(lock_);
  std::uint64_t next_position_ GUARDED_BY(lock_) = 2;
  bool removed_ GUARDED_BY(lock_) = false;  // never false again
  // nullptr: this is the root. A counted reference once the directory is removed.
  Directory* parent_ GUARDED_BY(parents) = nullptr;
  const Entry* entry_ GUARDED_BY(parents) = nullptr;  // nullptr: the root, or removed
  StorageShare share_;

  void destroy() override;
  void adopt_entries(Directory& child);
  Result<> insert(OwnPtr<Entry>& entry) REQUIRES(lock_);
  void put(Entry* entry) REQUIRES(lock_);
  OwnPtr<Entry> take(Entry* entry) REQUIRES(lock_);
  void gains(const Entry& entry);
  void loses(Node& child);
  Result<> retire() EXCLUDES(lock_);
  static Result<> take_name(Node& node, bool as_a_directory);
  Node* towards(Directory& below) REQUIRES(renaming);
  Result<> check_move(const Move& move, const Entry* source, const Entry* target);
  Result<> move(Move& move);
  Result<> move_across(Move& move) REQUIRES(renaming);
  void exchange(Entry& source, Directory& to, Entry& target);
};

Directory& as_directory(Node& node) { return static_cast<Directory&>(node); }

Result<RefPtr<Directory>> Directory::make_empty(const Attributes& attributes,
                                                std::uint64_t file_system) {
  RefPtr<Directory> fresh = TRY(make_ref<Directory>(attributes, file_system));
  TRY(fresh->share_.take_node(sizeof(Directory)));
  return fresh;
}

// ---- The end ----

// A removed directory may hold the last reference to its parent, which may be removed too, and so
// on: a loop, because recursion could overflow the kernel stack.
void Directory::destroy() {
  unsigned steps = 0;
  Directory* at = this;
  while (at) {
    Directory* above;
    {
      SpinGuard guard(parents);
      above = at->parent_;
    }
    delete at;
    at = above && above->unref_is_last() ? above : nullptr;
    if (++steps % steps_at_once == 0) (void)give_way();
  }
}

// A whole tree may be destroyed at one time, and may be deep. So the entries of each directory
// below are moved into this one before that directory is destroyed: then its destructor finds none,
// and does not recurse.
Directory::~Directory() {
  lock_.assume_unshared();
  unsigned steps = 0;
  while (Entry* entry = by_position_.pop_front()) {
    if (++steps % steps_at_once == 0) (void)give_way();
    if (entry->node->is_directory()) adopt_entries(as_directory(*entry->node));
    delete entry;
  }
}

void Directory::adopt_entries(Directory& child) {
  lock_.assume_unshared();
  {
    SpinGuard guard(parents);
    child.parent_ = nullptr;
    child.entry_ = nullptr;
  }
  SpinGuard guard(child.lock_);
  child.removed_ = true;
  while (Entry* entry = child.by_position_.pop_front()) {
    child.by_name_.remove(entry);
    entry->position = next_position_++;
    by_position_.insert(entry);
  }
}

// ---- Looking ----

Result<RefPtr<Node>> Directory::lookup(std::string_view name) {
  SpinGuard guard(lock_);
  Entry* entry = by_name_.find(NameOrder{name});
  if (!entry) return Errno::noent;
  return entry->node;
}

Result<RefPtr<Node>> Directory::parent() {
  SpinGuard guard(parents);
  return RefPtr<Node>(parent_ ? parent_ : this);
}

Result<RefPtr<Node>> Directory::place(NameBuffer& name) {
  SpinGuard guard(parents);
  if (!entry_) return Errno::noent;
  name.set(entry_->name());
  return RefPtr<Node>(parent_);
}

Result<> Directory::list(std::uint64_t position, DirectoryRecords& to) {
  SpinGuard guard(lock_);
  if (removed_) return Errno::noent;
  Entry* entry = by_position_.first_not_below(position);
  while (entry && to.add(entry->position, entry->node->inode(), entry->node->kind(), entry->name()))
    entry = by_position_.next(entry);
  return {};
}

// ---- New names ----

// The links of a directory are its name, its own "." and the ".." of each directory in it.
void Directory::gains(const Entry& entry) {
  if (entry.node->is_directory()) {
    Directory& child = as_directory(*entry.node);
    SpinGuard guard(parents);
    child.parent_ = this;
    child.entry_ = &entry;
    add_links(1);
  }
  contents_changed();
}

void Directory::loses(Node& child) {
  if (child.is_directory()) add_links(-1);
  contents_changed();
}

void Directory::put(Entry* entry) {
  by_name_.insert(entry);
  entry->position = next_position_++;
  by_position_.insert(entry);
  gains(*entry);
}

// On an error the caller keeps the entry. Errors: exist, noent.
Result<> Directory::insert(OwnPtr<Entry>& entry) {
  if (removed_) return Errno::noent;
  if (by_name_.find(NameOrder{entry->name()})) return Errno::exist;
  put(entry.release());
  return {};
}

// Everything is allocated before the directory is locked, because nothing may be allocated under a
// spinlock.
Result<> Directory::add(std::string_view name, RefPtr<Node> fresh) {
  OwnPtr<Entry> entry = TRY(Entry::make(name, std::move(fresh)));
  SpinGuard guard(lock_);
  return insert(entry);
}

Result<> Directory::link(std::string_view name, RefPtr<Node> existing) {
  if (existing->is_directory()) return Errno::perm;
  if (existing->file_system() != file_system()) return Errno::xdev;
  OwnPtr<Entry> entry = TRY(Entry::make(name, existing));
  SpinGuard guard(lock_);
  TRY(existing->add_name());
  Result<> inserted = insert(entry);
  if (!inserted) existing->add_links(-1);
  return inserted;
}

Result<RefPtr<Node>> Directory::create(std::string_view name, const Attributes& attributes) {
  RefPtr<FilePages> contents = TRY(FilePages::create());
  RefPtr<Node> file = TRY(make_ref<File>(attributes, file_system(), std::move(contents)));
  TRY(add(name, file));
  return file;
}

Result<RefPtr<Node>> Directory::make_directory(std::string_view name,
                                               const Attributes& attributes) {
  RefPtr<Node> directory = TRY(make_empty(attributes, file_system()));
  TRY(add(name, directory));
  return directory;
}

Result<RefPtr<Node>> Directory::make_symlink(std::string_view name, std::string_view target,
                                             const Attributes& attributes) {
  if (target.empty()) return Errno::noent;
  if (target.size() >= TINE_PATH_MAX) return Errno::nametoolong;
  RefPtr<Symlink> symlink = TRY(make_ref<Symlink>(attributes, file_system()));
  TRY(symlink->set_target(target));
  TRY(add(name, symlink));
  return symlink;
}

// ---- Removing names ----

OwnPtr<Entry> Directory::take(Entry* entry) {
  by_name_.remove(entry);
  by_position_.remove(entry);
  loses(*entry->node);
  return OwnPtr<Entry>(entry);
}

// The last step before this directory's name is removed: from here on no name can be added to it
// and nothing mounted on it, and it holds a reference to its parent. Errors: notempty, busy.
Result<> Directory::retire() {
  // lab locks 2 {
  SpinGuard guard(lock_);
  SpinGuard parents_guard(parents);
  // } lab
  if (!by_name_.empty()) return Errno::notempty;
  if (mounted()) return Errno::busy;
  removed_ = true;
  entry_ = nullptr;
  parent_->ref();
  return {};
}

// Counts a name of `node` less, if it is a directory or not as the caller expects. A directory
// loses its "." too. Errors: isdir, notdir, notempty, busy.
Result<> Directory::take_name(Node& node, bool as_a_directory) {
  if (node.is_directory() && !as_a_directory) return Errno::isdir;
  if (!node.is_directory() && as_a_directory) return Errno::notdir;
  if (as_a_directory) TRY(tine::as_directory(node).retire());
  node.add_links(as_a_directory ? -2 : -1);
  return {};
}

Result<> Directory::remove(std::string_view name, bool as_a_directory, const Credentials& who) {
  OwnPtr<Entry> gone;  // freed after the lock is released
  SpinGuard guard(lock_);
  Entry* entry = by_name_.find(NameOrder{name});
  if (!entry) return Errno::noent;
  TRY(check_takes(who, *entry->node));
  TRY(take_name(*entry->node, as_a_directory));
  gone = take(entry);
  return {};
}

// ---- Renaming ----

// The directory in this one that is `below`, or an ancestor of it; nullptr: `below` is not below
// this one. Stays true while `renaming` is held.
Node* Directory::towards(Directory& below) {
  Directory* at = &below;
  for (unsigned steps = 1;; steps++) {
    if (steps % steps_at_once == 0) (void)give_way();
    Directory* above;
    {
      SpinGuard guard(parents);
      above = at->parent_;
    }
    if (!above) return nullptr;
    if (above == this) return at;
    at = above;
  }
}

Result<> Directory::check_move(const Move& move, const Entry* source, const Entry* target) {
  bool exchange = move.flags & RENAME_EXCHANGE;
  move.to.lock_.assert_held();
  if (!source || move.to.removed_ || (exchange && !target)) return Errno::noent;
  TRY(check_takes(move.who, *source->node));
  if (target) TRY(move.to.check_takes(move.who, *target->node));
  if (target && (move.flags & RENAME_NOREPLACE)) return Errno::exist;
  if (source->node.get() == move.towards_to) return Errno::inval;
  if (target && target->node.get() == move.towards_us)
    return exchange ? Errno::inval : Errno::notempty;
  if (source->node->mounted() || (target && target->node->mounted())) return Errno::busy;
  for (const Entry* moved : {source, exchange ? target : nullptr}) {
    bool changes = moved && moved->node->is_directory() && &move.to != this;  // a write of its ".."
    if (changes) TRY(moved->node->check_access(move.who, may_write));
  }
  return {};
}

void Directory::exchange(Entry& source, Directory& to, Entry& target) {
  loses(*source.node);
  to.loses(*target.node);
  std::swap(source.node, target.node);
  gains(source);
  to.gains(target);
}

// With both directories locked. After the checks nothing fails, and no other thread can see both
// names or neither.
Result<> Directory::move(Move& move) {
  Directory& to = move.to;
  lock_.assert_held();
  to.lock_.assert_held();
  Entry* source = by_name_.find(NameOrder{move.name});
  Entry* target = to.by_name_.find(NameOrder{move.new_name});
  TRY(check_move(move, source, target));
  if (target && source->node == target->node) return {};  // two names of one file: POSIX
  if (move.flags & RENAME_EXCHANGE) {
    exchange(*source, to, *target);
    return {};
  }
  if (target) TRY(take_name(*target->node, source->node->is_directory()));
  move.gone = take(source);
  if (target) {
    to.loses(*target->node);
    std::swap(target->node, move.gone->node);
    to.gains(*target);
  } else {
    move.fresh->node = std::move(move.gone->node);
    to.put(move.fresh.release());
  }
  return {};
}

// The upper one of the two directories is locked first.
Result<> Directory::move_across(Move& move) {
  move.towards_to = towards(move.to);
  move.towards_us = move.to.towards(*this);
  SpinPair guard(lock_, move.to.lock_, move.towards_us);
  return this->move(move);
}

Result<> Directory::rename(std::string_view name, Node& to_node, std::string_view new_name,
                           unsigned flags, const Credentials& who) {
  if (to_node.file_system() != file_system()) return Errno::xdev;
  Directory& to = as_directory(to_node);
  OwnPtr<Entry> fresh = TRY(Entry::make(new_name, nullptr));
  Move move{name, to, new_name, flags, who, std::move(fresh)};
  if (&to == this) {
    SpinGuard guard(lock_);
    return this->move(move);
  }
  if (!renaming.lock_killable()) return Errno::restart;
  MutexGuard one_at_a_time(renaming, AlreadyHeld::yes);
  return move_across(move);
}

// ---- Mounts ----

Result<> Directory::mount(RefPtr<Node> root) {
  SpinGuard guard(parents);
  if (!entry_ && parent_) return Errno::noent;  // removed meanwhile
  return Node::mount(std::move(root));
}

}  // namespace

Result<RefPtr<Node>> make_tmpfs() {
  RefPtr<Node> root = TRY(Directory::make_empty(0755u, new_file_system()));
  return root;
}

}  // namespace tine
