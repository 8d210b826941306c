// The grader of the lab `sched`, part 2: a slice is running time, and shares are fair.
#include <cmath>
#include <string>

#include "catch.hh"
#include "labs/spinners.hh"

namespace test {
namespace {

// Two processes that spin, and a third one; the shares of all.
struct Beside {
  double spinning[2], third;
};

Beside beside(Machine& m, const Manner& manner, std::uint64_t ticks) {
  Workers workers(m);
  for (int i = 0; i < 2; i++) workers.add();
  workers.add(manner);
  workers.start_all();
  const auto parts = workers.shares(ticks);
  return {{parts[0], parts[1]}, parts[2]};
}

void expect_equal(const Beside& b) {
  const double mean = (b.spinning[0] + b.spinning[1]) / 2;
  expect(std::abs(b.spinning[0] - b.spinning[1]) < 0.05 * mean,
         "Two processes spin beside one that sleeps and wakes, and one of them has " +
             percent(b.spinning[0]) + " of the hart, the other one " + percent(b.spinning[1]) +
             ".");
}

void expect_share(double seen, double least, double most, const std::string& what) {
  expect(seen > least && seen < most, what + " has " + percent(seen) +
                                          " of the hart. It should be " + percent(least) + " to " +
                                          percent(most) + ".");
}

TEST_CASE("part 2, 8 points: two spin beside one that wakes before each tick", "[sched][part2]") {
  Machine m(measuring("sched-before-tick"));
  const Beside b = beside(m, {true, 12, 6}, 400);
  expect_share(b.third, 0.105, 0.15, "A process that works from just before each tick on");
  expect_equal(b);
}

TEST_CASE("part 2, 6 points: one that sleeps whenever a tick comes has its share and no more",
          "[sched][part2]") {
  Machine m(measuring("sched-no-tick"));
  const Beside b = beside(m, {true, 80 + m.draw() % 8, -4}, 400);
  expect_share(b.third, 0.29, 0.365, "One of three processes, which works whenever no tick comes,");
  expect_equal(b);
}

TEST_CASE("part 2, 6 points: one that wants less than its share has all that it wants",
          "[sched][part2]") {
  Machine m(measuring("sched-little"));
  const std::uint64_t wanted = 18 + m.draw() % 10;
  const Beside b = beside(m, {true, wanted, 30}, 400);
  const double part = double(wanted) / 100;
  expect_share(b.third, 0.94 * part, 1.1 * part,
               "A process that works for " + percent(part) + " of each tick");
  expect_equal(b);
}

TEST_CASE("part 2, 6 points: to sleep just before a slice ends does not renew it",
          "[sched][part2]") {
  Machine m(measuring("sched-renew"));
  Workers workers(m);
  workers.add();
  workers.add({true, 280 + m.draw() % 10, 2});
  workers.start_all();
  expect_in_time(m);  // without that this test is easy
  const auto parts = workers.shares(400);
  expect_share(parts[1], 0.44, 0.55, "One of two processes, which sleeps before its slice ends,");
}

}  // namespace
}  // namespace test
