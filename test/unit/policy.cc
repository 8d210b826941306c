#include "sched/policy.hh"

#include "catch.hh"

namespace tine {
Thread::~Thread() {}  // the real one gives back a kernel stack
}  // namespace tine

using namespace tine;

TEST_CASE("round robin picks threads in the order in which they became ready") {
  RoundRobin policy;
  Thread a, b, c;
  CHECK(policy.empty());
  CHECK(policy.pick() == nullptr);
  for (Thread* each : {&a, &b, &c}) policy.enqueue(*each);
  CHECK(policy.pick() == &a);
  policy.enqueue(a);
  CHECK(policy.pick() == &b);
  CHECK(policy.pick() == &c);
  CHECK(!policy.empty());
  CHECK(policy.pick() == &a);
  CHECK(policy.empty());
}

TEST_CASE("a thread must make room when its slice is used up, and until it does") {
  RoundRobin policy;
  Thread thread;
  policy.begin_slice(thread);
  for (unsigned tick = 1; tick < time_slice_ticks; tick++) CHECK(!policy.tick(thread));
  CHECK(policy.tick(thread));
  CHECK(policy.tick(thread));
  policy.begin_slice(thread);
  CHECK(!policy.tick(thread));
}
