#include "sched/clock.hh"

#include "arch/sbi.hh"

namespace tine {

constinit ClockConfig clock_config;

// In two parts, so that the product does not overflow.
std::uint64_t clock_to_ns(std::uint64_t time) {
  std::uint64_t base = clock_config.timebase;
  return time / base * ns_per_second + time % base * ns_per_second / base;
}

std::uint64_t wall_clock_ns() { return clock_config.wall_offset_ns + clock_to_ns(clock_now()); }

std::uint64_t ns_to_clock(std::uint64_t ns) {
  std::uint64_t base = clock_config.timebase;
  std::uint64_t seconds = ns / ns_per_second;
  if (seconds >= never / base) return never;
  return seconds * base + (ns % ns_per_second * base + ns_per_second - 1) / ns_per_second;
}

void clock_set_timer(std::uint64_t time) {
  if (clock_config.sstc) {
    csr::write_stimecmp(time);
  } else {
    sbi::set_timer(time);
  }
}

}  // namespace tine
