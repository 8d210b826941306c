// The grader of the lab `signals`, part 1: delivery to a handler. A test's name says its part and
// its points. No handler of this part returns: the grader itself puts the registers back.
#include <algorithm>
#include <csignal>
#include <cstring>
#include <string>

#include "catch.hh"
#include "labs/handlers.hh"

namespace test {
namespace {

// A signal that no task of part 3 names.
constexpr int first_drawn = 20, last_drawn = 31;
int draw_signal(Machine& m) {
  return first_drawn + static_cast<int>(m.draw() % (last_drawn - first_drawn + 1));
}

TEST_CASE("part 1, 6 points: a handler starts with its arguments and its stack",
          "[signals][part1]") {
  Machine m({"signals-start"});
  Process& process = m.first();
  for (std::uint64_t misaligned : {0, 8, 1}) {
    const int signal = draw_signal(m);
    set_action(m, process, signal);
    block(m, process, 0);  // what the handler before has blocked
    Registers before = process.at_rest;
    const std::uint64_t sp = before.x[reg_sp];
    before.x[reg_sp] -= misaligned;
    for (unsigned i = 13; i < 32; i++) before.x[i] = m.draw();
    process.at_rest = before;
    const Registers handler = enter(m, process, signal);
    const std::uint64_t at = handler.x[reg_sp];
    expect(at % 16 == 0, "A handler's stack pointer is a multiple of 16 (the calling convention).");
    expect(at == ((before.x[reg_sp] - frame_bytes) & ~15ul),
           "The frame should lie directly below the program's stack pointer: 1088 bytes, and up to "
           "15 more.");
    expect(handler.x[11] == at + frame_info, "a1 should be the address of the siginfo.");
    expect(handler.x[12] == at + frame_context, "a2 should be the address of the ucontext.");
    expect(frame_word(m, process, handler, frame_info) == static_cast<std::uint64_t>(signal),
           "The siginfo should begin with the signal's number.");
    for (unsigned i = 18; i < 32; i++)
      expect(handler.x[i] == before.x[i], "x" + std::to_string(i) + " should be the program's.");
    process.at_rest.x[reg_sp] = sp;
  }
}

void expect_frame(Machine& m, const Calculation& work, const Registers& handler) {
  Process& process = work.process;
  const std::uint64_t pc = frame_word(m, process, handler, frame_pc);
  expect(pc >= m.label("step_work") && pc < m.label("step_fork_touch"),
         "The frame's pc should be in the code that the signal interrupted.");
  for (unsigned i = 1; i < 32; i++) {
    if (Calculation::is_kept(i) &&
        frame_word(m, process, handler, frame_x(i)) != work.registers.x[i])
      lose("The frame should hold the program's registers, and x" + std::to_string(i) +
           " is another.");
  }
  expect(m.peek(process, handler.x[reg_sp] + frame_f, 256) == work.floats,
         "The frame should hold the program's floating-point registers.");
  expect((frame_word(m, process, handler, frame_fcsr) & 0xffff'ffff) == drawn_fcsr,
         "The frame should hold the program's fcsr.");
}

TEST_CASE("part 1, 6 points: the frame holds the registers of what was interrupted",
          "[signals][part1]") {
  for (int smp : {1, 2}) {
    Machine m({"signals-registers-" + std::to_string(smp), 200, smp, "64M", 1000});
    Process& parent = m.first();
    const Birth birth = fork_of(m, parent);
    const int signal = draw_signal(m);
    set_action(m, *birth.child, signal);
    const Calculation work(m, *birth.child);
    m.call(parent, call_kill, birth.pid, signal);
    m.finish(*birth.child);
    expect_frame(m, work, entered(m, *birth.child, signal));
  }
}

// What a frame says besides the registers; all that it does not use is 0.
void expect_told(Machine& m, Process& process, const Registers& handler, std::uint64_t signal,
                 std::uint64_t pid, std::uint64_t mask) {
  const std::vector<std::uint8_t> bytes = m.peek(process, handler.x[reg_sp], frame_bytes);
  std::vector<std::uint64_t> words(frame_bytes / 8);
  std::memcpy(words.data(), bytes.data(), bytes.size());
  expect(words[0] == signal && words[1] == 0,
         "The siginfo should have the number, no error, and the code SI_USER (0).");
  expect(words[2] == pid, "The siginfo should have the sender's pid, and its user, 0.");
  expect(words[frame_mask / 8] == mask,
         "The frame's mask should be the program's, from before the handler.");
  expect(words[frame_stack / 8 + 1] == 2,
         "The frame should say that there is no alternate stack (SS_DISABLE).");
  words[0] = words[2] = words[frame_mask / 8] = words[frame_stack / 8 + 1] = 0;
  std::fill_n(words.begin() + frame_pc / 8, 32, 0);
  for (std::size_t i = 0; i < words.size(); i++) {
    if (words[i] != 0)
      lose("What the frame does not use should be 0, and at " + std::to_string(8 * i) +
           " there is something of the kernel's, or of the stack's before.");
  }
}

TEST_CASE("part 1, 4 points: the frame says who sent it and what was blocked, and no more",
          "[signals][part1]") {
  Machine m({"signals-told"});
  Process& parent = m.first();
  const Birth birth = fork_of(m, parent);
  Process& child = *birth.child;
  const int signal = draw_signal(m);
  const std::uint64_t mask = bit_of(SIGTERM) | bit_of(1 + static_cast<int>(m.draw() % 8));
  set_action(m, child, signal, 0, m.draw());
  block(m, child, mask);
  const std::uint64_t place = (child.at_rest.x[reg_sp] & ~15ul) - frame_bytes;
  fill_bytes(m, child, place, frame_bytes);
  const std::uint64_t from = make_pipe(m, child).from, to = put_words(m, child, {0});
  m.dirty_kernel_stack(child);
  m.start_call(child, call_read, from, to, 1);
  m.let_run(4);
  m.call(parent, call_kill, birth.pid, signal);
  m.finish(child);
  expect_told(m, child, entered(m, child, signal), static_cast<std::uint64_t>(signal), 1, mask);
}

TEST_CASE("part 1, 5 points: the signal itself and sa_mask are blocked while the handler runs",
          "[signals][part1]") {
  Machine m({"signals-mask"});
  Process& parent = m.first();
  const Birth birth = fork_of(m, parent);
  Process& child = *birth.child;
  const int one = draw_signal(m), other = one == first_drawn ? last_drawn : one - 1, third = 64;
  const std::uint64_t mask = bit_of(SIGTERM);
  set_action(m, child, one, 0, bit_of(other) | bit_of(SIGKILL));
  for (int signal : {other, third}) set_action(m, child, signal, sa_nodefer);
  block(m, child, mask);
  enter(m, child, one);
  expect(blocked(m, child) == (mask | bit_of(one) | bit_of(other)),
         "While a handler runs, the mask should be the program's, the signal itself and sa_mask, "
         "without SIGKILL.");
  expect(!starts(m, child, one), "A handler is interrupted by its own signal.");
  expect(!starts(m, child, other), "A handler is interrupted by a signal of its sa_mask.");
  expect(starts(m, child, third), "A signal that the handler does not block should interrupt it.");
  expect(starts(m, child, third), "With SA_NODEFER a signal may interrupt its own handler.");
  for (int pending : {one, other}) set_handler(m, child, pending, ignore_signal);
  set_action(m, child, SIGUSR2, sa_resethand);
  enter(m, child, SIGUSR2);
  block(m, child, 0);
  m.start_call(child, call_kill, birth.pid, SIGUSR2);
  m.forget(child);
  expect(wait_for(m, parent, birth.pid) == SIGUSR2,
         "With SA_RESETHAND the second signal should find the default action again.");
}

TEST_CASE("part 1, 3 points: the trampoline is a page that programs execute and cannot write",
          "[signals][part1]") {
  constexpr std::uint64_t two_instructions = 0x00000073'08b00893;  // li a7, 139; ecall
  Machine m({"signals-trampoline"});
  Process& process = m.first();
  set_action(m, process, SIGUSR1);
  const std::uint64_t ra = enter(m, process, SIGUSR1).x[reg_ra];
  const std::optional<Mapping> mapping = m.walk(process, ra);
  expect(mapping && mapping->executable,
         "The handler's ra should be in a page that user mode may execute.");
  expect(!mapping->writable, "A program can write to the trampoline of all programs.");
  expect(word_at(m, process, ra) == two_instructions,
         "The trampoline should be `li a7, 139` and `ecall`.");
}

TEST_CASE("part 1, 4 points: the alternate stack, and a frame that finds no room",
          "[signals][part1]") {
  Machine m({"signals-no-room"});
  Process& parent = m.first();
  const Birth birth = fork_of(m, parent);
  Process& child = *birth.child;
  set_action(m, child, SIGUSR1, sa_nodefer, bit_of(SIGTERM));
  set_action(m, child, SIGSEGV, sa_onstack | sa_nodefer);
  const std::uint64_t end = make_alternate_stack(m, child);
  Registers before = child.at_rest;
  enter(m, child, SIGUSR1);
  block(m, child, 0);
  const std::uint64_t read_only = map_pages(m, child, 2, prot_read) + page;
  for (std::uint64_t bad : {0ul, 8ul, read_only, 0xffff'ffc0'8020'0000ul, 0x4000'0000'0000ul}) {
    child.at_rest = before;
    child.at_rest.x[reg_sp] = bad;
    starts(m, child, SIGUSR1);
    const Registers handler = entered(m, child, SIGSEGV);
    expect(handler.x[reg_sp] == end - frame_bytes,
           "With SA_ONSTACK a handler starts at the end of the alternate stack.");
    expect(frame_word(m, child, handler, frame_mask) == 0,
           "The handler that found no room never ran, so its mask should not be in force.");
    expect(frame_word(m, child, handler, frame_pc) == m.label("rest"),
           "After a frame that found no room the program should be where it was.");
  }
  child.at_rest.x[reg_sp] = end - alternate_bytes + frame_bytes / 2;
  m.start_call(child, call_kill, birth.pid, SIGSEGV);
  m.forget(child);
  expect(wait_for(m, parent, birth.pid) == SIGSEGV,
         "When the alternate stack is full, too, the program should end by SIGSEGV.");
}

}  // namespace
}  // namespace test
