// System calls about time and about the system itself.
#include <tine/abi.h>

#include "dev/finisher.hh"
#include "mm/frames.hh"
#include "mm/heap.hh"
#include "mm/kernel_stack.hh"
#include "mm/table_pool.hh"
#include "proc/process.hh"
#include "proc/table.hh"
#include "sched/clock.hh"
#include "sched/scheduler.hh"
#include "syscall/dispatch.hh"
#include "syscall/timespec.hh"
#include "vfs/open_file.hh"

namespace tine {

// Errors: inval, fault, intr (then `left` is the time that was left).
SYSCALL(SYS_nanosleep, nanosleep, void,
        (UserPtr<tine_timespec> duration, UserPtr<tine_timespec> left)) {
  tine_timespec time = TRY(duration.load());
  std::uint64_t deadline = clock_after(clock_now(), TRY(ns_of(time)));
  if (sleep_until(deadline)) return {};
  std::uint64_t woken = clock_now();
  std::uint64_t rest = woken < deadline ? clock_to_ns(deadline - woken) : 0;
  if (!left.is_null()) TRY(left.store(timespec_of(rest)));
  return Errno::intr;  // never restarted: that would sleep the whole time again
}

// Errors: srch, fault.
SYSCALL(SYS_process_info, process_info, int, (int pid, UserPtr<tine_process_info> to)) {
  tine_process_info info = TRY(process_info(pid, true));
  TRY(to.store(info));
  return info.pid;
}

// Errors: fault.
SYSCALL(SYS_memory_info, memory_info, void, (UserPtr<tine_memory_info> to)) {
  FrameCounts frames = frame_counts();
  auto of_kind = [&](FrameKind kind) { return frames.of_kind[unsigned(kind)]; };
  std::uint64_t spare = spare_tables();
  ProcessCounts processes = process_counts();
  tine_memory_info info{};
  info.total_frames = frames.total;
  info.free_frames = of_kind(FrameKind::free) + spare;
  info.user_frames = of_kind(FrameKind::user);
  info.table_frames = of_kind(FrameKind::table) - spare;
  info.file_frames = of_kind(FrameKind::file);
  info.heap_frames = of_kind(FrameKind::heap);
  info.stack_frames = of_kind(FrameKind::stack);
  info.kernel_frames = of_kind(FrameKind::kernel);
  info.heap_bytes = heap_bytes_in_use();
  info.stacks = kernel_stacks_in_use();
  info.processes = processes.processes;
  info.threads = processes.threads;
  info.open_files = open_file_count();
  info.uptime_ns = clock_to_ns(clock_now());
  info.ticks = total_ticks();
  info.hz = clock_config.hz;
  for (unsigned i = 0; i < hart_count; i++)
    info.harts += harts[i].online.load(std::memory_order_relaxed);
  return to.store(info);
}

// Errors: inval, perm (not the superuser).
SYSCALL(SYS_power, power, void, (int action, int code)) {
  if (code < 0 || code > 255) return Errno::inval;
  if (!current_credentials().is_superuser()) return Errno::perm;
  if (action == TINE_POWER_OFF) power_off(code);
  if (action == TINE_POWER_REBOOT) reboot();
  return Errno::inval;
}

// Errors: inval.
SYSCALL(SYS_fail_alloc, fail_alloc, long, (long n)) {
  if (n < 0) return Errno::inval;
  return fail_allocation(n ? current_thread() : nullptr, n);
}

}  // namespace tine
