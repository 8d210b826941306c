// statx: the attributes of newfstatat, in a larger structure. klibc, GNU ls and GNU stat use only
// this call.
#include <tine/abi.h>

#include "syscall/dispatch.hh"
#include "syscall/user_path.hh"

namespace tine {
namespace {

static_assert(sizeof(tine_statx) == 256);

tine_statx_time statx_time(const tine_timespec& time) {
  return {time.tv_sec, static_cast<std::uint32_t>(time.tv_nsec), 0};
}

// Device numbers in the C library's format: major in bits 8 to 19, minor in bits 0 to 7 and from 20
// on.
std::uint32_t major_of(std::uint64_t device) { return device >> 8 & 0xfff; }
std::uint32_t minor_of(std::uint64_t device) {
  return static_cast<std::uint32_t>((device & 0xff) | (device >> 12 & 0xfff00));
}

tine_statx statx_of(const tine_stat& about) {
  tine_statx result{};
  result.stx_mask = STATX_BASIC_STATS;
  result.stx_blksize = static_cast<std::uint32_t>(about.st_blksize);
  result.stx_nlink = about.st_nlink;
  result.stx_uid = about.st_uid;
  result.stx_gid = about.st_gid;
  result.stx_mode = static_cast<std::uint16_t>(about.st_mode);
  result.stx_ino = about.st_ino;
  result.stx_size = static_cast<std::uint64_t>(about.st_size);
  result.stx_blocks = static_cast<std::uint64_t>(about.st_blocks);
  result.stx_atime = statx_time(about.st_atim);
  result.stx_ctime = statx_time(about.st_ctim);
  result.stx_mtime = statx_time(about.st_mtim);
  result.stx_rdev_major = major_of(about.st_rdev);
  result.stx_rdev_minor = minor_of(about.st_rdev);
  result.stx_dev_major = major_of(about.st_dev);
  result.stx_dev_minor = minor_of(about.st_dev);
  return result;
}

}  // namespace

// `mask`: the fields that the program asks for; it gets all fields. Files are in memory, so there
// is nothing to synchronise. Errors: those of path lookup, badf, inval (unknown flags, a reserved
// bit of `mask`), fault.
SYSCALL(SYS_statx, statx, void,
        (int directory, UserString path, unsigned flags, unsigned mask, UserPtr<tine_statx> to)) {
  if ((flags & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE) return Errno::inval;
  if (mask & STATX_RESERVED) return Errno::inval;
  constexpr unsigned known =
      AT_STATX_SYNC_TYPE | AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH;
  if (flags & ~known) return Errno::inval;
  UserPlace place;
  RefPtr<Node> node = TRY(place.find(directory, path, flags));
  return to.store(statx_of(node->stat()));
}

}  // namespace tine
