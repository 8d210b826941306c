// The wing `locks`: flock, and the commands of fcntl that lock bytes of a file.
#include <tine/abi.h>

#include "proc/process.hh"
#include "syscall/dispatch.hh"
#include "vfs/open_file.hh"
#include "wings/locks/table.hh"

namespace tine {
namespace {

constinit LockTable record_locks(true), open_file_locks(false);

// ---- Closing a file releases locks ----

// POSIX: closing any descriptor of the file releases the process's locks on it.
void descriptor_closed(const void* owner, const OpenFile& file) {
  record_locks.release(owner, file.node().get());
}
void file_closed(const OpenFile& file) { open_file_locks.release(&file, file.node().get()); }

CLOSE_WATCHER(locks, descriptor_closed, file_closed)

// ---- Record locks ----

// Errors: inval, overflow.
Result<ByteRange> range_of(OpenFile& file, const tine_flock& request) {
  std::int64_t origin = 0, start, end;
  switch (request.l_whence) {
    case SEEK_SET: break;
    case SEEK_CUR: origin = std::int64_t(TRY(file.seek(0, Whence::current))); break;
    case SEEK_END: origin = std::int64_t(file.node()->size()); break;
    default: return Errno::inval;
  }
  if (__builtin_add_overflow(origin, request.l_start, &start)) return Errno::overflow;
  if (__builtin_add_overflow(start, request.l_len, &end)) return Errno::overflow;
  if (request.l_len < 0) std::swap(start, end);
  if (start < 0) return Errno::inval;
  return ByteRange{std::uint64_t(start),
                   request.l_len == 0 ? ByteRange::no_end : std::uint64_t(end)};
}

// The lock that a request of the current process describes. Errors: those above, inval.
Result<LockRequest> record_lock(OpenFile& file, const tine_flock& request) {
  if (request.l_type < F_RDLCK || request.l_type > F_UNLCK) return Errno::inval;
  if (!file.node()->has_positions()) return Errno::inval;
  Process& self = current_process();
  ByteRange range = TRY(range_of(file, request));
  return LockRequest{file.node().get(), &self.files, request.l_type == F_WRLCK, self.pid, range};
}

// Errors: fault, inval, overflow, badf (not open for that), again, deadlk, intr, nomem,
// nolck.
Result<int> set_lock(OpenFile& file, VirtAddr argument, bool may_wait) {
  tine_flock request = TRY(UserPtr<tine_flock>(argument).load());
  LockRequest wanted = TRY(record_lock(file, request));
  if (request.l_type == F_RDLCK && !file.readable()) return Errno::badf;
  if (request.l_type == F_WRLCK && !file.writable()) return Errno::badf;
  TRY(request.l_type == F_UNLCK ? record_locks.unlock(wanted)
                                : record_locks.lock(wanted, may_wait));
  return 0;
}
Result<int> try_lock(OpenFile& file, VirtAddr argument) { return set_lock(file, argument, false); }
Result<int> wait_lock(OpenFile& file, VirtAddr argument) { return set_lock(file, argument, true); }

// Errors: fault, inval, overflow.
Result<int> get_lock(OpenFile& file, VirtAddr argument) {
  UserPtr<tine_flock> at(argument);
  tine_flock request = TRY(at.load());
  LockRequest wanted = TRY(record_lock(file, request));
  if (request.l_type == F_UNLCK) return Errno::inval;
  LockRequest found = wanted;
  if (record_locks.find_conflict(wanted, found)) {
    bool open_end = found.range.end == ByteRange::no_end;
    request = {.l_type = std::int16_t(found.exclusive ? F_WRLCK : F_RDLCK),
               .l_whence = SEEK_SET,
               .zero = 0,
               .l_start = std::int64_t(found.range.start),
               .l_len = open_end ? 0 : std::int64_t(found.range.end - found.range.start),
               .l_pid = found.pid,
               .zero2 = 0};
  } else {
    request.l_type = F_UNLCK;
  }
  TRY(at.store(request));
  return 0;
}

FILE_COMMAND(F_GETLK, get_lock)
FILE_COMMAND(F_SETLK, try_lock)
FILE_COMMAND(F_SETLKW, wait_lock)

}  // namespace

// ---- flock ----

// Errors: badf, inval, again, intr, nomem, nolck.
SYSCALL(SYS_flock, flock, void, (int fd, unsigned operation)) {
  RefPtr<OpenFile> file = TRY(current_process().files.get(fd));
  unsigned kind = operation & ~unsigned(LOCK_NB);
  LockRequest wanted{file->node().get(), file.get(), kind == LOCK_EX, current_process().pid};
  if (kind == LOCK_UN) return open_file_locks.unlock(wanted);
  if (kind != LOCK_SH && kind != LOCK_EX) return Errno::inval;
  return open_file_locks.lock(wanted, !(operation & LOCK_NB));
}

}  // namespace tine
