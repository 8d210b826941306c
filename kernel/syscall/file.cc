// System calls about open files and their descriptors.
#include <tine/abi.h>

#include <algorithm>
#include <array>
#include <span>

#include "fs/pipe.hh"
#include "mm/heap.hh"
#include "proc/signal.hh"
#include "syscall/dispatch.hh"
#include "syscall/user_path.hh"
#include "vfs/open_file.hh"

namespace tine {
namespace {

FdTable& files() { return current_process().files; }

}  // namespace

// ---- Opening and closing ----

// Errors: those of path lookup, mfile, exist, isdir, inval, perm (a directory that cannot be
// changed), txtbsy (it runs), nospc, nxio, intr.
SYSCALL(SYS_openat, openat, int,
        (int directory, UserString path, unsigned flags, std::uint32_t permissions)) {
  UserPlace place;
  TRY(place.copy(directory, path));
  TRY(files().make_room());
  RefPtr<OpenFile> file =
      TRY(open(place.context(), place.path.view(), flags | O_LARGEFILE, permissions));
  return files().add(std::move(file), flags & O_CLOEXEC);
}

// Errors: badf.
SYSCALL(SYS_close, close, void, (int fd)) { return files().close(fd); }

// Errors: inval, mfile, nfile, nomem, fault; nothing stays open then.
SYSCALL(SYS_pipe2, pipe2, void, (UserPtr<std::array<int, 2>> to, unsigned flags)) {
  if (flags & ~unsigned(O_CLOEXEC | O_NONBLOCK)) return Errno::inval;
  const Credentials& who = current_credentials();
  RefPtr<Node> pipe =
      TRY(Pipe::make(Attributes(0600, who.user.effective, who.group.effective), no_file_system));
  RefPtr<OpenFile> reader = TRY(OpenFile::make(pipe, flags | O_RDONLY));
  RefPtr<OpenFile> writer = TRY(OpenFile::make(pipe, flags | O_WRONLY));
  std::array<int, 2> ends{-1, -1};
  ScopeExit close_both([&] {
    for (int fd : ends) (void)files().close(fd);
  });
  ends[0] = TRY(files().add(std::move(reader), flags & O_CLOEXEC));
  ends[1] = TRY(files().add(std::move(writer), flags & O_CLOEXEC));
  TRY(to.store(ends));
  close_both.dismiss();
  return {};
}

// ---- Reading and writing ----

// Errors: badf, fault, isdir, again, intr; of a file of /proc: srch (the process is gone), access,
// nomem.
SYSCALL(SYS_read, read, std::size_t, (int fd, VirtAddr at, std::size_t size)) {
  RefPtr<OpenFile> file = TRY(files().get(fd));
  IoBuffer buffer = TRY(user_buffer(at, size));
  return file->read(buffer);
}

// Errors: badf, fault, nomem, fbig, nospc, again, intr, pipe, inval (a file of /proc).
SYSCALL(SYS_write, write, std::size_t, (int fd, VirtAddr at, std::size_t size)) {
  RefPtr<OpenFile> file = TRY(files().get(fd));
  IoBuffer buffer = TRY(user_buffer(at, size));
  Result<std::size_t> written = file->write(buffer);
  if (!written || *written < size) signal_failed_write(*file, written);
  return written;
}

// Errors: badf, notdir, noent (the directory was removed), inval (no room for one entry), fault.
SYSCALL(SYS_getdents64, getdents64, std::size_t, (int fd, VirtAddr at, std::size_t size)) {
  RefPtr<OpenFile> file = TRY(files().get(fd));
  IoBuffer buffer(current_space(), at, std::min(size, max_transfer));
  return file->read_directory(buffer);
}

// Errors: badf, spipe, inval.
SYSCALL(SYS_lseek, lseek, std::uint64_t, (int fd, std::int64_t distance, unsigned whence)) {
  RefPtr<OpenFile> file = TRY(files().get(fd));
  if (whence > SEEK_END) return Errno::inval;
  return file->seek(distance, Whence(whence));
}

// Errors: badf, inval (negative, no file that has a size, or not open for writing), fbig, nomem.
SYSCALL(SYS_ftruncate, ftruncate, void, (int fd, std::int64_t size)) {
  RefPtr<OpenFile> file = TRY(files().get(fd));
  if (size < 0 || !file->writable()) return Errno::inval;
  Result<> done = file->node()->truncate(std::uint64_t(size));
  if (!done) signal_large_file(done.error());
  return done;
}

// Errors: badf, fault.
SYSCALL(SYS_fstat, fstat, void, (int fd, UserPtr<tine_stat> to)) {
  RefPtr<OpenFile> file = TRY(files().get_any(fd));
  return to.store(file->node()->stat());
}

// Errors: badf, notty, fault.
SYSCALL(SYS_ioctl, ioctl, std::size_t, (int fd, std::uint64_t request, VirtAddr argument)) {
  RefPtr<OpenFile> file = TRY(files().get(fd));
  return file->node()->ioctl(request, argument);
}

// ---- Descriptors ----

// Errors: badf, mfile, nomem.
SYSCALL(SYS_dup, dup, int, (int fd)) {
  RefPtr<OpenFile> file = TRY(files().get_any(fd));
  return files().add(std::move(file), false);
}

// Errors: badf, inval (equal descriptors, unknown flags), nomem.
SYSCALL(SYS_dup3, dup3, int, (int old, int fd, unsigned flags)) {
  if (old == fd || (flags & ~unsigned(O_CLOEXEC))) return Errno::inval;
  RefPtr<OpenFile> file = TRY(files().get_any(old));
  TRY(files().put(fd, std::move(file), flags & O_CLOEXEC));
  return fd;
}

namespace {

// Bounds of the rows (linker/kernel.ld).
extern "C" const FileCommand file_commands_start[], file_commands_end[];

// Commands that need the open file itself, so not for O_PATH.
Result<int> other_command(OpenFile& file, int command, std::uint64_t argument) {
  if (file.is_place()) return Errno::badf;
  if (command == F_SETFL) {
    file.set_flags(unsigned(argument));
    return 0;
  }
  for (const FileCommand& row : std::span(file_commands_start, file_commands_end)) {
    if (row.number == command) return row.run(file, VirtAddr(argument));
  }
  return Errno::inval;
}

}  // namespace

// Errors: badf, inval (unknown command, no such descriptor to start from), mfile, nomem; of locks
// (a wing): fault, overflow, again, deadlk, intr, nolck.
SYSCALL(SYS_fcntl, fcntl, int, (int fd, int command, std::uint64_t argument)) {
  RefPtr<OpenFile> file = TRY(files().get_any(fd));
  switch (command) {
    case F_DUPFD:
    case F_DUPFD_CLOEXEC:
      if (argument >= std::uint64_t(files().limit.load(std::memory_order_relaxed)))
        return Errno::inval;
      return files().add(std::move(file), command == F_DUPFD_CLOEXEC, int(argument));
    case F_GETFD: return TRY(files().closes_on_exec(fd)) ? FD_CLOEXEC : 0;
    case F_SETFD: TRY(files().set_close_on_exec(fd, argument & FD_CLOEXEC)); return 0;
    case F_GETFL: return int(file->flags());
    default: return other_command(*file, command, argument);
  }
}

}  // namespace tine
