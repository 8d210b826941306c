// QEMU's debugger: what a harness may ask of a machine that does not answer by itself, and do to
// one whose kernel nobody else can break. Just enough of gdb's remote protocol ("GDB Remote Serial
// Protocol"). QEMU stops the machine while somebody is connected.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace test {

// As gdb numbers them.
constexpr unsigned register_ra = 1, register_sp = 2, register_fp = 8, register_a0 = 10,
                   register_a1 = 11, register_a2 = 12, register_pc = 32;

// Every member throws NotJudged if QEMU does not answer within seconds.
class Debugger {
 public:
  explicit Debugger(const std::string& path);
  ~Debugger();
  Debugger(const Debugger&) = delete;
  Debugger& operator=(const Debugger&) = delete;

  // The hart that the others speak of; 0 at first.
  void select(int hart);
  std::uint64_t get(unsigned number);
  void set(unsigned number, std::uint64_t value);
  // At a virtual address of that hart; nothing if it has none there.
  std::optional<std::uint64_t> read_word(std::uint64_t address);
  // The machine runs on.
  void detach() { ask("D"); }

 private:
  int socket_;

  std::string ask(const std::string& body);
  void send_packet(const std::string& body);
  std::string receive_packet();
  void read_byte(char& c);
};

// A line for each function that each hart is in, the innermost first, for somebody to read. Never
// throws: says what it could not find out.
std::string where_harts_are(const std::string& debugger_path, const std::vector<int>& harts);

// Of the kernel's ELF file. Throws NotJudged if there is none such.
std::uint64_t address_of(const std::string& symbol);

}  // namespace test
