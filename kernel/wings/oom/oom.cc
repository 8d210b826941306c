// The wing `oom`: who goes when there is no memory left and a program needs a page. Without it that
// is whoever asks; with it the one that has most.
//
// A victim is not waited for by a sleep: who faulted lets others run, goes back to its access, and
// comes here again while there is still no memory. So it can be killed meanwhile, and nothing can
// be missed. That this ends:
//   - A process that is on its way out (Process::ending) asks for no memory in page faults
//     any more, and whatever it waits for comes: what sleeps in the kernel is either interrupted by
//     SIGKILL or waits for a mutex, whose holders never wait for long. A call of its that wants
//     memory answers ENOMEM.
//   - While one is on its way out no other is chosen. If it gives nothing back, the next one is.
//   - Each choice makes the processes fewer, and in the end it falls on whoever asks.
//
// Lock: `choosing`, so that one looks at a time, and has let go of what it looked at when the next
// one does: a space that is held for inspection is not given back.
#include <algorithm>

#include "proc/process.hh"
#include "sched/mutex.hh"
#include "sched/scheduler.hh"
#include "sync/panic.hh"

namespace tine {
namespace {

constinit Mutex choosing{Rank::file_writers, "choice of a victim"};  // before any address space

// Below this part of memory nobody is to blame: it is a crowd that has taken it.
constexpr std::uint64_t least_part = 64;

// A page fault may need several frames at once: the page, page tables, and what a file's contents
// hang in. So a few free ones can be too few, and stay free for ever.
constexpr std::uint64_t frames_of_a_fault = 8;

// What would come back if the space were given up.
std::uint64_t own_pages(AddressSpace& space) {
  std::uint64_t shared = space.shared_pages(), resident = space.resident_pages();
  return resident > shared ? resident - shared : 0;
}

// Somebody has to go: next to no memory is left, and none is about to come back. In this order:
// what an ended process had is free before it counts as ended, so it is either seen as ending or
// seen free.
bool is_needed() REQUIRES(process_table_lock) {
  return ending_processes == 0 &&
         frame_counts().of_kind[unsigned(FrameKind::free)] < frames_of_a_fault;
}

struct Offender {
  int pid;
  RefPtr<AddressSpace> space;
  std::uint64_t pages;
};

RefPtr<AddressSpace> space_of(const Process* process) REQUIRES(process_table_lock) {
  return process && !process->zombie ? process->space : nullptr;
}

// The process that has most pages of its own. The current one if it is among the first, or if
// nobody has many; never init, nor who shares init's memory (vfork).
Offender worst_offender() {
  Process& self = current_process();
  Offender worst{self.pid, self.space, own_pages(*self.space)};
  std::uint64_t least = frame_counts().total / least_part;
  RefPtr<AddressSpace> inits;
  for (int pid = init_pid;; pid++) {
    RefPtr<AddressSpace> space;
    {
      SpinGuard guard(process_table_lock);
      Process* process = find_process_from(pid);
      if (!process) return worst;
      pid = process->pid;
      space = space_of(process);
    }
    if (pid == init_pid) inits = space;
    if (!space || space == inits || space->resident_pages() <= worst.pages) continue;
    std::uint64_t pages = own_pages(*space);
    if (pages > worst.pages && pages >= least) worst = {pid, std::move(space), pages};
  }
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
  log_on(Channel::crash, "out of memory: {}[{}] is killed, {} KiB are its own\n", name, worst.pid,
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
