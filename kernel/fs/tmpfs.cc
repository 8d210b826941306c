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

// A text of at most heap_max bytes on the heap.
class HeapText {
 public:
  static Result<HeapText> copy_of(std::string_view text) {
    auto* bytes = static_cast<char*>(heap_allocate(text.size()));
    if (!bytes) return Errno::nomem;
    memcpy(bytes, text.data(), text.size());
    return HeapText({bytes, text.size()});
  }
  HeapText(HeapText&& other) : text_(std::exchange(other.text_, {})) {}
  ~HeapText() { heap_free(const_cast<char*>(text_.data())); }
  std::string_view view() const { return text_; }

 private:
  std::string_view text_;

  explicit HeapText(std::string_view text) : text_(text) {}
};

class File final : public Node {
 public:
  File(std::uint32_t permissions, std::uint64_t file_system, RefPtr<FilePages> contents)
      : Node(NodeKind::regular, permissions, file_system), contents_(std::move(contents)) {}

  Result<std::size_t> read(const IoPlace& at, IoBuffer& to) override {
    return contents_->read(at.offset, to);
  }
  Result<std::size_t> write(IoPlace& at, IoBuffer& from) override {
    std::size_t moved = TRY(contents_->write(at, from));
    contents_changed();
    return moved;
  }
  Result<> truncate(std::uint64_t size) override {
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
  Symlink(std::uint64_t file_system, HeapText target)
      : Node(NodeKind::symlink, 0777, file_system), target_(std::move(target)) {}

  Result<std::string_view> link_target() override { return target_.view(); }
  std::uint64_t size() override { return target_.view().size(); }

 private:
  const HeapText target_;
};

struct Entry {
  HeapText name;
  RefPtr<Node> node;
  ListLink link;

  Entry(HeapText n, RefPtr<Node> what) : name(std::move(n)), node(std::move(what)) {}
};

class Directory final : public Node {
 public:
  // `parent`: nullptr for the root, which is its own.
  Directory(std::uint32_t permissions, std::uint64_t file_system, Directory* parent)
      : Node(NodeKind::directory, permissions, file_system), parent_(parent ? parent : this) {}
  ~Directory() override {
    while (Entry* entry = entries_.pop_front()) delete entry;
  }

  Result<RefPtr<Node>> lookup(std::string_view name) override EXCLUDES(tree_lock);
  Result<RefPtr<Node>> parent() override EXCLUDES(tree_lock);
  Result<RefPtr<Node>> create(std::string_view name, std::uint32_t permissions) override;
  Result<RefPtr<Node>> make_directory(std::string_view name, std::uint32_t permissions) override;
  Result<RefPtr<Node>> make_symlink(std::string_view name, std::string_view target) override;
  Result<> add(std::string_view name, RefPtr<Node> fresh) override EXCLUDES(tree_lock);

 private:
  List<Entry, &Entry::link> entries_ GUARDED_BY(tree_lock);
  // Not counted: our parent has an entry for us, and so lives while we can be reached. A directory
  // dies only when it has no entries, or together with its whole tree.
  Directory* parent_ GUARDED_BY(tree_lock);

  Entry* find(std::string_view name) REQUIRES(tree_lock);
};

Entry* Directory::find(std::string_view name) {
  for (Entry& entry : entries_) {
    if (entry.name.view() == name) return &entry;
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
  return RefPtr<Node>(parent_);
}

// Everything is allocated before the directory is looked at; then nothing can fail half way.
Result<> Directory::add(std::string_view name, RefPtr<Node> fresh) {
  if (name.size() > TINE_NAME_MAX) return Errno::nametoolong;
  bool is_directory = fresh->is_directory();
  HeapText name_copy = TRY(HeapText::copy_of(name));
  OwnPtr<Entry> entry = TRY(make<Entry>(std::move(name_copy), std::move(fresh)));
  MutexGuard guard(tree_lock);
  if (find(name)) return Errno::exist;
  entries_.push_back(entry.release());
  if (is_directory) add_links(1);  // the new directory's ".."
  contents_changed();
  return {};
}

Result<RefPtr<Node>> Directory::create(std::string_view name, std::uint32_t permissions) {
  RefPtr<FilePages> contents = TRY(make_ref<FilePages>());
  RefPtr<Node> file = TRY(make_ref<File>(permissions, file_system(), std::move(contents)));
  TRY(add(name, file));
  return file;
}

Result<RefPtr<Node>> Directory::make_directory(std::string_view name, std::uint32_t permissions) {
  RefPtr<Node> directory = TRY(make_ref<Directory>(permissions, file_system(), this));
  TRY(add(name, directory));
  return directory;
}

Result<RefPtr<Node>> Directory::make_symlink(std::string_view name, std::string_view target) {
  if (target.empty()) return Errno::noent;
  if (target.size() >= TINE_PATH_MAX) return Errno::nametoolong;
  HeapText text = TRY(HeapText::copy_of(target));
  RefPtr<Node> symlink = TRY(make_ref<Symlink>(file_system(), std::move(text)));
  TRY(add(name, symlink));
  return symlink;
}

}  // namespace

Result<RefPtr<Node>> make_tmpfs() {
  RefPtr<Node> root = TRY(make_ref<Directory>(0755u, new_file_system(), nullptr));
  return root;
}

}  // namespace tine
