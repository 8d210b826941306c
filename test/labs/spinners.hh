// Processes that work for ever, and what each of them gets of the hart.
//
// A worker counts its rounds in its own memory, and mixes a number that was drawn on the host in
// each of them. The host repeats the rounds, so a count that was not worked for is found. The
// machine counts each instruction as a nanosecond, so the host also knows how long the rounds took.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "labs/observer.hh"
#include "labs/steps.hh"

namespace test {

constexpr std::uint64_t unit_ns = 100;  // of the machine's clock, which counts in 10 MHz

// A machine for measuring has short ticks: so many a second.
constexpr std::uint64_t ticks_a_second = 10000, tick_ns = 1'000'000'000 / ticks_a_second;
constexpr std::uint64_t tick = tick_ns / unit_ns;  // in units of the clock
Case measuring(const std::string& name);
// The same with ticks that are `longer` times as long, for what should pass between two of them.
Case with_longer_ticks(const std::string& name);
constexpr std::uint64_t longer = 10;

// How a worker works. A beat works for `percent` of a tick, and then sleeps until `lead` percent of
// a tick before the next tick comes (below 0: after it); and so on.
struct Manner {
  bool beats = false;
  std::uint64_t percent = 0;
  std::int64_t lead = 0;
};
constexpr Manner spins;

class Worker {
 public:
  // A child of that process. It works from `start` on.
  Worker(Machine& m, Process& parent, const Manner& manner = spins);
  void start(Machine& m);
  // The time in ns that it has worked since it began, with its rounds verified.
  std::uint64_t worked(Machine& m);

  const Birth& birth() const { return birth_; }
  Process& process() { return *birth_.child; }

 private:
  Manner manner_;
  Birth birth_;
  Registers with_;
  std::uint64_t at_, count_ = 0, value_;  // what was verified last
};

// Several of them, and the first process, which looks at a clock now and then.
class Workers {
 public:
  explicit Workers(Machine& m) : m_(m) {}
  // Its index in what `shares` returns.
  std::size_t add(const Manner& manner = spins);
  std::size_t add(Worker worker);
  void start_all();
  Worker& operator[](std::size_t index) { return workers_[index]; }

  // For how long, in ns, each of them works while the first process sleeps for so many ticks.
  std::vector<std::uint64_t> watch(std::uint64_t ticks);
  // The same as parts of all that they work together. The points are lost if that is not most of
  // the time, or more than all of it.
  std::vector<double> shares(std::uint64_t ticks);
  // The time in ns that all of them have worked until now.
  std::uint64_t worked();

 private:
  Machine& m_;
  std::vector<Worker> workers_;
};

// A system call and three arguments; when it was made and when it had returned, in units of the
// clock as the process reads it in user mode, and its result.
struct TimedCall {
  std::uint64_t number, arguments[3] = {};
  std::uint64_t before = 0, after = 0, result = 0, unused = 0;

  std::uint64_t took() const { return after - before; }
};
// Makes them one after the other, without a stop between: each time that the host stops a machine,
// its clock may go on to the next interrupt of the timer, and the process pays for that. `start`:
// does not wait for the last one, after which the process goes on to work for `rounds` rounds.
void start_calls(Machine& m, Process& process, const std::vector<TimedCall>& calls,
                 std::uint64_t rounds = 0);
std::vector<TimedCall> finish_calls(Machine& m, Process& process, std::size_t count);
// Those of a process that has been started, and is not at rest: as far as they are.
std::vector<TimedCall> calls_of(Machine& m, Process& process, std::size_t count);
std::vector<TimedCall> make_calls(Machine& m, Process& process,
                                  const std::vector<TimedCall>& calls);
// Sleeps of so many units of the clock, and sleeps until the clock shows so much.
std::vector<TimedCall> sleeps(Machine& m, Process& process,
                              const std::vector<std::uint64_t>& units);
std::vector<TimedCall> sleeps_until(Machine& m, Process& process,
                                    const std::vector<std::uint64_t>& times);

// The points are lost if sleeps end early, or late while others work.
void expect_in_time(Machine& m);

// "12.3%"
std::string percent(double part);

}  // namespace test
