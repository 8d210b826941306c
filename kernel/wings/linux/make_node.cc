// mknod and mount: add pipes and file systems to the tree of files.
#include <tine/abi.h>

#include "fs/pipe.hh"
#include "lib/string.hh"
#include "mm/heap.hh"
#include "proc/process.hh"
#include "syscall/dispatch.hh"
#include "syscall/user_path.hh"
#include "vfs/mount.hh"

namespace tine {

// Makes a file, or a pipe with a name; only the kernel makes devices. Errors: those of path lookup,
// exist, perm (a device, or a directory that cannot be changed), inval (no kind of file), nomem.
SYSCALL(SYS_mknodat, mknodat, void, (int directory, UserString path, std::uint32_t mode)) {
  NewPlace place;
  TRY(place.copy_for_file(directory, path));
  Attributes attributes = place.attributes(mode & 07777);
  switch (mode & S_IFMT) {
    case 0:
    case S_IFREG: TRY(place.parent().create(place.end.last, attributes)); return {};
    case S_IFIFO: {
      RefPtr<Node> fifo = TRY(Pipe::make(attributes, place.parent().file_system()));
      return place.parent().add(place.end.last, std::move(fifo));
    }
    case S_IFCHR:
    case S_IFBLK:
    case S_IFSOCK:
    case S_IFDIR: return Errno::perm;
    default: return Errno::inval;
  }
}

namespace {

// Flags without effect here: programs cannot make devices, and times of access are updated as with
// relatime in any case.
constexpr std::uint64_t harmless = MS_NODEV | MS_NOATIME | MS_NODIRATIME | MS_SILENT | MS_RELATIME;

// Copies a string; one that does not fit is inval.
Result<std::string_view> copy_name(UserString from, std::span<char> room) {
  Result<std::size_t> length = copy_string_from_user(current_space(), room, from.at);
  if (!length) return length.error() == Errno::toobig ? Errno::inval : length.error();
  return std::string_view(room.data(), *length);
}

}  // namespace

// These file systems are not on a device and have no options, so the source is ignored. Errors:
// those of path lookup, nodev (no such kind), notdir, busy (something is mounted there), inval
// (flags, options), perm, nomem, fault.
SYSCALL(SYS_mount, mount, void,
        (UserString, UserString target, UserString type, std::uint64_t flags, UserString options)) {
  char name[32], given[2];
  std::string_view kind = TRY(copy_name(type, name));
  if (options.at != VirtAddr() && !TRY(copy_name(options, given)).empty()) return Errno::inval;
  if (flags & ~harmless) return Errno::inval;
  if (!current_credentials().is_superuser()) return Errno::perm;
  UserPlace place;
  TRY(place.copy(AT_FDCWD, target));
  return mount(TRY(resolve(place.context(), place.path.view())), kind == "proc" ? "procfs" : kind);
}

}  // namespace tine
