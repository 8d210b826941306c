#include "fs/tmpfs.hh"

#include <utility>

#include "fs/file_pages.hh"
#include "lib/list.hh"
#include "lib/own.hh"
#include "lib/string.hh"
#include "mm/heap.hh"
#include "sched/mutex.hh"

namespace tine {
namespace {

constinit Mutex tree_lock{Rank::directory, "tmpfs directories"};

class File final : public Node {
 public:
  File(const Attributes& attributes, std::uint64_t file_system, RefPtr<FilePages> contents)
      : Node(NodeKind::regular, attributes, file_system), contents_(std::move(contents)) {}

  Result<std::size_t> read(const IoPlace& at, IoBuffer& to) override {
    return contents_->read(at.offset, to);
  }
  Result<std::size_t> write(IoPlace& at, IoBuffer& from) override {
    if (from.left() == 0) return 0;  // and nothing else happens (POSIX)
    remove_set_ids();
    std::size_t moved = TRY(contents_->write(at, from));
    contents_changed();
    return moved;
  }
  Result<> truncate(std::uint64_t size) override {
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
  // Its permissions mean nothing: it has them all, whatever the umask.
  Symlink(const Attributes& attributes, std::uint64_t file_system)
      : Node(NodeKind::symlink, {0777, attributes.user, attributes.group}, file_system) {}
  ~Symlink() override { heap_free(target_); }

  // Once, before anybody finds it. Errors: nomem.
  Result<> set_target(std::string_view target) {
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
};

struct Entry {
  RefPtr<Node> node;
  std::uint64_t position = 0;
  ListLink link;
  std::size_t length;
  char bytes[];

  // One allocation with room for the name behind it. Errors: nomem, nametoolong.
  static Result<OwnPtr<Entry>> make(std::string_view name, RefPtr<Node> node) {
    if (name.size() > TINE_NAME_MAX) return Errno::nametoolong;
    void* place = heap_allocate(sizeof(Entry) + name.size());
    if (!place) return Errno::nomem;
    return OwnPtr<Entry>(new (place) Entry(name, std::move(node)));
  }
  std::string_view name() const { return {bytes, length}; }

 private:
  Entry(std::string_view name, RefPtr<Node> what) : node(std::move(what)), length(name.size()) {
    memcpy(bytes, name.data(), length);
  }
};

class Directory final : public Node {
 public:
  // `parent`: nullptr for the root, which is its own.
  Directory(const Attributes& attributes, std::uint64_t file_system, Directory* parent)
      : Node(NodeKind::directory, attributes, file_system), parent_(parent ? parent : this) {}
  ~Directory() override;

  Result<RefPtr<Node>> lookup(std::string_view name) override EXCLUDES(tree_lock);
  Result<RefPtr<Node>> parent() override EXCLUDES(tree_lock);
  Result<> entry_from(std::uint64_t position, DirectoryEntry& entry) override EXCLUDES(tree_lock);
  Result<RefPtr<Node>> create(std::string_view name, const Attributes& attributes) override;
  Result<RefPtr<Node>> make_directory(std::string_view name, const Attributes& attributes) override;
  Result<RefPtr<Node>> make_symlink(std::string_view name, std::string_view target,
                                    const Attributes& attributes) override;
  Result<> add(std::string_view name, RefPtr<Node> fresh) override EXCLUDES(tree_lock);
  Result<> link(std::string_view name, RefPtr<Node> existing) override EXCLUDES(tree_lock);
  Result<> remove(std::string_view name, bool as_a_directory, const Credentials& who) override
      EXCLUDES(tree_lock);
  Result<> rename(std::string_view name, Node& to, std::string_view new_name, unsigned flags,
                  const Credentials& who) override EXCLUDES(tree_lock);

 private:
  List<Entry, &Entry::link> entries_ GUARDED_BY(tree_lock);  // by position
  std::uint64_t next_position_ GUARDED_BY(tree_lock) = 2;
  // nullptr: removed. Not counted: our parent has an entry for us, and so lives while we can be
  // reached; a directory with entries is not removed.
  Directory* parent_ GUARDED_BY(tree_lock);

  Entry* find(std::string_view name) REQUIRES(tree_lock);
  Result<> insert(OwnPtr<Entry>& entry) REQUIRES(tree_lock);
  OwnPtr<Entry> take(Entry* entry) REQUIRES(tree_lock);
  void gains(Node& child) REQUIRES(tree_lock);
  void loses(Node& child) REQUIRES(tree_lock);
  static void loses_name(Node& node) REQUIRES(tree_lock);
  static Result<> check_removable(Node& node, bool as_directory) REQUIRES(tree_lock);
  bool is_inside(const Node& ancestor) REQUIRES(tree_lock);
  static Result<> check_rename(Directory& from, Entry* source, Directory& to, Entry* target,
                               unsigned flags) REQUIRES(tree_lock);
};

Directory& as_directory(Node& node) { return static_cast<Directory&>(node); }

// A whole tree may die at once, and may be deep: so the entries of the directories below come into
// this list before these directories die, and no destructor finds any.
Directory::~Directory() {
  tree_lock.assume_unshared();
  while (Entry* entry = entries_.pop_front()) {
    if (entry->node->is_directory()) {
      Directory& child = as_directory(*entry->node);
      child.parent_ = nullptr;
      while (Entry* below = child.entries_.pop_front()) entries_.push_back(below);
    }
    delete entry;
  }
}

// ---- Looking ----

Entry* Directory::find(std::string_view name) {
  for (Entry& entry : entries_) {
    if (entry.name() == name) return &entry;
  }
  return nullptr;
}

Result<RefPtr<Node>> Directory::lookup(std::string_view name) {
  MutexGuard guard(tree_lock);
  Entry* entry = find(name);
  if (!entry) return Errno::noent;
  return entry->node;
}

Result<RefPtr<Node>> Directory::parent() {
  MutexGuard guard(tree_lock);
  if (!parent_) return Errno::noent;
  return RefPtr<Node>(parent_);
}

Result<> Directory::entry_from(std::uint64_t position, DirectoryEntry& entry) {
  MutexGuard guard(tree_lock);
  for (Entry& candidate : entries_) {
    if (candidate.position < position) continue;
    entry.position = candidate.position;
    entry.inode = candidate.node->inode();
    entry.kind = candidate.node->kind();
    entry.set_name(candidate.name());
    return {};
  }
  return Errno::noent;
}

// ---- New names ----

// The links of a directory are its name, its own "." and the ".." of each directory in it.
void Directory::gains(Node& child) {
  if (child.is_directory()) {
    as_directory(child).parent_ = this;
    add_links(1);
  }
  contents_changed();
}

void Directory::loses(Node& child) {
  if (child.is_directory()) add_links(-1);
  contents_changed();
}

// Leaves the entry with the caller on an error: exist, noent.
Result<> Directory::insert(OwnPtr<Entry>& entry) {
  if (!parent_) return Errno::noent;
  if (find(entry->name())) return Errno::exist;
  gains(*entry->node);
  entry->position = next_position_++;
  entries_.push_back(entry.release());
  return {};
}

// Everything is allocated before the directory is looked at; then nothing can fail half way.
Result<> Directory::add(std::string_view name, RefPtr<Node> fresh) {
  OwnPtr<Entry> entry = TRY(Entry::make(name, std::move(fresh)));
  MutexGuard guard(tree_lock);
  return insert(entry);
}

Result<> Directory::link(std::string_view name, RefPtr<Node> existing) {
  if (existing->is_directory()) return Errno::perm;
  if (existing->file_system() != file_system()) return Errno::xdev;
  OwnPtr<Entry> entry = TRY(Entry::make(name, existing));
  MutexGuard guard(tree_lock);
  TRY(insert(entry));
  existing->add_links(1);
  return {};
}

Result<RefPtr<Node>> Directory::create(std::string_view name, const Attributes& attributes) {
  RefPtr<FilePages> contents = TRY(make_ref<FilePages>());
  RefPtr<Node> file = TRY(make_ref<File>(attributes, file_system(), std::move(contents)));
  TRY(add(name, file));
  return file;
}

Result<RefPtr<Node>> Directory::make_directory(std::string_view name,
                                               const Attributes& attributes) {
  RefPtr<Node> directory = TRY(make_ref<Directory>(attributes, file_system(), this));
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

// ---- Names go ----

OwnPtr<Entry> Directory::take(Entry* entry) {
  entries_.remove(entry);
  loses(*entry->node);
  return OwnPtr<Entry>(entry);
}

// A removed directory has lost its "." as well, and nothing can come into it any more.
void Directory::loses_name(Node& node) {
  node.add_links(node.is_directory() ? -2 : -1);
  if (node.is_directory()) as_directory(node).parent_ = nullptr;
}

// May `node` lose its name, where a directory, or something else, is to go?
Result<> Directory::check_removable(Node& node, bool as_a_directory) {
  if (node.is_directory() && !as_a_directory) return Errno::isdir;
  if (!node.is_directory() && as_a_directory) return Errno::notdir;
  if (node.mounted()) return Errno::busy;
  if (as_a_directory && !as_directory(node).entries_.empty()) return Errno::notempty;
  return {};
}

Result<> Directory::remove(std::string_view name, bool as_a_directory, const Credentials& who) {
  OwnPtr<Entry> gone;  // let go of after the lock
  MutexGuard guard(tree_lock);
  Entry* entry = find(name);
  if (!entry) return Errno::noent;
  TRY(check_takes(who, *entry->node));
  TRY(check_removable(*entry->node, as_a_directory));
  loses_name(*entry->node);
  gone = take(entry);
  return {};
}

// ---- Names change ----

bool Directory::is_inside(const Node& ancestor) {
  Directory* at = this;
  while (at != &ancestor && at->parent_ && at->parent_ != at) at = at->parent_;
  return at == &ancestor;
}

Result<> Directory::check_rename(Directory& from, Entry* source, Directory& to, Entry* target,
                                 unsigned flags) {
  bool exchange = flags & RENAME_EXCHANGE;
  if (!source || !to.parent_ || (exchange && !target)) return Errno::noent;
  if (target && (flags & RENAME_NOREPLACE)) return Errno::exist;
  if (to.is_inside(*source->node)) return Errno::inval;
  if (target && from.is_inside(*target->node)) return exchange ? Errno::inval : Errno::notempty;
  if (source->node->mounted() || (target && target->node->mounted())) return Errno::busy;
  if (!target || exchange || source->node == target->node) return {};
  return check_removable(*target->node, source->node->is_directory());
}

// Under the tree's lock, nobody sees a moment with both names or with none. The entry for the new
// name is made first; it is not needed if the new name is there already.
Result<> Directory::rename(std::string_view name, Node& to_node, std::string_view new_name,
                           unsigned flags, const Credentials& who) {
  if (to_node.file_system() != file_system()) return Errno::xdev;
  Directory& to = as_directory(to_node);
  OwnPtr<Entry> fresh = TRY(Entry::make(new_name, nullptr));
  OwnPtr<Entry> gone;  // let go of after the lock
  MutexGuard guard(tree_lock);
  Entry* source = find(name);
  Entry* target = to.find(new_name);
  if (source) TRY(check_takes(who, *source->node));
  if (target) TRY(to.check_takes(who, *target->node));
  TRY(check_rename(*this, source, to, target, flags));
  if (target && source->node == target->node) return {};  // two names of one file: POSIX
  for (Entry* moved : {source, flags & RENAME_EXCHANGE ? target : nullptr}) {
    bool changes = moved && moved->node->is_directory() && &to != this;  // its "..": a write to it
    if (changes) TRY(moved->node->check_access(who, may_write));
  }

  if (flags & RENAME_EXCHANGE) {
    loses(*source->node);
    to.loses(*target->node);
    std::swap(source->node, target->node);
    gains(*source->node);
    to.gains(*target->node);
    return {};
  }
  gone = take(source);
  if (!target) {
    fresh->node = std::move(gone->node);
    return to.insert(fresh);
  }
  to.loses(*target->node);
  loses_name(*target->node);
  std::swap(target->node, gone->node);
  to.gains(*target->node);
  return {};
}

}  // namespace

Result<RefPtr<Node>> make_tmpfs() {
  RefPtr<Node> root = TRY(make_ref<Directory>(0755u, new_file_system(), nullptr));
  return root;
}

}  // namespace tine
