// How late a thread wakes, where time is exact: on a clock that counts instructions.
#include "catch.hh"
#include "guest/guest.hh"

#include <string>

namespace test {

namespace {

bool is_debug_build() { return kernel_path().find("/debug") != std::string::npos; }

void run_exact(const std::string& program, const std::string& argument = " exact", int harts = 1) {
  Options options;
  options.log = "latency-" + program + "-" + std::to_string(harts);
  options.smp = harts;
  options.shift = 0;
  options.init_args = "/test/" + program + argument;
  Guest guest(options);
  const Tap tap = guest.finish_tap();
  INFO(tap.failures);
  CHECK(tap.failed == 0);
  CHECK(tap.passed > 0);
}

}  // namespace

TEST_CASE("a sleeper wakes in time beside spinning processes and long calls",
          "[latency][wing-linux]") {
  run_exact("wing-linux-latency");
}

TEST_CASE("a sleeper wakes in time beside a call of another hart", "[latency][wing-linux]") {
  run_exact("wing-linux-latency", " harts", 4);
}

// Its list has the calls of all these wings. The debug build checks what it does at each step and
// is several times slower: it is only asked whether each call has an entry.
TEST_CASE("no system call keeps others waiting",
          "[latency][wing-linux][wing-locks][wing-mmap][wing-procfs][wing-trace][wing-dmesg]"
          "[wing-rtsignals]") {
  run_exact("wing-linux-bounded", is_debug_build() ? "" : " exact");
}

}  // namespace test
