// System calls on the attributes of files: permissions, owners, times, sizes of file systems.
#include <tine/abi.h>

#include <algorithm>

#include "mm/heap.hh"
#include "proc/signal.hh"
#include "sched/clock.hh"
#include "syscall/dispatch.hh"
#include "syscall/timespec.hh"
#include "syscall/user_path.hh"
#include "vfs/mount.hh"
#include "vfs/open_file.hh"
#include "vfs/storage.hh"

namespace tine {
namespace {

// `flags`: AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH.
Result<RefPtr<Node>> node_at(int directory, UserString path, unsigned flags = 0) {
  UserPlace place;
  return place.find(directory, path, flags);
}

// The node of a descriptor; not of one that was opened with O_PATH.
Result<RefPtr<Node>> node_of(int fd) {
  RefPtr<OpenFile> file = TRY(current_process().files.get(fd));
  return file->node();
}
// The same, also for one that was opened with O_PATH.
Result<RefPtr<Node>> place_of(int fd) {
  RefPtr<OpenFile> file = TRY(current_process().files.get_any(fd));
  return file->node();
}

}  // namespace

// ---- Permissions and owners ----

namespace {

// An owner who is not in the file's group cannot set S_ISGID: the file must not run with that
// group's rights. Errors: perm.
Result<> change_permissions(Node& node, std::uint32_t mode) {
  const Credentials& who = current_credentials();
  return node.change_attributes([&](Attributes& now) -> Result<> {
    if (!now.is_owner(who)) return Errno::perm;
    bool may_share = who.is_superuser() || who.is_in_group(now.group);
    now.permissions = may_share ? mode : mode & ~unsigned(S_ISGID);
    return {};
  });
}

// An owner may only change the group, to one that the caller is in. The set-ID bits are cleared:
// the file must not run with the new owner's rights. Errors: perm.
Result<> change_owner(Node& node, std::uint32_t user, std::uint32_t group) {
  constexpr std::uint32_t unchanged = ~0u;
  const Credentials& who = current_credentials();
  return node.change_attributes([&](Attributes& now) -> Result<> {
    std::uint32_t new_user = user == unchanged ? now.user : user;
    std::uint32_t new_group = group == unchanged ? now.group : group;
    bool allowed = who.is_superuser() || (now.is_owner(who) && new_user == now.user &&
                                          (new_group == now.group || who.is_in_group(new_group)));
    if (!allowed) return Errno::perm;
    std::uint32_t set_ids = node.is_directory() ? 0 : S_ISUID | S_ISGID;
    now = {now.permissions & ~set_ids, new_user, new_group};
    return {};
  });
}

}  // namespace

// Errors: those of path lookup, perm.
SYSCALL(SYS_fchmodat, fchmodat, void, (int directory, UserString path, std::uint32_t mode)) {
  RefPtr<Node> node = TRY(node_at(directory, path));
  return change_permissions(*node, mode);
}
// Errors: badf, perm.
SYSCALL(SYS_fchmod, fchmod, void, (int fd, std::uint32_t mode)) {
  RefPtr<Node> node = TRY(node_of(fd));
  return change_permissions(*node, mode);
}

// Errors: those of path lookup, badf, inval (unknown flags), perm.
SYSCALL(SYS_fchownat, fchownat, void,
        (int directory, UserString path, std::uint32_t user, std::uint32_t group, unsigned flags)) {
  if (flags & ~unsigned(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) return Errno::inval;
  RefPtr<Node> node = TRY(node_at(directory, path, flags));
  return change_owner(*node, user, group);
}
// Errors: badf, perm.
SYSCALL(SYS_fchown, fchown, void, (int fd, std::uint32_t user, std::uint32_t group)) {
  RefPtr<Node> node = TRY(node_of(fd));
  return change_owner(*node, user, group);
}

namespace {

// The real ids decide, also on the way to the file: a set-ID program asks what the user who started
// it may do (POSIX, access).
Result<> check_access(int directory, UserString path, unsigned mode, unsigned flags) {
  if (mode & ~(may_read | may_write | may_execute)) return Errno::inval;
  if (flags & ~unsigned(AT_SYMLINK_NOFOLLOW | AT_EACCESS | AT_EMPTY_PATH)) return Errno::inval;
  UserPlace place;
  PathContext& context = place.own_context();
  if (!(flags & AT_EACCESS)) {
    auto real = TRY(make_ref<SharedCredentials>(current_credentials()));
    real->ids.user.effective = real->ids.user.real;
    real->ids.group.effective = real->ids.group.real;
    context.shared_credentials = std::move(real);
  }
  RefPtr<Node> node = TRY(place.find(directory, path, flags));
  return node->check_access(context.credentials(), mode);
}

}  // namespace

// Errors: those of path lookup, access, inval, nomem.
SYSCALL(SYS_faccessat, faccessat, void, (int directory, UserString path, unsigned mode)) {
  return check_access(directory, path, mode, 0);
}
// Errors: those of path lookup, badf, access, inval, nomem.
SYSCALL(SYS_faccessat2, faccessat2, void,
        (int directory, UserString path, unsigned mode, unsigned flags)) {
  return check_access(directory, path, mode, flags);
}

// ---- Times ----

namespace {

constexpr std::int64_t utime_now = (1 << 30) - 1, utime_omit = (1 << 30) - 2;

// The new value of a time. `now` is for UTIME_NOW, `old` for UTIME_OMIT. Errors: inval.
Result<std::uint64_t> new_time(const tine_timespec& wanted, std::uint64_t now, std::uint64_t old) {
  if (wanted.tv_nsec == utime_now) return now;
  if (wanted.tv_nsec == utime_omit) return old;
  return ns_of(wanted);
}

}  // namespace

// Sets the times of the last read and the last change. `times` null: both to now. `path` null: of
// the open file `directory`. A caller with the right to write may set both to now; anything else
// needs the owner. Errors: those of path lookup, badf, access, perm, inval, fault.
SYSCALL(SYS_utimensat, utimensat, void,
        (int directory, UserString path, UserPtr<tine_timespec> times, unsigned flags)) {
  if (flags & ~unsigned(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) return Errno::inval;
  tine_timespec accessed{0, utime_now}, modified{0, utime_now};
  if (!times.is_null()) accessed = TRY(times.load());
  if (!times.is_null()) modified = TRY((times + 1).load());
  std::uint64_t now = wall_clock_ns();
  TRY(new_time(accessed, now, now));
  TRY(new_time(modified, now, now));
  bool both_now = accessed.tv_nsec == utime_now && modified.tv_nsec == utime_now;
  bool by_path = path.at.value() != 0;
  RefPtr<Node> node = TRY(by_path ? node_at(directory, path, flags) : node_of(directory));
  if (accessed.tv_nsec == utime_omit && modified.tv_nsec == utime_omit) return {};
  const Credentials& who = current_credentials();
  return node->change_attributes([&](Attributes& rights) -> Result<> {
    if (!rights.is_owner(who)) {
      if (!both_now) return Errno::perm;
      TRY(rights.check(who, may_write));
    }
    node->set_times(TRY(new_time(accessed, now, node->accessed())),
                    TRY(new_time(modified, now, node->modified())));
    return {};
  });
}

// ---- Sizes ----

// Errors: those of path lookup, access, inval, isdir, txtbsy, fbig, nomem.
SYSCALL(SYS_truncate, truncate, void, (UserString path, std::int64_t size)) {
  if (size < 0) return Errno::inval;
  RefPtr<Node> node = TRY(node_at(AT_FDCWD, path));
  TRY(node->check_access(current_credentials(), may_write));
  Result<> done = node->truncate_by_name(std::uint64_t(size));
  if (!done) signal_large_file(done.error());
  return done;
}

namespace {

struct StatFs {
  std::uint64_t type, block_size, blocks, blocks_free, blocks_available, files, files_free;
  std::uint64_t id, name_length, fragment_size, flags, spare[4];
};

std::uint64_t pages_of(std::uint64_t bytes) { return (bytes + page_size - 1) / page_size; }

// The sizes for tmpfs. All its mounts have the same, because they use one storage.
void describe_storage(StatFs& result) {
  StorageCounts counts = storage_counts();
  result.blocks = pages_of(counts.bytes);
  result.blocks_free = result.blocks - std::min(result.blocks, pages_of(counts.bytes_used));
  result.blocks_available = result.blocks_free;
  result.files = counts.nodes;
  result.files_free = counts.nodes - std::min(counts.nodes, counts.nodes_used);
}

// Describes the file system of a node. All but tmpfs have the size 0.
StatFs stat_fs(const Node& node) {
  constexpr std::uint64_t tmpfs_magic = 0x01021994, procfs_magic = 0x9fa0, pipe_magic = 0x50495045;
  const Mount* mount = newest_mount();
  while (mount && mount->root->file_system() != node.file_system()) mount = mount->older;
  StatFs result{};
  result.type = !mount ? pipe_magic : mount->type == "tmpfs" ? tmpfs_magic : procfs_magic;
  if (result.type == tmpfs_magic) describe_storage(result);
  result.block_size = result.fragment_size = page_size;
  result.id = node.file_system();
  result.name_length = TINE_NAME_MAX;
  return result;
}

}  // namespace

// Errors: those of path lookup, fault.
SYSCALL(SYS_statfs, statfs, void, (UserString path, UserPtr<StatFs> to)) {
  RefPtr<Node> node = TRY(node_at(AT_FDCWD, path));
  return to.store(stat_fs(*node));
}

// Errors: badf, fault.
SYSCALL(SYS_fstatfs, fstatfs, void, (int fd, UserPtr<StatFs> to)) {
  RefPtr<Node> node = TRY(place_of(fd));
  return to.store(stat_fs(*node));
}

// ---- Writing to the disk: nothing to do, because files are only in memory ----

// Errors of all: badf, inval (neither a regular file nor a directory).

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

// Not implemented: the C library then writes zeros, which allocates the space too. Errors: badf,
// inval, opnotsupp.
SYSCALL(SYS_fallocate, fallocate, void, (int fd, int, std::int64_t offset, std::int64_t size)) {
  RefPtr<OpenFile> file = TRY(current_process().files.get(fd));
  if (!file->writable()) return Errno::badf;
  return offset < 0 || size <= 0 ? Errno::inval : Errno::opnotsupp;
}

// ---- The current directory ----

// Errors: badf, notdir, access.
SYSCALL(SYS_fchdir, fchdir, void, (int fd)) {
  RefPtr<Node> node = TRY(place_of(fd));
  if (!node->is_directory()) return Errno::notdir;
  TRY(node->check_access(current_credentials(), may_execute));
  current_process().paths.cwd = std::move(node);
  return {};
}

}  // namespace tine
