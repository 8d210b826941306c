// The grader of the lab `traps`, part 2: the backtrace of a panic. No program runs here. The host
// stops the kernel, reads its stack or writes calls of its own into it, and lets it fail.
#include <random>

#include "catch.hh"
#include "labs/kernel.hh"
#include "labs/steps.hh"

namespace test {
namespace {

constexpr unsigned reg_s0 = 8, most_calls = 32;
// Where the kernel is stopped: on the boot hart's first stack, and on a thread's.
constexpr const char *on_boot_stack = "tine::heap_allocate(", *on_thread_stack = "finish_switch";

std::vector<Frame64> draw_calls(StoppedKernel& kernel, std::size_t count) {
  std::vector<Frame64> calls(count);
  for (Frame64& each : calls) each.returns_to = kernel.functions.draw_return(kernel.m);
  return calls;
}

// The lines for the first of the calls.
void add_places(std::vector<Place>& places, const std::vector<Frame64>& calls, std::size_t count) {
  for (std::size_t i = 0; i < count; i++) places.push_back({calls[i].returns_to});
}

TEST_CASE("part 2, 6 points: the calls that led to a fault in the kernel", "[traps][part2]") {
  std::random_device device;
  for (int i = 0; i < 3; i++) {
    StoppedKernel kernel("traps-calls", on_boot_stack, 5 + device() % 50);
    std::vector<Place> places = {{kernel.registers.x[reg_ra], false}};
    for (const Place& each : kernel.calls_from(kernel.registers.x[reg_s0])) places.push_back(each);
    kernel.registers.pc = kernel.registers.x[reg_ra];
    kernel.fault();
    kernel.expect_backtrace(places);
  }
}

TEST_CASE("part 2, 6 points: calls that were drawn, after a fault and after a panic",
          "[traps][part2]") {
  for (const char* where : {on_boot_stack, on_thread_stack}) {
    for (bool is_fault : {true, false}) {
      StoppedKernel kernel("traps-drawn", where);
      std::vector<Frame64> calls = draw_calls(kernel, 3 + kernel.m.draw() % 10);
      calls[1].returns_to = kernel.functions.draw_end(kernel.m);
      Registers& registers = kernel.registers;
      registers.x[reg_s0] = kernel.lay(calls);
      registers.x[reg_ra] = kernel.functions.draw_return(kernel.m);
      std::vector<Place> places = {{registers.pc, false}};
      if (!is_fault) places = {{registers.x[reg_ra]}};
      add_places(places, calls, calls.size());
      is_fault ? kernel.fault() : kernel.panic();
      kernel.expect_backtrace(places);
    }
  }
}

TEST_CASE("part 2, 4 points: a fault in a function that has called no other", "[traps][part2]") {
  for (const char* where : {on_boot_stack, on_thread_stack}) {
    StoppedKernel kernel("traps-leaf", where);
    // Such a function saves its caller's frame pointer in the first place, and ra nowhere.
    std::vector<Frame64> calls = draw_calls(kernel, 3 + kernel.m.draw() % 10);
    Registers& registers = kernel.registers;
    const std::uint64_t callers = kernel.lay(calls), own[] = {kernel.m.draw(), callers};
    registers.x[reg_s0] = callers - 128;
    kernel.m.set_kernel_memory(registers.x[reg_s0] - 16,
                               {reinterpret_cast<const std::uint8_t*>(own), sizeof own});
    registers.x[reg_ra] = kernel.functions.draw_return(kernel.m);
    std::vector<Place> places = {{registers.pc, false}, {registers.x[reg_ra]}};
    add_places(places, calls, calls.size());
    kernel.fault();
    kernel.expect_backtrace(places);
  }
}

// A chain of calls whose frame `at` says that its caller's frame is at `next`.
void expect_end(std::uint64_t next) {
  StoppedKernel kernel("traps-broken", on_boot_stack);
  std::vector<Frame64> calls = draw_calls(kernel, 6);
  const std::size_t at = 1 + kernel.m.draw() % 4;
  calls[at].next = next;
  kernel.registers.x[reg_s0] = kernel.lay(calls);
  std::vector<Place> places = {{kernel.registers.pc, false}};
  add_places(places, calls, at + 1);
  kernel.fault();
  kernel.expect_backtrace(places);
}

TEST_CASE("part 2, 4 points: a stack that is not in order, or too deep", "[traps][part2]") {
  constexpr std::uint64_t of_a_program = 0x3f'ffff'f000, above_memory = 0xffff'ffe0'0000'1000;
  expect_end(of_a_program);
  expect_end(above_memory);
  for (bool back : {true, false}) {
    // To the frame that is there already, and to an address that is no multiple of 8.
    StoppedKernel kernel("traps-order", on_boot_stack);
    std::vector<Frame64> calls = draw_calls(kernel, 6);
    const std::uint64_t first = ((kernel.registers.x[reg_sp] - 4096) & ~15ul) + 32;
    const std::uint64_t odd = first + 2048 + 4, frame[] = {0, calls[4].returns_to};
    kernel.m.set_kernel_memory(odd - 16, {reinterpret_cast<const std::uint8_t*>(frame), 16});
    calls[2].next = back ? first : odd;
    kernel.registers.x[reg_s0] = kernel.lay(calls);
    std::vector<Place> places = {{kernel.registers.pc, false}};
    add_places(places, calls, 3);
    kernel.fault();
    kernel.expect_backtrace(places);
  }
  for (bool deep : {true, false}) {
    // More calls than a backtrace shows, and a return address that is not the kernel's.
    StoppedKernel kernel("traps-deep", on_boot_stack);
    std::vector<Frame64> calls = draw_calls(kernel, deep ? most_calls + 6 : 6);
    if (!deep) calls[3].returns_to = 0x10000 + kernel.m.draw() % 0x10000 * 2;
    kernel.registers.x[reg_s0] = kernel.lay(calls);
    std::vector<Place> places = {{kernel.registers.pc, false}};
    add_places(places, calls, deep ? most_calls : 3);
    kernel.fault();
    kernel.expect_backtrace(places);
  }
}

}  // namespace
}  // namespace test
