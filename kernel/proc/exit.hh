// exit and wait: how a process ends, and how its parent learns of it (exit.cc). What happens when a
// program needs memory and there is none is here, too, because processes that end give it back.
#pragma once

#include "lib/result.hh"
#include "proc/process.hh"

namespace tine {

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

}  // namespace tine
