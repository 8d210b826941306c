// What files are besides their contents: permissions, times, sizes of file systems. There is one
// user, so an owner is checked and not kept.
#include <tine/abi.h>

#include "fs/open_file.hh"
#include "mm/frames.hh"
#include "proc/process.hh"
#include "sched/clock.hh"
#include "syscall/dispatch.hh"
#include "syscall/timespec.hh"
#include "syscall/user_path.hh"

namespace tine {
namespace {

Result<RefPtr<Node>> node_at(int directory, UserString path, bool follow = true) {
  UserPlace place;
  TRY(place.copy(directory, path));
  return resolve(place.context, place.path.view(), follow);
}

Result<RefPtr<Node>> node_of(int fd) {
  RefPtr<OpenFile> file = TRY(current_process().files.get(fd));
  return file->node();
}

}  // namespace

// ---- Permissions and owners. Errors of all: those of path lookup, badf ----

SYSCALL(SYS_fchmodat, fchmodat, void, (int directory, UserString path, std::uint32_t mode)) {
  RefPtr<Node> node = TRY(node_at(directory, path));
  node->set_permissions(mode);
  return {};
}

// Errors: badf.
SYSCALL(SYS_fchmod, fchmod, void, (int fd, std::uint32_t mode)) {
  RefPtr<Node> node = TRY(node_of(fd));
  node->set_permissions(mode);
  return {};
}

namespace {

// Errors: perm (an owner that there cannot be).
Result<> check_owner(std::uint32_t user, std::uint32_t group) {
  constexpr std::uint32_t unchanged = ~0u;
  bool known = (user == 0 || user == unchanged) && (group == 0 || group == unchanged);
  return known ? Result<>() : Errno::perm;
}

}  // namespace

// Errors besides: inval (unknown flags), perm.
SYSCALL(SYS_fchownat, fchownat, void,
        (int directory, UserString path, std::uint32_t user, std::uint32_t group, unsigned flags)) {
  if (flags & ~unsigned(AT_SYMLINK_NOFOLLOW)) return Errno::inval;
  TRY(node_at(directory, path, !(flags & AT_SYMLINK_NOFOLLOW)));
  return check_owner(user, group);
}

// Errors: badf, perm.
SYSCALL(SYS_fchown, fchown, void, (int fd, std::uint32_t user, std::uint32_t group)) {
  TRY(node_of(fd));
  return check_owner(user, group);
}

// root may do everything, but execute what nobody may. Errors besides: inval, access.
SYSCALL(SYS_faccessat, faccessat, void, (int directory, UserString path, unsigned mode)) {
  constexpr unsigned execute = 1, all = 7;
  if (mode & ~all) return Errno::inval;
  RefPtr<Node> node = TRY(node_at(directory, path));
  bool runnable = node->is_directory() || (node->permissions() & 0111);
  return (mode & execute) && !runnable ? Errno::access : Result<>();
}

// ---- Times ----

// Of the two times only the second, of the last change, is kept; null: now. `path` null: the file
// that `directory` is. Errors: those of path lookup, badf, inval, fault.
SYSCALL(SYS_utimensat, utimensat, void,
        (int directory, UserString path, UserPtr<tine_timespec> times, unsigned flags)) {
  constexpr std::int64_t now = (1 << 30) - 1, leave = (1 << 30) - 2;  // UTIME_NOW, UTIME_OMIT
  if (flags & ~unsigned(AT_SYMLINK_NOFOLLOW)) return Errno::inval;
  tine_timespec modified{0, now};
  if (!times.is_null()) modified = TRY((times + 1).load());
  std::uint64_t ns = wall_clock_ns();
  if (modified.tv_nsec != now && modified.tv_nsec != leave) ns = TRY(ns_of(modified));
  bool by_path = path.at.value() != 0;
  RefPtr<Node> node =
      TRY(by_path ? node_at(directory, path, !(flags & AT_SYMLINK_NOFOLLOW)) : node_of(directory));
  if (modified.tv_nsec != leave) node->set_modified(ns);
  return {};
}

// ---- Sizes ----

// Errors: those of path lookup, inval, isdir, fbig, nomem.
SYSCALL(SYS_truncate, truncate, void, (UserString path, std::int64_t size)) {
  if (size < 0) return Errno::inval;
  RefPtr<Node> node = TRY(node_at(AT_FDCWD, path));
  return node->truncate(std::uint64_t(size));
}

namespace {

struct StatFs {
  std::uint64_t type, block_size, blocks, blocks_free, blocks_available, files, files_free;
  std::uint64_t id, name_length, fragment_size, flags, spare[4];
};

StatFs stat_fs() {
  constexpr std::uint64_t tmpfs_magic = 0x01021994;
  FrameCounts frames = frame_counts();
  StatFs result{};
  result.type = tmpfs_magic;
  result.block_size = result.fragment_size = page_size;
  result.blocks = frames.total;
  result.blocks_free = result.blocks_available = frames.of_kind[unsigned(FrameKind::free)];
  result.name_length = TINE_NAME_MAX;
  return result;
}

}  // namespace

// Every file system lives in memory: its size is the machine's. Errors: those of path lookup,
// fault.
SYSCALL(SYS_statfs, statfs, void, (UserString path, UserPtr<StatFs> to)) {
  TRY(node_at(AT_FDCWD, path));
  return to.store(stat_fs());
}

// Errors: badf, fault.
SYSCALL(SYS_fstatfs, fstatfs, void, (int fd, UserPtr<StatFs> to)) {
  TRY(node_of(fd));
  return to.store(stat_fs());
}

// ---- Writing to the disk: what is in memory is where it belongs ----

// Errors of all: badf, inval (no file that a disk could hold).

namespace {

Result<> check_kept(int fd) {
  RefPtr<Node> node = TRY(node_of(fd));
  bool kept = node->kind() == NodeKind::regular || node->is_directory();
  return kept ? Result<>() : Errno::inval;
}

}  // namespace

SYSCALL(SYS_fsync, fsync, void, (int fd)) { return check_kept(fd); }
SYSCALL(SYS_fdatasync, fdatasync, void, (int fd)) { return check_kept(fd); }
// Errors: none.
SYSCALL(SYS_sync, sync, void, ()) { return {}; }

// ---- Where the program is ----

// Errors: badf, notdir.
SYSCALL(SYS_fchdir, fchdir, void, (int fd)) {
  RefPtr<Node> node = TRY(node_of(fd));
  if (!node->is_directory()) return Errno::notdir;
  current_process().paths.cwd = std::move(node);
  return {};
}

}  // namespace tine
