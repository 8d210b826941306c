// Limits: how much of each resource a process may use (POSIX, getrlimit; Linux's names and
// defaults), and what a process costs its user. A process of root's that descends from none that
// has changed a limit needs no such object: the defaults hold.
//
// Lock: process_table_lock, to set; the object stays where it is, and its numbers are atomics.
#pragma once

#include <tine/abi.h>

#include <array>
#include <atomic>
#include <cstdint>

#include "mm/account.hh"
#include "proc/process.hh"

namespace tine {

struct Limit {
  std::uint64_t now, most;  // most: what `now` can be raised to
};

class Limits final : public ProcessPart {
 public:
  Limits();  // the defaults
  ~Limits() override { move_to(nullptr); }

  Limit get(unsigned resource) const {
    return {numbers_[resource].now.load(std::memory_order_relaxed),
            numbers_[resource].most.load(std::memory_order_relaxed)};
  }
  void set(unsigned resource, Limit limit);
  void copy_from(const Limits& other);

  // The same where the core asks.
  const ThreadLimits& of_threads() const { return of_threads_; }
  // May the current process map so much more (RLIMIT_AS, RLIMIT_DATA)? AddressSpace::may_add.
  bool may_add(AddressSpace& space, std::uint64_t bytes, bool is_data, VirtAddr from,
               VirtAddr to) const REQUIRES(space.mutex());
  // The current process, which these belong to, gets SIGXCPU in each second past its limit
  // (RLIMIT_CPU), and SIGKILL when it has run all its time.
  void look_at_time();

  // The process counts for the current user, whose limit is `most`. Errors: again.
  Result<> charge(std::uint64_t most);
  // The user changes: the new one cannot refuse the process (setuid).
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

// Of a process that the caller is, or whose table's lock it holds.
Limit limit_of(const Process& process, unsigned resource);
// The object of a process, made if there is none. Errors: nomem.
Result<Limits*> limits_of(Process& process) REQUIRES(process_table_lock);

}  // namespace tine
