// The grader of the lab `traps`, part 3: each student's own alarm.
#include <cmath>
#include <string>

#include "catch.hh"
#include "labs/handlers.hh"

namespace test {
namespace {

constexpr unsigned reg_t0 = 5, reg_a1 = 11;
constexpr std::uint64_t rounds_a_tick = 100'000 / work_round_size;  // at 10,000 ticks a second

// A process with an alarm, whose handler is where it comes to rest.
struct WithAlarm {
  Machine m;
  Process& process;
  std::uint64_t n = 2 + m.draw() % 3, ticks = n * task("unit"), times = task("times");
  Registers work;          // as they were when the work began
  std::uint64_t done = 0;  // rounds of it, when the handler started last
  std::uint64_t value = 0;

  explicit WithAlarm(const std::string& name)
      : m({name, 300, 1, "64M", 10000}), process(m.first()) {}

  void set(std::uint64_t argument) {
    expect(m.call(process, task("number"), argument, m.label("rest")) == 0,
           "Your call should return 0 when it sets the alarm.");
  }
  // Works for that many ticks, or until the handler starts.
  void start_work(std::uint64_t for_ticks) {
    work = draw_registers(m);
    work.x[reg_a0] = for_ticks * rounds_a_tick;
    done = 0, value = work.x[reg_a1];
    m.start(process, "step_work", work, "arithmetic");
    m.finish(process);
  }
  void expect_done(const std::string& reason) {
    const Registers wanted = after_work(work);
    expect(process.at_rest.x[reg_a0] == 0 && process.at_rest.x[reg_a1] == wanted.x[reg_a1], reason);
    expect_registers(wanted, process.at_rest, 0, "After the work");
  }
  // The handler has started for the `count`-th time, in time.
  void expect_rings(std::uint64_t count) {
    const Registers& now = process.at_rest;
    const std::uint64_t before = done;
    // Within a round a1 is the product alone.
    while (done < work.x[reg_a0] && now.x[reg_a1] != value && now.x[reg_a1] != value * work_factor)
      done++, value = value * work_factor + 1;
    expect(done < work.x[reg_a0],
           "The handler of your alarm does not start, or not with the program's a1.");
    const double after = static_cast<double>(done - before) / rounds_a_tick;
    const auto wanted = static_cast<double>(ticks);
    expect(after > 0.95 * wanted - 1.2 && after < wanted + 0.2,
           "The handler should start after " + std::to_string(ticks) +
               " ticks of the program, and starts after " + std::to_string(std::lround(after)) +
               ".");
    expect(now.x[reg_a0] == count, "The handler should find in a0 how often it has been called.");
  }
  // The handler ends, with other registers than it began with.
  void end_handler() {
    Registers with = draw_registers(m);
    with.x[reg_a7] = task("back");
    m.start(process, "step_call", with, "the return from your handler");
    m.finish(process);
  }
  void ring(std::uint64_t count) {
    expect_rings(count);
    end_handler();
  }
};

TEST_CASE("part 3, 10 points: your alarm rings in time, and as often as it should",
          "[traps][part3]") {
  WithAlarm a("traps-own-time");
  a.set(a.n);
  a.start_work(a.ticks * (a.times + 3));
  for (std::uint64_t count = 1; count <= a.times; count++) a.ring(count);
  a.expect_done("Your alarm should ring " + std::to_string(a.times) + " times, and then be off.");
  a.set(a.n);
  a.start_work(2 * a.ticks);
  a.expect_rings(1);
  const std::uint64_t done = a.done, value = a.value;
  const Registers with = a.work;
  a.start_work(2 * a.ticks);
  a.expect_done("Your alarm should not ring while its handler runs.");
  a.work = with, a.done = done, a.value = value;
  a.end_handler();
  a.expect_rings(2);
}

TEST_CASE("part 3, 10 points: the handler has the program's registers, and the program keeps them",
          "[traps][part3]") {
  WithAlarm a("traps-own-registers");
  const Floats floats(a.m, a.process);
  const auto own = static_cast<unsigned>(task("register"));
  a.set(a.n);
  a.start_work(a.ticks * (a.times + 1));
  for (std::uint64_t count = 1; count <= a.times; count++) {
    a.expect_rings(count);
    const Registers handler = a.process.at_rest;
    expect(
        handler.x[own] >= a.m.label("step_work") && handler.x[own] < a.m.label("step_fork_touch"),
        "The handler should find the pc that was interrupted in x" + std::to_string(own) + ".");
    Registers wanted = a.work;
    wanted.x[reg_t0] = work_factor;
    expect_registers(wanted, handler, 1ul << own | 1ul << reg_a0 | 1ul << reg_a1,
                     "When the handler starts");
    const Floats others(a.m, a.process);
    a.end_handler();
  }
  a.expect_done("The program should go on where it was interrupted, with its own registers.");
  floats.expect_kept(a.m, a.process, "After the handlers");
}

TEST_CASE("part 3, 5 points: an alarm that is off, and a return without a handler",
          "[traps][part3]") {
  WithAlarm a("traps-own-off");
  a.set(a.n);
  a.set(0);
  a.start_work(2 * a.ticks);
  a.expect_done("With the argument 0 your call should turn the alarm off.");
  Registers with = draw_registers(a.m);
  with.x[reg_a7] = task("back");
  const Registers after = a.m.step(a.process, "step_call", with);
  expect(after.x[reg_a0] == minus(task("error")), "Your second call should fail with errno " +
                                                      std::to_string(task("error")) +
                                                      " while no handler runs.");
  expect_registers(with, after, 1ul << reg_a0, "After your second call");
  a.set(a.n);
  a.start_work(2 * a.ticks);
  a.ring(1);
}

TEST_CASE("part 3, 5 points: your alarm counts the ticks of its own process", "[traps][part3]") {
  constexpr std::uint64_t many = 40;  // more than fork takes
  WithAlarm a("traps-own-process");
  a.set(many / task("unit") + 1);
  const Birth birth = fork_of(a.m, a.process);
  Registers with = draw_registers(a.m);
  with.x[reg_a0] = 3 * many * rounds_a_tick;
  a.m.start(*birth.child, "step_work", with, "arithmetic");
  a.set(a.n);
  a.start_work(a.ticks * (a.times + 2));
  a.ring(1);
  a.ring(2);
  a.m.finish(*birth.child);
  expect_registers(after_work(with), birth.child->at_rest, 0,
                   "A child should have no alarm of its parent's. After its work");
}

}  // namespace
}  // namespace test
