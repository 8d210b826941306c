// Thread: one flow of control. It has a kernel stack, what a switch needs to go on with it, and its
// place in the scheduler's books. What it shares with the other threads of its process is in
// Process, which this room never looks into.
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
  sleeping = TINE_SLEEPING,  // until its waiter is told (wait_queue.hh), or for its time
  dead = TINE_ZOMBIE,        // off its stack for good, once the scheduler's lock is free
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

// What limits a thread's process. The objects are a wing's; without one there are no other limits
// than these. Each number is for itself, so nothing is ordered by it.
struct ThreadLimits {
  std::atomic<std::uint64_t> file{RLIM_INFINITY};     // bytes: where writes to files end
  std::atomic<std::uint64_t> stack{TINE_STACK_SIZE};  // bytes
  // What AddressSpace::may_add returns, and what is to be done at each interrupt; null: true, and
  // nothing.
  bool (*may_add)(AddressSpace& space, std::uint64_t bytes, bool is_data, VirtAddr from,
                  VirtAddr to) = nullptr;
  void (*at_interrupt)() = nullptr;
};
inline constinit const ThreadLimits no_limits;

struct Thread {
  // ---- Its own, or fixed before it first runs ----
  Context context{};
  TrapFrame* frame = nullptr;  // at the top of the kernel stack; nullptr: a kernel thread
  VirtAddr stack_top;
  Process* process = nullptr;  // nullptr: a kernel thread
  // What it runs on, and what that belongs to; changed by itself only (exec, exit).
  PageTable* page_table = nullptr;
  AddressSpace* space = nullptr;
  // Of the user who pays for what it makes; kept by its process's credentials. nullptr: root.
  Account* account = nullptr;
  std::atomic<const ThreadLimits*> limits{&no_limits};
  // What each call number means to it (syscall/dispatch.hh); inherited from the thread that makes
  // it.
  SystemCall const* calls = nullptr;
  int tid = 0;
  FpState fp{};                  // while its registers are not in a hart
  unsigned fp_hart = max_harts;  // the hart that loaded them last
  HeldLocks mutexes;
  std::atomic<std::uint64_t> faults{0};  // pages that were made accessible to it; others read it
  tine_stack alternate_stack = no_alternate_stack;  // for signal handlers
  // Its system call ended with Errno::restart: the frame is as the call found it.
  bool call_interrupted = false;

  // ---- Guarded by the scheduler's lock ----
  ThreadState state = ThreadState::ready;
  WaitReason wait_reason = WaitReason::none;
  std::uint32_t sleep_ends = 0;  // while sleeping: which bits of `interrupted` end it
  ListLink queue_link;           // in the run queue
  TreeLink timer_link;           // among the sleepers of the hart `hart`
  ListLink process_link;  // in its process's list of threads (guarded by the process table's lock)
  std::uint64_t wake_at = 0;  // clock value
  // A waiter of it was told since it last asked, which threads do that wait in several queues; read
  // without the lock by itself.
  std::atomic<std::uint32_t> told{0};
  unsigned hart = 0;           // where it runs, or ran last
  std::uint64_t run_time = 0;  // clock units that it has run, up to the clock value left_at:
  std::uint64_t left_at = 0;   // when it left its hart, or while it runs, some moment since it came
  std::uint64_t turn_end = 0;  // its turn is over when run_time is this; the policy's
  bool urgent = false;         // ready, and before those that are not; the policy's
  std::uint64_t run_ticks = 0;  // ticks that found it running its program
  // Which part of run_time was in the kernel: the time up to a tick counts as the kernel's if the
  // tick was due in the kernel.
  std::uint64_t system_time = 0;
  std::uint64_t ticked_at = 0;  // run_time at the last tick
  std::uint64_t told_user = 0;  // the user time that was told last: it never goes back (cpu_time)
  std::uint64_t schedules = 0;  // times it was given a hart

  // Signals that wait until they are unblocked: bit number - 1 (guarded by the process table's
  // lock).
  std::uint64_t blocked_signals = 0;
  // A call that blocks others while it sleeps (rt_sigsuspend) leaves here what is to be blocked
  // again, and what a handler that ends the sleep finds as the mask from before.
  std::optional<std::uint64_t> blocked_before;

  // Not 0: a signal waits for this thread before it may go on in user mode or in an interruptible
  // sleep; with the bit `fatal`, one that will end its process. Set by `interrupt`, and when a
  // signal that waits is unblocked; cleared by the thread itself when it has acted on all signals
  // (all under the process table's lock).
  static constexpr std::uint32_t signalled = 1, fatal = 2;
  std::atomic<std::uint32_t> interrupted{0};
  // Nothing is ordered by this: the thread will die, and it makes no difference when it sees that.
  bool has_fatal_signal() const { return interrupted.load(std::memory_order_relaxed) & fatal; }

  // By itself only, so no two additions meet.
  void count_fault() {
    faults.store(faults.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }

  // A thread without a stack: the first code of a hart (its idle thread) already has one.
  constexpr Thread() = default;
  Thread(const Thread&) = delete;
  ~Thread();

  // A new thread with a kernel stack that has room for a TrapFrame at its top, not yet filled; it
  // will start in user mode with that frame. Errors: nomem.
  static Result<OwnPtr<Thread>> make_user(Process& process);
};

// Of the current thread. Acquire: its numbers were there before the object could be found.
inline const ThreadLimits& current_limits() {
  Thread* self = current_thread();
  return self ? *self->limits.load(std::memory_order_acquire) : no_limits;
}

// ---- Floating point: registers stay in the hart until another thread needs them (fp.cc) ----

// Do the harts have floating-point registers, of both sizes? Set at boot. If not, FS stays Off.
extern constinit bool fp_available;
// The thread leaves this hart: saves its registers if they changed.
void fp_leave(Thread& thread);
// The thread comes to this hart: loads its registers if it uses any and they are not here.
void fp_enter(Thread& thread);
// The running thread executed a floating-point instruction with FS Off. Gives it zeroed registers
// and returns true; false when FS was on, or there are none: the instruction is illegal.
bool fp_first_use(Thread& thread);
// The running thread begins a new program: no floating point until it is used.
void fp_reset(Thread& thread);
// `child` gets a copy of what the running thread has; its frame must be a copy already.
void fp_copy(Thread& parent, Thread& child);
// What the running thread has: all zeros while it uses none. And what it shall have.
FpState fp_read(Thread& thread);
void fp_write(Thread& thread, const FpState& state);

}  // namespace tine
