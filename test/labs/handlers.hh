// Signal handlers, for graders: a process comes to rest at the first instruction of its handler, so
// that the grader sees its registers and its frame there, and decides how it goes on.
//
// The handler's address is the observer's `rest`. A process that is not doing a step must therefore
// get no signal with such a handler, except by its own call.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "labs/steps.hh"

namespace test {

// Flags of an action, as on Linux.
constexpr std::uint64_t sa_onstack = 0x08000000, sa_restart = 0x10000000, sa_nodefer = 0x40000000,
                        sa_resethand = 0x80000000, ss_autodisarm = 0x80000000;

// The signal frame of Linux for riscv64: offsets from the handler's stack pointer.
constexpr std::size_t frame_bytes = 1088;
constexpr std::size_t frame_info = 0, frame_context = 128, frame_stack = 144, frame_mask = 168,
                      frame_pc = 304, frame_f = 560, frame_fcsr = 816;
constexpr std::size_t frame_x(unsigned number) { return frame_pc + 8 * number; }

void set_action(Machine& m, Process& process, int signal, std::uint64_t flags = 0,
                std::uint64_t mask = 0);
// The process sends itself the signal. Its registers as the handler starts; the points are lost if
// it does not. Afterwards `process.at_rest` is the handler.
Registers enter(Machine& m, Process& process, int signal);
// The same for a handler that was entered because of something else.
Registers entered(Machine& m, Process& process, int signal);
// The handler returns: to the address in `ra`, with the stack pointer that it started with.
void start_return(Machine& m, Process& process, const Registers& handler);
void return_from(Machine& m, Process& process, const Registers& handler);

std::uint64_t frame_word(Machine& m, Process& process, const Registers& handler, std::size_t at);
// The process writes to that memory, and it then holds what the host draws: these bytes.
std::vector<std::uint8_t> fill_bytes(Machine& m, Process& process, std::uint64_t at,
                                     std::size_t size);
// An alternate stack; its end.
constexpr std::uint64_t alternate_bytes = 4 * page;
std::uint64_t make_alternate_stack(Machine& m, Process& process, std::uint64_t flags = 0);
// The process sends itself the signal; does a handler start?
bool starts(Machine& m, Process& process, int signal);

// rt_sigreturn with a frame of the grader's: all bytes 0 but these. Where it lies is the grader's
// own choice: `put` places it.
struct Frame {
  std::vector<std::uint64_t> words = std::vector<std::uint64_t>(frame_bytes / 8);

  std::uint64_t& at(std::size_t offset) { return words[offset / 8]; }
  // Registers and pc; the alternate stack is to stay as it is.
  explicit Frame(const Registers& registers);
};
// Puts the frame into memory, and makes the call with the stack pointer there.
void start_sigreturn(Machine& m, Process& process, const Frame& frame);
void start_sigreturn_at(Machine& m, Process& process, std::uint64_t sp);

// The floating-point registers of a process, drawn and set; later they must be the same.
struct Floats {
  std::vector<std::uint8_t> bytes;  // f0 to f31
  std::uint64_t fcsr;

  Floats(Machine& m, Process& process);
  void expect_kept(Machine& m, Process& process, const std::string& when) const;
};

// A process in a calculation that does not end, with general and floating-point registers that were
// drawn, until a handler shortens it.
struct Calculation {
  Process& process;
  Registers registers;  // at the start
  std::vector<std::uint8_t> floats;

  Calculation(Machine& m, Process& process);
  // Is this general register as it was at the start, whatever the calculation did since?
  static bool is_kept(unsigned number);
  // In the handler: writes into its frame how many rounds are left. The result after that many.
  std::uint64_t shorten(Machine& m, const Registers& handler);
};
constexpr std::uint64_t drawn_fcsr = 0x6b;        // a rounding mode and two exceptions
constexpr std::uint32_t read_fcsr = 0x00302573;   // frcsr a0
constexpr std::uint32_t write_fcsr = 0x00359073;  // fscsr a1
// The process executes that instruction, with the value in a1; a0 after it.
std::uint64_t run_instruction(Machine& m, Process& process, std::uint32_t instruction,
                              std::uint64_t value = 0);

}  // namespace test
