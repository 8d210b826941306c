// The guest programs of test/guest/bin, each run by /test/all inside one guest for every machine of
// this catalogue. The cases themselves are written in the programs; here is only where they run.
#include "catch.hh"
#include "guest/guest.hh"

#include <cstdlib>
#include <string>

namespace test {
namespace {

struct Machine {
  const char* name;
  int smp;
  int shift;  // -icount, or ordinary
  int hz;
  const char* programs;  // for /test/all; "" is all of them
};

constexpr Machine machines[] = {
    {"one-hart", 1, ordinary, 100, ""},    {"two-harts", 2, ordinary, 100, ""},
    {"four-harts", 4, ordinary, 100, ""},  {"slow-ticks", 4, ordinary, 10, ""},
    {"fast-ticks", 4, ordinary, 1000, ""}, {"counted", 2, 1, 100, ""},
};

// More interleavings, and the largest machine: make test-long.
constexpr Machine more_machines[] = {
    {"eight-harts", 8, ordinary, 100, ""}, {"one-slow", 1, ordinary, 10, ""},
    {"one-fast", 1, ordinary, 1000, ""},   {"two-slow", 2, ordinary, 10, ""},
    {"two-fast", 2, ordinary, 1000, ""},   {"counted-0", 4, 0, 100, ""},
    {"counted-2", 4, 2, 100, ""},          {"counted-3", 4, 3, 100, ""},
    {"counted-4", 4, 4, 100, ""},          {"counted-one", 1, 0, 1000, ""},
};

void run(const Machine& machine, int seed = 1) {
  Options options;
  options.log = std::string("suite-") + machine.name;
  options.smp = machine.smp;
  options.shift = machine.shift;
  options.hz = machine.hz;
  options.seed = seed;
  options.cpu_seconds = 400;  // it takes 20 to 90, and twice that on a host that is busy
  options.init_args = std::string("/test/all ") + machine.programs;
  Guest guest(options);
  const Tap tap = guest.finish_tap();
  INFO("machine: " << machine.name << ", the whole log: build/logs/" << options.log << ".log\n"
                   << tap.failures);
  CHECK(tap.failed == 0);
}

int setting(const char* name, int otherwise) {
  const char* value = std::getenv(name);
  return value && *value ? std::atoi(value) : otherwise;
}

}  // namespace

TEST_CASE("the first process learns of every orphan that ends", "[suite]") {
  Options options;
  options.log = "first";
  options.kernel_args = "init=/test/first";
  Guest guest(options);
  const Tap tap = guest.finish_tap();
  INFO(tap.failures);
  CHECK(tap.passed == 2);
}

// The program makes each such call three times, and once more in a child.
TEST_CASE("a system call that there is not is named once a program", "[suite][wing-trace]") {
  Options options;
  options.log = "unknown-calls";
  options.init_args = "/test/wing-trace-unknown";
  options.kernel_args = "log=all";
  Guest guest(options);
  CHECK(guest.wait_exit() == 0);
  const std::string console = guest.console();
  auto count = [&](const std::string& text) {
    int found = 0;
    for (std::size_t at = console.find(text); at != std::string::npos; found++) {
      at = console.find(text, at + 1);
    }
    return found;
  };
  const std::string line = "]: there is no system call ";
  for (int number = 300; number < 420; number++) {
    INFO(number);
    CHECK(count(line + std::to_string(number) + "\r\n") == 1);
  }
  CHECK(count(line + "chroot (51)\r\n") == 2);  // by two programs
  CHECK(count(line) == 123);  // the two numbers that no call can have count as one
  CHECK(count("\nforged") == 0);
  CHECK(count("x\\012forged[1]: a line\\033[2J\\\\[") == 1);
}

// The program makes that call four times. The console is the shell's by then.
TEST_CASE("a line of the log does not come onto the terminal", "[wing-dmesg][wing-trace]") {
  Options options;
  options.log = "unknown-calls";
  Guest guest(options);
  guest.expect(prompt);
  CHECK_THAT(guest.run("/test/unknown_call"), !contains("no system call"));
  const std::string lines = guest.run("dmesg | grep 'no system call.*444'");
  CHECK_THAT(lines, contains("] unknown_call["));
  CHECK(lines.find('\n') == lines.size() - 1);
}

TEST_CASE("all guest programs pass on every machine", "[suite]") {
  for (const Machine& machine : machines) {
    DYNAMIC_SECTION(machine.name) { run(machine); }
  }
}

TEST_CASE("all guest programs pass on more machines", "[.long]") {
  for (const Machine& machine : more_machines) {
    DYNAMIC_SECTION(machine.name) { run(machine); }
  }
}

// One run for test/tools/loop and for trying a single program: the machine comes from the
// environment.
TEST_CASE("guest programs on the machine of TINE_SMP, TINE_SHIFT, TINE_HZ", "[.one]") {
  const char* programs = std::getenv("TINE_PROGRAMS");
  const char* name = std::getenv("TINE_NAME");
  run({name ? name : "one", setting("TINE_SMP", 4), setting("TINE_SHIFT", ordinary),
       setting("TINE_HZ", 100), programs ? programs : ""},
      setting("TINE_SEED", 1));
}

}  // namespace test
