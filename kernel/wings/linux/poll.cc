// ppoll and pselect6: sleep until one of several files can be read or written. The thread waits in
// a queue of each of them (Node::ready), so nothing else wakes it.
#include <tine/abi.h>

#include <algorithm>
#include <array>
#include <span>

#include "mm/heap.hh"
#include "proc/process.hh"
#include "sched/wait_queue.hh"
#include "syscall/dispatch.hh"
#include "syscall/timespec.hh"
#include "vfs/open_file.hh"
#include "wings/linux/masked.hh"
#include "wings/linux/wait_for_any.hh"

namespace tine {
namespace {

constexpr unsigned always_told = POLLERR | POLLHUP | POLLNVAL;

// One descriptor that is polled.
struct Polled {
  int fd = -1;            // below 0: ignored
  unsigned found = 0;     // which events of its waiter's key are true
  RefPtr<OpenFile> file;  // kept from the first check on
  Waiter waiter;          // its key has the events to wait for (POLL*)
  ListLink link;
};

// All files that one call polls. The thread waits in a queue of each of them, and after a wakeup
// checks only those whose waiter was woken.
class PollSet {
 public:
  PollSet() = default;
  PollSet(const PollSet&) = delete;
  ~PollSet();

  // Errors: nomem.
  Result<> add(int fd, unsigned wanted);
  // Sleeps until an event of one of the files is true, or until `deadline` (a clock value; 0: does
  // not sleep). Returns for how many files one is. Errors: intr.
  Result<int> wait(std::uint64_t deadline);
  // In the order in which they were added.
  List<Polled, &Polled::link>& all() { return all_; }

 private:
  struct Chunk {
    OwnPtr<Chunk> before;
    std::array<Polled, 50> polled;
  };
  List<Polled, &Polled::link> all_;
  std::array<Polled, 4> first_;  // up to four files need no heap memory
  OwnPtr<Chunk> chunk_;          // the newest chunk
  std::span<Polled> unused_{first_};

  static void look(Polled& polled, bool watch);
};

PollSet::~PollSet() {
  for (Polled& each : all_) {
    if (each.waiter.thread) each.file->node()->stop_watching(each.waiter);
  }
}

Result<> PollSet::add(int fd, unsigned wanted) {
  if (unused_.empty()) {
    OwnPtr<Chunk> fresh = TRY(make<Chunk>());
    fresh->before = std::move(chunk_);
    chunk_ = std::move(fresh);
    unused_ = chunk_->polled;
  }
  Polled& fresh = unused_.front();
  unused_ = unused_.subspan(1);
  fresh.fd = fd;
  fresh.waiter.key = wanted;
  all_.push_back(&fresh);
  return {};
}

// Which events of `wanted` are true for a file now. If none is, `watcher` (if not null; its key is
// `wanted`) enters a queue of the file.
unsigned look_at(OpenFile& file, unsigned wanted, Waiter* watcher) {
  unsigned flags = file.flags();
  unsigned ready = file.node()->ready(flags, watcher) & wanted;
  if (!opened_to_read(flags)) ready &= ~unsigned(POLLIN);
  if (!opened_to_write(flags)) ready &= ~unsigned(POLLOUT);
  return ready;
}

unsigned look_once(int fd, unsigned wanted) {
  Result<RefPtr<OpenFile>> file = current_process().files.get(fd);
  return file ? look_at(**file, wanted, nullptr) : POLLNVAL;
}

void PollSet::look(Polled& polled, bool watch) {
  if (!polled.file) {
    Result<RefPtr<OpenFile>> file = current_process().files.get(polled.fd);
    if (file) polled.file = std::move(*file);
  }
  Waiter* watcher = watch ? &polled.waiter : nullptr;
  polled.found =
      polled.file ? look_at(*polled.file, unsigned(polled.waiter.key), watcher) : POLLNVAL;
}

Result<int> PollSet::wait(std::uint64_t deadline) {
  int ready = 0;
  forget_wakes();
  for (Polled& each : all_) {
    if (each.fd < 0) continue;
    look(each, deadline > 0 && ready == 0);
    if (each.found) ready++;
  }
  while (ready == 0 && deadline > 0) {
    Result<bool> told = wait_for_any(WaitReason::poll, deadline);
    if (!told) return Errno::intr;  // never restarted: it would wait the whole time again
    if (!*told) return 0;
    for (Polled& each : all_) {
      if (!each.waiter.told.load(std::memory_order_relaxed)) continue;
      look(each, ready == 0);
      if (each.found) ready++;
    }
  }
  return ready;
}

// The deadline for PollSet::wait from a program's timeout; null: never. Errors: inval, fault.
Result<std::uint64_t> deadline_of(UserPtr<tine_timespec> timeout) {
  if (timeout.is_null()) return never;
  std::uint64_t ns = TRY(ns_of(TRY(timeout.load())));
  return ns == 0 ? 0 : clock_after(clock_now(), ns);
}

// Calls body(deadline), and then stores in `timeout` how much of it is left, also after an error
// (as Linux). If it cannot be stored, that is no error: the call has done its work. Errors: those
// of deadline_of and `body`.
template <class Body>
Result<int> with_timeout(UserPtr<tine_timespec> timeout, Body body) {
  std::uint64_t deadline = TRY(deadline_of(timeout));
  Result<int> result = body(deadline);
  if (deadline != 0 && deadline != never) {
    std::uint64_t now = clock_now();
    std::uint64_t left = now < deadline ? clock_to_ns(deadline - now) : 0;
    (void)timeout.store(timespec_of(left));
  }
  return result;
}

// ---- poll ----

// The program's array is copied in pieces of so many, to save walks of the page table.
constexpr std::size_t at_once = 32;
using PollBuffer = std::array<tine_pollfd, at_once>;

// Stores in `revents` of each file the events that find(file) returns; the other fields stay as the
// program has them now. Returns how many files have any. Errors: fault, nomem.
template <class Find>
Result<int> tell_program(UserPtr<tine_pollfd> files, std::uint64_t count, Find find) {
  PollBuffer buffer;
  int ready = 0;
  for (std::uint64_t done = 0; done < count; done += at_once) {
    std::span<tine_pollfd> piece = std::span(buffer).first(std::min(count - done, at_once));
    VirtAddr at = (files + done).address();
    TRY(copy_from_user(current_space(), piece.data(), at, piece.size_bytes()));
    for (tine_pollfd& file : piece) {
      unsigned found = find(file);
      file.revents = std::int16_t(found);
      if (found) ready++;
    }
    TRY(copy_to_user(current_space(), at, piece.data(), piece.size_bytes()));
  }
  return ready;
}

unsigned wanted_of(const tine_pollfd& file) { return std::uint16_t(file.events) | always_told; }

// Errors: fault, nomem.
Result<> load_files(PollSet& set, UserPtr<tine_pollfd> files, std::uint64_t count) {
  PollBuffer buffer;
  for (std::uint64_t done = 0; done < count; done += at_once) {
    std::span<tine_pollfd> piece = std::span(buffer).first(std::min(count - done, at_once));
    TRY(copy_from_user(current_space(), piece.data(), (files + done).address(),
                       piece.size_bytes()));
    for (const tine_pollfd& file : piece) {
      TRY(set.add(file.fd, wanted_of(file)));
    }
  }
  return {};
}

// Errors: fault, nomem, intr.
Result<int> poll(UserPtr<tine_pollfd> files, std::uint64_t count, std::uint64_t deadline) {
  int ready = TRY(tell_program(files, count, [](const tine_pollfd& file) {
    return file.fd < 0 ? 0 : look_once(file.fd, wanted_of(file));
  }));
  if (ready > 0 || deadline == 0) return ready;
  PollSet set;
  TRY(load_files(set, files, count));
  TRY(set.wait(deadline));
  Polled* next = set.all().front();
  return tell_program(files, count, [&](const tine_pollfd&) {
    return std::exchange(next, set.all().next(next))->found;
  });
}

}  // namespace

// Errors: inval (too many files, a bad time, the size of a mask), fault, nomem, intr.
SYSCALL(SYS_ppoll, ppoll, int,
        (UserPtr<tine_pollfd> files, std::uint64_t count, UserPtr<tine_timespec> timeout,
         UserPtr<std::uint64_t> mask, std::size_t mask_size)) {
  if (count > TINE_OPEN_MAX) return Errno::inval;
  return with_timeout(timeout, [&](std::uint64_t deadline) {
    return with_signal_mask(mask, mask_size, [&] { return poll(files, count, deadline); });
  });
}

// ---- select: the same with sets of bits ----

namespace {

using FdSet = std::array<std::uint64_t, TINE_OPEN_MAX / 64>;
struct FdSets {
  FdSet read, write, except;
};

bool has(const FdSet& set, unsigned fd) { return set[fd / 64] >> fd % 64 & 1; }

std::size_t bytes_of(unsigned count) { return (count + 63) / 64 * sizeof(std::uint64_t); }

Result<> load_set(FdSet& set, UserPtr<std::uint64_t> from, unsigned count) {
  if (from.is_null()) return {};
  return copy_from_user(current_space(), set.data(), from.address(), bytes_of(count));
}

Result<> store_set(const FdSet& set, UserPtr<std::uint64_t> to, unsigned count) {
  if (to.is_null()) return {};
  return copy_to_user(current_space(), to.address(), set.data(), bytes_of(count));
}

constexpr unsigned ends_read_wait = POLLIN | POLLHUP | POLLERR, ends_write_wait = POLLOUT | POLLERR;

// Errors: nomem.
Result<> add_sets(PollSet& set, const FdSets& wanted, unsigned count) {
  for (unsigned fd = 0; fd < count; fd++) {
    bool reads = has(wanted.read, fd), writes = has(wanted.write, fd);
    if (!reads && !writes && !has(wanted.except, fd)) continue;
    TRY(set.add(int(fd), POLLNVAL | (reads ? ends_read_wait : 0) | (writes ? ends_write_wait : 0)));
  }
  return {};
}

// Returns how many bits are set in `found`. Errors: badf.
Result<int> sets_of(PollSet& set, const FdSets& wanted, FdSets& found) {
  int bits = 0;
  for (const Polled& each : set.all()) {
    if (each.found & POLLNVAL) return Errno::badf;
    unsigned fd = unsigned(each.fd);
    std::uint64_t bit = 1ul << fd % 64;
    bool reads = (each.found & ends_read_wait) && has(wanted.read, fd);
    bool writes = (each.found & ends_write_wait) && has(wanted.write, fd);
    if (reads) found.read[fd / 64] |= bit, bits++;
    if (writes) found.write[fd / 64] |= bit, bits++;
  }
  return bits;
}

struct MaskArgument {
  UserPtr<std::uint64_t> mask;
  std::size_t size;
};

// Where the program has its sets; any may be null.
struct UserSets {
  UserPtr<std::uint64_t> read, write, except;
};

// Errors: badf, fault, nomem, intr, and with_signal_mask's.
Result<int> select(unsigned fds, const UserSets& user, const MaskArgument& mask,
                   std::uint64_t deadline) {
  FdSets wanted{}, found{};
  TRY(load_set(wanted.read, user.read, fds));
  TRY(load_set(wanted.write, user.write, fds));
  TRY(load_set(wanted.except, user.except, fds));
  PollSet set;
  TRY(add_sets(set, wanted, fds));
  TRY(with_signal_mask(mask.mask, mask.size, [&] { return set.wait(deadline); }));
  int bits = TRY(sets_of(set, wanted, found));
  TRY(store_set(found.read, user.read, fds));
  TRY(store_set(found.write, user.write, fds));
  TRY(store_set(found.except, user.except, fds));
  return bits;
}

}  // namespace

// Errors: inval (the count, a bad time, the size of a mask), badf, fault, nomem, intr.
SYSCALL(SYS_pselect6, pselect6, int,
        (int count, UserPtr<std::uint64_t> read, UserPtr<std::uint64_t> write,
         UserPtr<std::uint64_t> except, UserPtr<tine_timespec> timeout,
         UserPtr<MaskArgument> mask_at)) {
  if (count < 0) return Errno::inval;
  unsigned fds = std::min<unsigned>(unsigned(count), TINE_OPEN_MAX);
  MaskArgument mask{};
  if (!mask_at.is_null()) mask = TRY(mask_at.load());
  return with_timeout(timeout, [&](std::uint64_t deadline) {
    return select(fds, {read, write, except}, mask, deadline);
  });
}

}  // namespace tine
