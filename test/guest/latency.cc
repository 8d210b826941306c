// How late a thread wakes, where time is exact: one hart, and a clock that counts instructions.
#include "catch.hh"
#include "guest/guest.hh"

namespace test {

TEST_CASE("a sleeper wakes in time beside spinning processes and long calls", "[latency]") {
  Options options;
  options.log = "latency";
  options.smp = 1;
  options.shift = 0;
  options.init_args = "/test/wing-linux-latency exact";
  Guest guest(options);
  const Tap tap = guest.finish_tap();
  INFO(tap.failures);
  CHECK(tap.failed == 0);
  CHECK(tap.passed > 0);
}

}  // namespace test
