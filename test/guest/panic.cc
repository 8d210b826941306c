// The kernel's own end: a fault in kernel mode and an overflow of a kernel stack must be named on
// the console, with registers and a backtrace, and stop the machine with a failure. No program can
// cause either, so a debugger does it: the only hart, which idles at the prompt, is given another
// pc or another sp before a key wakes it.
#include "catch.hh"
#include "guest/guest.hh"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <sstream>
#include <string>
#include <vector>

namespace test {
namespace {

constexpr unsigned register_sp = 2, register_a0 = 10, register_a1 = 11, register_pc = 32;
struct Register {
  unsigned number;
  std::uint64_t value;
};

// Just enough of gdb's remote protocol ("GDB Remote Serial Protocol"): QEMU stops the machine while
// we are connected.
class Debugger {
 public:
  explicit Debugger(const std::string& path) : socket_(socket(AF_UNIX, SOCK_STREAM, 0)) {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    if (connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address))
      throw NotJudged("cannot reach QEMU's debugger at " + path);
    // Only who has asked what registers there are may write a single one.
    ask("qXfer:features:read:target.xml:0,fff");
  }
  ~Debugger() { close(socket_); }
  Debugger(const Debugger&) = delete;
  Debugger& operator=(const Debugger&) = delete;

  void set(const Register& to) {
    char text[64];
    std::snprintf(text, sizeof text, "P%x=%016lx", to.number, __builtin_bswap64(to.value));
    const std::string answer = ask(text);
    if (answer != "OK") throw NotJudged("QEMU's debugger refuses a register: " + answer);
  }
  // As hexadecimal digits, the lowest byte first.
  std::string pc() {
    char text[16];
    std::snprintf(text, sizeof text, "p%x", register_pc);
    return ask(text);
  }
  // The machine runs on.
  void detach() { ask("D"); }

 private:
  int socket_;

  std::string ask(const std::string& body) {
    send_packet(body);
    std::string answer = receive_packet();
    while (answer.starts_with("T")) answer = receive_packet();  // that the machine has stopped
    return answer;
  }
  void send_packet(const std::string& body) {
    unsigned char sum = 0;
    for (char c : body) sum += static_cast<unsigned char>(c);
    char end[4];
    std::snprintf(end, sizeof end, "#%02x", sum);
    const std::string packet = "$" + body + end;
    if (write(socket_, packet.data(), packet.size()) < 0)
      throw NotJudged("QEMU's debugger is gone");
  }
  // What is between `$` and `#`; acknowledges it.
  std::string receive_packet() {
    std::string body;
    char c = 0;
    while (c != '$') read_byte(c);
    for (read_byte(c); c != '#'; read_byte(c)) body.push_back(c);
    read_byte(c);
    read_byte(c);
    if (write(socket_, "+", 1) < 0) throw NotJudged("QEMU's debugger is gone");
    return body;
  }
  void read_byte(char& c) {
    if (read(socket_, &c, 1) != 1) throw NotJudged("QEMU's debugger is gone");
  }
};

// Boots, changes registers of the idle kernel, and answers what the console says of it.
std::string panic_after(const std::string& name, const std::vector<Register>& registers) {
  Options options;
  options.log = name;
  options.smp = 1;
  options.debugger = "/tmp/tine-" + name + "-" + std::to_string(getpid());
  Guest guest(options);
  guest.expect(prompt);
  // Twice in the same place of the kernel (the upper half): it idles.
  std::string before;
  for (bool idle = false; !idle;) {
    usleep(100'000);
    Debugger debugger(options.debugger);
    const std::string pc = debugger.pc();
    idle = pc == before && pc.ends_with("ff");
    before = pc;
    if (idle) {
      for (const Register& each : registers) debugger.set(each);
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
  unlink(options.debugger.c_str());
  CHECK(guest.reaped_status() == 255);
  return said;
}

std::uint64_t address_of(const std::string& symbol) {
  const std::string kernel = setting("TINE_KERNEL", "build/release/kernel.elf");
  const std::string digits =
      output_of("readelf -sW " + kernel + " | awk '$8 == \"" + symbol + "\" { print $2 }'");
  if (digits.empty()) throw NotJudged("there is no symbol " + symbol + " in " + kernel);
  return std::stoull(digits, nullptr, 16);
}

}  // namespace

TEST_CASE("a wild jump of the kernel is a panic with registers and a backtrace", "[panic]") {
  const std::string said = panic_after("panic-jump", {{register_pc, 0x10}});
  CHECK_THAT(said, contains("bad fetch in the kernel at address 0x10"));
  CHECK_THAT(said, contains("scause c"));
  CHECK_THAT(said, contains("backtrace:"));
  CHECK_THAT(said, contains("kernel_main + "));
}

// memcpy calls nobody, and so it does not save its return address.
TEST_CASE("a fault in a function that calls no other is traced back, too", "[panic]") {
  const std::string said =
      panic_after("panic-leaf",
                  {{register_pc, address_of("memcpy")}, {register_a0, 0x10}, {register_a1, 0x20}});
  CHECK_THAT(said, contains("in the kernel at address 0x20"));
  std::istringstream backtrace(said.substr(said.find("backtrace:")));
  std::string line;
  std::getline(backtrace, line);
  std::getline(backtrace, line);
  CHECK_THAT(line, contains("memcpy + "));
  while (std::getline(backtrace, line) && line.find("kernel_main") == std::string::npos)
    CHECK_THAT(line, contains(" + "));  // no address that is in no function
  CHECK_THAT(line, contains("kernel_main + "));
}

TEST_CASE("an overflow of a kernel stack is named", "[panic]") {
  // In the lower half of the first stack's slot, which is never mapped.
  const std::string said = panic_after("panic-overflow", {{register_sp, 0xffffffffc0000800}});
  CHECK_THAT(said, contains("kernel stack overflow, at address 0xffffffffc0000"));
  CHECK_THAT(said, contains("backtrace:"));
}

}  // namespace test
