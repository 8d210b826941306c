// Addresses at random: from QEMU's seed, and so the same again with the same seed; or not at all.
#include "catch.hh"
#include "guest/guest.hh"

#include <string>

namespace test {
namespace {

// Where the stack of a command begins, as the kernel says it.
std::string stack_of_true(const std::string& log, int seed, const std::string& more) {
  Options options;
  options.log = log;
  options.smp = 1;
  options.shift = 0;
  options.seed = seed;
  options.kernel_args = "log=exec " + more;
  options.init_args = "true";
  Guest guest(options);
  guest.expect("becomes /bin/true");
  const std::string line = guest.expect("\n");
  CHECK(guest.wait_exit() == 0);
  return line;
}

}  // namespace

TEST_CASE("addresses are chosen by the machine's seed", "[aslr][wing-random]") {
  const std::string first = stack_of_true("seed-1", 1, "");
  CHECK(stack_of_true("seed-1-again", 1, "") == first);
  CHECK(stack_of_true("seed-2", 2, "") != first);
}

TEST_CASE("with aslr=off they do not depend on it", "[aslr][wing-random]") {
  const std::string first = stack_of_true("off-1", 1, "aslr=off");
  CHECK_THAT(first, contains("sp 0x3fffff"));
  CHECK(stack_of_true("off-2", 2, "aslr=off") == first);
  Options options;
  options.log = "aslr-off";
  options.kernel_args = "aslr=off";
  options.init_args = "/test/wing-random off";
  CHECK(Guest(options).finish_tap().failed == 0);
}

}  // namespace test
