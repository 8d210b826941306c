#include "labs/handlers.hh"

#include <array>
#include <cstring>

#include "catch.hh"

namespace test {
namespace {

constexpr std::uint64_t no_such_stack = 5;  // flags that are refused
constexpr std::uint64_t all_rounds = 1ul << 40, last_rounds = 1000;
constexpr unsigned reg_t0 = 5;

}  // namespace

void set_action(Machine& m, Process& process, int signal, std::uint64_t flags, std::uint64_t mask) {
  const std::uint64_t at = put_words(m, process, {m.label("rest"), flags, mask});
  if (m.call(process, call_sigaction, signal, at, 0, 8) != 0)
    m.give_up("rt_sigaction fails in the observer, which is not this lab's.");
}

Registers entered(Machine& m, Process& process, int signal) {
  const Registers& now = process.at_rest;
  if (now.x[reg_a0] != static_cast<std::uint64_t>(signal)) {
    m.give_up("A handler of the signal " + std::to_string(signal) +
              " should start with that number in a0, and does not: a0 is " +
              std::to_string(static_cast<std::int64_t>(now.x[reg_a0])) + ".");
  }
  return now;
}

bool starts(Machine& m, Process& process, int signal) {
  const Registers before = process.at_rest;
  const std::uint64_t pid = m.call(process, call_getpid);
  process.at_rest = before;
  return m.call(process, call_kill, pid, signal) == static_cast<std::uint64_t>(signal);
}

Registers enter(Machine& m, Process& process, int signal) {
  starts(m, process, signal);
  return entered(m, process, signal);
}

void start_return(Machine& m, Process& process, const Registers& handler) {
  Registers with = handler;
  with.x[reg_a0] = handler.x[reg_ra];
  m.start(process, "step_run", with, "the return from a handler");
}

void return_from(Machine& m, Process& process, const Registers& handler) {
  start_return(m, process, handler);
  m.finish(process);
}

std::uint64_t frame_word(Machine& m, Process& process, const Registers& handler, std::size_t at) {
  return word_at(m, process, handler.x[reg_sp] + at);
}

std::vector<std::uint8_t> fill_bytes(Machine& m, Process& process, std::uint64_t at,
                                     std::size_t size) {
  const std::uint64_t first = at & ~(page - 1);
  m.touch(process, first, (at + size - first + page - 1) / page, 0);
  std::vector<std::uint8_t> bytes = m.draw_bytes(size);
  m.poke(process, at, bytes);
  return bytes;
}

std::uint64_t make_alternate_stack(Machine& m, Process& process, std::uint64_t flags) {
  const std::uint64_t stack = map_pages(m, process, alternate_bytes / page);
  m.touch(process, stack, alternate_bytes / page, 0);
  const std::uint64_t at = put_words(m, process, {stack, flags, alternate_bytes});
  if (m.call(process, call_sigaltstack, at, 0) != 0)
    m.give_up("sigaltstack fails in the observer, which is not this lab's.");
  return stack + alternate_bytes;
}

Frame::Frame(const Registers& registers) {
  at(frame_stack + 8) = no_such_stack;
  at(frame_pc) = registers.pc;
  for (unsigned i = 1; i < 32; i++) at(frame_x(i)) = registers.x[i];
}

void start_sigreturn(Machine& m, Process& process, const Frame& frame) {
  start_sigreturn_at(m, process, put_words(m, process, frame.words));
}

void start_sigreturn_at(Machine& m, Process& process, std::uint64_t sp) {
  Registers with = process.at_rest;
  with.x[reg_sp] = sp;
  with.x[reg_a7] = call_sigreturn;
  m.start(process, "step_call", with, "rt_sigreturn (139)");
}

Floats::Floats(Machine& m, Process& process)
    : bytes(fill_bytes(m, process, m.label("initialised"), 256)),
      fcsr(m.draw() % 5 << 5 | m.draw() % 32) {  // a rounding mode and exceptions
  Registers with = process.at_rest;
  with.x[reg_a0] = m.label("initialised");
  m.step(process, "step_load_fp", with);
  run_instruction(m, process, write_fcsr, fcsr);
}

void Floats::expect_kept(Machine& m, Process& process, const std::string& when) const {
  if (run_instruction(m, process, read_fcsr) != fcsr) lose(when + " fcsr is not what it was.");
  Registers with = process.at_rest;
  with.x[reg_a0] = m.label("initialised");
  m.step(process, "step_store_fp", with);
  const std::vector<std::uint8_t> now = m.peek(process, with.x[reg_a0], bytes.size());
  for (std::size_t i = 0; i < bytes.size(); i++) {
    if (now[i] != bytes[i]) lose(when + " f" + std::to_string(i / 8) + " is not what it was.");
  }
  SUCCEED();
}

Calculation::Calculation(Machine& m, Process& of) : process(of), registers(of.at_rest) {
  const std::uint64_t data = m.label("initialised");
  m.touch(process, data, 1, 0);
  floats = m.draw_bytes(256);
  m.poke(process, data, floats);
  Registers with = process.at_rest;
  with.x[reg_a0] = data;
  m.step(process, "step_load_fp", with);
  run_instruction(m, process, write_fcsr, drawn_fcsr);
  for (unsigned i = 1; i < 32; i++) {
    if (i != reg_sp) registers.x[i] = m.draw();
  }
  registers.x[reg_a0] = all_rounds;
  m.start(process, "step_work", registers, "arithmetic");
}

bool Calculation::is_kept(unsigned number) {
  return number != reg_t0 && number != reg_a0 && number != reg_a0 + 1;
}

std::uint64_t Calculation::shorten(Machine& m, const Registers& handler) {
  constexpr std::uint64_t most_done = 200'000'000;
  const std::uint64_t done = all_rounds - frame_word(m, process, handler, frame_x(reg_a0));
  expect(done < most_done, "The frame's a0 is not what the program had in a0.");
  std::array<std::uint8_t, 8> bytes;
  std::memcpy(bytes.data(), &last_rounds, bytes.size());
  m.poke(process, handler.x[reg_sp] + frame_x(reg_a0), bytes);
  std::uint64_t result = registers.x[reg_a0 + 1];
  for (std::uint64_t i = 0; i < done + last_rounds; i++) result = result * 6364136223846793005 + 1;
  return result;
}

std::uint64_t run_instruction(Machine& m, Process& process, std::uint32_t instruction,
                              std::uint64_t value) {
  constexpr std::uint32_t ret = 0x00008067;
  const std::uint64_t at = map_pages(m, process, 1, prot_read | prot_write | prot_exec);
  m.store(process, at, std::uint64_t(ret) << 32 | instruction);
  Registers with = process.at_rest;
  with.x[reg_a0] = at;
  with.x[reg_a0 + 1] = value;
  return m.step(process, "step_run", with).x[reg_a0];
}

}  // namespace test
