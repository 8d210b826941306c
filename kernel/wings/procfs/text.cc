#include "wings/procfs/text.hh"

#include <algorithm>
#include <optional>

#include "fs/device_nodes.hh"
#include "lib/string.hh"
#include "mm/heap.hh"
#include "mm/kernel_stack.hh"
#include "proc/signal.hh"
#include "proc/table.hh"
#include "sched/clock.hh"
#include "sched/give_way.hh"
#include "sched/scheduler.hh"
#include "vfs/mount.hh"

namespace tine {

void FileSink::write(std::string_view text) {
  while (result_ && !text.empty()) {
    std::size_t fits = std::min(text.size(), sizeof buffer_ - used_);
    memcpy(buffer_ + used_, text.data(), fits);
    used_ += fits;
    text.remove_prefix(fits);
    if (used_ == sizeof buffer_) (void)finish();
  }
}

Result<> FileSink::finish() {
  IoBuffer from({reinterpret_cast<std::byte*>(buffer_), used_});
  while (result_ && from.left() > 0) {
    Result<std::size_t> moved = to_.write(at_, from);
    if (moved) {
      at_.offset += *moved;
    } else {
      result_ = moved.error();
    }
  }
  used_ = 0;
  return result_;
}

RefPtr<Process> hold_process(int pid) {
  SpinGuard guard(process_table_lock);
  return RefPtr<Process>(find_process(pid));
}

Looker Looker::current() {
  Process& self = current_process();
  return {self.paths.shared_credentials, self.pid};
}

namespace {

// May `looker` inspect the process? The superuser may, and the process itself. So may a process
// with its user and group, if all its ids are these and its memory is not secret (Linux:
// ptrace_may_access).
bool may_look(const Looker& looker, const Process& at) REQUIRES(process_table_lock) {
  if (!looker.credentials || looker.credentials->ids.is_superuser()) return true;
  if (looker.pid == at.pid && looker.credentials == at.paths.shared_credentials) return true;
  const Credentials& who = looker.credentials->ids;
  const Credentials& owner = at.paths.credentials();
  std::uint32_t user = who.user.effective, group = who.group.effective;
  return !at.secret && owner.user == Ids{user, user, user} &&
         owner.group == Ids{group, group, group};
}

// Checks the right and calls take(process), in one step under the lock.
template <class Take>
auto look_into(const Subject& of, Take take) -> decltype(take(current_process())) {
  SpinGuard guard(process_table_lock);
  Process* process = find_process(of.pid);
  if (!process) return Errno::srch;
  if (!may_look(of.looker, *process)) return Errno::access;
  return take(*process);
}

}  // namespace

Result<> check_look(const Subject& of) {
  return look_into(of, [](Process&) { return Result<>(); });
}

Result<RefPtr<AddressSpace>> take_space(const Subject& of) {
  return look_into(of,
                   [](Process& process) -> Result<RefPtr<AddressSpace>> { return process.space; });
}

Result<RefPtr<ProgramFile>> take_program(const Subject& of) {
  return look_into(of, [](Process& process) -> Result<RefPtr<ProgramFile>> {
    process_table_lock.assert_held();
    return process.zombie ? nullptr : process.program;
  });
}

Result<RefPtr<OpenFile>> take_file_from(const Subject& of, int& fd) {
  return look_into(of, [&](Process& process) -> Result<RefPtr<OpenFile>> {
    for (; fd < TINE_OPEN_MAX; fd++) {
      Result<RefPtr<OpenFile>> file = process.files.get_any(fd);
      if (file) return file;
    }
    return Errno::noent;
  });
}

Attributes owner_of(int pid, std::uint32_t permissions) {
  SpinGuard guard(process_table_lock);
  const Process* process = find_process(pid);
  if (!process) return permissions;
  const Credentials& owner = process->paths.credentials();
  return {permissions, owner.user.effective, owner.group.effective};
}

namespace {

// ---- status ----

struct Status {
  Credentials who;
  std::uint64_t pending = 0, blocked = 0, ignored = 0, caught = 0;
  unsigned threads = 0;
};

Result<Status> status_of(int pid) {
  SpinGuard guard(process_table_lock);
  Process* process = find_process(pid);
  if (!process) return Errno::srch;
  Status sets;
  sets.who = process->paths.credentials();
  sets.pending = process->pending_signals;
  for (Thread& thread : process->threads) {
    if (sets.threads++ == 0) sets.blocked = thread.blocked_signals;
  }
  for (int signal = 1; signal <= TINE_NSIG; signal++) {
    std::uint64_t handler = process->action(signal).handler;
    if (handler == TINE_SIG_DFL) continue;
    (handler == TINE_SIG_IGN ? sets.ignored : sets.caught) |= signal_bit(signal);
  }
  return sets;
}

std::string_view state_name(const tine_process_info& info) {
  switch (info.state) {
    case TINE_ZOMBIE: return "Z (zombie)";
    case TINE_SLEEPING:
      return info.wait_reason == TINE_WAIT_LOCK ? "D (disk sleep)" : "S (sleeping)";
    default: return "R (running)";
  }
}

// The last one is Linux's file system id, which is always the effective id here.
void write_ids(Sink& to, std::string_view name, const Ids& ids) {
  print(to, "{}:\t{}\t{}\t{}\t{}\n", name, ids.real, ids.effective, ids.saved, ids.effective);
}

Result<> write_status(const Subject& of, Sink& to) {
  int pid = of.pid;
  tine_process_info info = TRY(process_info(pid));
  if (info.pid != pid) return Errno::srch;
  Status now = TRY(status_of(pid));
  to.write("Name:\t");
  write_escaped(to, info.name);
  print(to, "\nState:\t{}\nTgid:\t{}\nPid:\t{}\nPPid:\t{}\n", state_name(info), pid, pid,
        info.parent);
  write_ids(to, "Uid", now.who.user);
  write_ids(to, "Gid", now.who.group);
  print(to, "Groups:\t");
  for (std::size_t i = 0; i < now.who.group_count; i++) print(to, "{} ", now.who.groups[i]);
  print(to, "\nVmRSS:\t{:8} kB\nThreads:\t{}\n", info.resident_pages * kib_a_page, now.threads);
  print(to, "SigPnd:\t{:016x}\nSigBlk:\t{:016x}\n", now.pending, now.blocked);
  print(to, "SigIgn:\t{:016x}\nSigCgt:\t{:016x}\n", now.ignored, now.caught);
  return {};
}

// ---- Regions ----

struct ListedRegion {
  Region region;  // a copy
  bool is_heap;
};

RefPtr<AddressSpace> space_of(int pid) {
  SpinGuard guard(process_table_lock);
  Process* process = find_process(pid);
  return process ? process->space : nullptr;
}

// The part from `at` on of the first region that ends after `at`.
std::optional<ListedRegion> region_after(AddressSpace& space, VirtAddr at) {
  if (!space.mutex().lock_killable()) return {};
  MutexGuard guard(space.mutex(), AlreadyHeld::yes);
  Region* region = space.first_region_after(at);
  if (!region) return {};
  ListedRegion listed{*region, space.is_heap(*region)};
  if (at > region->start) {  // the region has grown since its lower part was listed
    if (region->source) listed.region.source_page = region->page_at(at);
    listed.region.start = at;
  }
  return listed;
}

// Calls visit(space, ListedRegion) for each region. The space may change between two calls; no
// address is listed twice. Errors: srch, access.
template <class Visit>
Result<> for_each_region(const Subject& of, Visit visit) {
  RefPtr<AddressSpace> space = TRY(take_space(of));
  if (!space) return {};
  VirtAddr at;
  while (std::optional<ListedRegion> listed = region_after(*space, at)) {
    visit(*space, *listed);
    at = listed->region.end;
    if (give_way()) break;  // the reader is being killed
  }
  return {};
}

// ---- stat, statm, comm, cmdline: in the form that ps and top expect ----

struct Times {
  CpuTime own, children;
  std::uint64_t started;  // clock value
};

Result<Times> times_of(int pid) {
  SpinGuard guard(process_table_lock);
  Process* process = find_process(pid);
  if (!process) return Errno::srch;
  return Times{cpu_time(*process), process->children_time, process->started};
}

// Sizes of a process's regions, in pages, mapped or not.
struct Sizes {
  std::uint64_t all = 0, code = 0, data = 0;
};

// Sizes are public, as on Linux; addresses are not. A zombie has size 0.
Sizes sizes_of(int pid) {
  Sizes sizes;
  RefPtr<AddressSpace> space = space_of(pid);
  if (!space) return sizes;
  if (!space->mutex().lock_killable()) return sizes;
  MutexGuard guard(space->mutex(), AlreadyHeld::yes);
  VirtAddr at;
  for (unsigned seen = 1; const Region* region = space->first_region_after(at); seen++) {
    std::uint64_t pages = (region->end - region->start) / page_size;
    sizes.all += pages;
    if (allows(region->prot, Prot::exec)) sizes.code += pages;
    if (allows(region->prot, Prot::write) && !region->shared) sizes.data += pages;
    at = region->end;
    if (seen % 128 == 0 && give_way()) break;  // the reader is being killed
  }
  return sizes;
}

// 52 fields; those that the kernel does not have are 0. Times are the process's: exec does not
// reset them.
Result<> write_stat(const Subject& of, Sink& to) {
  int pid = of.pid;
  tine_process_info info = TRY(process_info(pid));
  if (info.pid != pid) return Errno::srch;
  Times times = TRY(times_of(pid));
  print(to, "{} (", pid);
  write_escaped(to, info.name);
  print(to, ") {} {} 0 0 0 -1 0 {} {} 0 0 ", state_name(info).front(), info.parent,
        times.own.faults, times.children.faults);
  for (std::uint64_t time :
       {times.own.user, times.own.system, times.children.user, times.children.system}) {
    print(to, "{} ", linux_ticks(time));
  }
  print(to, "20 0 1 0 {} {} {}", linux_ticks(times.started), sizes_of(pid).all * page_size,
        info.resident_pages);
  constexpr std::string_view fields_25_to_38 = " 0 0 0 0 0 0 0 0 0 0 0 0 0 0",
                             fields_40_to_52 = " 0 0 0 0 0 0 0 0 0 0 0 0 0";
  print(to, "{} {}{}\n", fields_25_to_38, info.hart, fields_40_to_52);
  return {};
}

// In pages: size, mapped, of these with other owners too, code, libraries (0, as on Linux), data,
// dirty (0).
Result<> write_statm(const Subject& of, Sink& to) {
  tine_process_info info = TRY(process_info(of.pid, true));
  if (info.pid != of.pid) return Errno::srch;
  Sizes sizes = sizes_of(of.pid);
  print(to, "{} {} {} {} 0 {} 0\n", sizes.all, info.resident_pages, info.shared_pages, sizes.code,
        sizes.data);
  return {};
}

// Not escaped, as on Linux.
Result<> write_comm(const Subject& of, Sink& to) {
  tine_process_info info = TRY(process_info(of.pid));
  if (info.pid != of.pid) return Errno::srch;
  print(to, "{}\n", static_cast<const char*>(info.name));
  return {};
}

// The arguments that the kernel keeps, which are cut, as in `ps`. A zombie has none.
Result<> write_cmdline(const Subject& of, Sink& to) {
  int pid = of.pid;
  tine_process_info info = TRY(process_info(pid));
  if (info.pid != pid) return Errno::srch;
  if (info.state == TINE_ZOMBIE) return {};
  for (int i = 0; i < info.args.argc; i++) {
    to.write(static_cast<const char*>(info.args.argv[i]));
    to.write(std::string_view("", 1));
  }
  return {};
}

// ---- maps, pagetable ----

Result<> write_maps(const Subject& of, Sink& to) {
  return for_each_region(of, [&](AddressSpace&, const ListedRegion& listed) {
    const Region& region = listed.region;
    char bytes[80];
    BufferSink line(bytes);
    char prot[] = {allows(region.prot, Prot::read) ? 'r' : '-',
                   allows(region.prot, Prot::write) ? 'w' : '-',
                   allows(region.prot, Prot::exec) ? 'x' : '-', region.shared ? 's' : 'p', 0};
    print(line, "{:08x}-{:08x} {} {:08x} 00:00 0", region.start.value(), region.end.value(),
          static_cast<const char*>(prot), region.source_page * page_size);
    std::string_view label = region.grows_down ? "[stack]" : listed.is_heap ? "[heap]" : "";
    if (label.empty()) return print(to, "{}\n", line.text());
    print(to, "{:-72} {}\n", line.text(), label);
  });
}

// lab pagetable 1 {
struct MappedPage {
  VirtAddr at;
  Pte entry;
  std::uint32_t references;
};

// Fills `to` with the first mapped pages in [start, end), and returns how many. (They are written
// to the file later: its mutex ranks before a space's.)
std::size_t mapped_pages(AddressSpace& space, VirtAddr start, VirtAddr end,
                         std::span<MappedPage> to) {
  if (!space.mutex().lock_killable()) return 0;
  MutexGuard guard(space.mutex(), AlreadyHeld::yes);
  std::size_t count = 0;
  space.page_table().for_each_run(start, end, [&](VirtAddr at, std::span<Pte> run) {
    for (std::size_t i = 0; i < run.size() && count < to.size(); i++) {
      if (!run[i].valid()) continue;
      to[count++] = {at + i * page_size, run[i], frame_references(run[i].address())};
    }
  });
  return count;
}
// } lab

// A line for each page: address, number of the frame, rwx and c for copy-on-write, and the frame's
// reference count.
Result<> write_pagetable(const Subject& of, Sink& to) {
  // lab pagetable 1 {
  return for_each_region(of, [&](AddressSpace& space, const ListedRegion& listed) {
    MappedPage pages[32];
    VirtAddr at = listed.region.start;
    while (std::size_t count = mapped_pages(space, at, listed.region.end, pages)) {
      for (const auto& [address, entry, references] : std::span(pages, count)) {
        print(to, "{:08x} {} {}{}{}{} {}\n", address.value(), entry.address().value() >> page_shift,
              entry.readable() ? 'r' : '-', entry.writable() ? 'w' : '-',
              entry.executable() ? 'x' : '-', entry.is_cow() ? 'c' : '-', references);
      }
      at = pages[count - 1].at + page_size;
      if (give_way()) return;  // then for_each_region stops, too
    }
  });
  // } lab
}

constexpr ProcFile about_process[] = {
    {"status", 0444, write_status},       {"stat", 0444, write_stat},
    {"statm", 0444, write_statm},         {"comm", 0444, write_comm},
    {"cmdline", 0444, write_cmdline},     {"mounts", 0444, write_mounts},
    {"mountinfo", 0444, write_mountinfo}, {"maps", 0400, write_maps},
    {"pagetable", 0400, write_pagetable}};

// ---- fd ----

// Writes the name that a device has in /dev.
void write_device_name(Node& device, Sink& to) {
  for (const Device& each : std::span(devices_start, devices_end)) {
    if (device.stat().st_rdev == (each.major << 8 | each.minor)) print(to, "/dev/{}", each.name);
  }
}

}  // namespace

constinit const std::span<const ProcFile> process_files = about_process;

void describe_file(const OpenFile& file, Sink& to) {
  Node& node = *file.node();
  if (node.kind() == NodeKind::character_device) return write_device_name(node, to);
  std::string_view kind = node.kind() == NodeKind::fifo        ? "pipe"
                          : node.kind() == NodeKind::directory ? "directory"
                                                               : "file";
  print(to, "{}:[{}]", kind, node.inode());
}

}  // namespace tine
