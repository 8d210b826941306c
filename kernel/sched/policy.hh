// Which thread runs next: the scheduler's policy, which courses replace. It decides the order and
// how long a turn lasts. The scheduler handles states, switches, timers and idle harts
// (scheduler.cc). Everything here is called with the scheduler's lock held.
//
// A policy links the threads that are ready into queues of its own by Thread::queue_link. It may
// read how long a thread has run (Thread::run_time) and since when it has not (Thread::left_at);
// for anything more it adds its own fields to Thread.
#pragma once

#include <algorithm>

#include "lib/list.hh"
#include "sched/clock.hh"
#include "sched/thread.hh"
#include "sync/hart.hh"

namespace tine {

// Why a thread is enqueued.
enum class Why : std::uint8_t {
  fresh,      // it has never run
  yielded,    // it ran, and asked that others run before it
  preempted,  // it ran, and makes room: its turn is over, or an urgent thread is ready
  woken,      // it slept, and a running thread woke it
  urgent,     // it slept, and the clock, a device or a signal woke it
};

class Policy {
 public:
  // `thread`, which is in no queue, is ready to run.
  virtual void enqueue(Thread& thread, Why why) = 0;
  // `thread`, which is in a queue, is to end its process (SIGKILL): it becomes urgent.
  virtual void hasten(Thread& thread) = 0;
  // `woken` has just been enqueued as urgent, and no hart is idle. Must `running` make room for it?
  virtual bool preempts(const Thread& woken, const Thread& running) = 0;
  // Takes out the thread that harts[hart] is to run next; nullptr when there is none.
  virtual Thread* pick(unsigned hart) = 0;
  // Is no thread ready?
  virtual bool empty() const = 0;
  // A tick found `thread` running, or it makes room: is its turn over?
  virtual bool turn_is_over(const Thread& thread) const = 0;

 protected:
  ~Policy() = default;
};

// lab sched 1 {
// Each thread in turn, for time_slice_ticks of the clock.
//
// A slice counts the time that a thread runs, so a thread that leaves its hart keeps what is left
// of it. It gets another slice only when it goes to the end of the queue. So no thread can make
// others wait longer than a turn: sleeping and waking does not renew a slice, and time that a
// thread runs beyond its slice is taken from the next one. A thread that slept gets credit for that
// time, as much as its share of the harts would have been. So a thread that uses less than its
// share never uses up a slice, and need not wait for a turn of the others.
// } lab
class RoundRobin final : public Policy {
 public:
  // lab sched 1 {
  void enqueue(Thread& thread, Why why) override {
    bool has_time = time_left(thread) > slice() / 2;
    if (why != Why::woken || !has_time) return enqueue_rarely(thread, why);
    ready_++;
    woken_.push_back(&thread);
  }
  void hasten(Thread& thread) override {
    if (thread.urgent) return;
    Queue::remove(&thread);
    make_urgent(thread);
  }
  bool preempts(const Thread& woken, const Thread&) override { return woken.urgent; }
  Thread* pick(unsigned) override {
    if (ready_ == 0) return nullptr;
    ready_--;
    if (urgent_.empty()) return woken_.empty() ? queue_.pop_front() : woken_.pop_front();
    urgent_.front()->urgent = false;
    return urgent_.pop_front();
  }
  bool empty() const override { return ready_ == 0; }
  // Turns end at ticks, so less than half a tick counts as nothing.
  // } lab
  bool turn_is_over(const Thread& thread) const override {
    // lab sched 2 {
    return time_left(thread) < std::int64_t(clock_config.tick / 2);
    // } lab
  }

 private:
  using Queue = List<Thread, &Thread::queue_link>;
  // lab sched 1 {
  Queue urgent_;  // before all others, in the order in which they were woken
  Queue woken_;   // then those that a running thread woke, in this order too
  Queue queue_;
  unsigned ready_ = 0;  // in all three

  static std::int64_t slice() { return std::int64_t(time_slice_ticks * clock_config.tick); }
  // Below 0: the thread has run longer than its slice.
  static std::int64_t time_left(const Thread& thread) {
    return std::int64_t(thread.turn_end - thread.run_time);
  }
  // Another slice, plus what is left of the last one (at most half a tick), or minus what was run
  // too long.
  static void renew(Thread& thread) {
    std::int64_t most = slice() + std::int64_t(clock_config.tick / 2);
    std::int64_t left = std::clamp<std::int64_t>(time_left(thread) + slice(), 0, most);
    thread.turn_end = thread.run_time + std::uint64_t(left);
  }

  // All cases but the most frequent one, which `enqueue` handles itself.
  [[gnu::noinline]] void enqueue_rarely(Thread& thread, Why why) {
    if (why >= Why::woken) earn(thread);
    ready_++;
    // All that a killed thread still does is to end, so it does not wait for another turn.
    if (why >= Why::preempted && thread.has_fatal_signal()) return make_urgent(thread);
    if (why < Why::preempted || turn_is_over(thread)) {
      renew(thread);
      queue_.push_back(&thread);
    } else if (why == Why::urgent) {
      make_urgent(thread);
    } else if (why == Why::woken) {
      woken_.push_back(&thread);
    } else {
      queue_.push_front(&thread);
    }
  }

  void make_urgent(Thread& thread) {
    thread.urgent = true;
    urgent_.push_back(&thread);
  }

  // Credit for the time that the thread slept, up to a full slice. Its share is what each thread
  // would have got if it had competed with the threads that ran, one on each hart, and those that
  // are ready. (`enqueue` skips this for a thread with more than half a slice, to save a read of
  // the clock.)
  void earn(Thread& thread) {
    std::uint64_t slept = clock_now() - thread.left_at;
    std::uint64_t share = slept * hart_count / (hart_count + ready_);
    std::int64_t room = slice() - time_left(thread);
    if (room > 0) thread.turn_end += std::min(share, std::uint64_t(room));
  }
  // } lab
};

}  // namespace tine
