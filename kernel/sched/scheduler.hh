// The scheduler: which thread runs on which hart. One run queue and one lock for all harts; a
// Policy decides the order, and a course may replace it (policy.hh). The kernel does not preempt
// itself: a thread leaves its hart where it sleeps, and on the way back to user mode when its time
// is up.
//
// The lock is held across the switch itself: taken by the thread that leaves, released by the one
// that comes (finish_switch). So a thread that holds it never sees another one half way through a
// switch.
#pragma once

#include <cstdint>

#include "sched/thread.hh"
#include "sync/spinlock.hh"

namespace tine {

extern constinit Spinlock scheduler_lock;

// ---- Threads come, run, and go ----

// A new thread enters the run queue.
void start_thread(Thread& thread) EXCLUDES(scheduler_lock);

// Wakes a thread, if it sleeps.
void wake_thread(Thread& thread) REQUIRES(scheduler_lock);

// A signal is pending for `thread`; `fatal`: one that will end its process. An interruptible sleep
// ends, and `wait` returns restart; a thread that runs on another hart enters the kernel.
void interrupt(Thread& thread, bool fatal) EXCLUDES(scheduler_lock);

// Lets other threads run; returns when it is this thread's turn again.
void yield() EXCLUDES(scheduler_lock);
// The same where the scheduler has asked for it (Hart::must_yield): the thread's turn is over, or
// an urgent thread is ready.
void make_room() EXCLUDES(scheduler_lock);

// Gives the hart to the next thread. The caller has set its own state and is in some queue, or
// dead, or the idle thread. Returns when this thread is chosen again, with the lock released.
void switch_away() RELEASE(scheduler_lock);

// The running thread ends. Its stack and Thread may be freed once is_dead has returned true.
[[noreturn]] void exit_thread() EXCLUDES(scheduler_lock);
// Has the thread left its stack for the last time? (It holds the lock until it has left.)
bool is_dead(const Thread& thread) EXCLUDES(scheduler_lock);

// ---- Time ----

// The timer interrupt of this hart: ends sleeps, counts the tick. `was_in_kernel`: the interrupt
// became due while the thread was in the kernel.
void timer_interrupt(bool was_in_kernel) EXCLUDES(scheduler_lock);
// Puts the running thread, which is about to sleep, on this hart's list of sleepers until
// thread.wake_at.
void arm_wakeup(Thread& thread) REQUIRES(scheduler_lock);

// ---- What waits until no lock is held ----

// Interrupts the harts that were given work and sets this hart's timer, if the scheduler has noted
// that this is to be done. Both are slow, and a hart that is interrupted needs locks that its waker
// holds. So they are done when no lock is held: when this hart switches, idles, gives way, or
// returns to user mode.
void do_deferred_work() EXCLUDES(scheduler_lock);

// Timer ticks taken, over all harts.
std::uint64_t total_ticks();
// How often a thread was given a hart, idle threads too.
std::uint64_t total_switches() EXCLUDES(scheduler_lock);

// ---- What a thread's status is ----

struct ThreadStatus {
  ThreadState state;
  WaitReason wait_reason;
  unsigned hart;
  std::uint64_t run_ticks, schedules;
};
ThreadStatus status_of(const Thread& thread) EXCLUDES(scheduler_lock);

// How long a thread ran, in clock units. The sum is exact; ticks decide how it is divided. Also
// page faults, and the most pages that its process had at one time.
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
// The running thread begins a new program: its ticks are counted from 0, its time continues.
void begin_program(Thread& thread) EXCLUDES(scheduler_lock);

// ---- Idle harts (trap/idle.cc) ----

// This flow of control becomes the idle thread of this hart.
void become_idle_thread(Thread& idle);
// For the idle thread. If threads are ready, runs them until none is left, and returns true. Else
// marks this hart as idle, arms its timer for the first sleeper only, and returns false: then the
// caller waits for an interrupt and calls stop_idling.
bool run_ready_threads() EXCLUDES(scheduler_lock);
void stop_idling() EXCLUDES(scheduler_lock);

}  // namespace tine
