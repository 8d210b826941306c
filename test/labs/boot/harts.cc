// The grader of the lab `boot`, part 2: calls of the firmware, as it finds them in the registers of
// the hart, and the other harts.
#include <set>
#include <string>

#include "catch.hh"
#include "labs/kernel.hh"
#include "labs/steps.hh"

namespace test {
namespace {

constexpr std::uint64_t extension_time = 0x54494D45, extension_ipi = 0x735049,
                        extension_fence = 0x52464E43, extension_hsm = 0x48534D,
                        extension_reset = 0x53525354;
constexpr std::uint64_t user_mode = 0, invalid = -3;
constexpr unsigned csr_satp = 0x180, csr_stvec = 0x105;

// The kernel has stopped at its first instruction of C++, and is made to call a function.
struct Calls {
  KernelFunctions functions;
  Machine m{[&] {
    Case what{"boot-calls"};
    what.kernel_stop = functions.find("kernel_main");
    what.watches_firmware = true;
    return what;
  }()};
  Registers kernel = m.kernel_registers();

  // The function with these arguments; the firmware must find that. Returns a0.
  std::uint64_t expect_call(const std::string& name, const std::vector<std::uint64_t>& arguments,
                            std::uint64_t extension, std::uint64_t function,
                            const std::vector<std::uint64_t>& wanted) {
    Registers with = draw_registers(m);
    for (unsigned i : {reg_sp, 3u, reg_tp}) with.x[i] = kernel.x[i];
    for (unsigned i = 0; i < arguments.size(); i++) with.x[reg_a0 + i] = arguments[i];
    with.x[reg_ra] = kernel.pc;
    with.pc = functions.find("tine::sbi::" + name + "(");
    const FirmwareCall call = m.firmware_call(with);
    if (call.extension() != extension || call.function() != function)
      m.give_up("sbi::" + name + " calls another extension or function of the firmware.");
    for (unsigned i = 0; i < wanted.size(); i++) {
      if (call.registers.x[reg_a0 + i] != wanted[i])
        m.give_up("The firmware finds another value in a" + std::to_string(i) +
                  " than sbi::" + name + " should put there.");
    }
    return m.kernel_registers().x[reg_a0];
  }
};

TEST_CASE("part 2, 10 points: the firmware finds each call with its arguments", "[boot][part2]") {
  Calls calls;
  Machine& m = calls.m;
  for (int i = 0; i < 3; i++) {
    const std::uint64_t time = m.draw() >> 1, at = m.draw() >> 30 << 12, size = m.draw() >> 20;
    const std::uint64_t id = 1 + m.draw() % 60;
    const std::uint64_t others = m.draw() & ~1ul, type = 2 + m.draw() % 1000;
    calls.expect_call("set_timer", {time}, extension_time, 0, {time});
    calls.expect_call("send_ipi", {others}, extension_ipi, 0, {others, 0});
    calls.expect_call("remote_fence_i", {others}, extension_fence, 0, {others, 0});
    calls.expect_call("remote_sfence_vma", {others, at, size}, extension_fence, 1,
                      {others, 0, at, size});
    const std::uint64_t result =
        calls.expect_call("hart_start", {id, at}, extension_hsm, 0, {id, at});
    expect(result == invalid, "sbi::hart_start should return the firmware's error.");
    calls.expect_call("system_reset", {type}, extension_reset, 0, {type, 0});
  }
}

TEST_CASE("part 2, 4 points: without a timer of its own the kernel asks the firmware",
          "[boot][part2]") {
  Machine m({.name = "boot-timer", .million = 300, .hz = 10000, .cpu = "rv64,sstc=false"});
  const Birth birth = fork_of(m, m.first());
  std::vector<Registers> with;
  for (Process* process : {&m.first(), birth.child}) {
    with.push_back(draw_registers(m));
    with.back().x[reg_a0] = 20 * 100'000 / work_round_size;
    m.start(*process, "step_work", with.back(), "arithmetic");
  }
  // The second one could start because the clock had interrupted the first.
  if (!m.first().busy) m.give_up("A program works, and the clock does not interrupt it.");
  m.finish(m.first());
  m.finish(*birth.child);
  expect_registers(after_work(with[1]), birth.child->at_rest, 0, "After interrupts");
}

// While a child of the first process works, which harts run programs, and which are still in the
// firmware?
struct Harts {
  std::set<int> used;
};
Harts harts_at_work(Machine& m, int all) {
  Harts found;
  Process& process = m.first();
  std::vector<Birth> births;
  for (std::size_t i = 1; i < m.harts().size(); i++) {
    births.push_back(fork_of(m, process));
    Registers with = draw_registers(m);
    with.x[reg_a0] = 1ul << 40;
    m.start(*births.back().child, "step_work", with, "arithmetic");
  }
  for (int i = 0; i < 300; i++) {
    m.call(process, call_yield);
    for (int hart = 0; hart < all; hart++) {
      if (m.privilege(hart) != user_mode) continue;
      found.used.insert(hart);
      bool known = (m.csr(hart, csr_satp) & ((1ul << 44) - 1)) * page == process.root;
      for (const Birth& each : births)
        known |= (m.csr(hart, csr_satp) & ((1ul << 44) - 1)) * page == each.child->root;
      expect(known, "A hart is in user mode with a page table that belongs to no process.");
      expect(m.csr(hart, csr_stvec) == m.csr(m.hart(), csr_stvec),
             "The harts take their traps to different places.");
    }
  }
  return found;
}

TEST_CASE("part 2, 7 points: all harts run programs", "[boot][part2]") {
  for (int smp : {2, 3}) {
    Machine m(
        {.name = "boot-harts-" + std::to_string(smp), .million = 600, .smp = smp, .hz = 1000});
    const Harts found = harts_at_work(m, m.harts().back() + 1);
    for (int hart : m.harts()) {
      if (!found.used.contains(hart))
        m.give_up("Hart " + std::to_string(hart) + " runs no program, though there is one for it.");
    }
  }
}

TEST_CASE("part 2, 5 points: a hart that has failed is left alone", "[boot][part2]") {
  std::random_device device;
  const int failed = 1 + static_cast<int>(device() % 2);
  Case what{.name = "boot-failed", .million = 4000, .smp = 3, .hz = 1000};
  what.watches_firmware = true;
  what.tree = [&](DeviceTree& tree) {
    DeviceTree::Node& hart = tree.root.child("cpus").child("cpu@" + std::to_string(failed));
    hart.set("status", DeviceTree::text("fail"));
  };
  Machine m(what);
  const Harts found = harts_at_work(m, 3);
  expect(found.used.contains(3 - failed), "A hart beside one that has failed runs no program.");
  expect(!found.used.contains(failed), "A hart runs that the device tree says has failed.");
  for (const FirmwareCall& call : m.firmware_calls())
    expect(call.extension() != extension_hsm || call.registers.x[reg_a0] != std::uint64_t(failed),
           "The firmware is asked to start a hart that has failed.");
}

}  // namespace
}  // namespace test
