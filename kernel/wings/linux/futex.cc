// futex: sleeping until another thread says that a word of memory has changed (futex(2)).
//
// A word is known by where it is: in a shared mapping by the mapped object and the place in it, so
// that processes find each other that have it at different addresses; else by address space and
// address. The threads that wait for a word are in one of a few queues, by a hash of that.
//
// A thread that waits enters its queue first and looks at the word then; the one that wakes has
// changed the word before it looks into the queue. Both use the queue's lock in between. So either
// the word is seen changed, or the waiter is seen. Who was told returns 0, even if a signal or the
// deadline came at the same time: so no wake is lost.
#include <tine/abi.h>

#include <array>

#include "proc/process.hh"
#include "sched/clock.hh"
#include "sched/wait_queue.hh"
#include "syscall/dispatch.hh"
#include "syscall/timespec.hh"
#include "wings/linux/wait_for_any.hh"

namespace tine {
namespace {

enum Operation : unsigned { futex_wait = 0, futex_wake = 1, wait_bitset = 9, wake_bitset = 10 };
constexpr unsigned is_private = 128, by_wall_clock = 256;  // FUTEX_PRIVATE_FLAG, CLOCK_REALTIME
constexpr std::uint32_t any_bits = ~0u;

// Where a word is. The reference keeps the object from becoming another one while it is a key.
struct Place {
  RefPtr<PageSource> source;  // nullptr: private memory, of `space`
  AddressSpace* space = nullptr;
  std::uint64_t at = 0;  // in the source, or in the space

  bool operator==(const Place&) const = default;
  std::uint64_t hash() const {
    auto owner = source ? reinterpret_cast<std::uint64_t>(source.get())
                        : reinterpret_cast<std::uint64_t>(space);
    return (owner >> 4) + (at >> 2);
  }
};

struct FutexWaiter : Waiter {
  Place place;
  std::uint32_t bits = 0;
};

struct Bucket {
  Spinlock lock{Rank::futex, "futex"};
  WaitQueue queue GUARDED_BY(lock);
};
constinit std::array<Bucket, 64> buckets;

Bucket& bucket_of(const Place& place) { return buckets[place.hash() % buckets.size()]; }

// Errors: fault.
Result<Place> place_of(VirtAddr word) {
  AddressSpace& space = current_space();
  MutexGuard guard(space.mutex());
  Region* region = space.region_at(word);
  if (!region) return Errno::fault;
  if (!region->shared) return Place{nullptr, &space, word.value()};
  return Place{region->source, nullptr, region->page_at(word) * page_size + word.page_offset()};
}

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

// Sleeps, if the word still has this value. Errors: fault, nomem, again (it has not), timedout,
// restart.
Result<> sleep_while(UserPtr<std::uint32_t> word, std::uint32_t value, std::uint64_t deadline,
                     const FutexWaiter& waiter) {
  if (TRY(word.load()) != value) return Errno::again;
  while (!waiter.told.load(std::memory_order_relaxed)) {
    if (!TRY(wait_for_any(WaitReason::sleep, deadline))) return Errno::timedout;
  }
  return {};
}

Result<> futex_wait_for(UserPtr<std::uint32_t> word, std::uint32_t value, std::uint32_t bits,
                        std::uint64_t deadline) {
  FutexWaiter waiter;
  waiter.place = TRY(place_of(word.address()));
  waiter.bits = bits;
  Bucket& bucket = bucket_of(waiter.place);
  forget_wakes();
  {
    SpinGuard guard(bucket.lock);
    bucket.queue.enter(waiter);
  }
  Result<> slept = sleep_while(word, value, deadline, waiter);
  SpinGuard guard(bucket.lock);
  bucket.queue.leave(waiter);
  return waiter.told.load(std::memory_order_relaxed) ? Result<>() : slept;
}

// Returns how many were woken. Errors: fault.
Result<int> wake_waiters(VirtAddr word, unsigned most, std::uint32_t bits) {
  Place place = TRY(place_of(word));
  Bucket& bucket = bucket_of(place);
  SpinGuard guard(bucket.lock);
  return int(bucket.queue.wake(most, [&](const Waiter& each) {
    auto& waiter = static_cast<const FutexWaiter&>(each);
    return waiter.place == place && (waiter.bits & bits);
  }));
}

}  // namespace

// Errors: nosys (another operation), inval (an unaligned word, no bits, a bad time), fault, nomem,
// again (the word is another one), timedout, intr.
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
  if (!has_bits) bits = any_bits;
  TRY(word.load());  // where nothing can be read, nothing is waited for
  if (!waits) return wake_waiters(word.address(), value, bits);
  std::uint64_t deadline = TRY(deadline_of(time, operation, wall));
  Result<> woken = futex_wait_for(word, value, bits, deadline);
  if (woken) return 0;
  return woken.error() == Errno::restart && deadline != never ? Errno::intr : woken.error();
}

}  // namespace tine
