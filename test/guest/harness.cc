// The harness itself: what it says of a guest that does not answer, and how it reads reports.
#include "catch.hh"
#include "guest/guest.hh"

#include <string>

namespace test {
namespace {

// What is said when the guest is waited for in vain.
std::string verdict(Guest& guest) {
  try {
    guest.expect("what nobody prints");
  } catch (const Failed& failure) {
    return failure.what();
  }
  return "";
}

}  // namespace

TEST_CASE("a guest that sleeps for ever is given up, with the functions that its harts are in",
          "[harness]") {
  Options options;
  options.log = "harness-asleep";
  options.smp = 2;
  options.quiet_seconds = 1;
  Guest guest(options);
  guest.expect(prompt);
  const std::string said = verdict(guest);
  CHECK_THAT(said, contains("all harts sleep"));
  CHECK_THAT(said, contains("hart 0:\n"));
  CHECK_THAT(said, contains("hart 1:\n"));
  CHECK_THAT(said, contains("tine::idle() at "));
}

TEST_CASE("a guest that is busy for ever is given up, too", "[harness]") {
  Options options;
  options.log = "harness-busy";
  options.cpu_seconds = 3;
  Guest guest(options);
  guest.expect(prompt);
  guest.send("cat /dev/zero > /dev/null\r");
  const std::string said = verdict(guest);
  CHECK_THAT(said, contains("of CPU time, and still no \"what nobody prints\"\nhart 0:\n"));
  CHECK_THAT(said, contains("hart 3:\n"));
}

TEST_CASE("the harness's own reader of TAP counts and doubts", "[tap]") {
  std::string problem;
  SECTION("lines are counted") {
    const Tap tap = parse_tap("# program a\n1..2\r\nok 1 - x\nnot ok 2 - y # why\n", problem);
    CHECK(tap.passed == 1);
    CHECK(tap.failed == 1);
    CHECK(tap.failures == "a: not ok 2 - y # why\n");
    CHECK(problem.empty());
  }
  SECTION("a plan that was not kept is a problem") {
    parse_tap("# program a\n1..2\nok 1 - x\n# program b\n1..1\nok 1 - z\n", problem);
    CHECK(problem == "a promised 2 cases and reported 1\n");
  }
  SECTION("cases without a plan are a problem") {
    parse_tap("ok 1 - x\n", problem);
    CHECK(!problem.empty());
  }
}

}  // namespace test
