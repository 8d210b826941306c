// What programs are told of the time that was run.
#pragma once

#include <tine/abi.h>

#include "sched/clock.hh"

namespace tine {

constexpr std::uint64_t linux_tick_ns = ns_per_second / 100;  // AT_CLKTCK

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
