// The grader of the lab `sched`, part 3: each student's own user.
#include <string>

#include "catch.hh"
#include "labs/spinners.hh"

namespace test {
namespace {

constexpr std::uint64_t round_ticks = 3;  // for each share, as handed out

// A worker of these users, a child of the first process.
Worker of_user(Machine& m, std::uint64_t real, std::uint64_t effective,
               const Manner& manner = spins) {
  Worker worker(m, m.first(), manner);
  if (m.call(worker.process(), call_setresuid, real, effective, effective) != 0)
    m.give_up("The superuser cannot become another user.");
  return worker;
}

// Of a favoured process and one that is not: their shares should be as times to 1.
void expect_ratio(double favoured, double plain, const std::string& which) {
  const double times = double(task("times")), seen = favoured / plain;
  expect(seen > 0.9 * times && seen < 1.1 * times,
         which + " has " + percent(favoured) + " of the hart, and another one " + percent(plain) +
             ". The first should be " + std::to_string(task("times")) + " times the second.");
}

void expect_equal(double one, double other, const std::string& which) {
  expect(one > 0.9 * other && one < 1.1 * other, which + " has " + percent(one) +
                                                     " of the hart, and one of the superuser's " +
                                                     percent(other) + ". They should be equal.");
}

TEST_CASE("part 3, 12 points: your user's process has several times the share of others",
          "[sched][part3]") {
  Machine m(measuring("sched-own"));
  Workers workers(m);
  const std::uint64_t user = task("user"), times = task("times");
  workers.add();
  workers.add(of_user(m, user, user));
  workers.add(of_user(m, user + 1, user + 1));
  workers.start_all();
  const auto parts = workers.shares(30 * round_ticks * (times + 2));
  expect_ratio(parts[1], parts[0], "A process of your user");
  expect_equal(parts[2], parts[0], "A process of another user");
}

TEST_CASE("part 3, 9 points: the real user counts, and children are favoured, too",
          "[sched][part3]") {
  Machine m(measuring("sched-own-real"));
  Workers workers(m);
  const std::uint64_t user = task("user"), times = task("times");
  workers.add();
  const Birth parent = fork_of(m, m.first());
  m.call(*parent.child, call_setresuid, user, user, user);
  workers.add(Worker(m, *parent.child));
  workers.add(of_user(m, user, 0));
  workers.add(of_user(m, 0, user));
  start_calls(m, *parent.child, sleeps(m, *parent.child, {1ul << 30}));
  workers.start_all();
  const auto parts = workers.shares(25 * round_ticks * (2 * times + 2));
  expect_ratio(parts[1], parts[0], "The child of your user's process");
  expect_ratio(parts[2], parts[0], "A process whose real user alone is yours");
  expect_equal(parts[3], parts[0], "A process whose effective user alone is yours");
}

TEST_CASE("part 3, 9 points: your user's process that sleeps has all that it wants of its share",
          "[sched][part3]") {
  Machine m(measuring("sched-own-sleep"));
  Workers workers(m);
  const std::uint64_t user = task("user"), times = task("times");
  const std::uint64_t wanted = 85 * times / (times + 2);
  for (int i = 0; i < 2; i++) workers.add();
  workers.add(of_user(m, user, user, {true, wanted, 20}));
  workers.start_all();
  const auto parts = workers.shares(30 * round_ticks * (times + 2));
  const double part = double(wanted) / 100;
  expect(parts[2] > 0.92 * part && parts[2] < 1.1 * part,
         "A process of your user works for " + percent(part) + " of each tick, and has " +
             percent(parts[2]) + ".");
  expect_equal(parts[0], parts[1], "One of two processes beside it");
}

}  // namespace
}  // namespace test
