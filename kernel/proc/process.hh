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

// Data that a wing keeps for a process. `inherit` (a row that the linker gathers) makes the
// child's: fork calls it with the child's first thread. Errors: again, nomem.
struct ProcessPart {
  virtual ~ProcessPart() = default;
};
struct ProcessPartKind {
  Result<> (*inherit)(Process& child, Thread& first, const Process& parent);
};
#define PROCESS_PART(name, inherit)                                                              \
  [[gnu::section(".table.part"), gnu::used]] static constinit const ProcessPartKind part_##name{ \
      inherit};

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

// ---- fork (fork.cc) ----

struct CloneRequest {
  std::uint64_t flags = 0;  // CLONE_*, without CSIGNAL
  int exit_signal = 0;      // what the parent gets when the child ends
  VirtAddr stack;           // the child's stack pointer; 0: the parent's
  std::uint64_t tls = 0;    // CLONE_SETTLS
  UserPtr<int> parent_tid;  // CLONE_PARENT_SETTID
  VirtAddr child_tid;       // CLONE_CHILD_SETTID
};
// [fork 2] Copies the current process, which made the system call in `frame`. The child's first
// return to user mode is from the same call, with result 0. Returns the child's pid. Errors: nomem,
// again (too many processes), restart_always (a signal came); then no child exists.
Result<int> process_fork(const TrapFrame& frame, const CloneRequest& request);
// Ends the parent's wait: this process no longer uses its memory (CLONE_VFORK).
inline void let_parent_go_on(Process& self) REQUIRES(process_table_lock) {
  if (std::exchange(self.parent_waits, false)) self.vfork_done.wake_all();
}

// ---- exec (exec.cc) ----

// Result of a call that has replaced the registers in the trap frame, by those of a new program or
// those from before a signal: no return value may be written into them. (The rest of exec:
// proc/exec.hh.)
struct Replaced {};

// ---- exit and wait (exit.cc) ----

// [exit 2] Ends the current process. `status`: as wait4 returns it.
[[noreturn]] void process_exit(int status);

// How many processes are ending and not yet zombies: their memory will soon be free.
extern constinit unsigned ending_processes GUARDED_BY(process_table_lock);
// Counts this process. The caller ends it, or has sent it SIGKILL.
void note_ending(Process& process) REQUIRES(process_table_lock);

// The current program needs a page and there is no memory. Returns whether it may try again; if
// not, the caller ends it. Init always may.
bool wait_for_memory();
// Functions that try to get memory freed: rows of a table that the linker gathers, which only wings
// have. Called with no lock held. `find` returns whether the program may try again; before that it
// must let other threads run.
struct MemoryFinder {
  bool (*find)();
};
#define MEMORY_FINDER(name, find)                                                                 \
  [[gnu::section(".table.memory"), gnu::used]] static constinit const MemoryFinder memory_##name{ \
      find};

struct WaitResult {
  int pid;  // 0: WNOHANG, and none has ended
  int status;
  CpuTime time{};  // the child's, and its children's that it has waited for
};
// Takes the status of a child that has ended, and removes it. `pid`: which child, or -1 for any.
// Sleeps until there is one, unless `block` is false. Errors: child, restart.
Result<WaitResult> process_wait(int pid, bool block);

// ---- The table (table.cc) ----

// Gives the process a pid and a place under `parent`, with `thread` as its first thread, which the
// caller then starts. On an error nothing has changed. Errors: again (no pid left), nomem,
// restart_always.
Result<> publish_process(RefPtr<Process> process, Process* parent, OwnPtr<Thread> thread);
// The process of that pid, zombies included; nullptr when there is none.
Process* find_process(int pid) REQUIRES(process_table_lock);
// How many signals are being sent to all processes. While this is not 0, no process is published.
extern constinit unsigned signals_to_all GUARDED_BY(process_table_lock);
// The process with the lowest pid not below `pid`; nullptr when there is none.
Process* find_process_from(int pid) REQUIRES(process_table_lock);
// Frees the pid; returns the table's reference to the process.
RefPtr<Process> unpublish_process(Process& process) REQUIRES(process_table_lock);

// How long its threads ran, their page faults, and the peak of its pages.
CpuTime cpu_time(Process& process) REQUIRES(process_table_lock);
// To be called before it leaves its space: updates peak_pages from it.
inline void note_peak(Process& process) REQUIRES(process_table_lock) {
  if (process.space) process.peak_pages = std::max(process.peak_pages, process.space->peak_pages());
}

struct ProcessCounts {
  std::uint64_t processes, threads;
  std::uint64_t made;  // processes since boot
};
ProcessCounts process_counts();

// What `ps` shows of the process with the lowest pid not below `pid`. `count_shared`: also counts
// the pages whose frames have other owners, which takes a walk over all its pages; otherwise that
// number is 0. Errors: srch.
Result<tine_process_info> process_info(int pid, bool count_shared = false);

// ---- init ----

// Starts the first process, from `path`, with the console as descriptors 0, 1 and 2. Errors: those
// of exec.
Result<> start_init(std::string_view path, std::span<const std::string_view> arguments);

}  // namespace tine
