#include "guest/debugger.hh"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

#include "guest/options.hh"

namespace test {
namespace {

constexpr timeval patience = {10, 0};
constexpr std::size_t deepest = 24;  // functions shown of one hart

// QEMU writes a register or a word as hexadecimal digits, the lowest byte first.
std::uint64_t from_hex(const std::string& digits) {
  return __builtin_bswap64(std::stoull(digits, nullptr, 16));
}

// The addresses in the functions that the selected hart is in, the innermost first. A function
// keeps its return address at fp - 8 and its caller's frame at fp - 16; one that calls nobody keeps
// only the latter, at fp - 8.
std::vector<std::uint64_t> addresses(Debugger& hart, std::uint64_t text, std::uint64_t text_end) {
  std::vector<std::uint64_t> found = {hart.get(register_pc)};
  auto in_text = [&](std::uint64_t address) { return address > text && address <= text_end; };
  std::uint64_t frame = hart.get(register_fp);
  while (in_text(found.back()) && found.size() < deepest) {
    const auto near = hart.read_word(frame - 8), far = hart.read_word(frame - 16);
    if (!near || !far) break;
    const bool calls_nobody = found.size() == 1 && !in_text(*near);
    found.push_back((calls_nobody ? hart.get(register_ra) : *near) - 1);  // in the call itself
    frame = calls_nobody ? *near : *far;
  }
  if (found.size() > 1 && !in_text(found.back())) found.pop_back();
  return found;
}

}  // namespace

Debugger::Debugger(const std::string& path) : socket_(socket(AF_UNIX, SOCK_STREAM, 0)) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address)) {
    close(socket_);
    throw NotJudged("cannot reach QEMU's debugger at " + path);
  }
  // Only who has asked what registers there are may write a single one.
  ask("qXfer:features:read:target.xml:0,fff");
}
Debugger::~Debugger() { close(socket_); }

void Debugger::select(int hart) {
  char text[16];
  std::snprintf(text, sizeof text, "Hg%x", hart + 1);
  const std::string answer = ask(text);
  if (answer != "OK") throw NotJudged("QEMU's debugger knows no hart " + std::to_string(hart));
}

std::uint64_t Debugger::get(unsigned number) {
  char text[16];
  std::snprintf(text, sizeof text, "p%x", number);
  return from_hex(ask(text));
}

void Debugger::set(unsigned number, std::uint64_t value) {
  char text[64];
  std::snprintf(text, sizeof text, "P%x=%016lx", number, __builtin_bswap64(value));
  const std::string answer = ask(text);
  if (answer != "OK") throw NotJudged("QEMU's debugger refuses a register: " + answer);
}

std::optional<std::uint64_t> Debugger::read_word(std::uint64_t address) {
  char text[32];
  std::snprintf(text, sizeof text, "m%lx,8", address);
  const std::string answer = ask(text);
  if (answer.size() != 16) return std::nullopt;  // E14: EFAULT
  return from_hex(answer);
}

std::string Debugger::ask(const std::string& body) {
  send_packet(body);
  std::string answer = receive_packet();
  while (answer.starts_with("T")) answer = receive_packet();  // that the machine has stopped
  return answer;
}

void Debugger::send_packet(const std::string& body) {
  unsigned char sum = 0;
  for (char c : body) sum += static_cast<unsigned char>(c);
  char end[4];
  std::snprintf(end, sizeof end, "#%02x", sum);
  const std::string packet = "$" + body + end;
  if (write(socket_, packet.data(), packet.size()) < 0) throw NotJudged("QEMU's debugger is gone");
}

// What is between `$` and `#`; acknowledges it.
std::string Debugger::receive_packet() {
  std::string body;
  char c = 0;
  while (c != '$') read_byte(c);
  for (read_byte(c); c != '#'; read_byte(c)) body.push_back(c);
  read_byte(c);
  read_byte(c);
  if (write(socket_, "+", 1) < 0) throw NotJudged("QEMU's debugger is gone");
  return body;
}

void Debugger::read_byte(char& c) {
  if (read(socket_, &c, 1) != 1) throw NotJudged("QEMU's debugger does not answer");
}

std::string where_harts_are(const std::string& debugger_path, const std::vector<int>& harts) {
  std::string text;
  try {
    const std::uint64_t kernel_text = address_of("kernel_start");
    const std::uint64_t text_end = address_of("text_end");
    Debugger debugger(debugger_path);
    for (int hart : harts) {
      text += "hart " + std::to_string(hart) + ":\n";
      debugger.select(hart);
      std::string command =
          setting("TINE_CROSS", "riscv64-linux-gnu-") + "addr2line -Cafpse '" + kernel_path() + "'";
      for (std::uint64_t address : addresses(debugger, kernel_text, text_end)) {
        char digits[24];
        std::snprintf(digits, sizeof digits, " %#lx", address);
        command += digits;
      }
      text += output_of(command);
    }
  } catch (const NotJudged& problem) {
    text += std::string("where they are is not known: ") + problem.what() + "\n";
  }
  return text;
}

std::uint64_t address_of(const std::string& symbol) {
  const std::string digits =
      output_of("readelf -sW " + kernel_path() + " | awk '$8 == \"" + symbol + "\" { print $2 }'");
  if (digits.empty()) throw NotJudged("there is no symbol " + symbol + " in " + kernel_path());
  return std::stoull(digits, nullptr, 16);
}

}  // namespace test
