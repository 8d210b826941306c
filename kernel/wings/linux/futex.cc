// futex: sleeping until a word of memory changes. A process has one thread, so FUTEX_WAKE wakes
// nobody and answers 0, and FUTEX_WAIT ends by its deadline or a signal. Processes that share
// memory cannot wake each other by it. The C++ library wakes so after each initialisation that is
// done once, and aborts if the call is not there.
#include <tine/abi.h>

#include "proc/process.hh"
#include "sched/clock.hh"
#include "sched/wait_queue.hh"
#include "syscall/dispatch.hh"
#include "syscall/timespec.hh"

namespace tine {
namespace {

enum Operation : unsigned { futex_wait = 0, futex_wake = 1, wait_bitset = 9, wake_bitset = 10 };
constexpr unsigned is_private = 128, by_wall_clock = 256;  // FUTEX_PRIVATE_FLAG, CLOCK_REALTIME

// FUTEX_WAIT's time is a length, FUTEX_WAIT_BITSET's a point of time. Errors: inval, fault.
Result<std::uint64_t> deadline_of(UserPtr<tine_timespec> time, unsigned operation, bool wall) {
  if (time.is_null()) return never;
  std::uint64_t ns = TRY(ns_of(TRY(time.load())));
  std::uint64_t start = clock_now();
  if (operation == wait_bitset && ns != never) {
    std::uint64_t now = wall ? wall_clock_ns() : clock_to_ns(start);
    ns = ns > now ? ns - now : 0;
  }
  return clock_after(start, ns);
}

}  // namespace

// Errors: nosys (another operation), inval (an unaligned word, no bits, a bad time), fault, again
// (the word is another one), timedout, intr.
SYSCALL(SYS_futex, futex, int,
        (UserPtr<std::uint32_t> word, unsigned operation, std::uint32_t value,
         UserPtr<tine_timespec> time, VirtAddr, std::uint32_t bits)) {
  bool wall = operation & by_wall_clock;
  operation &= ~(is_private | by_wall_clock);
  bool waits = operation == futex_wait || operation == wait_bitset;
  bool has_bits = operation == wait_bitset || operation == wake_bitset;
  if (!waits && operation != futex_wake && operation != wake_bitset) return Errno::nosys;
  if (word.address().value() % sizeof(std::uint32_t) || (has_bits && bits == 0))
    return Errno::inval;
  if (!waits) return 0;
  std::uint64_t deadline = TRY(deadline_of(time, operation, wall));
  if (TRY(word.load()) != value) return Errno::again;
  if (sleep_until(deadline)) return Errno::timedout;
  return deadline == never ? Errno::restart : Errno::intr;
}

}  // namespace tine
