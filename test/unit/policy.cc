// Time is the test's own here.
#define clock_now hardware_clock_now
#include "sched/clock.hh"
#undef clock_now

namespace tine {
static std::uint64_t now = 0;
[[maybe_unused]] static std::uint64_t clock_now() { return now; }
}  // namespace tine

#include "sched/policy.hh"

#include <cstdlib>

#include "catch.hh"

namespace tine {
Thread::~Thread() {}  // the real one gives back a kernel stack
}  // namespace tine

using namespace tine;

namespace {

// One hart, and what the scheduler does with a policy.
struct OneHart {
  RoundRobin policy;
  Thread* running = nullptr;
  unsigned harts = hart_count;

  OneHart() { hart_count = 1; }
  ~OneHart() { hart_count = harts; }

  void pick() {
    running = policy.pick(0);
    if (running) running->left_at = now;
  }
  void run(std::uint64_t time) {
    now += time;
    if (running) running->run_time += time, running->left_at = now;
  }
  void make_room() {
    policy.enqueue(*running, Why::preempted);
    pick();
  }
  void tick() {
    if (running && policy.turn_is_over(*running)) make_room();
  }
  void wake(Thread& thread) {
    policy.enqueue(thread, Why::urgent);
    if (!running) {
      pick();
    } else if (policy.preempts(thread, *running)) {
      make_room();
    }
  }
};

const std::uint64_t& one_tick = clock_config.tick;

}  // namespace

TEST_CASE("threads that a running thread wakes come before the queue, the one woken first first") {
  OneHart hart;
  Thread queued, first, second, urgent;
  hart.policy.enqueue(queued, Why::fresh);
  for (Thread* each : {&first, &second, &urgent}) {
    each->turn_end = 3 * one_tick;  // a slice that is not used yet
  }
  for (Thread* each : {&first, &second}) hart.policy.enqueue(*each, Why::woken);
  hart.policy.enqueue(urgent, Why::urgent);
  for (Thread* each : {&urgent, &first, &second, &queued}) CHECK(hart.policy.pick(0) == each);
  CHECK(hart.policy.empty());
}

TEST_CASE("round robin picks threads in the order in which they became ready") {
  OneHart hart;
  Thread a, b, c;
  CHECK(hart.policy.empty());
  CHECK(hart.policy.pick(0) == nullptr);
  for (Thread* each : {&a, &b, &c}) hart.policy.enqueue(*each, Why::fresh);
  CHECK(hart.policy.pick(0) == &a);
  hart.policy.enqueue(a, Why::yielded);
  CHECK(hart.policy.pick(0) == &b);
  CHECK(hart.policy.pick(0) == &c);
  CHECK(!hart.policy.empty());
  CHECK(hart.policy.pick(0) == &a);
  CHECK(hart.policy.empty());
}

TEST_CASE("a turn is over after time_slice_ticks of running time, and others come first then") {
  OneHart hart;
  Thread a, b;
  hart.policy.enqueue(a, Why::fresh);
  hart.policy.enqueue(b, Why::fresh);
  hart.pick();
  for (unsigned tick = 1; tick < time_slice_ticks; tick++) {
    hart.run(one_tick);
    CHECK(!hart.policy.turn_is_over(a));
  }
  hart.run(one_tick);
  CHECK(hart.policy.turn_is_over(a));
  hart.make_room();
  CHECK(hart.running == &b);
}

TEST_CASE("urgent threads come first, then one that was woken, then one that made room") {
  OneHart hart;
  Thread runs, waits, woken, first, second;
  hart.policy.enqueue(runs, Why::fresh);
  hart.policy.enqueue(waits, Why::fresh);
  for (Thread* each : {&woken, &first, &second}) {
    hart.policy.enqueue(*each, Why::fresh);  // for its first slice
  }
  hart.pick();
  for (Thread* each : {&waits, &woken, &first, &second}) CHECK(hart.policy.pick(0) == each);
  hart.policy.enqueue(waits, Why::yielded);
  hart.policy.enqueue(first, Why::urgent);
  hart.policy.enqueue(second, Why::urgent);
  CHECK(hart.policy.preempts(first, runs));
  hart.policy.enqueue(woken, Why::woken);
  CHECK(!hart.policy.preempts(woken, runs));
  for (Thread* each : {&first, &second, &woken, &waits}) CHECK(hart.policy.pick(0) == each);
  CHECK(hart.policy.empty());
}

TEST_CASE("a killed thread comes before those that were woken, also when its turn is over") {
  OneHart hart;
  Thread killed, woken, urgent;
  for (Thread* each : {&killed, &woken, &urgent}) hart.policy.enqueue(*each, Why::fresh);
  for (Thread* each : {&killed, &woken, &urgent}) CHECK(hart.policy.pick(0) == each);
  hart.policy.enqueue(woken, Why::woken);
  hart.policy.enqueue(killed, Why::yielded);
  killed.interrupted = Thread::signalled | Thread::fatal;
  hart.policy.hasten(killed);
  hart.policy.hasten(killed);  // by a second SIGKILL
  CHECK(hart.policy.pick(0) == &killed);
  killed.run_time = killed.turn_end + 1;
  hart.policy.enqueue(urgent, Why::urgent);
  hart.policy.enqueue(killed, Why::preempted);
  for (Thread* each : {&urgent, &killed, &woken}) CHECK(hart.policy.pick(0) == each);
  CHECK(hart.policy.empty());
}

TEST_CASE("a thread that makes room for an urgent one goes on with what is left of its slice") {
  OneHart hart;
  Thread a, b, urgent;
  for (Thread* each : {&urgent, &a, &b}) hart.policy.enqueue(*each, Why::fresh);
  hart.pick();
  hart.pick();
  hart.run(one_tick);
  hart.wake(urgent);
  CHECK(hart.running == &urgent);
  hart.pick();
  CHECK(hart.running == &a);
  hart.run(one_tick);
  CHECK(!hart.policy.turn_is_over(a));
  hart.run(one_tick);
  CHECK(hart.policy.turn_is_over(a));
}

TEST_CASE("to sleep and wake again does not renew a slice while others want to run") {
  OneHart hart;
  Thread a, b;
  hart.policy.enqueue(a, Why::fresh);
  hart.policy.enqueue(b, Why::fresh);
  hart.pick();
  hart.run(3 * one_tick - one_tick / 10);
  hart.pick();  // a sleeps
  hart.run(one_tick / 10);
  hart.wake(a);
  CHECK(hart.running == &b);
}

TEST_CASE("two spinning threads share the time, whatever a third one that sleeps does") {
  // How much of each tick the third one wants to run, from just before the tick on, in percent.
  for (unsigned wanted : {2u, 10u, 30u, 34u, 50u, 90u, 98u}) {
    OneHart hart;
    Thread a, b, sleeper;
    for (Thread* each : {&sleeper, &a, &b}) hart.policy.enqueue(*each, Why::fresh);
    hart.pick();
    constexpr unsigned ticks = 6000;
    std::uint64_t percent = one_tick / 100, stop = 0;
    bool sleeps = false;
    std::uint64_t start = now;
    for (unsigned step = 0; step < 100 * ticks; step++) {
      if (step % 100 == 0) hart.tick();
      if (sleeps && step % 100 == 99) {
        sleeps = false;
        hart.wake(sleeper);
        stop = sleeper.run_time + wanted * percent;
      }
      hart.run(percent);
      if (hart.running == &sleeper && sleeper.run_time >= stop) {
        sleeps = true;
        hart.pick();
      }
    }
    auto share = [&](const Thread& thread) {
      return double(thread.run_time) / double(now - start);
    };
    INFO("wanted: " << wanted << "%, got " << share(sleeper) << ", the others " << share(a)
                    << " and " << share(b));
    CHECK(std::abs(share(a) - share(b)) < 0.05 * share(a));
    CHECK(share(sleeper) < 1.05 / 3);
    double fair = std::min(wanted / 100.0, 1.0 / 3);
    CHECK(share(sleeper) > 0.95 * fair);
  }
}
