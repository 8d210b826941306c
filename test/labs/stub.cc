#include "labs/stub.hh"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "guest/guest.hh"

namespace test {
namespace {

constexpr int patience_ms = 20000;  // for an answer of QEMU's, which takes far less
constexpr unsigned satp = 0x180;

std::string hex(std::uint64_t value) {
  char text[20];
  std::snprintf(text, sizeof text, "%lx", value);
  return text;
}

// A register's digits come with the lowest byte first.
std::uint64_t from_digits(const std::string& digits) {
  return __builtin_bswap64(std::stoull(digits, nullptr, 16));
}

std::string to_digits(std::uint64_t value) {
  char text[20];
  std::snprintf(text, sizeof text, "%016lx", __builtin_bswap64(value));
  return text;
}

// The number that QEMU's description of its registers gives to one of them.
unsigned number_in(const std::string& description, const std::string& name) {
  const std::size_t at = description.find("name=\"" + name + "\"");
  const std::size_t number = description.find("regnum=\"", at);
  if (at == std::string::npos || number == std::string::npos)
    throw NotJudged("QEMU's debugger does not know the register " + name);
  return static_cast<unsigned>(std::stoul(description.substr(number + 8, 10)));
}

int connect_to(const std::string& path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  for (int tries = 0; tries < 1000; tries++) {
    const int file = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(file, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) return file;
    close(file);
    usleep(10000);
  }
  throw NotJudged("QEMU does not start, or has no debugger at " + path);
}

}  // namespace

Stub::Stub(const std::string& path) : socket_(connect_to(path)) {
  // Only a client that has read the descriptions may use a single register.
  ask("qXfer:features:read:target.xml:0,ffb");
  const std::string registers = ask("qXfer:features:read:riscv-csr.xml:0,ffb");
  first_csr_ = number_in(registers, "satp") - satp;
}
Stub::~Stub() { close(socket_); }

void Stub::add_breakpoint(std::uint64_t address) {
  if (ask("Z0," + hex(address) + ",4") != "OK")
    throw NotJudged("QEMU's debugger refuses a breakpoint");
}

void Stub::remove_breakpoint(std::uint64_t address) {
  if (ask("z0," + hex(address) + ",4") != "OK")
    throw NotJudged("QEMU's debugger does not remove a breakpoint");
}

// QEMU acknowledges the command; then nothing comes until the machine stops.
void Stub::go(const std::string& how) {
  send(how);
  char acknowledged = 0;  // that alone: what comes next is waited for with poll
  if (read(socket_, &acknowledged, 1) != 1) throw NotJudged("QEMU's debugger is gone");
}

void Stub::resume() { go("c"); }
void Stub::resume_alone(int hart) { go("vCont;c:" + hex(static_cast<std::uint64_t>(hart) + 1)); }

std::optional<int> Stub::stopped() {
  try {
    const std::string reason = receive();
    const std::size_t at = reason.find("thread:");
    selected_ = -1;
    if (reason.empty() || reason[0] != 'T' || at == std::string::npos) return std::nullopt;
    const std::size_t dot = reason.find('.', at);
    const std::size_t digits = dot == std::string::npos ? at + 7 : dot + 1;
    return static_cast<int>(std::stoul(reason.substr(digits, 8), nullptr, 16)) - 1;
  } catch (const NotJudged&) {
    return std::nullopt;  // the machine has ended
  }
}

bool Stub::interrupt() {
  if (::send(socket_, "\x03", 1, MSG_NOSIGNAL) != 1) return false;
  pollfd ready = {socket_, POLLIN, 0};
  return poll(&ready, 1, 3000) > 0 && stopped().has_value();
}

void Stub::step(int hart) {
  send("vCont;s:" + hex(static_cast<std::uint64_t>(hart) + 1));
  if (!stopped()) throw NotJudged("QEMU's debugger does not step");
}

Registers Stub::registers(int hart) {
  select(hart);
  const std::string digits = ask("g");
  if (digits.size() < 33 * 16) throw NotJudged("QEMU's debugger gives too few registers");
  Registers all;
  for (unsigned i = 0; i < 32; i++) all.x[i] = from_digits(digits.substr(i * 16, 16));
  all.pc = from_digits(digits.substr(32 * 16, 16));
  return all;
}

void Stub::set_registers(int hart, const Registers& to) {
  select(hart);
  std::string body = "G";
  for (std::uint64_t value : to.x) body += to_digits(value);
  if (ask(body + to_digits(to.pc)) != "OK")
    throw NotJudged("QEMU's debugger does not set registers");
}

std::uint64_t Stub::privilege(int hart) {
  select(hart);
  return read_register(first_csr_ - 1);
}

std::uint64_t Stub::pc(int hart) {
  select(hart);
  return read_register(32);
}

std::uint64_t Stub::csr(int hart, unsigned number) {
  select(hart);
  return read_register(first_csr_ + number);
}

std::vector<std::uint8_t> Stub::memory(int hart, std::uint64_t address, std::size_t size) {
  select(hart);
  const std::string digits = ask("m" + hex(address) + "," + hex(size));
  if (digits.size() != 2 * size)
    throw NotJudged("QEMU's debugger does not show the memory at " + hex(address));
  std::vector<std::uint8_t> bytes(size);
  for (std::size_t i = 0; i < size; i++)
    bytes[i] = static_cast<std::uint8_t>(std::stoul(digits.substr(2 * i, 2), nullptr, 16));
  return bytes;
}

void Stub::set_memory(int hart, std::uint64_t address, std::span<const std::uint8_t> bytes) {
  select(hart);
  std::string body = "M" + hex(address) + "," + hex(bytes.size()) + ":";
  for (std::uint8_t byte : bytes) {
    char text[3];
    std::snprintf(text, sizeof text, "%02x", byte);
    body += text;
  }
  if (ask(body) != "OK")
    throw NotJudged("QEMU's debugger does not change the memory at " + hex(address));
}

void Stub::select(int hart) {
  if (selected_ == hart) return;
  if (ask("Hg" + hex(static_cast<std::uint64_t>(hart) + 1)) != "OK")
    throw NotJudged("QEMU's debugger knows no hart " + std::to_string(hart));
  selected_ = hart;
}

std::uint64_t Stub::read_register(unsigned number) {
  const std::string digits = ask("p" + hex(number));
  if (digits.size() != 16) throw NotJudged("QEMU's debugger does not show a register");
  return from_digits(digits);
}

std::string Stub::ask(const std::string& body) {
  send(body);
  return receive();
}

void Stub::send(const std::string& body) {
  unsigned char sum = 0;
  for (char c : body) sum = static_cast<unsigned char>(sum + static_cast<unsigned char>(c));
  char end[4];
  std::snprintf(end, sizeof end, "#%02x", sum);
  const std::string packet = "$" + body + end;
  if (::send(socket_, packet.data(), packet.size(), MSG_NOSIGNAL) < 0)
    throw NotJudged("QEMU's debugger is gone");
}

// What is between `$` and `#`; acknowledges it.
std::string Stub::receive() {
  std::string body;
  while (read_byte() != '$') {
  }
  for (char c = read_byte(); c != '#'; c = read_byte()) body.push_back(c);
  read_byte();
  read_byte();
  ::send(socket_, "+", 1, MSG_NOSIGNAL);
  return body;
}

char Stub::read_byte() {
  if (next_ == end_) {
    pollfd ready = {socket_, POLLIN, 0};
    if (poll(&ready, 1, patience_ms) <= 0) throw NotJudged("QEMU's debugger does not answer");
    const ssize_t size = read(socket_, received_.data(), received_.size());
    if (size <= 0) throw NotJudged("QEMU's debugger is gone");
    next_ = 0;
    end_ = static_cast<std::size_t>(size);
  }
  return received_[next_++];
}

PhysicalMemory::PhysicalMemory(const std::string& path, std::size_t bytes) : size_(bytes) {
  const int file = open(path.c_str(), O_RDWR | O_CLOEXEC);
  struct stat about = {};
  if (file < 0 || fstat(file, &about) || std::size_t(about.st_size) != bytes)
    throw NotJudged("QEMU keeps no memory of that size in " + path);
  void* at = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  if (at == MAP_FAILED) throw NotJudged("QEMU's memory cannot be mapped");
  bytes_ = static_cast<std::uint8_t*>(at);
}
PhysicalMemory::~PhysicalMemory() { munmap(bytes_, size_); }

std::span<std::uint8_t> PhysicalMemory::at(std::uint64_t address, std::size_t size) const {
  if (address < base || size > size_ || address - base > size_ - size) return {};
  return {bytes_ + (address - base), size};
}

std::uint64_t PhysicalMemory::word(std::uint64_t address) const {
  std::uint64_t value = 0;
  const auto bytes = at(address, sizeof value);
  if (!bytes.empty()) std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

}  // namespace test
