// ppoll and pselect6: sleep until one of several files can be read or written (sched/readiness.hh).
#include <tine/abi.h>

#include <algorithm>
#include <array>

#include "fs/open_file.hh"
#include "proc/process.hh"
#include "sched/readiness.hh"
#include "syscall/dispatch.hh"
#include "syscall/timespec.hh"
#include "wings/linux/masked.hh"

namespace tine {
namespace {

constexpr unsigned always_told = POLLERR | POLLHUP | POLLNVAL;

// What of `events`, and of what is always told, is true of a descriptor now.
unsigned look_at(int fd, unsigned events) {
  Result<RefPtr<OpenFile>> file = current_process().files.get(fd);
  if (!file) return POLLNVAL;
  unsigned ready = (*file)->node()->ready((*file)->flags());
  if (!(*file)->readable()) ready &= ~unsigned(POLLIN);
  if (!(*file)->writable()) ready &= ~unsigned(POLLOUT);
  return ready & (events | always_told);
}

// Calls look() -> how many files are ready, until there is one or the deadline has come. Errors:
// those of look; intr.
template <class Look>
Result<int> wait_for(std::uint64_t deadline, Look look) {
  ReadinessWatch watch;
  while (true) {
    std::uint64_t seen = watch.changes();
    int ready = TRY(look());
    if (ready) return ready;
    Result<bool> changed = watch.wait(seen, deadline);
    if (!changed) return Errno::intr;  // never made again: it would wait for the whole time anew
    if (!*changed) return look();
  }
}

// The clock value at which a time given by a program is over; null: never. Errors: inval, fault.
Result<std::uint64_t> deadline_of(UserPtr<tine_timespec> timeout) {
  if (timeout.is_null()) return never;
  return clock_after(clock_now(), TRY(ns_of(TRY(timeout.load()))));
}

Result<int> look_at_all(UserPtr<tine_pollfd> files, std::uint64_t count) {
  int ready = 0;
  for (std::uint64_t i = 0; i < count; i++) {
    tine_pollfd file = TRY((files + i).load());
    unsigned found = file.fd < 0 ? 0 : look_at(file.fd, unsigned(file.events));
    file.revents = std::int16_t(found);
    TRY((files + i).store(file));
    if (found) ready++;
  }
  return ready;
}

}  // namespace

// Errors: inval (too many files, a bad time, the size of a mask), fault, nomem, intr.
SYSCALL(SYS_ppoll, ppoll, int,
        (UserPtr<tine_pollfd> files, std::uint64_t count, UserPtr<tine_timespec> timeout,
         UserPtr<std::uint64_t> mask, std::size_t mask_size)) {
  if (count > TINE_OPEN_MAX) return Errno::inval;
  std::uint64_t deadline = TRY(deadline_of(timeout));
  auto poll = [&] { return wait_for(deadline, [&] { return look_at_all(files, count); }); };
  return with_signal_mask(mask, mask_size, poll);
}

// ---- select: the same with sets of bits ----

namespace {

using FdSet = std::array<std::uint64_t, TINE_OPEN_MAX / 64>;
struct FdSets {
  FdSet read, write, except;
};

bool has(const FdSet& set, unsigned fd) { return set[fd / 64] >> fd % 64 & 1; }

Result<> load_set(FdSet& set, UserPtr<std::uint64_t> from, unsigned count) {
  if (from.is_null()) return {};
  for (unsigned i = 0; i * 64 < count; i++) set[i] = TRY((from + i).load());
  return {};
}

Result<> store_set(const FdSet& set, UserPtr<std::uint64_t> to, unsigned count) {
  if (to.is_null()) return {};
  for (unsigned i = 0; i * 64 < count; i++) TRY((to + i).store(set[i]));
  return {};
}

// Answers how many bits are set in `found`. Errors: badf.
Result<int> look_at_sets(const FdSets& wanted, FdSets& found, unsigned count) {
  found = {};
  int ready = 0;
  for (unsigned fd = 0; fd < count; fd++) {
    bool reads = has(wanted.read, fd), writes = has(wanted.write, fd);
    if (!reads && !writes && !has(wanted.except, fd)) continue;
    unsigned state = look_at(int(fd), POLLIN | POLLOUT);
    if (state & POLLNVAL) return Errno::badf;
    std::uint64_t bit = 1ul << fd % 64;
    if (reads && (state & (POLLIN | POLLHUP | POLLERR))) found.read[fd / 64] |= bit, ready++;
    if (writes && (state & (POLLOUT | POLLERR))) found.write[fd / 64] |= bit, ready++;
  }
  return ready;
}

struct MaskArgument {
  UserPtr<std::uint64_t> mask;
  std::size_t size;
};

}  // namespace

// Errors: inval (the count, a bad time, the size of a mask), badf, fault, nomem, intr.
SYSCALL(SYS_pselect6, pselect6, int,
        (int count, UserPtr<std::uint64_t> read, UserPtr<std::uint64_t> write,
         UserPtr<std::uint64_t> except, UserPtr<tine_timespec> timeout,
         UserPtr<MaskArgument> mask_at)) {
  if (count < 0) return Errno::inval;
  unsigned fds = std::min<unsigned>(unsigned(count), TINE_OPEN_MAX);
  FdSets wanted{}, found{};
  TRY(load_set(wanted.read, read, fds));
  TRY(load_set(wanted.write, write, fds));
  TRY(load_set(wanted.except, except, fds));
  std::uint64_t deadline = TRY(deadline_of(timeout));
  MaskArgument mask{};
  if (!mask_at.is_null()) mask = TRY(mask_at.load());
  auto select = [&] {
    return wait_for(deadline, [&] { return look_at_sets(wanted, found, fds); });
  };
  int ready = TRY(with_signal_mask(mask.mask, mask.size, select));
  TRY(store_set(found.read, read, fds));
  TRY(store_set(found.write, write, fds));
  TRY(store_set(found.except, except, fds));
  return ready;
}

}  // namespace tine
