// The grader of the lab `signals`, part 2: rt_sigreturn, forged frames, and calls that a handler
// interrupts. A test's name says its part and its points.
#include <cerrno>
#include <csignal>
#include <string>

#include "catch.hh"
#include "labs/handlers.hh"

namespace test {
namespace {

void expect_result(Machine& m, const Calculation& work, std::uint64_t result) {
  Process& process = work.process;
  const Registers after = process.at_rest;
  expect(after.x[reg_a0 + 1] == result,
         "A calculation that a handler has interrupted comes to another result.");
  for (unsigned i = 1; i < 32; i++) {
    if (Calculation::is_kept(i) && after.x[i] != work.registers.x[i])
      lose("After the handler x" + std::to_string(i) + " is not what it was.");
  }
  const std::uint64_t at = m.label("initialised");
  Registers with = after;
  with.x[reg_a0] = at;
  m.step(process, "step_store_fp", with);
  expect(m.peek(process, at, 256) == work.floats,
         "After the handler the floating-point registers are not what they were.");
  expect(run_instruction(m, process, read_fcsr) == drawn_fcsr,
         "After the handler fcsr is not what it was.");
}

// The process uses floating point itself, so that nothing is left of what was there.
void spoil_floats(Machine& m, Process& process) {
  Registers with = process.at_rest;
  with.x[reg_a0] = m.label("initialised") + page;
  m.touch(process, with.x[reg_a0], 1, m.draw());
  m.step(process, "step_load_fp", with);
}

TEST_CASE("part 2, 6 points: after the handler all registers and the mask are as before",
          "[signals][part2]") {
  for (int smp : {1, 2}) {
    Machine m({"signals-return-" + std::to_string(smp), 200, smp, "64M", 1000});
    Process& parent = m.first();
    const Birth birth = fork_of(m, parent);
    Process& child = *birth.child;
    const std::uint64_t mask = bit_of(SIGTERM) | bit_of(1 + static_cast<int>(m.draw() % 8));
    set_action(m, child, SIGUSR1, 0, m.draw());
    block(m, child, mask);
    Calculation work(m, child);
    m.call(parent, call_kill, birth.pid, SIGUSR1);
    m.finish(child);
    const Registers handler = entered(m, child, SIGUSR1);
    const std::uint64_t result = work.shorten(m, handler);
    spoil_floats(m, child);
    return_from(m, child, handler);
    expect_result(m, work, result);
    child.at_rest.x[reg_sp] = work.registers.x[reg_sp];
    expect(blocked(m, child) == mask, "After the handler the mask is not what it was.");
    return_from(m, child, enter(m, child, SIGUSR1));
    expect(child.at_rest.x[reg_a0] == 0, "After the handler kill should return 0.");
    const std::uint64_t end = make_alternate_stack(m, child, ss_autodisarm);
    set_action(m, child, SIGUSR2, sa_onstack | sa_nodefer);
    for (int i = 0; i < 2; i++) {
      const Registers on_stack = enter(m, child, SIGUSR2), nested = enter(m, child, SIGUSR2);
      expect(on_stack.x[reg_sp] == end - frame_bytes,
             "After a handler the alternate stack (SS_AUTODISARM) should be as before.");
      expect(nested.x[reg_sp] == on_stack.x[reg_sp] - frame_bytes,
             "With SS_AUTODISARM there is no alternate stack while a handler runs.");
      return_from(m, child, nested);
      return_from(m, child, on_stack);
    }
    end_child(m, parent, birth);
  }
}

// A frame with drawn registers, which lets the process rest.
Frame drawn_frame(Machine& m) {
  Registers all;
  for (std::uint64_t& each : all.x) each = m.draw();
  all.pc = m.label("rest");
  return Frame(all);
}

void expect_registers(const Process& process, Frame& frame, const std::string& reason) {
  for (unsigned i = 1; i < 32; i++) {
    if (process.at_rest.x[i] != frame.at(frame_x(i))) lose(reason + " x" + std::to_string(i));
  }
  SUCCEED();
}

// An honest return, which all tests of forged frames ask for.
void expect_return(Machine& m, Process& process) {
  const Registers before = process.at_rest;
  Frame frame = drawn_frame(m);
  start_sigreturn(m, process, frame);
  m.finish(process);
  expect_registers(process, frame, "rt_sigreturn does not bring back from the frame");
  process.at_rest = before;
}

TEST_CASE("part 2, 4 points: what the handler wrote into its ucontext is what the program gets",
          "[signals][part2]") {
  Machine m({"signals-changed"});
  Process& process = m.first();
  set_action(m, process, SIGUSR1);
  const Registers handler = enter(m, process, SIGUSR1);
  const std::uint64_t data = m.label("initialised"), value = m.draw();
  m.store(process, data, value);
  Frame frame = drawn_frame(m);
  const std::uint64_t mask = (m.draw() | bit_of(SIGKILL)) & ~bit_of(SIGUSR1);
  frame.at(frame_pc) = m.label("step_load");
  frame.at(frame_x(reg_a0)) = data;
  frame.at(frame_mask) = mask;
  frame.at(frame_fcsr) = drawn_fcsr;
  for (std::size_t i = 0; i < 32; i++) frame.at(frame_f + 8 * i) = m.draw();
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(frame.words.data());
  m.poke(process, handler.x[reg_sp], {bytes, frame_bytes});
  return_from(m, process, handler);
  expect(process.at_rest.x[reg_a0] == value,
         "The program should go on at the pc that the handler has written.");
  frame.at(frame_x(reg_a0)) = value;
  expect_registers(process, frame, "The program should get what the handler wrote for");
  expect(blocked(m, process) == (mask & ~bit_of(SIGKILL) & ~bit_of(SIGSTOP)),
         "The mask should be what the handler wrote, without SIGKILL and SIGSTOP.");
  expect(run_instruction(m, process, read_fcsr) == drawn_fcsr,
         "fcsr should be what the handler wrote.");
}

// A child with a handler for SIGSEGV on a stack of its own.
struct Guarded {
  Machine m;
  Birth birth;
  Process& child;

  explicit Guarded(const std::string& name)
      : m({name}), birth(fork_of(m, m.first())), child(*birth.child) {
    make_alternate_stack(m, child);
    set_action(m, child, SIGSEGV, sa_onstack | sa_nodefer);
    expect_return(m, child);
  }
  // The step that was started should end in the handler of SIGSEGV, in user mode.
  Registers expect_refused(const std::string& what) {
    m.finish(child);
    if (child.at_rest.x[reg_a0] != SIGSEGV) m.give_up(what + " should end in SIGSEGV.");
    return child.at_rest;
  }
};

TEST_CASE("part 2, 5 points: a forged frame brings no privilege, and no panic",
          "[signals][part2]") {
  Guarded g("signals-forged");
  Machine& m = g.m;
  const Registers before = g.child.at_rest;
  Frame ones = drawn_frame(m);
  for (std::size_t i = 0; i < ones.words.size(); i++) {
    const std::size_t at = 8 * i;
    const bool is_used = (at >= frame_pc && at <= frame_fcsr) || at == frame_mask;
    if (!is_used) ones.words[i] = ~0ul;
  }
  ones.at(frame_fcsr) |= 0xffff'ffff'0000'0000;
  start_sigreturn(m, g.child, ones);
  m.finish(g.child);
  expect_registers(g.child, ones, "With ones wherever nothing is kept, this is not brought back:");
  for (std::uint64_t pc : {0xffff'ffc0'8020'0000ul, 0xffff'ffff'8020'0000ul, 0x4000'0000'0000ul,
                           m.label("initialised") + 1, 0ul}) {
    Frame forged = drawn_frame(m);
    forged.at(frame_pc) = pc;
    g.child.at_rest = before;
    start_sigreturn(m, g.child, forged);
    const Registers handler = g.expect_refused("A pc that the program may not execute");
    expect((frame_word(m, g.child, handler, frame_pc) | 1) == (pc | 1),
           "SIGSEGV should come where the program went on, at the forged pc.");
  }
  for (int i = 0; i < 20; i++) {
    Frame noise = drawn_frame(m);
    for (std::uint64_t& word : noise.words) word = m.draw();
    noise.at(frame_mask) &= ~bit_of(SIGSEGV);
    noise.at(frame_stack + 8) = 5;  // no such alternate stack
    g.child.at_rest = before;
    start_sigreturn(m, g.child, noise);
    g.expect_refused("A frame of noise");
  }
  Frame deaf = drawn_frame(m);
  deaf.at(frame_mask) = ~0ul;
  g.child.at_rest = before;
  start_sigreturn(m, g.child, deaf);
  m.finish(g.child);
  m.call(m.first(), call_kill, g.birth.pid, SIGKILL);
  m.forget(g.child);
  expect(wait_for(m, m.first(), g.birth.pid) == SIGKILL,
         "A program has blocked SIGKILL by the mask of a forged frame.");
}

TEST_CASE("part 2, 3 points: a frame that is not there is a SIGSEGV", "[signals][part2]") {
  Guarded g("signals-no-frame");
  Machine& m = g.m;
  const Registers before = g.child.at_rest;
  const std::uint64_t pages = map_pages(m, g.child, 2);
  m.touch(g.child, pages, 2, m.draw());
  m.call(g.child, call_munmap, pages + page, page);
  const std::uint64_t cut = pages + page - frame_bytes + 8;  // the last bytes are not there
  const Frame good = drawn_frame(m);
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(good.words.data());
  m.poke(g.child, cut, {bytes, frame_bytes - 8});
  for (std::uint64_t sp : {0ul, 8ul, pages + page, pages + page - 512, cut, 0xffff'ffc0'8020'0000ul,
                           0x4000'0000'0000ul, ~0ul - 7, pages + 4}) {
    g.child.at_rest = before;
    start_sigreturn_at(m, g.child, sp);
    g.expect_refused("rt_sigreturn without a frame");
    expect(blocked(m, g.child) == 0, "A return that was refused should leave the mask alone.");
  }
  set_handler(m, g.child, SIGSEGV, 0);
  start_sigreturn_at(m, g.child, 0);
  m.forget(g.child);
  expect(wait_for(m, m.first(), g.birth.pid) == SIGSEGV,
         "rt_sigreturn without a frame should end a program that does not handle SIGSEGV.");
}

// A child that waits for a byte of a pipe, when a signal comes.
struct Waiting {
  Machine& m;
  Birth birth;
  std::uint64_t to = 0;

  Waiting(Machine& machine, std::uint64_t flags) : m(machine) {
    const Pipe pipe = make_pipe(m, m.first());
    to = pipe.to;
    birth = fork_of(m, m.first());
    set_action(m, *birth.child, SIGUSR1, flags);
    set_handler(m, *birth.child, SIGUSR2, ignore_signal);
    m.start_call(*birth.child, call_read, pipe.from, put_words(m, *birth.child, {0}), 1);
    m.let_run(4);
    m.call(m.first(), call_kill, birth.pid, SIGUSR2);
    m.let_run(4);
    expect(birth.child->busy, "A signal that is ignored ends a call that waits.");
    m.call(m.first(), call_kill, birth.pid, SIGUSR1);
    m.finish(*birth.child);
    start_return(m, *birth.child, entered(m, *birth.child, SIGUSR1));
  }
};

TEST_CASE("part 2, 4 points: an interrupted call returns EINTR, or is restarted (SA_RESTART)",
          "[signals][part2]") {
  Machine m({"signals-interrupted"});
  Process& parent = m.first();
  Waiting once(m, 0);
  expect(m.finish(*once.birth.child) == minus(EINTR),
         "Without SA_RESTART a call that was interrupted should return EINTR.");
  return_from(m, *once.birth.child, enter(m, *once.birth.child, SIGUSR1));
  expect(once.birth.child->at_rest.x[reg_a0] == 0,
         "A call that was not interrupted should return its own result.");
  end_child(m, parent, once.birth);
  Waiting again(m, sa_restart);
  m.let_run(4);
  expect(again.birth.child->busy, "With SA_RESTART the call should wait again.");
  m.call(parent, call_write, again.to, put_text(m, parent, "x"), 1);
  expect(m.finish(*again.birth.child) == 1, "A call that was restarted should get what comes.");
  Process& child = *again.birth.child;
  const std::uint64_t mask = bit_of(SIGUSR1) | bit_of(SIGTERM);
  block(m, child, mask);
  m.start_call(child, call_sigsuspend, put_words(m, child, {bit_of(SIGALRM)}), 8);
  m.let_run(4);
  m.call(parent, call_kill, again.birth.pid, SIGUSR1);
  m.finish(child);
  const Registers handler = entered(m, child, SIGUSR1);
  expect(blocked(m, child) == (bit_of(SIGALRM) | bit_of(SIGUSR1)),
         "A handler that ends rt_sigsuspend should run with the mask of rt_sigsuspend.");
  return_from(m, child, handler);
  expect(child.at_rest.x[reg_a0] == minus(EINTR) && blocked(m, child) == mask,
         "After rt_sigsuspend the mask should be the one from before it.");
  block(m, child, bit_of(SIGHUP));
  return_from(m, child, enter(m, child, SIGUSR1));
  expect(blocked(m, child) == bit_of(SIGHUP),
         "After a later handler the mask is one from the time of rt_sigsuspend.");
  end_child(m, parent, again.birth);
}

TEST_CASE("part 2, 2 points: thousands of handlers leave nothing", "[signals][part2]") {
  SmallMachine small("signals-leak", 1000);
  Machine& m = small.m;
  Process& process = m.first();
  set_action(m, process, SIGUSR1);
  return_from(m, process, enter(m, process, SIGUSR1));
  set_handler(m, process, SIGUSR1, m.label("handler") + 4);  // only returns, and is not stopped
  Registers with = process.at_rest;
  with.x[reg_a0 + 1] = SIGUSR1;
  process.at_rest = with;
  repeat(m, process, 20'000, call_kill, 1);
  end_child(m, process, fork_of(m, process));
  small.expect_eater();
}

}  // namespace
}  // namespace test
