// futex: sleeping until another thread says that a word of memory has changed (futex(2)).
//
// A word is identified by its place: in a MAP_SHARED mapping by the mapped object and the offset in
// it, because processes may have it at different addresses; otherwise by address space and address.
// The threads that wait for a word are in one of 64 queues, chosen by a hash of the place.
//
// A thread that waits first enters its queue and then reads the word; a thread that wakes it has
// changed the word before it searches the queue. Both take the queue's lock in between. So either
// the first sees the change, or the second finds the waiter. A waiter that was woken returns 0 even
// if a signal or the deadline came at the same time, so no wake is lost.
//
// A waiter can be moved to another word while it sleeps (FUTEX_REQUEUE). `bucket` says in which
// queue it is; it changes only while the locks of the old and the new bucket are held. Of two
// buckets the one at the lower address is locked first.
#include <tine/abi.h>

#include <array>
#include <optional>

#include "proc/process.hh"
#include "sched/clock.hh"
#include "sched/wait_queue.hh"
#include "syscall/dispatch.hh"
#include "syscall/timespec.hh"
#include "wings/linux/wait_for_any.hh"

namespace tine {
namespace {

enum Operation : unsigned {
  futex_wait = 0,
  futex_wake = 1,
  requeue = 3,
  cmp_requeue = 4,
  wait_bitset = 9,
  wake_bitset = 10
};
constexpr unsigned is_private = 128, by_wall_clock = 256;  // FUTEX_PRIVATE_FLAG, CLOCK_REALTIME
constexpr std::uint32_t any_bits = ~0u;

// The place of a word. The reference keeps the object alive, so that its address identifies it.
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

struct Bucket {
  Spinlock lock{Rank::futex, "futex"};
  WaitQueue queue GUARDED_BY(lock);
};

struct FutexWaiter : Waiter {
  Place place;  // changed with `bucket`
  std::uint32_t bits = 0;
  std::atomic<Bucket*> bucket{nullptr};
};
constinit std::array<Bucket, 64> buckets;

Bucket& bucket_of(const Place& place) { return buckets[place.hash() % buckets.size()]; }

// Errors: fault.
Result<Place> place_of(VirtAddr word) {
  AddressSpace& space = current_space();
  if (!space.mutex().lock_killable()) return Errno::restart;
  MutexGuard guard(space.mutex(), AlreadyHeld::yes);
  Region* region = space.region_at(word);
  if (!region) return Errno::fault;
  if (!region->shared) return Place{nullptr, &space, word.value()};
  return Place{region->source, nullptr, region->page_at(word) * page_size + word.page_offset()};
}

// FUTEX_WAIT's time is a duration, FUTEX_WAIT_BITSET's a point in time. Errors: inval, fault.
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

// Sleeps if the word has this value. Errors: fault, nomem, again (it has another), timedout,
// restart.
Result<> sleep_while(UserPtr<std::uint32_t> word, std::uint32_t value, std::uint64_t deadline,
                     const FutexWaiter& waiter) {
  if (TRY(word.load()) != value) return Errno::again;
  while (!waiter.told.load(std::memory_order_relaxed)) {
    if (!TRY(wait_for_any(WaitReason::sleep, deadline))) return Errno::timedout;
  }
  return {};
}

// Relaxed: a thread that reads an old bucket takes that bucket's lock after the thread that moved
// the waiter has released it, and then sees the new one.
void leave_queue(FutexWaiter& waiter) {
  while (true) {
    Bucket& bucket = *waiter.bucket.load(std::memory_order_relaxed);
    SpinGuard guard(bucket.lock);
    if (waiter.bucket.load(std::memory_order_relaxed) != &bucket) continue;
    bucket.queue.leave(waiter);
    return;
  }
}

Result<> futex_wait_for(UserPtr<std::uint32_t> word, std::uint32_t value, std::uint32_t bits,
                        std::uint64_t deadline) {
  FutexWaiter waiter;
  waiter.place = TRY(place_of(word.address()));
  waiter.bits = bits;
  Bucket& bucket = bucket_of(waiter.place);
  waiter.bucket.store(&bucket, std::memory_order_relaxed);
  forget_wakes();
  {
    SpinGuard guard(bucket.lock);
    bucket.queue.enter(waiter);
  }
  Result<> slept = sleep_while(word, value, deadline, waiter);
  leave_queue(waiter);
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

// A requeue: the places of both words, and the most waiters to wake and to move.
struct Requeue {
  Place from, to;
  unsigned wake, move;
  std::optional<std::uint32_t> expected;  // the value of the first word (cmp_requeue)
};

// Wakes waiters of one place and moves others to the other one. `word` is the kernel's view of the
// first word. It is read under the locks, so the comparison and the move are one step for every
// other operation: a waiter that entered the queue after the word had changed is not moved.
// (Relaxed: a thread that changed the word and then used the bucket has released its lock, which
// this thread has acquired since.) Returns how many were woken or moved. Errors: again.
Result<int> wake_and_move(const Requeue& how, std::byte* word) {
  Bucket& source = bucket_of(how.from);
  Bucket& target = bucket_of(how.to);
  // lab locks 2 {
  SpinPair guard(source.lock, target.lock, &target < &source);
  // } lab
  std::atomic_ref now(*reinterpret_cast<std::uint32_t*>(word));
  if (how.expected && now.load(std::memory_order_relaxed) != *how.expected) return Errno::again;
  unsigned woken = source.queue.wake(how.wake, [&](const Waiter& each) {
    return static_cast<const FutexWaiter&>(each).place == how.from;
  });
  unsigned moved = source.queue.move(how.move, target.queue, [&](Waiter& each) {
    auto& waiter = static_cast<FutexWaiter&>(each);
    if (waiter.place != how.from) return false;
    waiter.place = how.to;  // `from` still refers to the old one's object
    waiter.bucket.store(&target, std::memory_order_relaxed);
    return true;
  });
  return int(woken + moved);
}

// While the space's mutex is held the page of the first word stays mapped, so the word can be read
// under spinlocks. Errors: inval, fault, nomem, again, restart.
Result<int> requeue_waiters(VirtAddr word, VirtAddr other, std::uint32_t wake, std::uint64_t move,
                            std::optional<std::uint32_t> expected) {
  if (int(wake) < 0 || int(move) < 0 || other.value() % sizeof(std::uint32_t)) return Errno::inval;
  TRY(UserPtr<std::uint32_t>(other).load());
  Place from = TRY(place_of(word));
  Place to = TRY(place_of(other));
  const Requeue how{std::move(from), std::move(to), wake, unsigned(move), expected};
  Result<int> done = 0;
  TRY(current_space().with_page(Access{word, Prot::read},
                                [&](std::byte* at) { done = wake_and_move(how, at); }));
  return done;
}

}  // namespace

// For requeue, `time` is the number of threads to move to the word `other`. For cmp_requeue, `bits`
// is the value that `word` must have. Errors: nosys (another operation), inval (an unaligned word,
// no bits, a bad time, a negative count), fault, nomem, again (the word has another value),
// timedout, intr.
SYSCALL(SYS_futex, futex, int,
        (UserPtr<std::uint32_t> word, unsigned operation, std::uint32_t value,
         UserPtr<tine_timespec> time, VirtAddr other, std::uint32_t bits)) {
  bool wall = operation & by_wall_clock;
  operation &= ~(is_private | by_wall_clock);
  bool waits = operation == futex_wait || operation == wait_bitset;
  bool has_bits = operation == wait_bitset || operation == wake_bitset;
  bool moves = operation == requeue || operation == cmp_requeue;
  if (!waits && !moves && operation != futex_wake && operation != wake_bitset) return Errno::nosys;
  if (word.address().value() % sizeof(std::uint32_t) || (has_bits && bits == 0))
    return Errno::inval;
  TRY(word.load());  // also for wake: the word must be readable
  if (moves) {
    std::optional<std::uint32_t> expected;
    if (operation == cmp_requeue) expected = bits;
    return requeue_waiters(word.address(), other, value, time.address().value(), expected);
  }
  if (!has_bits) bits = any_bits;
  if (!waits) return wake_waiters(word.address(), value, bits);
  std::uint64_t deadline = TRY(deadline_of(time, operation, wall));
  Result<> woken = futex_wait_for(word, value, bits, deadline);
  if (woken) return 0;
  return woken.error() == Errno::restart && deadline != never ? Errno::intr : woken.error();
}

}  // namespace tine
