// The wing `limits`: /proc/PID/limits, a process's limits as a text, in Linux's format. The limits
// are in the wing `linux`, the files of processes in the wing `procfs`; neither of these two needs
// the other.
#include <array>
#include <string_view>

#include "proc/process.hh"
#include "proc/table.hh"
#include "wings/linux/limits.hh"
#include "wings/procfs/text.hh"

namespace tine {
namespace {

// The names and units in Linux's file, in the order of the numbers (getrlimit(2)).
constexpr struct {
  std::string_view name, unit;
} limit_texts[] = {{"Max cpu time", "seconds"},     {"Max file size", "bytes"},
                   {"Max data size", "bytes"},      {"Max stack size", "bytes"},
                   {"Max core file size", "bytes"}, {"Max resident set", "bytes"},
                   {"Max processes", "processes"},  {"Max open files", "files"},
                   {"Max locked memory", "bytes"},  {"Max address space", "bytes"},
                   {"Max file locks", "locks"},     {"Max pending signals", "signals"},
                   {"Max msgqueue size", "bytes"},  {"Max nice priority", ""},
                   {"Max realtime priority", ""},   {"Max realtime timeout", "us"}};
static_assert(std::size(limit_texts) == RLIM_NLIMITS);

using AllLimits = std::array<Limit, RLIM_NLIMITS>;

// Errors: srch.
Result<AllLimits> limits_of_pid(int pid) {
  SpinGuard guard(process_table_lock);
  const Process* process = find_process(pid);
  if (!process) return Errno::srch;
  AllLimits all;
  for (unsigned resource = 0; resource < RLIM_NLIMITS; resource++)
    all[resource] = limit_of(*process, resource);
  return all;
}

void write_limit(Sink& to, std::uint64_t value) {
  if (value == RLIM_INFINITY) return print(to, "{:-20} ", "unlimited");
  print(to, "{:-20} ", value);
}

// Every user may read it, as on Linux.
Result<> write_limits(const Subject& of, Sink& to) {
  AllLimits all = TRY(limits_of_pid(of.pid));
  print(to, "{:-25} {:-20} {:-20} {:-10}\n", "Limit", "Soft Limit", "Hard Limit", "Units");
  for (unsigned resource = 0; resource < RLIM_NLIMITS; resource++) {
    print(to, "{:-25} ", limit_texts[resource].name);
    write_limit(to, all[resource].now);
    write_limit(to, all[resource].most);
    std::string_view unit = limit_texts[resource].unit;
    if (!unit.empty()) print(to, "{:-10}", unit);
    to.write("\n");
  }
  return {};
}

}  // namespace

PROCESS_FILE(limits, 0444, write_limits)

}  // namespace tine
