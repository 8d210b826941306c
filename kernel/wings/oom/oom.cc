// The wing `oom` (out of memory) chooses the program that is killed when a program needs a page and
// no memory is left. Without the wing that is the program that needs the page. With it, the victim
// is the largest program of the user whose programs have most memory. When a user's program needs
// the page, no program of root is chosen.
//
// The program that faulted does not sleep until the victim has ended. It lets other threads run,
// repeats its access, and comes here again if there is still no memory. So it can itself be killed
// meanwhile, and no wakeup can be missed. Why this ends:
//   - A process that is ending (Process::ending) gets no memory in page faults any more, and ends
//     soon: SIGKILL interrupts its sleep, or it waits for a mutex, whose holder never sleeps for
//     long. A call of such a process that needs memory returns ENOMEM.
//   - While one is ending, no other is chosen. If it frees too little, another one is.
//   - Each choice leaves fewer processes; the last one is the process that needs the page.
//
// Lock: `choosing`, so that only one thread at a time inspects processes, and holds no reference to
// a space when the next one starts: a space that is held cannot be freed.
#include <algorithm>

#include "proc/exit.hh"
#include "proc/signal.hh"
#include "proc/table.hh"
#include "sched/mutex.hh"
#include "sched/scheduler.hh"
#include "sync/log.hh"

namespace tine {
namespace {

constinit Mutex choosing{Rank::victim, "choice of a victim"};

// A process of the same user with less than this part of memory is not chosen: then many small ones
// have used the memory up.
constexpr std::uint64_t least_part = 64;

// A page fault may need several frames: the page, page tables, tables of a file's pages. So a few
// free frames can be too few, and would stay free for ever.
constexpr std::uint64_t frames_of_a_fault = 8;

// Must a process be killed? Yes, when almost no frame is left for the current thread, and no
// process is ending. Checked in this order: a process frees its memory before it stops counting as
// ending, so it is seen either as ending or as free memory.
bool is_needed() REQUIRES(process_table_lock) {
  if (ending_processes != 0) return false;
  FrameCounts frames = frame_counts();
  std::uint64_t free = frames.of_kind[unsigned(FrameKind::free)];
  return free - (current_account() ? frames.reserved : 0) < frames_of_a_fault;
}

// A process, and how many pages it and its user have: mapped pages (a frame that is mapped twice
// counts twice), and for the user also those of pipes. Files are not counted, because killing a
// process does not free them.
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

// Calls visit(Offender) for each process that may be killed: not init, nor a process that uses
// init's memory (vfork), and processes of root only if `roots_too`.
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

// The pages of a user are added up in the account (pages_seen), root's here. `choosing` guards
// both.
constinit std::uint64_t roots_pages = 0;
std::uint64_t& pages_of(const RefPtr<Account>& account) {
  return account ? account->pages_seen : roots_pages;
}

// The largest process of the user with most pages. The current process, if none is larger, or if it
// belongs to that user and the others of this user are all below least_part.
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

// Kills the process and all that use its memory (vfork). Does nothing if this is no longer needed.
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
