// Limits: how much of each resource a process may use (POSIX, getrlimit; Linux's names and
// defaults), and what a process costs its user. A process of root needs no such object if neither
// it nor an ancestor has changed a limit: then the defaults hold.
//
// Lock: process_table_lock, to set limits. Reading needs none: the object lives as long as the
// process, and its numbers are atomics.
#pragma once

#include <tine/abi.h>

#include <array>
#include <atomic>
#include <cstdint>

#include "mm/account.hh"
#include "proc/process.hh"

namespace tine {

struct Limit {
  std::uint64_t now, most;  // most: how far `now` can be raised
};

class Limits final : public ProcessPart {
 public:
  Limits();  // sets the defaults
  ~Limits() override { move_to(nullptr); }

  Limit get(unsigned resource) const {
    return {numbers_[resource].now.load(std::memory_order_relaxed),
            numbers_[resource].most.load(std::memory_order_relaxed)};
  }
  void set(unsigned resource, Limit limit);
  void copy_from(const Limits& other);

  // The part that the core reads.
  const ThreadLimits& of_threads() const { return of_threads_; }
  // May the current process map `bytes` (RLIMIT_AS, RLIMIT_DATA)? Called by AddressSpace::may_add.
  bool may_add(AddressSpace& space, std::uint64_t bytes, bool is_data, VirtAddr from,
               VirtAddr to) const REQUIRES(space.mutex());
  // Sends the current process SIGXCPU in each second past its limit (RLIMIT_CPU), and SIGKILL at
  // the highest limit.
  void look_at_time();

  // Counts the process for the current user, whose limit is `most`. Errors: again.
  Result<> charge(std::uint64_t most);
  // Counts the process for another user (setuid), without a check of the limit.
  void move_to(const RefPtr<Account>& account);

 private:
  struct Numbers {
    std::atomic<std::uint64_t> now, most;
  };
  std::array<Numbers, RLIM_NLIMITS> numbers_;
  ThreadLimits of_threads_;
  std::atomic<std::uint64_t> next_signal_{RLIM_INFINITY};  // seconds: when the next SIGXCPU comes
  Charge charge_;
};

// `process` is the caller's, or the caller holds process_table_lock.
Limit limit_of(const Process& process, unsigned resource);
// The object of a process; makes it if there is none. Errors: nomem.
Result<Limits*> limits_of(Process& process) REQUIRES(process_table_lock);

}  // namespace tine
