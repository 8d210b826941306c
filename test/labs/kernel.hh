// The kernel's own functions and its stack, for graders that look at a kernel before any program
// runs. The host reads the functions from the ELF file that was built, and the stack through QEMU's
// debugger. It stops the machine in the kernel, writes a chain of calls that was drawn a moment
// before into the stack, and lets the kernel fail there: what a panic prints can then be compared
// with what the host knows to be in memory.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "labs/observer.hh"

namespace test {

// The functions of the kernel, by address.
class KernelFunctions {
 public:
  KernelFunctions();
  // The one whose name and parameters, as c++filt writes them, begin so.
  std::uint64_t find(const std::string& beginning) const;
  bool has(std::uint64_t address) const;
  // An address to which a call could return: in a function, or directly after it.
  std::uint64_t draw_return(Machine& m) const;
  // The same, directly after a function: a call was its last instruction.
  std::uint64_t draw_end(Machine& m) const;
  // Is `text` how a backtrace names that place: function, " + ", offset?
  bool is_name(const std::string& text, std::uint64_t address, bool is_return) const;

 private:
  std::map<std::uint64_t, std::string> names_;
  std::uint64_t end_ = 0;
};

// A line of a backtrace: an address, and whether it is one to which a call returns.
struct Place {
  std::uint64_t address;
  bool is_return = true;
};

// Calls that functions have made, the innermost first: where each of them returns to, and where the
// frame of its caller is said to be; 0: the next one.
struct Frame64 {
  std::uint64_t returns_to, next = 0;
};

// A machine that has stopped in a function of the kernel, and will panic.
struct StoppedKernel {
  KernelFunctions functions;
  Machine m;
  Registers registers;

  StoppedKernel(const std::string& name, const std::string& function, unsigned visits = 1);
  // Writes the frames into the stack; the frame pointer of the first. The last one ends with
  // `last`, the frame pointer of the function that called it.
  std::uint64_t lay(const std::vector<Frame64>& frames, std::uint64_t last = 0);
  // The frames that are on the stack already, from that frame pointer on.
  std::vector<Place> calls_from(std::uint64_t frame_pointer);
  // The kernel goes on with these registers, and meets an instruction at `pc` that is none.
  void fault();
  // The kernel goes on as if it had called panic, with a message that was drawn.
  void panic();
  // After one of the two: the panic must be what it should.
  void expect_panic();
  // And the backtrace must have these lines and no others.
  void expect_backtrace(const std::vector<Place>& places);

 private:
  std::string message_;
};

}  // namespace test
