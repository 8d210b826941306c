// Further system calls about time.
#include <tine/abi.h>

#include "proc/process.hh"
#include "proc/table.hh"
#include "sched/clock.hh"
#include "sched/wait_queue.hh"
#include "syscall/dispatch.hh"
#include "syscall/timespec.hh"

namespace tine {
namespace {

struct TimeVal {
  std::int64_t seconds, microseconds;
};
struct TimeZone {
  std::int32_t minutes_west, daylight_saving;
};

std::uint64_t process_time() {
  SpinGuard guard(process_table_lock);
  CpuTime time = cpu_time(current_process());
  return clock_to_ns(time.user + time.system);
}

std::uint64_t thread_time() {
  CpuTime time = cpu_time(*current_thread());
  return clock_to_ns(time.user + time.system);
}

// What a clock shows, in nanoseconds. Errors: inval (no such clock).
Result<std::uint64_t> read_clock(int clock) {
  switch (clock) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE: return wall_clock_ns();
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_BOOTTIME: return clock_to_ns(clock_now());
    case CLOCK_PROCESS_CPUTIME_ID: return process_time();
    case CLOCK_THREAD_CPUTIME_ID: return thread_time();
    default: return Errno::inval;
  }
}

bool is_clock(int clock) { return clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC; }

}  // namespace

// Errors: inval (no such clock), fault.
SYSCALL(SYS_clock_gettime, clock_gettime, void, (int clock, UserPtr<tine_timespec> to)) {
  return to.store(timespec_of(TRY(read_clock(clock))));
}

// Either pointer may be null. The kernel has no time zone: it returns that of Greenwich. Errors:
// fault.
SYSCALL(SYS_gettimeofday, gettimeofday, void, (UserPtr<TimeVal> to, UserPtr<TimeZone> zone)) {
  std::uint64_t ns = wall_clock_ns();
  TimeVal now{std::int64_t(ns / ns_per_second), std::int64_t(ns % ns_per_second / 1000)};
  if (!to.is_null()) TRY(to.store(now));
  return zone.is_null() ? Result<>() : zone.store({});
}

// Errors: inval, fault.
SYSCALL(SYS_clock_getres, clock_getres, void, (int clock, UserPtr<tine_timespec> to)) {
  TRY(read_clock(clock));
  if (to.is_null()) return {};
  return to.store(
      {0, std::int64_t((ns_per_second + clock_config.timebase - 1) / clock_config.timebase)});
}

// With TIMER_ABSTIME, sleeps until a time of that clock. Errors: inval, fault, intr (then `left` is
// the time that was left, unless the time was absolute).
SYSCALL(SYS_clock_nanosleep, clock_nanosleep, void,
        (int clock, unsigned flags, UserPtr<tine_timespec> time, UserPtr<tine_timespec> left)) {
  constexpr unsigned absolute = 1;
  if (!is_clock(clock) || (flags & ~absolute)) return Errno::inval;
  std::uint64_t ns = TRY(ns_of(TRY(time.load())));
  std::uint64_t start = clock_now();
  if (flags & absolute) {
    std::uint64_t now = clock == CLOCK_REALTIME ? wall_clock_ns() : clock_to_ns(start);
    ns = ns == never ? never : ns > now ? ns - now : 0;
  }
  std::uint64_t deadline = clock_after(start, ns);
  if (sleep_until(deadline)) return {};
  std::uint64_t woken = clock_now();
  std::uint64_t rest = woken < deadline ? clock_to_ns(deadline - woken) : 0;
  if (!(flags & absolute) && !left.is_null()) TRY(left.store(timespec_of(rest)));
  return Errno::intr;
}

}  // namespace tine
