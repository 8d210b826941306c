// The files of /proc about the machine: memory, time, harts, mounts.
#include <tine/abi.h>

#include <algorithm>

#include "mm/frames.hh"
#include "mm/heap.hh"
#include "mm/kernel_stack.hh"
#include "mm/table_pool.hh"
#include "proc/process.hh"
#include "proc/table.hh"
#include "sched/clock.hh"
#include "sched/scheduler.hh"
#include "sync/hart.hh"
#include "vfs/mount.hh"
#include "vfs/path.hh"
#include "wings/procfs/text.hh"

namespace tine {
namespace {

// ---- meminfo, cpuinfo ----

Result<> write_meminfo(const Subject&, Sink& to) {
  FrameCounts frames = frame_counts();
  std::uint64_t spare = spare_tables();
  auto of_kind = [&](FrameKind kind) { return frames.of_kind[unsigned(kind)]; };
  std::uint64_t free = of_kind(FrameKind::free) + spare;
  std::uint64_t stacks = kernel_stacks_in_use() * (kernel_stack_size / page_size);
  std::uint64_t idle_stacks =
      of_kind(FrameKind::stack) - std::min(stacks, of_kind(FrameKind::stack));
  const struct {
    const char* name;
    std::uint64_t pages;
  } lines[] = {{"MemTotal:", frames.total},
               {"MemFree:", free},
               {"MemAvailable:", free + idle_stacks},
               {"Buffers:", 0},
               {"Cached:", of_kind(FrameKind::file)},
               {"SwapTotal:", 0},
               {"SwapFree:", 0},
               {"AnonPages:", of_kind(FrameKind::user)},
               {"Slab:", of_kind(FrameKind::heap)},
               {"SReclaimable:", 0},
               {"KernelStack:", of_kind(FrameKind::stack)},
               {"PageTables:", of_kind(FrameKind::table) - spare}};
  for (const auto& line : lines) print(to, "{:-15} {:8} kB\n", line.name, line.pages * kib_a_page);
  return {};
}

Result<> write_cpuinfo(const Subject&, Sink& to) {
  for (const Hart& hart : std::span(harts, hart_count)) {
    if (!hart.online.load(std::memory_order_relaxed)) continue;
    print(to, "processor\t: {}\nhart\t\t: {}\nisa\t\t: {}\nmmu\t\t: sv39\n\n", hart.index, hart.id,
          fp_available ? "rv64imafdc" : "rv64imac");
  }
  return {};
}

// ---- uptime, loadavg, stat ----

// How long a hart had no thread to run, in clock units: the time of its idle thread.
std::uint64_t idle_time(const Hart& hart) {
  CpuTime time = cpu_time(*hart.idle);
  return time.user + time.system;
}

void write_seconds(Sink& to, std::uint64_t time) {
  std::uint64_t hundredths = linux_ticks(time);
  print(to, "{}.{:02}", hundredths / 100, hundredths % 100);
}

// The time since boot, and the sum of the harts' idle times.
Result<> write_uptime(const Subject&, Sink& to) {
  std::uint64_t idle = 0;
  for (const Hart& hart : std::span(harts, hart_count)) {
    if (hart.online.load(std::memory_order_relaxed)) idle += idle_time(hart);
  }
  write_seconds(to, clock_now());
  to.write(" ");
  write_seconds(to, idle);
  to.write("\n");
  return {};
}

// The kernel keeps no averages of ready threads: 0, as in sysinfo.
Result<> write_loadavg(const Subject&, Sink& to) {
  ProcessCounts counts = process_counts();
  print(to, "0.00 0.00 0.00 1/{} {}\n", counts.threads, current_process().pid);
  return {};
}

// user, nice, system, idle, iowait, irq, softirq, steal, guest, guest_nice. Harts do not count user
// and system time separately: all time in which a hart was not idle is shown as user.
void write_cpu_line(Sink& to, std::uint64_t busy, std::uint64_t idle) {
  print(to, " {} 0 0 {} 0 0 0 0 0 0\n", linux_ticks(busy), linux_ticks(idle));
}

void write_cpu_lines(Sink& to) {
  std::uint64_t busy[max_harts]{}, idle[max_harts]{}, all_busy = 0, all_idle = 0;
  for (unsigned i = 0; i < hart_count; i++) {
    if (!harts[i].online.load(std::memory_order_relaxed)) continue;
    idle[i] = idle_time(harts[i]);
    std::uint64_t now = clock_now();
    busy[i] = now > idle[i] ? now - idle[i] : 0;
    all_busy += busy[i], all_idle += idle[i];
  }
  to.write("cpu ");
  write_cpu_line(to, all_busy, all_idle);
  for (unsigned i = 0; i < hart_count; i++) {
    if (busy[i] + idle[i] == 0) continue;
    print(to, "cpu{}", i);
    write_cpu_line(to, busy[i], idle[i]);
  }
}

Result<> write_machine_stat(const Subject&, Sink& to) {
  unsigned running = 0, blocked = 0;
  int pid = 1;
  while (Result<tine_process_info> info = process_info(pid)) {
    running += info->state == TINE_RUNNING || info->state == TINE_READY;
    blocked += info->state == TINE_SLEEPING && info->wait_reason == TINE_WAIT_LOCK;
    pid = info->pid + 1;
  }
  write_cpu_lines(to);
  print(to, "ctxt {}\nbtime {}\nprocesses {}\nprocs_running {}\nprocs_blocked {}\n",
        total_switches(), clock_config.wall_offset_ns / ns_per_second, process_counts().made,
        running, blocked);
  return {};
}

// ---- mounts, mountinfo ----

// Writes a name as a field of a line: characters that would end the field or the line become octal
// (fstab(5), getmntent(3)).
void write_field(Sink& to, std::string_view text) {
  constexpr std::string_view special = " \t\n\\";
  for (char c : text) {
    char octal[] = {'\\', char('0' + (c >> 6 & 3)), char('0' + (c >> 3 & 7)), char('0' + (c & 7))};
    to.write(special.find(c) == special.npos ? std::string_view(&c, 1)
                                             : std::string_view(octal, sizeof octal));
  }
}

std::string_view type_of(const Mount& mount) {
  return mount.type == "procfs" ? "proc" : mount.type;
}

// Calls visit(mount, number, path) for each mount, the oldest first. Numbers begin at 1. Mounts
// that no path reaches any more are left out. Errors: nomem.
template <class Visit>
Result<> for_each_mount(Visit visit) {
  OwnPtr<PathBuffer> room = TRY(make<PathBuffer>());
  RefPtr<Node> root = root_node();
  const Mount *last = newest_mount(), *visited = nullptr;
  for (unsigned number = 1; visited != last; number++) {
    const Mount* mount = last;
    while (mount->older != visited) mount = mount->older;
    visited = mount;
    Result<std::string_view> path =
        path_of({root, root, 0}, RefPtr<Node>(mount->root), room->bytes);
    if (path) visit(*mount, number, *path);
  }
  return {};
}

// The number of the mount that has the directory which this one covers; 0 for the first mount.
// Nothing can be mounted inside a procfs, so a file system's number identifies the mount.
unsigned number_of_parent(const Mount& mount) {
  const Node* covered = mount.root->covered();
  if (!covered) return 0;
  const Mount* parent = mount.older;
  while (parent && parent->root->file_system() != covered->file_system()) parent = parent->older;
  unsigned number = 0;
  for (; parent; parent = parent->older) number++;
  return number;
}

}  // namespace

Result<> write_mounts(const Subject&, Sink& to) {
  return for_each_mount([&](const Mount& mount, unsigned, std::string_view path) {
    print(to, "{} ", type_of(mount));
    write_field(to, path);
    print(to, " {} rw 0 0\n", type_of(mount));
  });
}

// Number, parent's number, device, mounted directory of the file system, path, options; type,
// source, options of the file system.
Result<> write_mountinfo(const Subject&, Sink& to) {
  return for_each_mount([&](const Mount& mount, unsigned number, std::string_view path) {
    print(to, "{} {} 0:{} / ", number, number_of_parent(mount), mount.root->file_system());
    write_field(to, path);
    print(to, " rw - {} {} rw\n", type_of(mount), type_of(mount));
  });
}

namespace {

constexpr ProcFile about_machine[] = {
    {"meminfo", 0444, write_meminfo},   {"cpuinfo", 0444, write_cpuinfo},
    {"uptime", 0444, write_uptime},     {"loadavg", 0444, write_loadavg},
    {"stat", 0444, write_machine_stat}, {"mounts", 0444, write_mounts}};

}  // namespace

constinit const std::span<const ProcFile> machine_files = about_machine;

}  // namespace tine
