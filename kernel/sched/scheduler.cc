#include "sched/scheduler.hh"

#include <algorithm>

#include "sched/clock.hh"
#include "sched/policy.hh"
#include "sync/panic.hh"
#include "sync/remote.hh"

namespace tine {

constinit Spinlock scheduler_lock{Rank::scheduler, "scheduler"};

namespace {

constinit RoundRobin policy GUARDED_BY(scheduler_lock);
constinit std::uint64_t idle_harts GUARDED_BY(scheduler_lock) = 0;  // bit: index
constinit std::uint64_t switches GUARDED_BY(scheduler_lock) = 0;

// What the scheduler keeps for each hart. Only that hart sets the fields, but any hart may remove
// threads from `sleepers`, under the lock. Aligned, so that no two harts write to one cache line.
struct alignas(cache_line) HartClock {
  Tree<Thread, &Thread::timer_link, &Thread::wake_at> sleepers;
  std::uint64_t wakeup = never;     // when the first one is due (do_deferred_work)
  std::uint64_t next_tick = never;  // `never` while idle
  // The next tick is a period after the moment at which do_deferred_work sets the timer, not after
  // the last one. So a program always gets a full period, however late this hart leaves the kernel.
  // Counted from the last tick, the next one might already be due, and so might each after it.
  bool begins_period = false;
  std::uint64_t timer = 0;               // what the timer is set to; 0: not set yet
  std::uint64_t harts_to_interrupt = 0;  // bit: index (do_deferred_work)
  std::atomic<std::uint64_t> ticks{0};
};
constinit HartClock hart_clocks[max_harts];

HartClock& own_clock() { return hart_clocks[this_hart().index]; }

// Notes when this hart's timer must fire; do_deferred_work sets it.
void arm_timer(HartClock& clock) REQUIRES(scheduler_lock) {
  Thread* first = clock.sleepers.front();
  clock.wakeup = first ? first->wake_at : never;
  this_hart().work |= Hart::has_deferred_work;
}

void interrupt_later(std::uint64_t harts) REQUIRES(scheduler_lock) {
  own_clock().harts_to_interrupt |= harts;
  this_hart().work |= Hart::has_deferred_work;
}

// An idle hart is interrupted to run the thread. If no hart is idle, an urgent thread may take this
// hart, which needs no interrupt: it is in the kernel already.
void make_ready(Thread& thread, Why why) REQUIRES(scheduler_lock) {
  thread.state = ThreadState::ready;
  thread.wait_reason = WaitReason::none;
  policy.enqueue(thread, why);
  Hart& hart = this_hart();
  if (idle_harts) {
    std::uint64_t one = idle_harts & -idle_harts;
    idle_harts &= ~one;
    interrupt_later(one);
  } else if (why == Why::urgent && policy.preempts(thread, *hart.current)) {
    hart.work |= Hart::must_yield;
  }
}

void wake_sleeper(Thread& thread, Why why) REQUIRES(scheduler_lock) {
  if (thread.timer_link.is_linked()) hart_clocks[thread.hart].sleepers.remove(&thread);
  make_ready(thread, why);
}

// Adds to the running thread's time what it has run since it was given the hart, or since the last
// call.
void charge(Thread& self, std::uint64_t now) REQUIRES(scheduler_lock) {
  self.run_time += now - std::exchange(self.left_at, now);
}

void run_on_this_hart(Thread& next, std::uint64_t now) REQUIRES(scheduler_lock) {
  Hart& hart = this_hart();
  next.state = ThreadState::running;
  next.hart = hart.index;
  hart.current = &next;
  hart.account = next.account;
  hart.work &= ~Hart::must_yield;
  next.left_at = now;
  next.schedules++;
  switches++;
}

// The running thread stays ready, and the policy chooses.
void leave_hart(Why why) RELEASE(scheduler_lock) {
  Thread& self = *current_thread();
  charge(self, clock_now());
  self.state = ThreadState::ready;
  policy.enqueue(self, why);
  switch_away();
}

}  // namespace

void start_thread(Thread& thread) {
  SpinGuard guard(scheduler_lock);
  make_ready(thread, Why::fresh);
}

void wake_thread(Thread& thread) {
  if (thread.state != ThreadState::sleeping) return;
  wake_sleeper(thread, this_hart().in_interrupt ? Why::urgent : Why::woken);
}

void interrupt(Thread& thread, bool fatal) {
  SpinGuard guard(scheduler_lock);
  std::uint32_t news = Thread::signalled | (fatal ? Thread::fatal : 0);
  thread.interrupted.fetch_or(news);
  if (thread.state == ThreadState::sleeping && (thread.sleep_ends & news)) {
    wake_sleeper(thread, Why::urgent);
  } else if (thread.state == ThreadState::running && &thread != current_thread()) {
    interrupt_later(1ul << thread.hart);
  } else if (fatal && thread.queue_link.is_linked()) {
    policy.hasten(thread);
  }
}

void switch_away() {
  Hart& hart = this_hart();
  Thread* self = hart.current;
  std::uint64_t now = clock_now();
  charge(*self, now);
  Thread* next = policy.pick(hart.index);
  if (!next) next = hart.idle;
  if constexpr (TINE_DEBUG) {
    ASSERT(hart.held.count() == 1);  // the scheduler's lock and no other
  }
  run_on_this_hart(*next, now);
  if (next != self) {
    fp_leave(*self);
    PageTable::activate(next->page_table);
    kernel_map_catch_up();  // its stack may be new
    fp_enter(*next);
    switch_context(&self->context, &next->context);
  }
  scheduler_lock.unlock();  // a new thread does this in finish_switch
  do_deferred_work();
}

// The last step of the first switch to a thread, which has not called switch_away yet: its first
// code calls this (trap.S).
extern "C" void finish_switch() NO_THREAD_SAFETY_ANALYSIS {  // the lock was taken by another thread
  scheduler_lock.unlock();
  do_deferred_work();
}

void do_deferred_work() {
  Hart& hart = this_hart();
  if (!(hart.work & Hart::has_deferred_work)) return;
  hart.work &= ~Hart::has_deferred_work;
  HartClock& clock = own_clock();
  if (std::exchange(clock.begins_period, false)) clock.next_tick = clock_now() + clock_config.tick;
  std::uint64_t timer = std::min(clock.wakeup, clock.next_tick);
  if (timer != clock.timer) clock_set_timer(clock.timer = timer);
  interrupt_harts(std::exchange(clock.harts_to_interrupt, 0));
}

void yield() {
  scheduler_lock.lock();
  leave_hart(Why::yielded);
}

void make_room() {
  scheduler_lock.lock();
  leave_hart(Why::preempted);
}

void exit_thread() {
  scheduler_lock.lock();
  current_thread()->state = ThreadState::dead;
  switch_away();
  panic("a dead thread was run");
}

bool is_dead(const Thread& thread) {
  SpinGuard guard(scheduler_lock);
  return thread.state == ThreadState::dead;
}

void arm_wakeup(Thread& thread) {
  HartClock& clock = own_clock();
  clock.sleepers.insert(&thread);
  arm_timer(clock);
}

void timer_interrupt(bool was_in_kernel) {
  SpinGuard guard(scheduler_lock);
  HartClock& clock = own_clock();
  std::uint64_t now = clock_now();
  while (Thread* first = clock.sleepers.front()) {
    if (first->wake_at > now) break;
    wake_thread(*first);
  }
  if (now >= clock.next_tick) {
    clock.begins_period = true;
    clock.ticks.fetch_add(1, std::memory_order_relaxed);
    Thread* self = current_thread();
    self->run_ticks++;
    charge(*self, now);
    std::uint64_t since = self->run_time - std::exchange(self->ticked_at, self->run_time);
    if (was_in_kernel) self->system_time += since;
    if (policy.turn_is_over(*self)) this_hart().work |= Hart::must_yield;
  }
  arm_timer(clock);
}

std::uint64_t total_ticks() {
  std::uint64_t sum = 0;
  for (const HartClock& clock : hart_clocks) sum += clock.ticks.load(std::memory_order_relaxed);
  return sum;
}

std::uint64_t total_switches() {
  SpinGuard guard(scheduler_lock);
  return switches;
}

ThreadStatus status_of(const Thread& thread) {
  SpinGuard guard(scheduler_lock);
  return {thread.state, thread.wait_reason, thread.hart, thread.run_ticks, thread.schedules};
}

// The time since the last tick counts as user time until a tick says otherwise. User time that was
// returned once is never taken back, so neither of the two parts ever decreases.
CpuTime cpu_time(Thread& thread) {
  SpinGuard guard(scheduler_lock);
  std::uint64_t total = thread.run_time;
  if (thread.state == ThreadState::running) {
    std::uint64_t now = clock_now();  // this hart's; the clock of the thread's hart might be ahead
    total += now > thread.left_at ? now - thread.left_at : 0;
  }
  thread.told_user = std::max(thread.told_user, total - thread.system_time);
  return {thread.told_user, total - thread.told_user,
          thread.faults.load(std::memory_order_relaxed)};
}

void begin_program(Thread& thread) {
  SpinGuard guard(scheduler_lock);
  thread.run_ticks = 0;
  thread.wait_reason = WaitReason::none;
}

void become_idle_thread(Thread& idle) {
  idle.state = ThreadState::running;
  this_hart().idle = this_hart().current = &idle;
}

bool run_ready_threads() {
  scheduler_lock.lock();
  HartClock& clock = own_clock();
  if (policy.empty()) {
    idle_harts |= 1ul << this_hart().index;
    clock.next_tick = never;
    clock.begins_period = false;
    arm_timer(clock);
    scheduler_lock.unlock();
    return false;
  }
  clock.begins_period = true;
  arm_timer(clock);
  this_hart().idle->state = ThreadState::ready;  // but in no queue: it runs when none is ready
  switch_away();
  return true;
}

void stop_idling() {
  SpinGuard guard(scheduler_lock);
  idle_harts &= ~(1ul << this_hart().index);
}

}  // namespace tine
