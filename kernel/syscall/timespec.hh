// Times as programs give and get them, and what they are told of the time that was run.
#pragma once

#include <tine/abi.h>

#include "lib/result.hh"
#include "sched/clock.hh"

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

inline std::uint64_t ns_of_ticks(std::uint64_t ticks) {
  return ticks * (ns_per_second / clock_config.hz);
}

// All as user time: the kernel runs with interrupts off, so no tick ever finds it running.
inline tine_rusage usage_of(std::uint64_t ticks) {
  std::uint64_t ns = ns_of_ticks(ticks);
  tine_rusage usage{};
  usage.user_seconds = std::int64_t(ns / ns_per_second);
  usage.user_microseconds = std::int64_t(ns % ns_per_second / 1000);
  return usage;
}

}  // namespace tine
