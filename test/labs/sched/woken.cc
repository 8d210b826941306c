// The grader of the lab `sched`, part 1: what a thread that wakes may do. A test's name says its
// part and its points.
#include <algorithm>
#include <csignal>
#include <random>
#include <string>
#include <vector>

#include "catch.hh"
#include "labs/spinners.hh"

namespace test {
namespace {

TimedCall read_call(Machine& m, const Pipe& pipe) {
  return {call_read, {pipe.from, status_at(m), 1}};
}
TimedCall write_call(Machine& m, const Pipe& pipe) {
  return {call_write, {pipe.to, status_at(m), 1}};
}

void expect_progress(Workers& workers) {
  for (const std::uint64_t each : workers.watch(40))
    expect(each > 0, "A process that is always ready to run does not run.");
}

TEST_CASE("part 1, 8 points: beside spinning processes a sleep ends in time", "[sched][part1]") {
  Machine m(measuring("sched-sleep"));
  Workers workers(m);
  for (int i = 0; i < 3; i++) workers.add();
  workers.start_all();
  expect_in_time(m);
  expect_progress(workers);
}

// Nothing of this takes as long as the turn of another process would.
constexpr std::uint64_t most = longer * tick / 5;

TEST_CASE("part 1, 6 points: a message reaches its receiver before spinning processes run",
          "[sched][part1]") {
  Machine m(with_longer_ticks("sched-message"));
  Process& sender = m.first();
  const Pipe there = make_pipe(m, sender), back = make_pipe(m, sender);
  const Birth birth = fork_of(m, sender);
  Process& receiver = *birth.child;
  Workers workers(m);
  for (int i = 0; i < 2; i++) workers.add();
  const auto first = sleeps(m, sender, {20 * longer * tick});
  const auto last = sleeps(m, receiver, {1ul << 30});
  std::vector<TimedCall> send = first, reply;
  for (int i = 0; i < 5; i++) {
    send.insert(send.end(), {write_call(m, there), read_call(m, back)});
    reply.insert(reply.end(), {read_call(m, there), write_call(m, back)});
  }
  reply.insert(reply.end(), last.begin(), last.end());
  start_calls(m, receiver, reply);
  workers.start_all();
  const auto seen = make_calls(m, sender, send);
  for (std::size_t i = 2; i < seen.size(); i += 2) {
    expect(seen[i].result == 1, "A message does not arrive.");
    expect(seen[i].took() < most, "A process sends a message and waits for the reply. That takes " +
                                      std::to_string(seen[i].took() * unit_ns) +
                                      " ns, because others run before it.");
  }
  expect_progress(workers);
}

TEST_CASE("part 1, 6 points: the clock's threads run first, then those that were woken, in order",
          "[sched][part1]") {
  Machine m(with_longer_ticks("sched-order"));
  Process& waker = m.first();
  struct Reader {
    Pipe pipe;
    Birth birth;
  };
  std::vector<Reader> readers(4);
  for (Reader& each : readers) each.pipe = make_pipe(m, waker), each.birth = fork_of(m, waker);
  const Birth sleeper = fork_of(m, waker);
  Workers workers(m);
  for (int i = 0; i < 2; i++) workers.add();
  for (Reader& each : readers) {
    std::vector<TimedCall> calls = sleeps(m, *each.birth.child, {1ul << 30});
    calls.insert(calls.begin(), read_call(m, each.pipe));
    start_calls(m, *each.birth.child, calls);
  }
  // The waker has written to all pipes and is at work when the sleeper's time is over.
  const std::uint64_t begin = m.time() + 60 * longer * tick, deadline = begin + tick / 2;
  start_calls(m, *sleeper.child,
              sleeps_until(m, *sleeper.child, {deadline, deadline + (1ul << 30)}));
  workers.start_all();
  std::shuffle(readers.begin(), readers.end(), std::minstd_rand(unsigned(m.draw())));
  std::vector<TimedCall> calls = sleeps_until(m, waker, {begin});
  for (const Reader& each : readers) calls.push_back(write_call(m, each.pipe));
  start_calls(m, waker, calls, tick_ns / 5);  // a round takes five instructions
  const auto woke = finish_calls(m, waker, calls.size());
  expect(woke[0].before < begin && woke.back().after < deadline,
         "A process that should have written to four pipes before another one woke did it later.");
  std::uint64_t last = calls_of(m, *sleeper.child, 1)[0].after;
  expect(last >= deadline && last < deadline + most,
         "The clock wakes a process, and another one runs before it: the one that ran, or one that "
         "was woken by it.");
  for (const Reader& each : readers) {
    const TimedCall read = calls_of(m, *each.birth.child, 1)[0];
    expect(read.result == 1 && read.after > last,
           "Processes that were woken should run in the order of waking, after one that the clock "
           "has woken.");
    last = read.after;
  }
  expect(last < deadline + most,
         "Processes were woken, and those that wait for their turn ran before them.");
}

TEST_CASE("part 1, 6 points: a killed process ends soon, though others wait for their turn",
          "[sched][part1]") {
  Machine m(measuring("sched-kill"));
  Process& killer = m.first();
  for (int round = 0; round < 2; round++) {
    Workers workers(m);
    for (int i = 0; i < 6; i++) workers.add();
    workers.start_all();
    const auto done = workers.watch(1);
    std::vector<std::size_t> order = {0, 1, 2, 3, 4, 5};  // first those that did not run just now
    std::sort(order.begin(), order.end(), [&](auto a, auto b) { return done[a] < done[b]; });
    std::vector<TimedCall> kills, waits;
    for (const std::size_t each : order) {
      const std::uint64_t pid = workers[each].birth().pid;
      kills.push_back({call_kill, {pid, SIGKILL}});
      waits.push_back({call_wait4, {pid, 0, 0}});
    }
    const auto seen = make_calls(m, killer, {kills[0], kills[1], waits[0], waits[1]});
    expect(seen[2].result == workers[order[0]].birth().pid &&
               seen[3].result == workers[order[1]].birth().pid,
           "wait4 does not tell of a child that was killed.");
    const std::uint64_t took = seen[3].after - seen[0].before;
    expect(took < tick, "Two killed processes took " + std::to_string(took * unit_ns) +
                            " ns to end, because others ran before them. A tick is " +
                            std::to_string(tick_ns) + " ns.");
    for (const std::size_t each : order) m.forget(workers[each].process());
    kills.insert(kills.end(), waits.begin() + 2, waits.end());
    make_calls(m, killer, {kills.begin() + 2, kills.end()});
  }
}

}  // namespace
}  // namespace test
