// The wing `dmesg`: keeps the newest part of the kernel's log in a ring, for the call `syslog` and
// for /proc/kmsg.
//
// Positions count all bytes that were ever kept: the ring holds [oldest, newest). It always begins
// with a whole line.
//
// Lock: the console's, which is held already when something is logged.
#include <algorithm>
#include <array>

#include "proc/process.hh"
#include "sched/clock.hh"
#include "sync/log.hh"
#include "sync/spinlock.hh"
#include "syscall/dispatch.hh"
#include "wings/procfs/text.hh"

namespace tine {
namespace {

constexpr std::size_t ring_size = 16384, piece_size = 256;

class LogRing final : public Sink {
 public:
  void write(std::string_view text) override REQUIRES(console_output_lock) {
    for (char c : text) {
      if (at_line_start_) stamp();
      put(c);
    }
  }

  // Copies bytes from position `from` on, or from the oldest one if that is later; `from` is then
  // the position after them.
  std::size_t copy(std::uint64_t& from, std::span<char> to) const REQUIRES(console_output_lock) {
    from = std::max(from, oldest_);
    std::size_t count = std::min(to.size(), std::size_t(newest_ - from));
    for (char& c : to.first(count)) c = bytes_[from++ % ring_size];
    return count;
  }

  // Where the first whole line at or after position `from` begins.
  std::uint64_t line_from(std::uint64_t from) const REQUIRES(console_output_lock) {
    if (from <= oldest_) return oldest_;
    while (from < newest_ && bytes_[(from - 1) % ring_size] != '\n') from++;
    return from;
  }

  std::uint64_t newest() const REQUIRES(console_output_lock) { return newest_; }

 private:
  std::array<char, ring_size> bytes_ GUARDED_BY(console_output_lock){};
  std::uint64_t oldest_ GUARDED_BY(console_output_lock) = 0;
  std::uint64_t newest_ GUARDED_BY(console_output_lock) = 0;
  bool at_line_start_ GUARDED_BY(console_output_lock) = true;

  void put(char c) REQUIRES(console_output_lock) {
    if (newest_ - oldest_ == ring_size) oldest_ = line_from(oldest_ + 1);
    bytes_[newest_++ % ring_size] = c;
    at_line_start_ = c == '\n';
  }

  // The time as Linux prints it: seconds with six decimals.
  void stamp() REQUIRES(console_output_lock) {
    std::uint64_t us = clock_to_ns(clock_now()) / 1000;
    char bytes[40];
    BufferSink text(bytes);
    print(text, "[{:5}.{:06}] ", us / 1'000'000, us % 1'000'000);
    for (char c : text.text()) put(c);
  }
};

constinit LogRing ring;
// Up to where SYSLOG_ACTION_READ has read, and SYSLOG_ACTION_CLEAR has cleared.
constinit std::uint64_t read_until GUARDED_BY(console_output_lock) = 0;
constinit std::uint64_t cleared_until GUARDED_BY(console_output_lock) = 0;

struct Part {
  std::uint64_t from, until;
};

// The newest whole lines after position `after`, at most `size` bytes.
Part newest_part(std::uint64_t after, std::size_t size) REQUIRES(console_output_lock) {
  std::uint64_t until = ring.newest();
  std::uint64_t from = until - std::min<std::uint64_t>(until, size);
  return {ring.line_from(std::max(from, after)), until};
}

// Calls take(text) for each piece of a part. Errors: those of `take`.
template <class Take>
Result<> for_each_piece(Part part, Take take) {
  std::array<char, piece_size> piece;
  while (part.from < part.until) {
    std::size_t count;
    {
      SpinGuard guard(console_output_lock);
      count = ring.copy(part.from,
                        std::span(piece).first(std::min(piece_size, part.until - part.from)));
    }
    TRY(take(std::string_view(piece.data(), count)));
  }
  return {};
}

// The part of the log that an action reads. The log may grow while it is copied.
Part part_for(int action, std::size_t size) {
  SpinGuard guard(console_output_lock);
  if (action != SYSLOG_ACTION_READ) return newest_part(cleared_until, size);
  std::uint64_t from = ring.line_from(read_until);
  return {from, std::min(ring.newest(), from + size)};
}

void note_done(int action, const Part& part) {
  SpinGuard guard(console_output_lock);
  if (action == SYSLOG_ACTION_READ) read_until = part.until;
  if (action == SYSLOG_ACTION_READ_CLEAR) cleared_until = part.until;
}

Result<std::size_t> read_log(int action, VirtAddr to, int size) {
  if (to == VirtAddr() || size < 0) return Errno::inval;
  IoBuffer buffer(current_space(), to, std::size_t(size));
  Part part = part_for(action, std::size_t(size));
  std::size_t done = 0;
  TRY(for_each_piece(part, [&](std::string_view text) -> Result<> {
    std::size_t moved = TRY(buffer.put(std::as_bytes(std::span(text))));
    done += moved;
    return moved == text.size() ? Result<>() : Errno::fault;
  }));
  note_done(action, part);
  return done;
}

Result<std::size_t> unread_size() {
  SpinGuard guard(console_output_lock);
  return std::size_t(ring.newest() - ring.line_from(read_until));
}

Result<> write_kmsg(const Subject&, Sink& to) {
  return for_each_piece(part_for(SYSLOG_ACTION_READ_ALL, ring_size), [&](std::string_view text) {
    to.write(text);
    return Result<>();
  });
}

}  // namespace

// Every user may read the whole log and ask for its size. Errors: perm, inval, fault.
SYSCALL(SYS_syslog, syslog, std::size_t, (int action, VirtAddr to, int size)) {
  bool is_public = action == SYSLOG_ACTION_READ_ALL || action == SYSLOG_ACTION_SIZE_BUFFER;
  if (!is_public && !current_credentials().is_superuser()) return Errno::perm;
  switch (action) {
    case SYSLOG_ACTION_READ:
    case SYSLOG_ACTION_READ_ALL:
    case SYSLOG_ACTION_READ_CLEAR: return read_log(action, to, size);
    case SYSLOG_ACTION_CLEAR: note_done(SYSLOG_ACTION_READ_CLEAR, part_for(action, 0)); return 0;
    case SYSLOG_ACTION_CLOSE:  // these four change nothing: the console shows what log= says
    case SYSLOG_ACTION_OPEN:
    case SYSLOG_ACTION_CONSOLE_OFF:
    case SYSLOG_ACTION_CONSOLE_ON: return 0;
    case SYSLOG_ACTION_CONSOLE_LEVEL:
      return size >= 1 && size <= 8 ? Result<std::size_t>(0) : Errno::inval;
    case SYSLOG_ACTION_SIZE_UNREAD: return unread_size();
    case SYSLOG_ACTION_SIZE_BUFFER: return ring_size;
    default: return Errno::inval;
  }
}

LOG_KEEPER(ring)
PROC_FILE(kmsg, 0400, write_kmsg)

}  // namespace tine
