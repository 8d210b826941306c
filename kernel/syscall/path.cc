// System calls about names: directories, links, where the program is.
#include <tine/abi.h>

#include <algorithm>

#include "fs/path.hh"
#include "mm/heap.hh"
#include "proc/process.hh"
#include "syscall/dispatch.hh"
#include "syscall/user_path.hh"

namespace tine {

Result<OwnPtr<UserPath>> copy_path(UserString path) {
  OwnPtr<UserPath> copy = TRY(make<UserPath>());
  Result<std::size_t> length = copy_string_from_user(current_space(), copy->text, path.at);
  if (length) return copy;
  return length.error() == Errno::toobig ? Errno::nametoolong : length.error();
}

namespace {

Result<PathContext> context_at(int directory, const UserPath& path) {
  PathContext context = current_process().paths;
  if (directory == AT_FDCWD || path.text[0] == '/') return context;
  RefPtr<OpenFile> file = TRY(current_process().files.get(directory));
  if (!file->node()->is_directory()) return Errno::notdir;
  context.cwd = file->node();
  return context;
}

}  // namespace

Result<UserPlace> copy_place(int directory, UserString path) {
  UserPlace place;
  place.path = TRY(copy_path(path));
  place.context = TRY(context_at(directory, *place.path));
  return place;
}

namespace {

// The names of the place where something is to be made, removed or moved. `text`: what `end.last`
// may lie in.
struct NewPlace {
  OwnPtr<UserPath> text;
  PathEnd end;
  std::uint32_t umask;

  Node& parent() const { return *end.parent; }
  bool is_dot() const { return end.last == "."; }
  bool is_dots() const { return is_dot() || end.last == ".."; }
};

Result<NewPlace> copy_new_place(int directory, UserString path) {
  UserPlace place = TRY(copy_place(directory, path));
  NewPlace result;
  result.end = TRY(resolve_parent(place.context, place.path->view()));
  result.text = std::move(place.path);
  result.umask = place.context.umask;
  return result;
}

// A place for something that is no directory. Errors: exist, noent (with a slash behind it).
Result<NewPlace> copy_new_file_place(int directory, UserString path) {
  NewPlace place = TRY(copy_new_place(directory, path));
  if (place.is_dots()) return Errno::exist;
  if (place.end.must_be_dir)
    return place.parent().lookup(place.end.last) ? Errno::exist : Errno::noent;
  return place;
}

// A name with a slash behind it must be that of a directory. Errors: noent, notdir.
Result<> check_directory(const NewPlace& place) {
  RefPtr<Node> node = TRY(place.parent().lookup(place.end.last));
  return node->is_directory() ? Result<>() : Errno::notdir;
}

}  // namespace

// ---- Names come ----

// Errors of all: those of path lookup, exist, nomem, perm (a directory that cannot be changed).
SYSCALL(SYS_mkdirat, mkdirat, void, (int directory, UserString path, std::uint32_t permissions)) {
  NewPlace place = TRY(copy_new_place(directory, path));
  if (place.is_dots()) return Errno::exist;
  TRY(place.parent().make_directory(place.end.last, permissions & 01777 & ~place.umask));
  return {};
}

SYSCALL(SYS_symlinkat, symlinkat, void, (UserString target, int directory, UserString path)) {
  OwnPtr<UserPath> text = TRY(copy_path(target));
  NewPlace place = TRY(copy_new_file_place(directory, path));
  TRY(place.parent().make_symlink(place.end.last, text->view()));
  return {};
}

// Errors besides: perm (a directory), xdev, inval (unknown flags).
SYSCALL(SYS_linkat, linkat, void,
        (int old_directory, UserString old_path, int directory, UserString path, unsigned flags)) {
  if (flags & ~unsigned(AT_SYMLINK_FOLLOW)) return Errno::inval;
  UserPlace old = TRY(copy_place(old_directory, old_path));
  RefPtr<Node> node = TRY(resolve(old.context, old.path->view(), flags & AT_SYMLINK_FOLLOW));
  NewPlace place = TRY(copy_new_file_place(directory, path));
  return place.parent().link(place.end.last, std::move(node));
}

// ---- Names go and change ----

namespace {

Result<> remove_directory(const NewPlace& place) {
  if (place.text->view().find_first_not_of('/') == std::string_view::npos) return Errno::busy;
  if (place.is_dots()) return place.is_dot() ? Errno::inval : Errno::notempty;
  return place.parent().remove_directory(place.end.last);
}

Result<> remove_file(const NewPlace& place) {
  if (place.is_dots()) return Errno::isdir;
  if (place.end.must_be_dir) TRY(check_directory(place));
  return place.parent().unlink(place.end.last);
}

}  // namespace

// unlink, and with AT_REMOVEDIR rmdir. Errors: those of path lookup; isdir; notdir, notempty, busy
// (a root), inval (".", unknown flags).
SYSCALL(SYS_unlinkat, unlinkat, void, (int directory, UserString path, unsigned flags)) {
  if (flags & ~unsigned(AT_REMOVEDIR)) return Errno::inval;
  NewPlace place = TRY(copy_new_place(directory, path));
  return flags & AT_REMOVEDIR ? remove_directory(place) : remove_file(place);
}

// Errors: those of path lookup; busy ("." and "..", mounts), inval (into itself, unknown flags),
// exist (RENAME_NOREPLACE), isdir, notdir, notempty, xdev, nomem.
SYSCALL(SYS_renameat2, renameat2, void,
        (int old_directory, UserString old_path, int directory, UserString path, unsigned flags)) {
  if (flags > RENAME_EXCHANGE) return Errno::inval;
  NewPlace from = TRY(copy_new_place(old_directory, old_path));
  NewPlace to = TRY(copy_new_place(directory, path));
  if (from.end.parent->file_system() != to.end.parent->file_system()) return Errno::xdev;
  if (from.is_dots() || to.is_dots()) return Errno::busy;
  bool exchange = flags & RENAME_EXCHANGE;
  if (from.end.must_be_dir || (to.end.must_be_dir && !exchange)) TRY(check_directory(from));
  if (to.end.must_be_dir && exchange) TRY(check_directory(to));
  return from.parent().rename(from.end.last, to.parent(), to.end.last, flags);
}

// ---- What a name leads to ----

namespace {

Result<RefPtr<Node>> find_node(int directory, UserString path, unsigned flags) {
  OwnPtr<UserPath> name = TRY(copy_path(path));
  if (name->text[0] == 0 && (flags & AT_EMPTY_PATH)) {
    if (directory == AT_FDCWD) return current_process().paths.cwd;
    return TRY(current_process().files.get(directory))
    ->node();
  }
  PathContext context = TRY(context_at(directory, *name));
  return resolve(context, name->view(), !(flags & AT_SYMLINK_NOFOLLOW));
}

}  // namespace

// Errors: those of path lookup, inval (unknown flags), fault.
SYSCALL(SYS_newfstatat, newfstatat, void,
        (int directory, UserString path, UserPtr<tine_stat> to, unsigned flags)) {
  if (flags & ~unsigned(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) return Errno::inval;
  RefPtr<Node> node = TRY(find_node(directory, path, flags));
  return to.store(node->stat());
}

// Cut to `size` bytes, without a final 0. Errors: those of path lookup, inval (no link; no size),
// fault.
SYSCALL(SYS_readlinkat, readlinkat, std::size_t,
        (int directory, UserString path, VirtAddr to, int size)) {
  if (size <= 0) return Errno::inval;
  UserPlace place = TRY(copy_place(directory, path));
  RefPtr<Node> node = TRY(resolve(place.context, place.path->view(), false));
  std::string_view target = TRY(node->link_target());
  std::size_t length = std::min(target.size(), std::size_t(size));
  TRY(copy_to_user(current_space(), to, target.data(), length));
  return length;
}

// ---- Where the program is ----

// Errors: those of path lookup, notdir.
SYSCALL(SYS_chdir, chdir, void, (UserString path)) {
  UserPlace place = TRY(copy_place(AT_FDCWD, path));
  RefPtr<Node> node = TRY(resolve(place.context, place.path->view()));
  if (!node->is_directory()) return Errno::notdir;
  current_process().paths.cwd = std::move(node);
  return {};
}

// The length with the final 0, as on Linux. Errors: noent (it was removed), range, nametoolong,
// fault, nomem.
SYSCALL(SYS_getcwd, getcwd, std::size_t, (VirtAddr to, std::size_t size)) {
  OwnPtr<UserPath> room = TRY(make<UserPath>());
  PathContext context = current_process().paths;
  std::string_view path = TRY(path_of(context, context.cwd, room->text));
  if (path.size() + 1 > size) return Errno::range;
  TRY(copy_to_user(current_space(), to, path.data(), path.size() + 1));
  return path.size() + 1;
}

}  // namespace tine
