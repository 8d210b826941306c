// System calls about files.
#include <tine/abi.h>

#include <algorithm>

#include "fs/open_file.hh"
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

// What one read or write moves at most, as on Linux: so that the count always fits an int.
constexpr std::size_t max_transfer = 0x7ffff000;

IoBuffer user_buffer(VirtAddr at, std::size_t size) {
  return IoBuffer(current_space(), at, std::min(size, max_transfer));
}

// The directory that a relative path starts from. Errors: badf, notdir.
Result<PathContext> context_at(int directory) {
  PathContext context = current_process().paths;
  if (directory == AT_FDCWD) return context;
  RefPtr<OpenFile> file = TRY(current_process().files.get(directory));
  if (!file->node()->is_directory()) return Errno::notdir;
  context.cwd = file->node();
  return context;
}

}  // namespace

// Errors: those of path lookup, mfile, inval.
SYSCALL(SYS_openat, openat, int,
        (int directory, UserString path, unsigned flags, std::uint32_t permissions)) {
  OwnPtr<UserPath> name = TRY(copy_path(path));
  // An absolute path does not look at the directory, which may then be anything.
  PathContext context = name->text[0] == '/' ? current_process().paths : TRY(context_at(directory));
  RefPtr<OpenFile> file = TRY(open(context, name->view(), flags, permissions));
  return current_process().files.add(std::move(file), flags & O_CLOEXEC);
}

SYSCALL(SYS_close, close, void, (int fd)) { return current_process().files.close(fd); }

// Errors: badf, fault, isdir, intr.
SYSCALL(SYS_read, read, std::size_t, (int fd, VirtAddr at, std::size_t size)) {
  RefPtr<OpenFile> file = TRY(current_process().files.get(fd));
  IoBuffer buffer = user_buffer(at, size);
  return file->read(buffer);
}

// Errors: badf, fault, nomem, fbig.
SYSCALL(SYS_write, write, std::size_t, (int fd, VirtAddr at, std::size_t size)) {
  RefPtr<OpenFile> file = TRY(current_process().files.get(fd));
  IoBuffer buffer = user_buffer(at, size);
  return file->write(buffer);
}

SYSCALL(SYS_fstat, fstat, void, (int fd, UserPtr<tine_stat> to)) {
  RefPtr<OpenFile> file = TRY(current_process().files.get(fd));
  return to.store(file->node()->stat());
}

// Errors: badf, notty, fault.
SYSCALL(SYS_ioctl, ioctl, std::size_t, (int fd, std::uint64_t request, VirtAddr argument)) {
  RefPtr<OpenFile> file = TRY(current_process().files.get(fd));
  return file->node()->ioctl(request, argument);
}

}  // namespace tine
