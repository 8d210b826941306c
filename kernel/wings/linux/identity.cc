// System calls about the ids, harts and used time of a process.
#include <tine/abi.h>

#include "lib/string.hh"
#include "proc/process.hh"
#include "proc/table.hh"
#include "syscall/dispatch.hh"
#include "syscall/timespec.hh"

namespace tine {

namespace {

// Errors: srch.
Result<> check_process(int pid) {
  if (pid == 0) return {};
  SpinGuard guard(process_table_lock);
  return find_process(pid) ? Result<>() : Errno::srch;
}

// The process group and session of every process, because there are none. Linux returns 0 for a
// group of an outer pid namespace, so programs can handle it. A pid would be wrong; and with 1, a
// program that signals its own group, kill(-1), would signal all processes.
constexpr int unnamed_group = 0;
Result<int> group_of(int pid) {
  TRY(check_process(pid));
  return unnamed_group;
}

}  // namespace

// Errors: srch.
SYSCALL(SYS_getpgid, getpgid, int, (int pid)) { return group_of(pid); }
// Errors: srch.
SYSCALL(SYS_getsid, getsid, int, (int pid)) { return group_of(pid); }

// The address, which is to be cleared when a thread ends, only matters when a process has several
// threads; here it has one.
SYSCALL(SYS_set_tid_address, set_tid_address, int, (VirtAddr)) { return current_thread()->tid; }

SYSCALL(SYS_umask, umask, std::uint32_t, (std::uint32_t mask)) {
  return std::exchange(current_process().paths.umask, mask & 0777);
}

// One bit for each hart. A program cannot choose where it runs. Errors: srch, inval (no room for a
// word), fault.
SYSCALL(SYS_sched_getaffinity, sched_getaffinity, std::size_t,
        (int pid, std::size_t size, UserPtr<std::uint64_t> to)) {
  TRY(check_process(pid));
  if (size < sizeof(std::uint64_t) || size % sizeof(std::uint64_t)) return Errno::inval;
  TRY(to.store((1ul << hart_count) - 1));
  return sizeof(std::uint64_t);
}

// ---- Use of resources ----

namespace {

CpuTime own_time() {
  SpinGuard guard(process_table_lock);
  return cpu_time(current_process());
}
CpuTime children_time() {
  SpinGuard guard(process_table_lock);
  return current_process().children_time;
}

}  // namespace

// Errors: inval, fault.
SYSCALL(SYS_getrusage, getrusage, void, (int who, UserPtr<tine_rusage> to)) {
  constexpr int children = -1, thread = 1;
  if (who < children || who > thread) return Errno::inval;
  CpuTime used = who == children ? children_time() : own_time();
  if (who == thread) {
    std::uint64_t peak = used.peak_pages;  // of the whole process
    used = cpu_time(*current_thread());
    used.peak_pages = peak;
  }
  return to.store(usage_of(used));
}

namespace {

constexpr std::uint64_t linux_tick_ns = ns_per_second / 100;  // AT_CLKTCK

struct Tms {
  std::uint64_t user, system, children_user, children_system;
};

}  // namespace

// Returns the time since boot, as Linux does. Errors: fault.
SYSCALL(SYS_times, times, std::uint64_t, (UserPtr<Tms> to)) {
  auto ticks = [](std::uint64_t time) { return clock_to_ns(time) / linux_tick_ns; };
  if (!to.is_null()) {
    CpuTime own = own_time(), children = children_time();
    TRY(to.store(
        {ticks(own.user), ticks(own.system), ticks(children.user), ticks(children.system)}));
  }
  return clock_to_ns(clock_now()) / linux_tick_ns;
}

}  // namespace tine
