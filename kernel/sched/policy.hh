// The order in which ready threads run. Everything here is called with the scheduler's lock held.
#pragma once

#include "lib/list.hh"
#include "sched/thread.hh"

namespace tine {

class Policy {
 public:
  // A thread became ready (it is in no queue).
  virtual void enqueue(Thread& thread) = 0;
  // Takes out the thread to run next; nullptr when none is ready.
  virtual Thread* pick() = 0;
  virtual bool empty() const = 0;
  // A thread was given a hart.
  virtual void begin_slice(Thread& thread) = 0;
  // A tick found `thread` running: must it make room?
  virtual bool tick(Thread& thread) = 0;

 protected:
  ~Policy() = default;
};

// Each in turn, for time_slice_ticks at most.
class RoundRobin final : public Policy {
 public:
  void enqueue(Thread& thread) override { queue_.push_back(&thread); }
  Thread* pick() override { return queue_.pop_front(); }
  bool empty() const override { return queue_.empty(); }
  void begin_slice(Thread& thread) override { thread.slice = time_slice_ticks; }
  bool tick(Thread& thread) override {
    if (thread.slice > 0) thread.slice--;
    return thread.slice == 0;
  }

 private:
  List<Thread, &Thread::queue_link> queue_;
};

}  // namespace tine
