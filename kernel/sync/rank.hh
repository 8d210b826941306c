// The order of locks. A thread that holds a lock may only take locks of a higher rank (further down
// in this list), so threads cannot wait for each other in a circle. Debug builds check it at every
// acquisition. Mutexes (which sleep) come before spinlocks (which do not).
#pragma once

#include <array>
#include <cstdint>

namespace tine {

enum class Rank : std::uint8_t {
  // Mutexes
  mounting,        // a file system is mounted or unmounted
  open_file,       // the offset of one open file
  console_reader,  // one reader of the console at a time
  proc_text,       // the text of one open file of /proc
  rename,          // renames of tmpfs from one directory to another
  file_writers,    // one writer of a file's contents at a time
  victim,          // the choice of a process that ends when memory has ended
  space,           // one address space: regions and page table
  // Spinlocks
  process_table,   // the tree of processes: parents, children, states
  descriptors,     // one table of file descriptors
  directory,       // the entries of one directory of tmpfs
  parents,         // what is above each of these directories
  futex,           // threads that wait for words of memory
  mailbox,         // one process's IPC mailbox
  sleepers,        // threads that wait for the clock alone
  pipe,            // the ends of one pipe
  file_pages,      // pages of one file in memory
  file_locks,      // locks that programs have on files
  unknown_calls,   // unknown system calls that programs made
  random,          // the key of the random numbers
  attributes,      // permissions, owner and group of nodes
  console_input,   // lines typed and not yet read
  mutex,           // inside a sleeping mutex
  scheduler,       // states of threads, run queue, wait queues, timers
  accounts,        // the list of users' accounts
  stack_pool,      // idle kernel stacks
  table_pool,      // spare page tables
  heap,            // kernel heap
  frames,          // free page frames
  remote_fence,    // one remote fence at a time
  console_output,  // one message at a time
};

// Of most ranks a thread may hold one lock. Directories (fs/tmpfs.hh) and the queues of futexes
// (ordered by their addresses) are exceptions: code that takes two of them must keep their order.
constexpr bool may_hold_two(Rank rank) { return rank == Rank::directory || rank == Rank::futex; }

// What every lock has, for checks and messages.
struct RankedLock {
  constexpr RankedLock(Rank r, const char* n) : name(n), rank(r) {}

  const char* name;
  Rank rank;
};

// The locks that a hart (spinlocks) or a thread (mutexes) holds, in order of acquisition. Kept in
// debug builds only.
class HeldLocks {
 public:
  unsigned count() const { return count_; }
  // Panics unless `wanted` ranks above all that are held (or equal, where may_hold_two allows it).
  void check(const RankedLock& wanted) const;
  void add(const RankedLock& wanted);   // the same, before the lock is taken
  void remove(const RankedLock& lock);  // panics if it is not held

 private:
  std::array<const RankedLock*, 8> locks_{};
  unsigned count_ = 0;
};

}  // namespace tine
