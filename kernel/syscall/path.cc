// System calls about names: directories, links, where the program is.
#include <tine/abi.h>

#include <algorithm>

#include "mm/heap.hh"
#include "proc/process.hh"
#include "syscall/dispatch.hh"
#include "syscall/user_path.hh"
#include "vfs/path.hh"

namespace tine {

Result<> UserPath::copy(UserString path) {
  std::span<char> room = short_;
  Result<std::size_t> length = copy_string_from_user(current_space(), room, path.at);
  if (!length && length.error() == Errno::toobig) {
    long_ = TRY(make<PathBuffer>());
    room = long_->bytes;
    length = copy_string_from_user(current_space(), room, path.at);
  }
  if (!length) return length.error() == Errno::toobig ? Errno::nametoolong : length.error();
  view_ = {room.data(), *length};
  return {};
}

Result<> UserPlace::copy(int directory, UserString text) {
  TRY(path.copy(text));
  return start_at(directory);
}

Result<> UserPlace::start_at(int directory) {
  if (context_ != &own_) context_ = &current_process().paths;
  if (directory == AT_FDCWD || path.view().starts_with('/')) return {};
  if (path.view().empty()) return Errno::noent;
  RefPtr<OpenFile> file = TRY(current_process().files.get_any(directory));
  if (!file->node()->is_directory()) return Errno::notdir;
  own_context().cwd = file->node();
  return {};
}

Result<RefPtr<Node>> UserPlace::find(int directory, UserString text, unsigned flags) {
  TRY(path.copy(text));
  bool itself = (flags & AT_EMPTY_PATH) && path.view().empty();
  if (itself && directory != AT_FDCWD) {
    RefPtr<OpenFile> file = TRY(current_process().files.get_any(directory));
    return file->node();
  }
  TRY(start_at(directory));
  return resolve(context(), itself ? "." : path.view(), !(flags & AT_SYMLINK_NOFOLLOW));
}

PathContext& UserPlace::own_context() {
  if (context_ != &own_) {
    own_ = current_process().paths;
    context_ = &own_;
  }
  return own_;
}

Result<> NewPlace::copy(int directory, UserString text) {
  TRY(UserPlace::copy(directory, text));
  end = TRY(resolve_parent(context(), path.view()));
  return {};
}

Result<> NewPlace::copy_for_file(int directory, UserString text) {
  TRY(copy(directory, text));
  if (is_dots()) return Errno::exist;
  if (end.must_be_dir) return parent().lookup(end.last) ? Errno::exist : Errno::noent;
  return check_may_add();
}

// If the name exists already (or does not exist), that error comes before the missing right to
// write.
Result<> NewPlace::check_may_change(bool adds) const {
  Result<> writable = parent().check_access(context().credentials(), may_write);
  if (writable) return {};
  Result<RefPtr<Node>> found = parent().lookup(end.last);
  if (adds && found) return Errno::exist;
  if (!adds && !found) return found.error();
  return writable;
}

namespace {

// A name that a slash follows must be that of a directory. Errors: noent, notdir.
Result<> check_directory(const NewPlace& place) {
  RefPtr<Node> node = TRY(place.parent().lookup(place.end.last));
  return node->is_directory() ? Result<>() : Errno::notdir;
}

}  // namespace

// ---- Adding names ----

// Errors of all: those of path lookup, exist, nomem, nospc, perm (a directory that cannot be
// changed).
SYSCALL(SYS_mkdirat, mkdirat, void, (int directory, UserString path, std::uint32_t permissions)) {
  NewPlace place;
  TRY(place.copy(directory, path));
  if (place.is_dots()) return Errno::exist;
  TRY(place.check_may_add());
  Attributes attributes = place.attributes(S_IFDIR | (permissions & 01777));
  TRY(place.parent().make_directory(place.end.last, attributes));
  return {};
}

SYSCALL(SYS_symlinkat, symlinkat, void, (UserString target, int directory, UserString path)) {
  UserPath text;
  TRY(text.copy(target));
  NewPlace place;
  TRY(place.copy_for_file(directory, path));
  TRY(place.parent().make_symlink(place.end.last, text.view(), place.attributes(0777)));
  return {};
}

// Errors besides: perm (a directory), xdev, inval (unknown flags), noent (AT_EMPTY_PATH, which only
// the superuser may use: with it a process could link a file that it cannot reach by a path).
SYSCALL(SYS_linkat, linkat, void,
        (int old_directory, UserString old_path, int directory, UserString path, unsigned flags)) {
  if (flags & ~unsigned(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH)) return Errno::inval;
  if ((flags & AT_EMPTY_PATH) && !current_credentials().is_superuser()) return Errno::noent;
  unsigned follow = flags & AT_SYMLINK_FOLLOW ? 0 : AT_SYMLINK_NOFOLLOW;
  UserPlace old;
  RefPtr<Node> node = TRY(old.find(old_directory, old_path, (flags & AT_EMPTY_PATH) | follow));
  NewPlace place;
  TRY(place.copy_for_file(directory, path));
  if (node->file_system() != place.parent().file_system()) return Errno::xdev;
  return place.parent().link(place.end.last, std::move(node));
}

// ---- Removing and renaming ----

namespace {

Result<> remove_directory(const NewPlace& place) {
  if (place.path.view().find_first_not_of('/') == std::string_view::npos) return Errno::busy;
  if (place.is_dots()) return place.is_dot() ? Errno::inval : Errno::notempty;
  TRY(place.check_may_take());
  return place.parent().remove(place.end.last, true, place.context().credentials());
}

Result<> remove_file(const NewPlace& place) {
  if (place.is_dots()) return Errno::isdir;
  if (place.end.must_be_dir) TRY(check_directory(place));
  TRY(place.check_may_take());
  return place.parent().remove(place.end.last, false, place.context().credentials());
}

}  // namespace

// unlink, and with AT_REMOVEDIR rmdir. Errors: those of path lookup; isdir; notdir, notempty, busy
// (a root, a mount), perm (the sticky bit, or a directory that cannot be changed), inval (".",
// unknown flags).
SYSCALL(SYS_unlinkat, unlinkat, void, (int directory, UserString path, unsigned flags)) {
  if (flags & ~unsigned(AT_REMOVEDIR)) return Errno::inval;
  NewPlace place;
  TRY(place.copy(directory, path));
  return flags & AT_REMOVEDIR ? remove_directory(place) : remove_file(place);
}

// A directory that moves to another parent must be writable itself, because its ".." changes.
// Errors: those of path lookup; busy ("." and "..", mounts), inval (into itself, unknown flags),
// exist (RENAME_NOREPLACE), isdir, notdir, notempty, perm (the sticky bit, or a directory that
// cannot be changed), xdev, nomem, nospc.
SYSCALL(SYS_renameat2, renameat2, void,
        (int old_directory, UserString old_path, int directory, UserString path, unsigned flags)) {
  if (flags > RENAME_EXCHANGE) return Errno::inval;
  NewPlace from, to;
  TRY(from.copy(old_directory, old_path));
  TRY(to.copy(directory, path));
  if (from.end.parent->file_system() != to.end.parent->file_system()) return Errno::xdev;
  if (from.is_dots()) return Errno::busy;
  if (to.is_dots()) return flags & RENAME_NOREPLACE ? Errno::exist : Errno::busy;
  TRY(from.check_may_take());
  TRY(to.parent().check_access(to.context().credentials(), may_write));
  bool exchange = flags & RENAME_EXCHANGE;
  if (from.end.must_be_dir || (to.end.must_be_dir && !exchange)) TRY(check_directory(from));
  if (to.end.must_be_dir && exchange) TRY(check_directory(to));
  return from.parent().rename(from.end.last, to.parent(), to.end.last, flags,
                              from.context().credentials());
}

// ---- Reading attributes and links ----

// Errors: those of path lookup, badf, inval (unknown flags), fault.
SYSCALL(SYS_newfstatat, newfstatat, void,
        (int directory, UserString path, UserPtr<tine_stat> to, unsigned flags)) {
  if (flags & ~unsigned(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH)) return Errno::inval;
  UserPlace place;
  RefPtr<Node> node = TRY(place.find(directory, path, flags));
  return to.store(node->stat());
}

// Cut to `size` bytes, without a final 0. An empty path is the link that was opened as `directory`.
// Errors: those of path lookup, badf, noent (an empty path, and no link), inval (no link; no size),
// fault.
SYSCALL(SYS_readlinkat, readlinkat, std::size_t,
        (int directory, UserString path, VirtAddr to, int size)) {
  if (size <= 0) return Errno::inval;
  UserPlace place;
  RefPtr<Node> node = TRY(place.find(directory, path, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH));
  if (place.path.view().empty() && node->kind() != NodeKind::symlink) return Errno::noent;
  std::string_view target = TRY(node->link_target());
  std::size_t length = std::min(target.size(), std::size_t(size));
  TRY(copy_to_user(current_space(), to, target.data(), length));
  return length;
}

// ---- The current directory ----

// Errors: those of path lookup, notdir.
SYSCALL(SYS_chdir, chdir, void, (UserString path)) {
  UserPlace place;
  RefPtr<Node> node = TRY(place.find(AT_FDCWD, path));
  if (!node->is_directory()) return Errno::notdir;
  TRY(node->check_access(place.context().credentials(), may_execute));
  current_process().paths.cwd = std::move(node);
  return {};
}

// The length with the final 0, as on Linux. Errors: noent (it was removed), range, nametoolong,
// fault, nomem.
SYSCALL(SYS_getcwd, getcwd, std::size_t, (VirtAddr to, std::size_t size)) {
  OwnPtr<PathBuffer> room = TRY(make<PathBuffer>());
  const PathContext& context = current_process().paths;
  std::string_view path = TRY(path_of(context, context.cwd, room->bytes));
  if (path.size() + 1 > size) return Errno::range;
  TRY(copy_to_user(current_space(), to, path.data(), path.size() + 1));
  return path.size() + 1;
}

}  // namespace tine
