// Thread: one flow of control. It has a kernel stack, the registers that a switch restores, and the
// scheduler's data about it. What all threads of a process have in common is in Process, which this
// room never uses.
#pragma once

#include <tine/abi.h>
#include <tine/signal.h>

#include <atomic>
#include <cstdint>
#include <optional>

#include "arch/trap_frame.hh"
#include "lib/list.hh"
#include "lib/own.hh"
#include "lib/result.hh"
#include "lib/tree.hh"
#include "lib/types.hh"
#include "mm/page_table.hh"
#include "sync/hart.hh"

namespace tine {

struct Process;
class AddressSpace;

enum class ThreadState : std::uint8_t {
  running = TINE_RUNNING,    // on a hart
  ready = TINE_READY,        // in the run queue, or being built
  sleeping = TINE_SLEEPING,  // until a wakeup (wait_queue.hh), a deadline or an interrupt
  dead = TINE_ZOMBIE,        // has left its stack, once the scheduler's lock is free
};

enum class WaitReason : std::uint8_t {
  none = TINE_WAIT_NONE,
  child = TINE_WAIT_CHILD,
  ipc = TINE_WAIT_IPC,
  console = TINE_WAIT_CONSOLE,
  sleep = TINE_WAIT_SLEEP,
  lock = TINE_WAIT_LOCK,
  pipe = TINE_WAIT_PIPE,
  poll = TINE_WAIT_POLL,
};

constexpr tine_stack no_alternate_stack{0, SS_DISABLE, 0, 0};

constexpr unsigned time_slice_ticks = 3;

using SystemCall = void (*)(TrapFrame& frame);

// The limits of a thread's process. A wing (wings/linux) makes the objects; without it the values
// below hold. The numbers are independent, so relaxed accesses are enough.
struct ThreadLimits {
  std::atomic<std::uint64_t> file{RLIM_INFINITY};     // largest file, in bytes
  std::atomic<std::uint64_t> stack{TINE_STACK_SIZE};  // bytes
  // Called by AddressSpace::may_add, and at each interrupt; null: may_add returns true, and nothing
  // is done.
  bool (*may_add)(AddressSpace& space, std::uint64_t bytes, bool is_data, VirtAddr from,
                  VirtAddr to) = nullptr;
  void (*at_interrupt)() = nullptr;
};
inline constinit const ThreadLimits no_limits;

struct Thread {
  // ---- Used by the thread itself, or fixed before it first runs ----
  Context context{};
  TrapFrame* frame = nullptr;  // at the top of the kernel stack; nullptr: a kernel thread
  VirtAddr stack_top;
  Process* process = nullptr;  // nullptr: a kernel thread
  // The page table that it runs on, and the address space of that; only the thread itself changes
  // them (exec, exit).
  PageTable* page_table = nullptr;
  AddressSpace* space = nullptr;
  // Charged for the objects that the thread makes (mm/account.hh). Its process's credentials hold
  // the reference. nullptr: root, which is not charged.
  Account* account = nullptr;
  std::atomic<const ThreadLimits*> limits{&no_limits};
  // Its table of system calls (syscall/dispatch.hh), inherited from the thread that makes it.
  SystemCall const* calls = nullptr;
  int tid = 0;
  FpState fp{};                  // while its registers are not in a hart
  unsigned fp_hart = max_harts;  // the hart that loaded them last
  HeldLocks mutexes;
  std::atomic<std::uint64_t> faults{0};  // page faults that mapped a page; read by other threads
  tine_stack alternate_stack = no_alternate_stack;  // for signal handlers
  // Its system call ended with Errno::restart; the frame is as it was at the call.
  bool call_interrupted = false;

  // ---- Guarded by the scheduler's lock ----
  ThreadState state = ThreadState::ready;
  WaitReason wait_reason = WaitReason::none;
  std::uint32_t sleep_ends = 0;  // while sleeping: the bits of `interrupted` that end the sleep
  ListLink queue_link;           // in the run queue
  TreeLink timer_link;           // among the sleepers of hart `hart`
  std::uint64_t wake_at = 0;     // clock value
  // A wake has reached one of its waiters since it last cleared this. For threads that wait in
  // several queues; the thread itself reads it without the lock.
  std::atomic<std::uint32_t> told{0};
  unsigned hart = 0;            // on which it runs, or ran last
  std::uint64_t run_time = 0;   // clock units that it has run, up to the clock value left_at:
  std::uint64_t left_at = 0;    // when it left its hart, or while it runs, when run_time was
                                // updated
  std::uint64_t turn_end = 0;   // for the policy: its turn is over when run_time reaches this
  bool urgent = false;          // for the policy: ready, and runs before those that are not urgent
  std::uint64_t run_ticks = 0;  // ticks that came while it ran its program
  // The part of run_time spent in the kernel: the time between two ticks counts as such if the
  // second tick became due in the kernel.
  std::uint64_t system_time = 0;
  std::uint64_t ticked_at = 0;  // run_time at the last tick
  std::uint64_t told_user = 0;  // the user time that cpu_time returned last: it never decreases
  std::uint64_t schedules = 0;  // times it was given a hart

  // ---- Guarded by the process table's lock ----
  ListLink process_link;  // in its process's list of threads
  // Signals that stay pending until they are unblocked: bit number - 1. The thread itself, which
  // alone changes them, reads them without the lock.
  std::uint64_t blocked_signals = 0;
  // A call that changes the mask while it sleeps (rt_sigsuspend) leaves here the mask from before,
  // which is restored after the call; a handler that ends the sleep finds it in its signal frame.
  std::optional<std::uint64_t> blocked_before;

  // Not 0: a signal is pending that this thread must act on before it returns to user mode or
  // begins an interruptible sleep; with the bit `fatal`, one that will end its process. Set by
  // `interrupt`, and when a signal that waits is unblocked; the thread itself clears it when it has
  // acted on all signals (all under the process table's lock).
  static constexpr std::uint32_t signalled = 1, fatal = 2;
  std::atomic<std::uint32_t> interrupted{0};
  // Relaxed: no other data depends on it, and it does not matter how soon a dying thread sees it.
  bool has_fatal_signal() const { return interrupted.load(std::memory_order_relaxed) & fatal; }

  // Only the thread itself adds, so a load and a store are enough.
  void count_fault() {
    faults.store(faults.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }

  // A thread without a stack: for a hart's idle thread, whose stack exists already.
  constexpr Thread() = default;
  Thread(const Thread&) = delete;
  ~Thread();

  // A new thread with a kernel stack that has room for a TrapFrame at its top, not yet filled; it
  // will start in user mode with that frame. Errors: nomem.
  static Result<OwnPtr<Thread>> make_user(Process& process);
};

// The current thread's. Acquire: the object's numbers were written before the pointer to it.
inline const ThreadLimits& current_limits() {
  Thread* self = current_thread();
  return self ? *self->limits.load(std::memory_order_acquire) : no_limits;
}

// ---- Floating point: registers stay in the hart until another thread uses some (fp.cc) ----

// Do the harts have floating-point registers, of single and double precision? Set at boot. If not,
// FS stays Off.
extern constinit bool fp_available;
// The thread leaves this hart: saves its registers if they changed.
void fp_leave(Thread& thread);
// The thread comes to this hart: loads its registers if it uses any and this hart does not hold
// them.
void fp_enter(Thread& thread);
// The running thread executed a floating-point instruction with FS Off. Gives it zeroed registers
// and returns true; false when FS was on, or the harts have no such registers: the instruction is
// illegal.
bool fp_first_use(Thread& thread);
// The running thread begins a new program: no floating point until it is used.
void fp_reset(Thread& thread);
// `child` gets a copy of the running thread's registers; its frame must be a copy already.
void fp_copy(Thread& parent, Thread& child);
// Reads (all zeros while the thread has not used any) and sets the running thread's registers.
FpState fp_read(Thread& thread);
void fp_write(Thread& thread, const FpState& state);

}  // namespace tine
