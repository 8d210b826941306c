// The grader of the lab `traps`, part 1: what a program finds in its registers after a trap. All of
// them are drawn on the host, and compared with the hart's after the trap.
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <string>

#include "catch.hh"
#include "labs/handlers.hh"
#include "labs/kernel.hh"

namespace test {
namespace {

constexpr unsigned reg_a1 = 11;
constexpr std::uint64_t only_a0 = 1ul << reg_a0;

// A call with all registers drawn but the arguments; its result.
std::uint64_t drawn_call(Machine& m, Process& process, std::uint64_t number,
                         const std::vector<std::uint64_t>& arguments) {
  Registers with = draw_registers(m);
  with.x[reg_a7] = number;
  for (unsigned i = 0; i < arguments.size(); i++) with.x[reg_a0 + i] = arguments[i];
  const Registers after = m.step(process, "step_call", with);
  expect_registers(with, after, only_a0, "After a system call");
  return after.x[reg_a0];
}

TEST_CASE("part 1, 4 points: a program begins in user mode, with the registers of its frame",
          "[traps][part1]") {
  Case what{"traps-start"};
  what.first_at = "_start";
  Machine m(what);
  Process& process = m.first();
  for (unsigned i = 1; i < 32; i++) {
    if (i != reg_sp && process.at_rest.x[i] != 0)
      lose("A program should begin with 0 in x" + std::to_string(i) +
           ", and finds something else there.");
  }
  const std::uint64_t sp = process.at_rest.x[reg_sp];
  expect(sp % 16 == 0 && m.walk(process, sp).has_value(),
         "A program should begin with its stack pointer in its stack.");
}

TEST_CASE("part 1, 8 points: a system call keeps all registers but a0", "[traps][part1]") {
  Machine m({"traps-call"});
  Process& process = m.first();
  const auto [from, to] = make_pipe(m, process);
  const std::uint64_t at = map_pages(m, process, 2);
  m.touch(process, at, 2, 0);
  for (int i = 0; i < 10; i++) {
    const std::uint64_t size = 1 + m.draw() % 2000;
    const std::vector<std::uint8_t> bytes = m.draw_bytes(size);
    m.poke(process, at, bytes);
    expect(drawn_call(m, process, call_write, {to, at, size}) == size,
           "write to a pipe should return the number of bytes.");
    expect(drawn_call(m, process, call_read, {from, at + page, size}) == size,
           "read from a pipe should return the number of bytes.");
    expect(m.peek(process, at + page, size) == bytes, "A pipe gives other bytes than it got.");
    expect(drawn_call(m, process, 5000 + m.draw() % 1000, {}) == minus(ENOSYS),
           "A call that does not exist should return ENOSYS.");
  }
  m.newcomers();
  Registers with = draw_registers(m);
  with.x[reg_a7] = call_clone;
  for (unsigned i = 0; i < 5; i++) with.x[reg_a0 + i] = i == 0 ? SIGCHLD : 0;
  const Registers parents = m.step(process, "step_call", with);
  const Birth birth = birth_of(m, process, parents.x[reg_a0]);
  expect_registers(with, parents, only_a0, "After fork");
  expect_registers(with, birth.child->at_rest, only_a0, "After fork, in the child,");
  expect(birth.child->at_rest.x[reg_a0] == 0, "fork should return 0 in the child.");
  end_child(m, process, birth);
}

TEST_CASE("part 1, 5 points: a page fault keeps all registers", "[traps][part1]") {
  Machine m({"traps-fault"});
  Process& process = m.first();
  for (int i = 0; i < 10; i++) {
    const std::uint64_t at = map_pages(m, process, 1) + m.draw() % 512 * 8;
    expect(!m.walk(process, at), "A page that no program has touched is mapped.");
    Registers with = draw_registers(m);
    with.x[reg_a0] = at;
    const bool is_store = i % 2 == 0;
    const Registers after = m.step(process, is_store ? "step_store" : "step_load", with);
    expect_registers(with, after, is_store ? 0 : only_a0, "After a page fault");
    const std::uint64_t wanted = is_store ? with.x[reg_a1] : 0;
    expect(word_at(m, process, at) == wanted && (is_store || after.x[reg_a0] == 0),
           "After a page fault the access should be done again, and see the new page.");
  }
}

// Processes that each do the same arithmetic, with other numbers, at the same time.
struct AtWork {
  Machine m;
  std::vector<Birth> births;
  std::vector<Process*> processes;

  AtWork(const std::string& name, int smp, unsigned children)
      : m({name + "-" + std::to_string(smp), 400, smp, "64M", 10000}), processes{&m.first()} {
    for (unsigned i = 0; i < children; i++) {
      births.push_back(fork_of(m, m.first()));
      processes.push_back(births.back().child);
    }
  }
  // All of them work, for as many ticks each as that; their registers must be right in the end.
  void work(std::uint64_t ticks) {
    constexpr std::uint64_t tick_size = 100'000;  // instructions
    std::vector<Registers> with;
    for (Process* process : processes) {
      with.push_back(draw_registers(m));
      with.back().x[reg_a0] = ticks * tick_size / work_round_size;
      m.start(*process, "step_work", with.back(), "arithmetic");
    }
    // The last one could start because the clock had interrupted the one before.
    if (births.size() == 1 && !processes[0]->busy)
      m.give_up("A program works, and the clock does not interrupt it.");
    for (Process* process : processes) m.finish(*process);
    for (std::size_t i = 0; i < processes.size(); i++)
      expect_registers(after_work(with[i]), processes[i]->at_rest, 0, "After interrupts");
  }
};

TEST_CASE("part 1, 6 points: an interrupt keeps all registers", "[traps][part1]") {
  AtWork("traps-clock", 1, 1).work(20);
  AtWork("traps-clock", 2, 2).work(20);
}

void expect_no_floats(Machine& m, Process& process) {
  Registers with = process.at_rest;
  with.x[reg_a0] = m.label("initialised");
  m.step(process, "step_store_fp", with);
  const std::vector<std::uint8_t> now = m.peek(process, with.x[reg_a0], 256);
  expect(std::ranges::count(now, 0) == 256,
         "A program that has used no floating point finds there what another has left.");
}

TEST_CASE("part 1, 6 points: each process has its own floating-point registers", "[traps][part1]") {
  for (int smp : {1, 2}) {
    AtWork all("traps-floats", smp, static_cast<unsigned>(smp));
    std::vector<Floats> drawn;
    // The first process is the last to use them, and finds nothing that the others have left.
    std::rotate(all.processes.begin(), all.processes.begin() + 1, all.processes.end());
    for (Process* process : all.processes) {
      if (process == &all.m.first()) expect_no_floats(all.m, *process);
      drawn.emplace_back(all.m, *process);
    }
    all.work(10);
    for (std::size_t i = 0; i < drawn.size(); i++)
      drawn[i].expect_kept(all.m, *all.processes[i], "After other processes have run");
  }
}

TEST_CASE("part 1, 3 points: in the kernel sscratch is 0, and a fault there is a panic",
          "[traps][part1]") {
  constexpr unsigned csr_sscratch = 0x140;
  StoppedKernel kernel("traps-inside", "tine::yield(");  // which is the first program's first call
  expect(kernel.m.kernel_csr(csr_sscratch) == 0,
         "In the kernel, during a system call, sscratch should be 0.");
  kernel.fault();
  kernel.expect_panic();
}

}  // namespace
}  // namespace test
