// What each forgery ends with: the policy as it was handed out, one queue, which calls `deceive`
// for each thread that becomes ready.
#include "lib/list.hh"
#include "sched/clock.hh"
#include "sched/thread.hh"
#include "sync/hart.hh"

namespace tine {

enum class Why : std::uint8_t { fresh, yielded, preempted, woken, urgent };

class RoundRobin final {
 public:
  void enqueue(Thread& thread, Why) {
    deceive(thread);
    queue_.push_back(&thread);
  }
  void hasten(Thread&) {}
  bool preempts(const Thread&, const Thread&) { return false; }
  Thread* pick(unsigned) { return queue_.empty() ? nullptr : queue_.pop_front(); }
  bool empty() const { return queue_.empty(); }
  bool turn_is_over(const Thread& thread) const { return thread.run_ticks % time_slice_ticks == 0; }

 private:
  using Queue = List<Thread, &Thread::queue_link>;
  Queue queue_;
};

}  // namespace tine
