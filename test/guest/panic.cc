// The kernel's own end: a fault in kernel mode and an overflow of a kernel stack must be named on
// the console, with registers and a backtrace, and stop the machine with a failure. No program can
// cause either, so a debugger does it: the only hart, which idles at the prompt, is given another
// pc or another sp before a key wakes it.
#include "catch.hh"
#include "guest/debugger.hh"
#include "guest/guest.hh"

#include <unistd.h>

#include <cstdint>
#include <sstream>
#include <string>
#include <vector>

namespace test {
namespace {

struct Register {
  unsigned number;
  std::uint64_t value;
};

// Boots, changes registers of the idle kernel, and answers what the console says of it.
std::string panic_after(const std::string& name, const std::vector<Register>& registers) {
  Options options;
  options.log = name;
  options.smp = 1;
  Guest guest(options);
  guest.expect(prompt);
  const std::uint64_t text = address_of("kernel_start");
  // Twice in the same place of the kernel: it idles.
  std::uint64_t before = 0;
  for (bool idle = false; !idle;) {
    usleep(100'000);
    Debugger debugger(guest.debugger_path());
    const std::uint64_t pc = debugger.get(register_pc);
    idle = pc == before && pc >= text;
    before = pc;
    if (idle) {
      for (const Register& each : registers) debugger.set(each.number, each.value);
    }
    debugger.detach();
  }
  std::string said;
  try {
    guest.send("x");  // a key wakes it, if the debugger's leaving has not
    guest.wait_exit();
  } catch (const Failed&) {
    said = guest.console().substr(guest.console().find("Tine: panic"));
  }
  CHECK(guest.reaped_status() == 255);
  return said;
}

}  // namespace

TEST_CASE("a wild jump of the kernel is a panic with registers and a backtrace",
          "[panic][wing-backtrace]") {
  const std::string said = panic_after("panic-jump", {{register_pc, 0x10}});
  CHECK_THAT(said, contains("bad fetch in the kernel at address 0x10"));
  CHECK_THAT(said, contains("scause c"));
  CHECK_THAT(said, contains("backtrace:"));
  CHECK_THAT(said, contains("kernel_main + "));
}

// memcpy calls nobody, and so it does not save its return address.
TEST_CASE("a fault in a function that calls no other is traced back, too",
          "[panic][wing-backtrace]") {
  const std::string said = panic_after("panic-leaf", {{register_pc, address_of("memcpy")},
                                                      {register_a0, 0x10},
                                                      {register_a1, 0x20},
                                                      {register_a2, 64}});
  CHECK_THAT(said, contains("in the kernel at address 0x20"));
  REQUIRE_THAT(said, contains("backtrace:"));
  std::istringstream backtrace(said.substr(said.find("backtrace:")));
  std::string line;
  std::getline(backtrace, line);
  std::getline(backtrace, line);
  CHECK_THAT(line, contains("memcpy + "));
  while (std::getline(backtrace, line) && line.find("kernel_main") == std::string::npos)
    CHECK_THAT(line, contains(" + "));  // no address that is in no function
  CHECK_THAT(line, contains("kernel_main + "));
}

// The backtrace reads through a frame pointer that leads to no memory: a panic inside the panic.
TEST_CASE("a panic that fails while it prints stops the machine, too", "[panic][wing-backtrace]") {
  const std::string said =
      panic_after("panic-twice", {{register_pc, 0x10}, {register_fp, 0xffffffffc0000800}});
  CHECK_THAT(said, contains("bad fetch in the kernel at address 0x10"));
  CHECK_THAT(said, contains("backtrace:"));
  CHECK_THAT(said, contains("another panic while this one was printed"));
}

TEST_CASE("an overflow of a kernel stack is named", "[panic]") {
  // In the lower half of the first stack's slot, which is never mapped.
  const std::string said = panic_after("panic-overflow", {{register_sp, 0xffffffffc0000800}});
  CHECK_THAT(said, contains("kernel stack overflow, at address 0xffffffffc0000"));
  CHECK_THAT(said, contains("pc 0xffffffc08"));
}

}  // namespace test
