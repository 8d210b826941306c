// fork: a second process that continues from the same system call (fork.cc). What a child inherits
// of a wing's data is a row of a table here.
#pragma once

#include "arch/trap_frame.hh"
#include "lib/result.hh"
#include "proc/process.hh"
#include "vm/user_memory.hh"

namespace tine {

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

// How the child gets its part of a wing's data (Process::part): rows of a table that the linker
// gathers. fork calls `inherit` with the child's first thread. Errors: again, nomem.
struct ProcessPartKind {
  Result<> (*inherit)(Process& child, Thread& first, const Process& parent);
};
#define PROCESS_PART(name, inherit)                                                              \
  [[gnu::section(".table.part"), gnu::used]] static constinit const ProcessPartKind part_##name{ \
      inherit};

}  // namespace tine
