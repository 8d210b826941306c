// The wing `oom`: which program goes when there is no memory left and a program needs a page.
// Without it that is the one that asks; with it, of the user whose programs have most, the one that
// has most. When a user's program asks, only users' programs can go, never root's.
//
// A victim is not waited for by a sleep: the program that faulted lets others run, goes back to its
// access, and comes here again while there is still no memory. So it can be killed meanwhile, and
// nothing can be missed. That this ends:
//   - A process that is on its way out (Process::ending) asks for no memory in page faults
//     any more, and whatever it waits for comes: what sleeps in the kernel is either interrupted by
//     SIGKILL or waits for a mutex, whose holders never wait for long. A call of its that wants
//     memory returns ENOMEM.
//   - While one is on its way out no other is chosen. If it gives nothing back, the next one is.
//   - Each choice makes the processes fewer, and in the end it falls on the one that asks.
//
// Lock: `choosing`, so that one thread looks at a time, and has let go of what it looked at when
// the next one does: a space that is held for inspection is not given back.
#include <algorithm>

#include "proc/process.hh"
#include "sched/mutex.hh"
#include "sched/scheduler.hh"
#include "sync/panic.hh"

namespace tine {
namespace {

constinit Mutex choosing{Rank::file_writers, "choice of a victim"};  // before any address space

// Below this part of memory no process is to blame: it is a crowd that has taken it.
constexpr std::uint64_t least_part = 64;

// A page fault may need several frames at once: the page, page tables, and what a file's contents
// hang in. So a few free ones can be too few, and stay free for ever.
constexpr std::uint64_t frames_of_a_fault = 8;

// A process must go: next to no memory is left for the one that asks, and none is about to come
// back. In this order: what an ended process had is free before it counts as ended, so it is either
// seen as ending or seen free.
bool is_needed() REQUIRES(process_table_lock) {
  if (ending_processes != 0) return false;
  FrameCounts frames = frame_counts();
  std::uint64_t free = frames.of_kind[unsigned(FrameKind::free)];
  return free - (current_account() ? frames.reserved : 0) < frames_of_a_fault;
}

// A process, and what it and its user have: pages that are mapped, shared ones counted each time,
// and for the user those of his pipes. Files are not counted: no end of a process gives them back.
struct Offender {
  int pid = 0;  // 0: there is no such process
  RefPtr<AddressSpace> space{};
  RefPtr<Account> account{};
  std::uint64_t of_user = 0, pages = 0;

  bool is_worse_than(const Offender& other) const {
    return of_user != other.of_user ? of_user > other.of_user : pages > other.pages;
  }
};

RefPtr<AddressSpace> space_of(const Process* process) REQUIRES(process_table_lock) {
  return process && !process->zombie ? process->space : nullptr;
}

Offender look_at(const Process* process) REQUIRES(process_table_lock) {
  if (!process) return {};
  RefPtr<SharedCredentials> credentials = process->paths.shared_credentials;
  Offender seen{process->pid, space_of(process), credentials ? credentials->account : nullptr};
  if (seen.space) seen.pages = seen.space->resident_pages();
  return seen;
}

// Calls visit(Offender) for each process that may go: not init, nor what shares its memory (vfork),
// and of root's only those that `roots_too` says.
template <class Visit>
void for_each_candidate(bool roots_too, Visit visit) {
  RefPtr<AddressSpace> inits;
  for (int pid = init_pid;; pid++) {
    Offender seen;
    {
      SpinGuard guard(process_table_lock);
      seen = look_at(find_process_from(pid));
    }
    if (seen.pid == 0) return;
    pid = seen.pid;
    if (pid == init_pid) inits = seen.space;
    if (seen.space && seen.space != inits && (seen.account || roots_too)) visit(std::move(seen));
  }
}

// What a user has is added up in the account; for root here. `choosing` guards both.
constinit std::uint64_t roots_pages = 0;
std::uint64_t& pages_of(const RefPtr<Account>& account) {
  return account ? account->pages_seen : roots_pages;
}

// Of the user who has most, the process that has most. The one that asks if it is among these, or
// if it is of that user, too, and none of his has much.
Offender worst_offender() {
  bool roots_too = !current_account();
  for_each_candidate(roots_too, [](const Offender& seen) {
    pages_of(seen.account) = seen.account ? std::uint64_t(seen.account->pipe_pages.load()) : 0;
  });
  for_each_candidate(roots_too, [](const Offender& seen) { pages_of(seen.account) += seen.pages; });
  Offender worst;
  {
    SpinGuard guard(process_table_lock);
    worst = look_at(&current_process());
  }
  worst.of_user = pages_of(worst.account);
  const RefPtr<Account> own = worst.account;
  std::uint64_t least = frame_counts().total / least_part;
  for_each_candidate(roots_too, [&](Offender seen) {
    seen.of_user = pages_of(seen.account);
    if (seen.account == own && seen.pages < least) return;
    if (seen.is_worse_than(worst)) worst = std::move(seen);
  });
  return worst;
}

// With all that use the same memory (vfork). Nothing if that is no longer needed.
void kill_offender(const Offender& worst) {
  char name[sizeof(Process::name)] = {};
  {
    SpinGuard guard(process_table_lock);
    Process* offender = find_process(worst.pid);
    if (!is_needed() || space_of(offender) != worst.space) return;
    std::copy_n(offender->name, sizeof(name), name);
    for (Process* each = find_process_from(init_pid + 1); each;
         each = find_process_from(each->pid + 1)) {
      if (space_of(each) != worst.space) continue;
      note_ending(*each);
      send_signal(*each, SIGKILL, {});
    }
  }
  log_on(Channel::crash, "out of memory: {}[{}] is killed, it had {} KiB\n", name, worst.pid,
         worst.pages << (page_shift - 10));
}

bool is_ending(const Process& process) {
  SpinGuard guard(process_table_lock);
  return process.ending;
}

bool must_choose() {
  SpinGuard guard(process_table_lock);
  return is_needed();
}

bool find_memory() {
  Process& self = current_process();
  {
    MutexGuard guard(choosing);
    if (must_choose()) {
      Offender worst = worst_offender();
      if (worst.pid == init_pid) return false;
      kill_offender(worst);
    }
  }
  if (is_ending(self)) return false;
  yield();
  return true;
}

}  // namespace

MEMORY_FINDER(oom, find_memory)

}  // namespace tine
