// Process: what a program owns while it runs (address space, files, arguments, mailbox), and its
// place in the tree of processes. Its threads run (sched/thread.hh); a plain process has one.
//
// The tree's lock, `process_table_lock`, guards parents, children, states and the fields that other
// threads read. A process's own threads read `space`, `name` and `args` without it, because only
// they change these. Reference-counted: the tree holds a reference until the process is reaped, and
// a thread that inspects a process holds another.
#pragma once

#include <tine/abi.h>

#include <algorithm>
#include <atomic>
#include <utility>

#include "lib/list.hh"
#include "lib/ref.hh"
#include "lib/result.hh"
#include "proc/fd_table.hh"
#include "proc/mailbox.hh"
#include "sched/clock.hh"
#include "sched/thread.hh"
#include "sched/wait_queue.hh"
#include "vfs/path.hh"
#include "vm/address_space.hh"

namespace tine {

struct SignalActions;  // proc/signal.hh

extern constinit Spinlock process_table_lock;

constexpr int init_pid = 1;

// The file of a program that runs, or is to run. No process can write to it while this object
// exists.
struct ProgramFile final : RefCounted {
  RefPtr<Node> directory;  // where it was found (/proc/PID/exe)
  NameBuffer name;
  RefPtr<Node> node;  // set after deny_writes() succeeded

  ~ProgramFile() override {
    if (node) node->allow_writes();
  }
};

// Data that a wing keeps for a process (proc/fork.hh says how it is inherited).
struct ProcessPart {
  virtual ~ProcessPart() = default;
};
struct Process final : RefCounted {
  // ---- Fixed before other threads can find the process ----
  int pid = 0;
  const std::uint64_t started = clock_now();  // clock value

  std::atomic<ProcessPart*> part{nullptr};  // owned; set at most once, by the wing

  // ---- Used by its own threads (`files` and `mailbox` have locks inside) ----
  FdTable files;
  PathContext paths;  // root, current directory, umask; credentials: set under the table's lock
  Mailbox mailbox;

  // ---- Changed by its own thread under the table's lock; other threads read them under it ----
  RefPtr<AddressSpace> space;
  RefPtr<ProgramFile> program;
  char name[32] = {};   // the last component of the program's path, cut to fit
  bool secret = false;  // its memory may hold data that its user must not see (exec, setuid)
  alignas(8) tine_args
      args{};  // the first arguments, cut to fit: for ps, and for getargs after exec(app_id)

  // ---- Guarded by the table's lock ----
  Process* parent GUARDED_BY(process_table_lock) = nullptr;
  std::atomic<int> parent_pid{0};  // for getppid, which takes no lock
  List<Thread, &Thread::process_link> threads GUARDED_BY(process_table_lock);
  bool ending GUARDED_BY(process_table_lock) = false;  // its memory will soon be free
  bool zombie GUARDED_BY(process_table_lock) = false;
  int status GUARDED_BY(process_table_lock) = 0;         // as wait4 returns it
  int exit_signal = 0;                                   // sent to the parent when it ends; 0: none
  CpuTime children_time GUARDED_BY(process_table_lock);  // of children that it waited for
  std::uint64_t peak_pages GUARDED_BY(process_table_lock) = 0;  // the most in any of its spaces
  int wait_pid GUARDED_BY(process_table_lock) = 0;              // while in wait4: the argument
  WaitQueue child_ended GUARDED_BY(process_table_lock);
  bool parent_waits GUARDED_BY(process_table_lock) = false;  // CLONE_VFORK, until exec or exit
  WaitQueue vfork_done GUARDED_BY(process_table_lock);
  std::uint64_t pending_signals GUARDED_BY(process_table_lock) = 0;  // bit number - 1
  OwnPtr<SignalActions> signal_actions GUARDED_BY(process_table_lock);
  ListLink sibling_link;
  List<Process, &Process::sibling_link> children GUARDED_BY(process_table_lock);  // alive
  List<Process, &Process::sibling_link> zombies GUARDED_BY(process_table_lock);   // ended

  // The action for a signal.
  tine_sigaction action(int signal) const REQUIRES(process_table_lock);

  ~Process() override;
};

inline Process& current_process() { return *current_thread()->process; }
inline const Credentials& current_credentials() { return current_process().paths.credentials(); }

// Ends the parent's wait: this process no longer uses its memory (CLONE_VFORK).
inline void let_parent_go_on(Process& self) REQUIRES(process_table_lock) {
  if (std::exchange(self.parent_waits, false)) self.vfork_done.wake_all();
}

// To be called before it leaves its space: updates peak_pages from it.
inline void note_peak(Process& process) REQUIRES(process_table_lock) {
  if (process.space) process.peak_pages = std::max(process.peak_pages, process.space->peak_pages());
}

// Result of a call that has replaced the registers in the trap frame, by those of a new program or
// those from before a signal: no return value may be written into them.
struct Replaced {};

}  // namespace tine
