// How late a thread wakes, where time is exact: one hart, and a clock that counts instructions.
#include "catch.hh"
#include "guest/guest.hh"

#include <string>

namespace test {

namespace {

void run_exact(const std::string& program) {
  Options options;
  options.log = "latency-" + program;
  options.smp = 1;
  options.shift = 0;
  options.init_args = "/test/" + program + " exact";
  Guest guest(options);
  const Tap tap = guest.finish_tap();
  INFO(tap.failures);
  CHECK(tap.failed == 0);
  CHECK(tap.passed > 1);
}

}  // namespace

TEST_CASE("a sleeper wakes in time beside spinning processes and long calls",
          "[latency][wing-linux]") {
  run_exact("wing-linux-latency");
}

// Its list has the calls of all these wings.
TEST_CASE("no system call keeps others waiting",
          "[latency][wing-linux][wing-locks][wing-mmap][wing-procfs][wing-trace][wing-dmesg]"
          "[wing-rtsignals]") {
  run_exact("wing-linux-bounded");
}

}  // namespace test
