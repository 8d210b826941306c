// The grader of the lab `signals`, part 3: each student's own rule.
#include <string>

#include "catch.hh"
#include "labs/handlers.hh"

namespace test {
namespace {

// Handlers of the signal of this id and of its neighbours.
struct Special {
  Machine m;
  Process& process;
  int signal = static_cast<int>(task("number"));
  Registers before;

  explicit Special(const std::string& name) : m({name}), process(m.first()) {
    for (int each : {signal - 1, signal, signal + 1}) set_action(m, process, each);
    before = process.at_rest;
  }
  Registers start(int which) {
    block(m, process, 0);
    process.at_rest = before;
    return enter(m, process, which);
  }
};

TEST_CASE("part 3, 10 points: your signal's handler gets a word in a register",
          "[signals][part3]") {
  Special s("signals-own-word");
  const auto reg = static_cast<unsigned>(task("register"));
  const std::string name = "a" + std::to_string(reg - reg_a0);
  expect(s.start(s.signal).x[reg] == task("word"),
         "Your signal's handler should start with the word of your task in " + name + ".");
  for (int other : {s.signal - 1, s.signal + 1}) {
    expect(s.start(other).x[reg] != task("word"),
           "The handler of another signal has your word in " + name + ", too.");
  }
}

TEST_CASE("part 3, 10 points: your signal's handler blocks one signal more", "[signals][part3]") {
  Special s("signals-own-mask");
  const auto more = static_cast<int>(task("blocked"));
  s.start(s.signal);
  expect(blocked(s.m, s.process) == (bit_of(s.signal) | bit_of(more)),
         "While your signal's handler runs, it and " + std::to_string(more) +
             " should be blocked, and no other.");
  for (int other : {s.signal - 1, s.signal + 1}) {
    s.start(other);
    expect(blocked(s.m, s.process) == bit_of(other),
           "While the handler of another signal runs, that one alone should be blocked.");
  }
}

TEST_CASE("part 3, 10 points: your signal's frame leaves room below the stack pointer",
          "[signals][part3]") {
  Special s("signals-own-room");
  const std::uint64_t room = task("room"), sp = s.before.x[reg_sp] & ~15ul;
  s.before.x[reg_sp] = sp;
  const std::vector<std::uint8_t> bytes = fill_bytes(s.m, s.process, sp - room, room);
  expect(s.start(s.signal).x[reg_sp] == sp - room - frame_bytes,
         "Your signal's frame should end " + std::to_string(room) +
             " bytes below the program's stack pointer.");
  expect(s.m.peek(s.process, sp - room, room) == bytes,
         "The bytes below the program's stack pointer were changed.");
  for (int other : {s.signal - 1, s.signal + 1}) {
    expect(s.start(other).x[reg_sp] == sp - frame_bytes,
           "The frame of another signal should lie directly below the stack pointer.");
  }
}

}  // namespace
}  // namespace test
