#include "wings/linux/limits.hh"

#include <algorithm>

#include "arch/layout.hh"
#include "mm/frames.hh"
#include "mm/heap.hh"
#include "proc/fork.hh"
#include "proc/signal.hh"
#include "proc/table.hh"
#include "sched/clock.hh"

namespace tine {
namespace {

// So many threads that their kernel stacks take at most an eighth of memory.
std::uint64_t max_threads() {
  constexpr unsigned part_of_stacks = 8;
  return frame_counts().total * page_size / kernel_stack_size / part_of_stacks;
}

// Resources that are not named here have no limit.
Limit default_limit(unsigned resource) {
  std::uint64_t processes = max_threads() / 2;
  switch (resource) {
    case RLIMIT_STACK: return {TINE_STACK_SIZE, RLIM_INFINITY};
    case RLIMIT_CORE: return {0, RLIM_INFINITY};
    case RLIMIT_NPROC:
    case RLIMIT_SIGPENDING: return {processes, processes};
    case RLIMIT_NOFILE: return {TINE_OPEN_MAX, TINE_OPEN_MAX};
    case RLIMIT_MEMLOCK: return {8 << 20, 8 << 20};
    case RLIMIT_MSGQUEUE: return {819200, 819200};
    case RLIMIT_NICE:
    case RLIMIT_RTPRIO: return {0, 0};
    default: return {RLIM_INFINITY, RLIM_INFINITY};
  }
}

// About how much kernel memory a process takes: its stack, the page tables of a small program, and
// objects such as Process and Thread.
constexpr std::size_t process_cost = kernel_stack_size + 7 * page_size;

Limits* part_of(const Process& process) {
  // Acquire: the object's numbers were written before the pointer to it.
  return static_cast<Limits*>(process.part.load(std::memory_order_acquire));
}

}  // namespace

Limits::Limits() {
  of_threads_.may_add = [](AddressSpace& space, std::uint64_t bytes, bool is_data, VirtAddr from,
                           VirtAddr to) {
    space.mutex().assert_held();
    return part_of(current_process())->may_add(space, bytes, is_data, from, to);
  };
  of_threads_.at_interrupt = [] { part_of(current_process())->look_at_time(); };
  for (unsigned resource = 0; resource < RLIM_NLIMITS; resource++) {
    set(resource, default_limit(resource));
  }
}

void Limits::set(unsigned resource, Limit limit) {
  numbers_[resource].now.store(limit.now, std::memory_order_relaxed);
  numbers_[resource].most.store(limit.most, std::memory_order_relaxed);
  if (resource == RLIMIT_FSIZE) of_threads_.file = limit.now;
  if (resource == RLIMIT_STACK) of_threads_.stack = limit.now;
  if (resource == RLIMIT_CPU) next_signal_ = limit.now;
}

// Adds up all regions, but only for programs that have a limit.
bool Limits::may_add(AddressSpace& space, std::uint64_t bytes, bool is_data, VirtAddr from,
                     VirtAddr to) const {
  std::uint64_t most = get(RLIMIT_AS).now, most_data = get(RLIMIT_DATA).now;
  if (most == RLIM_INFINITY && most_data == RLIM_INFINITY) return true;
  std::uint64_t all = 0, data = 0, replaced = 0, replaced_data = 0;
  Pace pace;
  for (Region* region = space.first_region_after(VirtAddr()); region;
       region = space.first_region_after(region->end)) {
    std::uint64_t size = region->end - region->start;
    VirtAddr first = std::max(region->start, from), end = std::min(region->end, to);
    std::uint64_t inside = first < end ? end - first : 0;
    all += size, replaced += inside;
    if (region->is_data()) data += size, replaced_data += inside;
    pace.step();
  }
  if (bytes > replaced && all - replaced + bytes > most) return false;
  return !is_data || bytes <= replaced_data || data - replaced_data + bytes <= most_data;
}

void Limits::look_at_time() {
  if (next_signal_.load(std::memory_order_relaxed) == RLIM_INFINITY) return;
  SpinGuard guard(process_table_lock);
  Process& self = current_process();
  CpuTime used = cpu_time(self);
  std::uint64_t seconds = clock_to_ns(used.user + used.system) / ns_per_second;
  if (seconds >= get(RLIMIT_CPU).most) return send_signal(self, SIGKILL, {});
  if (seconds < next_signal_.load(std::memory_order_relaxed)) return;
  next_signal_.store(seconds + 1, std::memory_order_relaxed);
  send_signal(self, SIGXCPU, {});
}

void Limits::copy_from(const Limits& other) {
  for (unsigned resource = 0; resource < RLIM_NLIMITS; resource++) {
    set(resource, other.get(resource));
  }
}

// A quarter of max_threads() is kept for root.
Result<> Limits::charge(std::uint64_t most) {
  if (process_counts().threads >= max_threads() / 4 * 3) return Errno::again;
  charge_ = TRY(Charge::take(process_cost, Errno::again));
  auto before = charge_.account()->processes.fetch_add(1, std::memory_order_relaxed);
  return std::uint64_t(before) < most ? Result<>() : Errno::again;
}

void Limits::move_to(const RefPtr<Account>& account) {
  if (Account* old = charge_.account().get())
    old->processes.fetch_sub(1, std::memory_order_relaxed);
  if (!charge_.account()) charge_ = Charge::of_root(process_cost);
  if (account) account->processes.fetch_add(1, std::memory_order_relaxed);
  charge_.move_to(account);
}

Limit limit_of(const Process& process, unsigned resource) {
  const Limits* limits = part_of(process);
  return limits ? limits->get(resource) : default_limit(resource);
}

Result<Limits*> limits_of(Process& process) {
  if (!part_of(process)) {
    OwnPtr<Limits> made = TRY(make<Limits>());
    Limits* fresh = made.release();
    // Release: see part_of and current_limits. A thread that finds its limits also finds the part.
    process.part.store(fresh, std::memory_order_release);
    for (Thread& thread : process.threads)
      thread.limits.store(&fresh->of_threads(), std::memory_order_release);
  }
  return part_of(process);
}

namespace {

Result<> inherit_limits(Process& child, Thread& first, const Process& parent) {
  const Limits* limits = part_of(parent);
  if (!limits && !current_account()) return {};
  OwnPtr<Limits> fresh = TRY(make<Limits>());
  if (limits) fresh->copy_from(*limits);
  bool is_limited = !parent.paths.credentials().is_superuser();
  if (current_account())
    TRY(fresh->charge(is_limited ? fresh->get(RLIMIT_NPROC).now : RLIM_INFINITY));
  first.limits.store(&fresh->of_threads(), std::memory_order_relaxed);
  child.part.store(fresh.release(), std::memory_order_relaxed);
  return {};
}

}  // namespace

PROCESS_PART(limits, inherit_limits)

}  // namespace tine
