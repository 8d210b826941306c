// The table of processes, by pid (table.cc), and what it knows of all of them.
#pragma once

#include <tine/abi.h>

#include "lib/own.hh"
#include "lib/ref.hh"
#include "lib/result.hh"
#include "proc/process.hh"

namespace tine {

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
struct ProcessCounts {
  std::uint64_t processes, threads;
  std::uint64_t made;  // processes since boot
};
ProcessCounts process_counts();

// What `ps` shows of the process with the lowest pid not below `pid`. `count_shared`: also counts
// the pages whose frames have other owners, which takes a walk over all its pages; otherwise that
// number is 0. Errors: srch.
Result<tine_process_info> process_info(int pid, bool count_shared = false);

}  // namespace tine
