// The data of one hart (hardware thread, a CPU core to a program). tp points to the Hart while the
// kernel runs. A thread that sleeps may continue on another hart: never keep a Hart& across a call
// that can sleep.
#pragma once

#include <tine/limits.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "arch/offsets.h"
#include "sync/rank.hh"

namespace tine {

struct Thread;
class Account;
class PageTable;

constexpr unsigned max_harts = 8;
constexpr std::size_t emergency_stack_size = 4096;

constexpr unsigned no_context = ~0u;
// Data that different harts write is kept this far apart, so that they do not contend for one cache
// line. 64 bytes suit most machines.
constexpr std::size_t cache_line = 64;

struct alignas(cache_line) Hart {
  std::uint64_t emergency_stack_top = 0;  // trap.S: kernel faults are reported on this stack
  std::uint64_t start_sp = 0;             // entry.S: first stack of a secondary hart
  std::uint64_t start_satp = 0;           // entry.S: and the page table in which it is mapped
  std::uint64_t id = 0;                   // the platform's number for it (mhartid)
  unsigned index = 0;                     // in harts[]
  std::atomic<bool> online{false};
  bool in_interrupt = false;  // it handles interrupts: what it wakes is urgent (handle_interrupts)

  // What this hart still has to do before it returns to user mode (sched/scheduler.hh).
  static constexpr unsigned must_yield = 1;         // the current thread is to yield
  static constexpr unsigned has_deferred_work = 2;  // something waits until no lock is held
  unsigned work = 0;
  // Where the program continues after its last system call; 0 after an interrupt (trap.cc).
  std::uint64_t resumed_at = 0;
  unsigned plic_context = no_context;  // the PLIC's number for its S-mode (dev/plic.cc)
  Thread* current = nullptr;           // the thread that runs here; changed by the scheduler only
  Thread* idle = nullptr;              // runs when nothing else can
  // The page table in satp; nullptr: the kernel's, without a lower half (PageTable::activate).
  PageTable* page_table = nullptr;
  std::uint64_t kernel_map_generation = 0;  // the newest mapping it has fenced (mm/kernel_map.cc)
  Account* account = nullptr;               // of the current thread's user (mm/account.hh)
  Thread* fp_owner = nullptr;               // its FP registers are loaded (sched/fp.cc)

  HeldLocks held;  // spinlocks
};

static_assert(offsetof(Hart, emergency_stack_top) == HART_EMERGENCY_TOP);
static_assert(offsetof(Hart, start_sp) == HART_START_SP);
static_assert(offsetof(Hart, start_satp) == HART_START_SATP);
static_assert(offsetof(Hart, id) == HART_ID && sizeof(Hart) == HART_SIZE);

extern "C" {
inline constinit Hart harts[max_harts] = {};  // harts[0] is the boot hart
inline constinit unsigned hart_count = 1;     // harts in use: the PLIC serves them; set at boot
}

// May be another hart after each switch. `volatile` makes the compiler read tp each time.
inline Hart& this_hart() {
  Hart* hart;
  asm volatile("mv %0, tp" : "=r"(hart));
  return *hart;
}

inline Thread* current_thread() {  // this_hart().current
  Thread* thread;
  asm volatile("ld %0, %1(tp)" : "=r"(thread) : "i"(offsetof(Hart, current)));
  return thread;
}

}  // namespace tine
