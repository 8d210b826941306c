// Conversions between the kernel's times and those of programs.
#pragma once

#include <tine/abi.h>

#include "lib/result.hh"
#include "sched/clock.hh"
#include "sched/scheduler.hh"

namespace tine {

// Saturates at `never`. Errors: inval (negative, or a second and more of nanoseconds).
inline Result<std::uint64_t> ns_of(const tine_timespec& time) {
  if (time.tv_sec < 0 || time.tv_nsec < 0 || std::uint64_t(time.tv_nsec) >= ns_per_second) {
    return Errno::inval;
  }
  std::uint64_t ns;
  bool too_long = __builtin_mul_overflow(std::uint64_t(time.tv_sec), ns_per_second, &ns) ||
                  __builtin_add_overflow(ns, std::uint64_t(time.tv_nsec), &ns);
  return too_long ? never : ns;
}

// The clock value `ns` after `start`; saturates at `never`.
inline std::uint64_t clock_after(std::uint64_t start, std::uint64_t ns) {
  std::uint64_t length = ns == never ? never : ns_to_clock(ns);
  return length > never - start ? never : start + length;
}

inline tine_rusage usage_of(const CpuTime& time) {
  std::uint64_t user = clock_to_ns(time.user), system = clock_to_ns(time.system);
  tine_rusage usage{};
  usage.user_seconds = std::int64_t(user / ns_per_second);
  usage.user_microseconds = std::int64_t(user % ns_per_second / 1000);
  usage.system_seconds = std::int64_t(system / ns_per_second);
  usage.system_microseconds = std::int64_t(system % ns_per_second / 1000);
  usage.max_resident = time.peak_pages * (TINE_PAGE_SIZE / 1024);
  usage.minor_faults = time.faults;
  return usage;
}

}  // namespace tine
