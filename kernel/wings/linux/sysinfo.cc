// The system's name, and how much memory it has and is free, for programs that were written for
// Linux. The kernel's own memory_info returns more.
#include <tine/abi.h>

#include <algorithm>

#include "mm/frames.hh"
#include "mm/table_pool.hh"
#include "proc/process.hh"
#include "proc/table.hh"
#include "sched/clock.hh"
#include "syscall/dispatch.hh"

namespace tine {

// Errors: fault.
SYSCALL(SYS_uname, uname, void, (UserPtr<tine_utsname> to)) {
  static constexpr tine_utsname name{
      .sysname = "Tine",
      .nodename = "tine",
      .release = "6.1.0-tine",  // C libraries require a recent version of Linux
      .version = "Tine teaching kernel",
      .machine = "riscv64",
      .domainname = "(none)",
  };
  return to.store(name);
}

// lab syscall 1 {
// Errors: fault.
SYSCALL(SYS_sysinfo, sysinfo, void, (UserPtr<struct sysinfo> to)) {
  FrameCounts frames = frame_counts();
  auto of_kind = [&](FrameKind kind) { return frames.of_kind[unsigned(kind)]; };
  struct sysinfo info{};
  info.uptime = std::int64_t(clock_to_ns(clock_now()) / ns_per_second);
  info.totalram = frames.total * page_size;
  info.freeram = (of_kind(FrameKind::free) + spare_tables()) * page_size;
  info.sharedram = of_kind(FrameKind::file) * page_size;
  info.procs = std::uint16_t(std::min<std::uint64_t>(process_counts().threads, 65535));
  info.mem_unit = 1;
  return to.store(info);
}
// } lab

}  // namespace tine
