#include "vfs/path.hh"

#include "lib/string.hh"
#include "mm/heap.hh"
#include "sched/give_way.hh"

namespace tine {
namespace {

constexpr unsigned max_links = 40;  // Linux's limit; POSIX asks for at least 8

// What happens to the last component.
enum class Last { leave, look_up, follow };

bool is_dots(std::string_view name) { return name == "." || name == ".."; }

// One walk along a path. `rest_` is the part that is still to be walked. After a symbolic link it
// lies at the end of `text_`, so that the target of the next link can be put before it.
class PathWalk {
 public:
  PathWalk(const PathContext& context, std::string_view path)
      : root_(context.root),
        who_(context.credentials()),
        at_(path.starts_with('/') ? context.root : context.cwd),
        rest_(path) {}

  Result<PathEnd> run(Last last);

 private:
  struct Component {
    std::string_view name;
    bool is_last;
    bool slash_behind;
  };

  const RefPtr<Node>& root_;
  const Credentials& who_;
  RefPtr<Node> at_;
  std::string_view rest_;
  OwnPtr<PathBuffer> text_;
  unsigned links_ = 0;

  Component next();
  Result<> check_step(std::string_view name) const;
  Result<RefPtr<Node>> step(std::string_view name);
  Result<> follow(Node& link);
  Result<PathEnd> end(const Component& component, RefPtr<Node> node);
};

const char* skip_slashes(const char* at, const char* end) {
  while (at != end && *at == '/') at++;
  return at;
}

// Removes the next component from `rest_`, which then is empty or begins with a slash. A path of
// slashes alone has the component ".".
PathWalk::Component PathWalk::next() {
  const char* end = rest_.data() + rest_.size();
  const char* name = skip_slashes(rest_.data(), end);
  const char* behind = name;
  while (behind != end && *behind != '/') behind++;
  rest_ = {behind, end};
  if (name == end) return {".", true, true};
  return {{name, behind}, skip_slashes(behind, end) == end, behind != end};
}

// May the name be looked up here? A caller that may not search the directory must not learn whether
// the name exists.
Result<> PathWalk::check_step(std::string_view name) const {
  if (name.size() > TINE_NAME_MAX) return Errno::nametoolong;
  if (!at_->is_directory()) return Errno::notdir;
  return at_->check_access(who_, may_execute);
}

Result<RefPtr<Node>> PathWalk::step(std::string_view name) {
  TRY(check_step(name));
  if (name == "." || (name == ".." && at_ == root_)) return at_;
  if (name == "..") return parent_of(*at_);
  RefPtr<Node> node = TRY(at_->lookup(name));
  Node* mounted = node->mounted();
  return mounted ? RefPtr<Node>(mounted) : node;
}

// Puts the link's target before the rest of the path.
Result<> PathWalk::follow(Node& link) {
  if (++links_ > max_links) return Errno::loop;
  if (give_way()) return Errno::restart;  // a fatal signal is pending
  std::string_view target = TRY(link.link_target());
  if (!text_) text_ = TRY(make<PathBuffer>());
  if (target.size() + rest_.size() >= TINE_PATH_MAX) return Errno::nametoolong;

  char* behind = text_->bytes + TINE_PATH_MAX;
  memmove(behind - rest_.size(), rest_.data(), rest_.size());
  char* start = behind - rest_.size() - target.size();
  memcpy(start, target.data(), target.size());
  rest_ = {start, behind};
  if (rest_.starts_with('/')) at_ = root_;
  return {};
}

Result<PathEnd> PathWalk::end(const Component& component, RefPtr<Node> node) {
  if (component.slash_behind && node && !node->is_directory()) return Errno::notdir;
  PathEnd result;
  result.parent = at_;
  result.last = component.name;
  result.must_be_dir = component.slash_behind;
  result.node = std::move(node);
  result.text = std::move(text_);
  return result;
}

Result<PathEnd> PathWalk::run(Last last) {
  if (rest_.empty()) return Errno::noent;
  if (rest_.size() >= TINE_PATH_MAX) return Errno::nametoolong;
  while (true) {
    Component component = next();
    if (component.is_last && last == Last::leave) {
      TRY(check_step(component.name));
      return end(component, nullptr);
    }
    Result<RefPtr<Node>> found = step(component.name);
    if (!found) {
      bool may_be_made = component.is_last && !is_dots(component.name);
      if (found.error() != Errno::noent || !may_be_made) return found.error();
      return end(component, nullptr);
    }
    RefPtr<Node> node = std::move(*found);
    bool in_the_way = !component.is_last || component.slash_behind || last == Last::follow;
    if (node->kind() == NodeKind::symlink && in_the_way) {
      RefPtr<Node> target = node->link_node();
      if (!target) {
        TRY(follow(*node));
        continue;
      }
      node = std::move(target);
    }
    if (component.is_last) return end(component, std::move(node));
    at_ = std::move(node);
  }
}

// The node for `open`; sets `is_new` if this call made it.
Result<RefPtr<Node>> find_or_create(const PathContext& context, std::string_view path,
                                    unsigned flags, std::uint32_t permissions, bool& is_new) {
  bool exclusive = (flags & O_CREAT) && (flags & O_EXCL);
  Last last = exclusive || (flags & O_NOFOLLOW) ? Last::look_up : Last::follow;
  while (true) {
    PathEnd end = TRY(PathWalk(context, path).run(last));
    is_new = false;
    if (end.node && exclusive) return Errno::exist;
    if (end.node) return end.node;
    if (!(flags & O_CREAT)) return Errno::noent;
    if (end.must_be_dir) return Errno::isdir;
    is_new = true;
    TRY(end.parent->check_access(context.credentials(), may_write));
    Result<RefPtr<Node>> made =
        end.parent->create(end.last, context.for_new(*end.parent, permissions & 07777));
    // Another thread made it meanwhile: then the next walk finds it.
    if (made || made.error() != Errno::exist || exclusive) return made;
  }
}

Result<> check_flags_fit(Node& node, unsigned flags) {
  bool changes = opened_to_write(flags) || (flags & (O_TRUNC | O_CREAT));
  if (node.is_directory() && changes) return Errno::isdir;
  if (!node.is_directory() && (flags & O_DIRECTORY)) return Errno::notdir;
  if (node.kind() == NodeKind::symlink && !(flags & O_PATH)) return Errno::loop;  // O_NOFOLLOW
  return {};
}

// Not called for a file that this `open` makes: its maker may use it as the flags say, whatever its
// permissions are.
Result<> check_may_open(const Node& node, unsigned flags, const Credentials& who) {
  static constexpr unsigned by_mode[] = {may_read, may_write, may_read | may_write};
  return node.check_access(who, by_mode[flags & O_ACCMODE] | (flags & O_TRUNC ? may_write : 0));
}

}  // namespace

Attributes PathContext::for_new(const Node& parent, std::uint32_t mode) const {
  const Credentials& who = credentials();
  Attributes above = parent.attributes();
  Attributes fresh(mode & 07777 & ~umask, who.user.effective, who.group.effective);
  if (!(above.permissions & S_ISGID)) return fresh;
  fresh.group = above.group;
  if ((mode & S_IFMT) == S_IFDIR) {
    fresh.permissions |= S_ISGID;
  } else if (!who.is_superuser() && !who.is_in_group(above.group)) {
    fresh.permissions &= ~std::uint32_t(S_ISGID);
  }
  return fresh;
}

Result<RefPtr<Node>> resolve(const PathContext& context, std::string_view path, bool follow_last) {
  PathEnd end = TRY(PathWalk(context, path).run(follow_last ? Last::follow : Last::look_up));
  if (!end.node) return Errno::noent;
  return end.node;
}

Result<PathEnd> resolve_place(const PathContext& context, std::string_view path) {
  PathEnd end = TRY(PathWalk(context, path).run(Last::follow));
  if (!end.node) return Errno::noent;
  return end;
}

Result<PathEnd> resolve_parent(const PathContext& context, std::string_view path) {
  return PathWalk(context, path).run(Last::leave);
}

Result<std::string_view> path_of(const PathContext& context, RefPtr<Node> directory,
                                 std::span<char> room) {
  std::size_t at = room.size() - 1;
  room[at] = 0;
  NameBuffer name;
  while (directory != context.root) {
    Node* covered = directory->covered();
    RefPtr<Node> parent = TRY(covered ? covered->place(name) : directory->place(name));
    if (at < name.length + 1) return Errno::nametoolong;
    at -= name.length;
    memcpy(&room[at], name.bytes, name.length);
    room[--at] = '/';
    directory = std::move(parent);
  }
  if (room[at] == 0) room[--at] = '/';
  return std::string_view(&room[at], room.size() - 1 - at);
}

Result<RefPtr<OpenFile>> open(const PathContext& context, std::string_view path, unsigned flags,
                              std::uint32_t permissions) {
  if (flags & O_PATH) flags &= O_PATH | O_DIRECTORY | O_NOFOLLOW;
  if ((flags & O_ACCMODE) == O_ACCMODE) return Errno::inval;
  if ((flags & O_CREAT) && (flags & O_DIRECTORY)) return Errno::inval;
  // Allocated first: if this failed later, a file that the call made would stay, although the call
  // fails.
  RefPtr<OpenFile> file = TRY(OpenFile::make(nullptr, flags));
  bool is_new = false;
  RefPtr<Node> node = TRY(find_or_create(context, path, flags, permissions, is_new));
  TRY(check_flags_fit(*node, flags));
  if ((flags & O_NOATIME) && !node->attributes().is_owner(context.credentials()))
    return Errno::perm;
  if (!is_new && !file->is_place()) TRY(check_may_open(*node, flags, context.credentials()));
  bool cuts = (flags & O_TRUNC) && !is_new && node->kind() == NodeKind::regular;
  if (cuts) TRY(node->truncate_by_name(0));
  TRY(file->open(std::move(node)));
  return file;
}

}  // namespace tine
