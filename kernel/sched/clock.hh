// Time. The machine's clock counts in the device tree's timebase-frequency; threads sleep until
// clock values; programs get nanoseconds.
#pragma once

#include <tine/abi.h>

#include <cstdint>

#include "arch/csr.hh"

namespace tine {

constexpr std::uint64_t ns_per_second = 1'000'000'000;

inline tine_timespec timespec_of(std::uint64_t ns) {
  return {std::int64_t(ns / ns_per_second), std::int64_t(ns % ns_per_second)};
}

// Set once at boot, before the other harts start.
struct ClockConfig {
  std::uint64_t timebase = 10'000'000;  // clock units per second
  unsigned hz = 100;                    // ticks per second (kernel argument hz=)
  std::uint64_t tick = 100'000;         // clock units per tick: timebase / hz
  bool sstc = false;                    // the CPU has stimecmp; else the firmware sets the timer
  std::uint64_t wall_offset_ns = 0;     // wall clock minus uptime (the RTC, read once)
};
extern constinit ClockConfig clock_config;

constexpr std::uint64_t never = ~0ul;

inline std::uint64_t clock_now() { return csr::read_time(); }
std::uint64_t clock_to_ns(std::uint64_t time);
// Since 1970.
std::uint64_t wall_clock_ns();
// Rounded up, so that no sleep ends early; saturates at `never`.
std::uint64_t ns_to_clock(std::uint64_t ns);

// This hart's next timer interrupt; `never` for none.
void clock_set_timer(std::uint64_t time);

}  // namespace tine
