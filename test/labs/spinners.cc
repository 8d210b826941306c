#include "labs/spinners.hh"

#include <cstdio>
#include <cstring>
#include <numeric>
#include <utility>

namespace test {
namespace {

constexpr std::uint64_t spin_round = 7, beat_round = 13;  // instructions
constexpr std::uint64_t second_ns = 1'000'000'000;
// In `uninitialised`: what a worker counts, and times for nanosleep.
constexpr std::uint64_t work_offset = page, time_offset = 2 * page;

std::uint64_t place_of_calls(Machine& m) { return m.label("uninitialised") + work_offset; }

std::uint64_t after_round(std::uint64_t value) {
  value ^= value >> 29;
  return value * 6364136223846793005;
}

}  // namespace

Case measuring(const std::string& name) {
  return {name, 400, 1, "64M", static_cast<int>(ticks_a_second)};
}

Case with_longer_ticks(const std::string& name) {
  Case what = measuring(name);
  what.hz /= static_cast<int>(longer);
  return what;
}

std::string percent(double part) {
  char text[20];
  std::snprintf(text, sizeof text, "%.1f%%", 100 * part);
  return text;
}

// ---- One worker ----

Worker::Worker(Machine& m, Process& parent, const Manner& manner)
    : manner_(manner), birth_(fork_of(m, parent)), at_(m.label("uninitialised") + work_offset) {
  value_ = m.draw() | 1;
  m.store(process(), at_, 0);
}

void Worker::start(Machine& m) {
  Registers with = process().at_rest;
  with.x[8] = 0, with.x[9] = value_, with.x[18] = at_;
  with.x[19] = manner_.percent * tick_ns / 100 / beat_round;
  with.x[20] = static_cast<std::uint64_t>(manner_.lead * static_cast<std::int64_t>(tick) / 100);
  with.x[21] = tick;
  m.start(process(), manner_.beats ? "step_beat" : "step_spin", with, "work without end");
}

// A worker may be stopped between its two stores: then the value is one round ahead.
std::uint64_t Worker::worked(Machine& m) {
  const auto bytes = m.peek(process(), at_, 16);
  std::uint64_t count = 0, value = 0;
  std::memcpy(&count, bytes.data(), 8);
  std::memcpy(&value, bytes.data() + 8, 8);
  constexpr std::uint64_t most = 1'000'000'000;  // no test takes so long
  if (count < count_ || count - count_ > most)
    m.give_up("A process has counted rounds of work that it did not do.");
  for (; count_ < count; count_++) value_ = after_round(value_);
  if (count > 0 && value != value_ && value != after_round(value_))
    m.give_up("A process has counted rounds of work that it did not do.");
  return count * (manner_.beats ? beat_round : spin_round);
}

// ---- Several ----

std::size_t Workers::add(const Manner& manner) { return add(Worker(m_, m_.first(), manner)); }

std::size_t Workers::add(Worker worker) {
  workers_.push_back(std::move(worker));
  return workers_.size() - 1;
}

void Workers::start_all() {
  for (Worker& worker : workers_) worker.start(m_);
  m_.call(m_.first(), call_getpid);  // it is at rest, with all others at work
}

std::uint64_t Workers::worked() {
  std::uint64_t sum = 0;
  for (Worker& worker : workers_) sum += worker.worked(m_);
  return sum;
}

std::vector<std::uint64_t> Workers::watch(std::uint64_t ticks) {
  const auto sleep = sleeps(m_, m_.first(), {ticks * tick});
  std::vector<std::uint64_t> done;
  for (Worker& worker : workers_) done.push_back(worker.worked(m_));
  const std::uint64_t start = m_.time();
  const std::uint64_t slept = make_calls(m_, m_.first(), sleep)[0].took() * unit_ns;
  const std::uint64_t at_most = (m_.time() - start) * unit_ns;  // see make_calls
  for (std::size_t i = 0; i < done.size(); i++) done[i] = workers_[i].worked(m_) - done[i];
  const std::uint64_t sum = std::accumulate(done.begin(), done.end(), 0ul);
  if (sum < slept / 10 * 8) {
    m_.give_up("Processes that are always ready to run had the hart for " +
               percent(double(sum) / double(slept)) + " of the time.");
  }
  if (sum > at_most) m_.give_up("Processes have worked for longer than it took.");
  return done;
}

std::vector<double> Workers::shares(std::uint64_t ticks) {
  const auto done = watch(ticks);
  const double sum = double(std::accumulate(done.begin(), done.end(), 0ul));
  std::vector<double> parts;
  for (const std::uint64_t each : done) parts.push_back(double(each) / sum);
  return parts;
}

// ---- Calls with their times ----

void start_calls(Machine& m, Process& process, const std::vector<TimedCall>& calls,
                 std::uint64_t rounds) {
  const std::uint64_t at = place_of_calls(m);
  m.store(process, at, 0);
  m.poke(process, at,
         {reinterpret_cast<const std::uint8_t*>(calls.data()), calls.size() * sizeof calls[0]});
  if (!m.has_clock()) m.give_up("Programs may not read the clock any more (scounteren).");
  Registers with = process.at_rest;
  with.x[8] = calls.size(), with.x[18] = at, with.x[19] = rounds;
  m.start(process, "step_calls", with, "system calls in a row");
}

std::vector<TimedCall> calls_of(Machine& m, Process& process, std::size_t count) {
  std::vector<TimedCall> calls(count);
  const auto bytes = m.peek(process, place_of_calls(m), count * sizeof(TimedCall));
  std::memcpy(calls.data(), bytes.data(), bytes.size());
  return calls;
}

std::vector<TimedCall> finish_calls(Machine& m, Process& process, std::size_t count) {
  m.finish(process);
  return calls_of(m, process, count);
}

std::vector<TimedCall> make_calls(Machine& m, Process& process,
                                  const std::vector<TimedCall>& calls) {
  start_calls(m, process, calls);
  return finish_calls(m, process, calls.size());
}

// Where calls find their times.
std::uint64_t put_times(Machine& m, Process& process, const std::vector<std::uint64_t>& units) {
  const std::uint64_t at = m.label("uninitialised") + time_offset;
  std::vector<std::uint64_t> times;
  for (const std::uint64_t each : units) {
    times.push_back(each * unit_ns / second_ns);
    times.push_back(each * unit_ns % second_ns);
  }
  m.store(process, at, 0);
  m.poke(process, at,
         {reinterpret_cast<const std::uint8_t*>(times.data()), times.size() * sizeof times[0]});
  return at;
}

std::vector<TimedCall> sleeps(Machine& m, Process& process,
                              const std::vector<std::uint64_t>& units) {
  const std::uint64_t at = put_times(m, process, units);
  std::vector<TimedCall> calls;
  for (std::size_t i = 0; i < units.size(); i++) calls.push_back({call_nanosleep, {at + 16 * i}});
  return calls;
}

std::vector<TimedCall> sleeps_until(Machine& m, Process& process,
                                    const std::vector<std::uint64_t>& times) {
  const std::uint64_t at = put_times(m, process, times);
  constexpr std::uint64_t monotonic = 1, absolute = 1;
  std::vector<TimedCall> calls;
  for (std::size_t i = 0; i < times.size(); i++)
    calls.push_back({call_clock_nanosleep, {monotonic, absolute, at + 16 * i}});
  return calls;
}

void expect_in_time(Machine& m) {
  std::vector<std::uint64_t> units;
  for (int i = 0; i < 12; i++) units.push_back(tick / 4 + m.draw() % (4 * tick));
  const auto seen = make_calls(m, m.first(), sleeps(m, m.first(), units));
  for (std::size_t i = 0; i < seen.size(); i++) {
    expect(seen[i].took() >= units[i], "A sleep has ended before its time.");
    const std::uint64_t late = seen[i].took() - units[i];
    expect(late < tick / 5, "Beside processes that spin, a sleep of " +
                                std::to_string(units[i] * unit_ns) + " ns ended " +
                                std::to_string(late * unit_ns) + " ns late. A tick is " +
                                std::to_string(tick_ns) + " ns.");
  }
}

}  // namespace test
