#include "wings/linux/limits.hh"

#include "arch/layout.hh"
#include "mm/frames.hh"
#include "mm/heap.hh"

namespace tine {
namespace {

// Kernel stacks of all users' threads take a tenth of memory at most.
std::uint64_t max_threads() {
  constexpr unsigned part_of_stacks = 8;
  return frame_counts().total * page_size / kernel_stack_size / part_of_stacks;
}

// What is not named here has no limit.
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

// About what a process takes of the kernel's memory: its stack, the page tables of a small program,
// and the objects that say what it has.
constexpr std::size_t process_cost = kernel_stack_size + 7 * page_size;

const Limits* part_of(const Process& process) {
  // Acquire: the numbers were there before the object could be found.
  return static_cast<const Limits*>(process.part.load(std::memory_order_acquire));
}

}  // namespace

Limits::Limits() {
  for (unsigned resource = 0; resource < RLIM_NLIMITS; resource++) {
    set(resource, default_limit(resource));
  }
}

void Limits::set(unsigned resource, Limit limit) {
  numbers_[resource].now.store(limit.now, std::memory_order_relaxed);
  numbers_[resource].most.store(limit.most, std::memory_order_relaxed);
}

void Limits::copy_from(const Limits& other) {
  for (unsigned resource = 0; resource < RLIM_NLIMITS; resource++) {
    set(resource, other.get(resource));
  }
}

// A quarter of the threads that there is room for is left to root.
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
    OwnPtr<Limits> fresh = TRY(make<Limits>());
    process.part.store(fresh.release(), std::memory_order_release);  // see part_of
  }
  return static_cast<Limits*>(process.part.load(std::memory_order_relaxed));
}

namespace {

Result<> inherit_limits(Process& child, const Process& parent) {
  const Limits* limits = part_of(parent);
  if (!limits && !current_account()) return {};
  OwnPtr<Limits> fresh = TRY(make<Limits>());
  if (limits) fresh->copy_from(*limits);
  bool is_limited = !parent.paths.credentials().is_superuser();
  if (current_account())
    TRY(fresh->charge(is_limited ? fresh->get(RLIMIT_NPROC).now : RLIM_INFINITY));
  child.part.store(fresh.release(), std::memory_order_relaxed);
  return {};
}

}  // namespace

PROCESS_PART(limits, inherit_limits)

}  // namespace tine
