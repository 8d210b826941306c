// The numbers that students measure on their own kernels (docs/labs): what is right. On the
// instructor's side only.
#include <algorithm>
#include <cerrno>
#include <csignal>

#include "catch.hh"
#include "labs/programs.hh"
#include "labs/steps.hh"

namespace test {
namespace {

// The instructions of a call; of several tries the least, which no tick of the clock has met.
std::uint64_t cost(Machine& m, Process& process, std::uint64_t number, std::uint64_t argument) {
  Registers with = process.at_rest;
  with.x[reg_a0] = argument, with.x[reg_a0 + 1] = 0, with.x[reg_a7] = number;
  const Registers after = m.step(process, "step_cost", with);
  return after.x[9];
}

std::uint64_t cost_of_fork(Machine& m, Process& process) {
  std::uint64_t least = ~0ul;
  for (int i = 0; i < 6; i++) {
    m.newcomers();
    least = std::min(least, cost(m, process, call_clone, SIGCHLD));
    end_child(m, process, birth_of(m, process, process.at_rest.x[reg_a0]));
  }
  return least;
}

TEST_CASE("the number of fork", "[.number-fork]") {
  Machine m({"fork-number", 400});
  Process& process = m.first();
  const std::uint64_t before = cost_of_fork(m, process), pages = task("pages");
  m.touch(process, map_pages(m, process, pages), pages, 1);
  WARN("fork_cost = " << cost_of_fork(m, process) - before);
}

TEST_CASE("the number of syscall", "[.number-syscall]") {
  Machine m({"syscall-number"});
  Process& process = m.first();
  m.call(process, call_dup3, make_pipe(m, process).to, 31, 0);
  std::uint64_t plain = ~0ul, traced = ~0ul;
  for (int i = 0; i < 6; i++) plain = std::min(plain, cost(m, process, call_getpid, 0));
  if (failed(m.call(process, call_trace, 1))) m.give_up("Nothing is traced yet.");
  for (int i = 0; i < 6; i++) traced = std::min(traced, cost(m, process, call_getpid, 0));
  WARN("trace_cost = " << (traced - plain) * task("calls"));
}

std::uint64_t cost_of_stores(Machine& m, Process& process, std::uint64_t at, std::uint64_t pages) {
  Registers with = process.at_rest;
  with.x[reg_a0] = at, with.x[reg_a0 + 1] = 1, with.x[reg_a0 + 2] = pages;
  return m.step(process, "step_touch_cost", with).x[9];
}

TEST_CASE("the number of mmap", "[.number-mmap]") {
  Machine m({"mmap-number", 400});
  Process& process = m.first();
  const std::uint64_t pages = task("pages");
  std::uint64_t least = ~0ul;
  for (int i = 0; i < 6; i++) {
    const std::uint64_t at = map_pages(m, process, pages, prot_read | prot_write, map_shared);
    const std::uint64_t first = cost_of_stores(m, process, at, pages);
    least = std::min(least, first - cost_of_stores(m, process, at, pages));
    m.call(process, call_munmap, at, pages * page);
  }
  WARN("mmap_cost = " << least);
}

TEST_CASE("the number of signals", "[.number-signals]") {
  Machine m({"signals-number"});
  Process& process = m.first();
  set_handler(m, process, SIGUSR1, m.label("handler") + 4);
  std::uint64_t least = ~0ul;
  for (int i = 0; i < 6; i++) {
    Registers with = process.at_rest;
    with.x[reg_a0] = 1, with.x[reg_a0 + 1] = SIGUSR1, with.x[reg_a7] = call_kill;
    least = std::min(least, m.step(process, "step_cost", with).x[9]);
  }
  if (least > 1'000'000) m.give_up("No handler returns yet.");
  WARN("handler_cost = " << least * task("times"));
}

TEST_CASE("the number of traps", "[.number-traps]") {
  Machine m({"traps-number"});
  std::uint64_t least = ~0ul;
  for (int i = 0; i < 6; i++) least = std::min(least, cost(m, m.first(), call_getpid, 0));
  WARN("trap_cost = " << least * task("calls"));
}

// The counter of a hart counts what others run there, too.
TEST_CASE("the number of sched", "[.number-sched]") {
  Machine m({"sched-number"});
  Process& process = m.first();
  std::uint64_t alone = ~0ul, with_another = ~0ul;
  for (int i = 0; i < 6; i++) alone = std::min(alone, cost(m, process, call_yield, 0));
  const Birth other = fork_of(m, process);
  Registers with = other.child->at_rest;
  with.x[8] = 1ul << 40, with.x[9] = call_yield;
  m.start(*other.child, "step_repeat", with, "sched_yield without end");
  for (int i = 0; i < 6; i++)
    with_another = std::min(with_another, cost(m, process, call_yield, 0));
  WARN("sched_cost = " << (with_another - alone) * task("yields"));
}

TEST_CASE("the number of exec", "[.number-exec]") {
  Machine m({"exec-number", 400});
  Process& process = m.first();
  const File file = make_file(m, process, "/tmp/zeros", 0);
  write_at(m, process, file.fd, 0, Bytes(64, 0));
  m.call(process, call_close, file.fd);
  m.call(process, call_fchmodat, -100, put_text(m, process, file.path), 0755);
  auto cost_with = [&](std::uint64_t arguments) {
    const Arguments with =
        arguments_of(m, process, file.path, std::vector(arguments, std::string(31, 'a')));
    std::uint64_t least = ~0ul;
    for (int i = 0; i < 6; i++) {
      Registers registers = process.at_rest;
      registers.x[reg_a0] = with.path, registers.x[reg_a0 + 1] = with.argv;
      registers.x[reg_a0 + 2] = 0, registers.x[reg_a7] = call_execve;
      const Registers after = m.step(process, "step_cost", registers);
      if (after.x[reg_a0] != minus(ENOEXEC)) m.give_up("execve does not fail with ENOEXEC yet.");
      least = std::min(least, after.x[9]);
    }
    return least;
  };
  const std::uint64_t one = cost_with(1);
  WARN("exec_cost = " << cost_with(task("arguments")) - one);
}

std::uint64_t cost_of_munmap(Machine& m, Process& process, std::uint64_t pages, bool touched) {
  const std::uint64_t at = map_pages(m, process, pages);
  if (touched) m.touch(process, at, pages, 1);
  Registers with = process.at_rest;
  with.x[reg_a0] = at, with.x[reg_a0 + 1] = pages * page, with.x[reg_a7] = call_munmap;
  return m.step(process, "step_cost", with).x[9];
}

TEST_CASE("the number of pagetable", "[.number-pagetable]") {
  Machine m({"pagetable-number", 400});
  const std::uint64_t pages = task("pages");
  std::uint64_t touched = ~0ul, untouched = ~0ul;
  for (int i = 0; i < 6; i++) {
    touched = std::min(touched, cost_of_munmap(m, m.first(), pages, true));
    untouched = std::min(untouched, cost_of_munmap(m, m.first(), pages, false));
  }
  WARN("munmap_cost = " << touched - untouched);
}

TEST_CASE("the number of boot", "[.number-boot]") {
  Machine m({"boot-number"});
  Process& process = m.first();
  const std::uint64_t at = map_pages(m, process, 1);
  m.touch(process, at, 1, 0);
  m.poke(process, at, std::vector<std::uint8_t>(page, 'x'));
  auto cost_of_write = [&](std::uint64_t size) {
    std::uint64_t least = ~0ul;
    for (int i = 0; i < 6; i++) {
      Registers with = process.at_rest;
      with.x[reg_a0] = 1, with.x[reg_a0 + 1] = at, with.x[reg_a0 + 2] = size;
      with.x[reg_a7] = call_write;
      least = std::min(least, m.step(process, "step_cost", with).x[9]);
    }
    return least;
  };
  const std::uint64_t one = cost_of_write(1);
  WARN("console_cost = " << cost_of_write(std::min(task("bytes"), page)) - one);
}

TEST_CASE("the number of locks", "[.number-locks]") {
  Machine m({"locks-number", 400});
  Process& process = m.first();
  const std::uint64_t pages = task("pages");
  std::uint64_t least = ~0ul;
  for (int i = 0; i < 6; i++) {
    const std::uint64_t at = map_pages(m, process, pages);
    const std::uint64_t first = cost_of_stores(m, process, at, pages);
    least = std::min(least, first - cost_of_stores(m, process, at, pages));
    m.call(process, call_munmap, at, pages * page);
  }
  WARN("frame_cost = " << least);
}

}  // namespace
}  // namespace test
