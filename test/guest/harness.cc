// The harness itself: what it says of a guest that does not answer.
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

}  // namespace test
