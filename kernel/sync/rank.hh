// The order of locks. A thread that holds a lock may only take locks of a higher rank, so no circle
// of waiting can form. Debug builds check it at every acquisition. Mutexes (which sleep) come
// before spinlocks (which do not).
#pragma once

#include <cstdint>

namespace tine {

enum class Rank : std::uint8_t {
  // Mutexes
  open_file,     // the offset of one open file
  directory,     // entries of a directory and the files' metadata
  file_writers,  // who changes one file's contents
  space,         // one address space: regions and page table
  // Spinlocks
  process_table,   // the tree of processes: parents, children, states
  descriptors,     // one table of file descriptors
  mailbox,         // one process's IPC mailbox
  pipe,            // the ends of one pipe
  file_pages,      // pages of one file in memory
  console_input,   // lines typed and not yet read
  mutex,           // inside a sleeping mutex
  scheduler,       // states of threads, run queue, wait queues, timers
  stack_pool,      // spare kernel stacks
  table_pool,      // spare page tables
  heap,            // kernel heap
  frames,          // free page frames
  remote_fence,    // one remote fence at a time
  console_output,  // one message at a time
};

}  // namespace tine
