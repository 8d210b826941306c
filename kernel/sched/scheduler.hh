// The scheduler: which thread runs on which hart. One run queue and one lock for all harts; the
// order is a Policy's, which courses replace (policy.hh). The kernel does not preempt itself: a
// thread leaves its hart where it sleeps, and on the way back to user mode when its time is up.
//
// The lock is held across the switch itself: taken by the thread that leaves, released by the one
// that comes (finish_switch). So whoever holds it sees no thread half way.
#pragma once

#include <cstdint>

#include "sched/thread.hh"
#include "sync/spinlock.hh"

namespace tine {

extern constinit Spinlock scheduler_lock;

// ---- Threads come, run, and go ----

// A fresh thread enters the run queue.
void start_thread(Thread& thread) EXCLUDES(scheduler_lock);

// Wakes a thread, if it sleeps.
void wake_thread(Thread& thread) REQUIRES(scheduler_lock);

// A signal waits for `thread`; `fatal`: one that will end its process. An interruptible sleep ends,
// and `wait` returns restart; a thread that runs on another hart comes into the kernel.
void interrupt(Thread& thread, bool fatal) EXCLUDES(scheduler_lock);

// Lets others run; returns when it is this thread's turn again.
void yield() EXCLUDES(scheduler_lock);
// The same where the scheduler has asked for it (Hart::must_yield): the thread's turn is over, or
// an urgent thread is ready.
void make_room() EXCLUDES(scheduler_lock);

// Gives the hart to the next thread. The caller has set its own state and is in some queue, or
// dead, or the idle thread. Returns when this thread is chosen again, with the lock released.
void switch_away() RELEASE(scheduler_lock);

// The running thread ends. Its stack and Thread may be freed by whoever has seen is_dead.
[[noreturn]] void exit_thread() EXCLUDES(scheduler_lock);
// Is the thread off its stack for good? (Its state is seen under the lock, which was held until it
// had left.)
bool is_dead(const Thread& thread) EXCLUDES(scheduler_lock);

// ---- Time ----

// The timer interrupt of this hart: ends sleeps, counts the tick. `was_in_kernel`: the interrupt
// became due while the thread was in the kernel.
void timer_interrupt(bool was_in_kernel) EXCLUDES(scheduler_lock);
// Puts the running thread, which is about to sleep, on this hart's list of sleepers until
// thread.wake_at.
void arm_wakeup(Thread& thread) REQUIRES(scheduler_lock);

// ---- What waits until no lock is held ----

// Interrupts the harts that were given work and sets this hart's timer, where that is still to be
// done. Both are slow, and the hart that is woken wants the locks that its waker holds; so the
// scheduler only notes them, and they are done when this hart switches, idles, or returns to user
// mode.
void settle() EXCLUDES(scheduler_lock);

// Timer ticks taken, over all harts.
std::uint64_t total_ticks();
// How often a thread was given a hart, idle threads too.
std::uint64_t total_switches() EXCLUDES(scheduler_lock);

// ---- What others are told of a thread ----

struct ThreadStatus {
  ThreadState state;
  WaitReason wait_reason;
  unsigned hart;
  std::uint64_t run_ticks, schedules;
};
ThreadStatus status_of(const Thread& thread) EXCLUDES(scheduler_lock);

// How long a thread ran, in clock units. The sum is exact; ticks say how it is divided. And what it
// took besides: page faults, and the most pages that its process had at one time.
struct CpuTime {
  std::uint64_t user = 0, system = 0;
  std::uint64_t faults = 0, peak_pages = 0;

  CpuTime& operator+=(const CpuTime& more) {
    user += more.user, system += more.system;
    faults += more.faults;
    peak_pages = peak_pages > more.peak_pages ? peak_pages : more.peak_pages;
    return *this;
  }
};
CpuTime cpu_time(Thread& thread) EXCLUDES(scheduler_lock);
// The running thread begins a new program: its ticks are counted anew, its time goes on.
void begin_program(Thread& thread) EXCLUDES(scheduler_lock);

// ---- Idle harts (trap/idle.cc) ----

// This flow of control becomes the idle thread of this hart.
void become_idle_thread(Thread& idle);
// For the idle thread. If threads are ready, runs them and answers true when none was left; else
// announces that this hart is idle, arms its timer for the first sleeper only, and answers false:
// wait for an interrupt, then call stop_idling.
bool run_ready_threads() EXCLUDES(scheduler_lock);
void stop_idling() EXCLUDES(scheduler_lock);

}  // namespace tine
