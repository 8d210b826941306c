// The grader of the lab `fork`, part 1: what a child had is given back, and what a fork that fails
// had made.
#include <cerrno>
#include <csignal>
#include <string>

#include "catch.hh"
#include "labs/areas.hh"

namespace test {
namespace {

TEST_CASE("part 1, 3 points: thousands of children need no more memory than one", "[fork][part1]") {
  SmallMachine small("fork-give-back", 2000);
  Machine& m = small.m;
  Process& parent = m.first();
  const std::uint64_t at = map_pages(m, parent, 8);
  m.touch(parent, at, 8, 1);
  for (int round = 0; round < 2; round++) {
    end_child(m, parent, fork_of(m, parent));
    Registers with = parent.at_rest;
    constexpr std::uint64_t times = 1500;
    with.x[8] = times, with.x[9] = SIGCHLD, with.x[18] = at, with.x[19] = 8, with.x[20] = 0;
    with.x[21] = status_at(m);
    const Registers after = m.step(parent, "step_many", with);
    if (after.x[8] != 0) {
      m.give_up("In a small machine " +
                std::to_string(static_cast<std::uint64_t>(round) * times + times - after.x[8]) +
                " times fork, exit and wait4 used up all memory (" + error_name(after.x[reg_a0]) +
                "): what is not given back?");
    }
    std::uint64_t sum = 0;
    for (std::uint64_t n = 1; n <= times; n++) sum += (n & 127) << 8;
    expect(after.x[20] == sum, "Of thousands of children one has ended with another status.");
  }
  small.expect_eater();
}

// A parent with so many page tables that the kernel's store of spare ones does not do for a child:
// each allocation of a fork fails once, and a fork that succeeds has made a whole child.
void check_failing_tables() {
  constexpr std::uint64_t tables = 90, reach = 512 * page;
  Machine m({"fork-no-tables", 1000});
  Process& parent = m.first();
  const std::uint64_t at = map_pages(m, parent, tables * 512), value = m.draw();
  for (std::uint64_t i = 0; i < tables; i++) m.store(parent, at + i * reach, value + i);
  std::uint64_t whole = 0;  // forks in a row that succeeded
  for (std::uint64_t n = 1; whole < 12; n++) {
    m.call(parent, call_fail_alloc, n);
    m.newcomers();
    const std::uint64_t result = m.call(parent, call_clone, SIGCHLD);
    m.call(parent, call_fail_alloc, 0);
    expect(!failed(result) || result == -std::uint64_t(ENOMEM),
           "Memory runs out in the middle of fork, which should fail with ENOMEM.");
    whole = failed(result) ? 0 : whole + 1;
    if (failed(result)) continue;
    const Birth birth = birth_of(m, parent, result);
    for (std::uint64_t i = 0; i < tables; i++) {
      expect(m.load(*birth.child, at + i * reach) == value + i,
             "Memory runs out in the middle of fork, which returns a child that lacks pages.");
    }
    end_child(m, parent, birth);
  }
}

TEST_CASE("part 1, 2 points: a fork that finds no memory gives back what it has made",
          "[fork][part1]") {
  SmallMachine small("fork-no-memory", 2000);
  Machine& m = small.m;
  Process& parent = m.first();
  const std::vector<Area> areas = make_areas(m, parent);
  end_child(m, parent, fork_of(m, parent));
  std::uint64_t refused = 0;
  for (int round = 0; round < 40; round++) {
    Registers with = parent.at_rest;
    constexpr std::uint64_t allocations = 60;
    with.x[8] = allocations, with.x[9] = SIGCHLD, with.x[21] = status_at(m), with.x[22] = 0;
    with.x[23] = 0, with.x[24] = call_fail_alloc;
    const Registers after = m.step(parent, "step_fail", with);
    expect(after.x[23] == 0,
           "Memory runs out in the middle of fork, which should fail with ENOMEM.");
    refused += allocations - after.x[22];
  }
  expect(refused >= 160, "No allocation of fork was seen to fail.");
  touch_all(m, parent, areas, 7);
  expect_words(m, parent, areas, 7, "After a failed fork the parent cannot use its memory");
  end_child(m, parent, fork_of(m, parent));
  small.expect_eater();
  check_failing_tables();
}

}  // namespace
}  // namespace test
