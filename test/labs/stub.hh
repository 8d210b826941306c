// The hardware of a guest, as QEMU shows it: harts through its debugger ("GDB Remote Serial
// Protocol"), memory as the file that QEMU keeps it in. The kernel in the guest takes no part in
// any of this, so nothing here depends on what it says.
//
// The machine stands still except within `resume`.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace test {

// The general registers and the program counter.
struct Registers {
  std::array<std::uint64_t, 32> x{};
  std::uint64_t pc = 0;
};

constexpr unsigned reg_ra = 1, reg_sp = 2, reg_tp = 4, reg_a0 = 10, reg_a7 = 17;

class Stub {
 public:
  // Waits until QEMU listens at that path. Throws NotJudged if it never does.
  explicit Stub(const std::string& path);
  ~Stub();
  Stub(const Stub&) = delete;
  Stub& operator=(const Stub&) = delete;

  void add_breakpoint(std::uint64_t address);
  void remove_breakpoint(std::uint64_t address);
  // Lets the machine run. Then `file()` becomes readable when a hart has come to a breakpoint, or
  // the machine has ended: `stopped` says which.
  void resume();
  // The same with one hart alone. All others stand still, wherever they are.
  void resume_alone(int hart);
  int file() const { return socket_; }
  // The hart that stopped; nothing if the machine is gone.
  std::optional<int> stopped();
  // Stops a machine that runs. False if it does not react.
  bool interrupt();
  // That hart alone executes one instruction, at which there may be no breakpoint.
  void step(int hart);

  // Of one hart. `privilege`: 0 is user mode. `csr`: by its number in the specification.
  Registers registers(int hart);
  void set_registers(int hart, const Registers& to);
  std::uint64_t privilege(int hart);
  std::uint64_t pc(int hart);
  std::uint64_t csr(int hart, unsigned number);
  // Memory as that hart sees it, at most a page. Code that is written there is executed next.
  std::vector<std::uint8_t> memory(int hart, std::uint64_t address, std::size_t size);
  void set_memory(int hart, std::uint64_t address, std::span<const std::uint8_t> bytes);

 private:
  int socket_;
  int selected_ = -1;
  std::array<char, 1 << 14> received_;  // and not read yet: [next_, end_)
  std::size_t next_ = 0, end_ = 0;
  unsigned first_csr_ = 0;  // the debugger's number of CSR 0

  void go(const std::string& how);
  void select(int hart);
  std::uint64_t read_register(unsigned number);
  std::string ask(const std::string& body);
  void send(const std::string& body);
  std::string receive();
  char read_byte();
};

// All of the guest's memory.
class PhysicalMemory {
 public:
  static constexpr std::uint64_t base = 0x80000000;  // of the board `virt`

  PhysicalMemory(const std::string& path, std::size_t bytes);
  ~PhysicalMemory();
  PhysicalMemory(const PhysicalMemory&) = delete;
  PhysicalMemory& operator=(const PhysicalMemory&) = delete;

  // `size` bytes at a physical address; empty if there is no memory.
  std::span<std::uint8_t> at(std::uint64_t address, std::size_t size) const;
  std::uint64_t word(std::uint64_t address) const;  // 0 where there is no memory

 private:
  std::uint8_t* bytes_ = nullptr;
  std::size_t size_;
};

}  // namespace test
