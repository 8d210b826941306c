#include "labs/harts.hh"

#include <string>

#include "labs/steps.hh"

namespace test {
namespace {

// A store, or an atomic operation, of RV64GC. What has the stack pointer for a base is private to
// its thread.
bool may_change_memory(std::uint32_t instruction) {
  constexpr std::uint32_t store = 0x23, store_fp = 0x27, atomic = 0x2f;
  if ((instruction & 3) == 3) {
    const std::uint32_t opcode = instruction & 0x7f;
    if (opcode == atomic) return true;
    return (opcode == store || opcode == store_fp) && (instruction >> 15 & 31) != reg_sp;
  }
  return (instruction & 3) == 0 && (instruction >> 13 & 7) >= 5;  // c.fsd, c.sw, c.sd
}

}  // namespace

Duet::Duet(Machine& machine, Process& first, Process& second)
    : m_(machine), processes_{&first, &second} {
  constexpr int tries = 400;
  for (int i = 0; i < tries; i++) {
    m_.let_run(1 + i % 3);
    Process& stands = m_.current();
    const int hart = m_.hart(), who = &stands == processes_[1];
    if (&stands != processes_[0] && &stands != processes_[1]) continue;
    // The other one runs on another hart now, or it waits for this one's.
    Process& other = *processes_[1 - who];
    for (int beside = 0; beside < 2; beside++) {
      if (beside == hart || !m_.run_alone(beside, patience_)) continue;
      m_.arrive(other, beside);
      harts_[who] = hart, harts_[1 - who] = beside;
      return;
    }
    m_.arrive(stands, hart);
  }
  m_.give_up("Two processes that are ready never ran on two harts at the same time.");
}

// One of them is current, and the other one makes way.
Duet::~Duet() {
  if (busy(0) || busy(1)) return;  // the points are lost
  Registers way = processes_[1]->at_rest;
  way.x[reg_a7] = call_yield;
  way.pc = m_.label("step_call");
  m_.hardware().set_registers(harts_[1], way);
  m_.arrive(*processes_[0], harts_[0]);
}

void Duet::start(int who, const char* label, const Registers& with, const std::string& doing) {
  Registers all = with;
  all.pc = m_.label(label);
  m_.hardware().set_registers(harts_[who], all);
  visits_[who].clear();
  processes_[who]->busy = true;
  processes_[who]->doing = doing;
}

void Duet::start_call(int who, std::uint64_t number, const std::vector<std::uint64_t>& arguments) {
  Registers with = processes_[who]->at_rest;
  for (unsigned i = 0; i < 6; i++) with.x[reg_a0 + i] = i < arguments.size() ? arguments[i] : 0;
  with.x[reg_a7] = number;
  start(who, "step_call", with, "call " + std::to_string(number));
}

void Duet::start_store(int who, std::uint64_t address, std::uint64_t value) {
  Registers with = processes_[who]->at_rest;
  with.x[reg_a0] = address, with.x[reg_a0 + 1] = value;
  start(who, "step_store", with, "a store");
}

bool Duet::run(int who, std::uint64_t time) {
  if (!busy(who)) return true;
  if (!m_.run_alone(harts_[who], time)) return false;
  m_.arrive(*processes_[who], harts_[who]);
  return true;
}

std::uint64_t Duet::finish(int who, const std::string& reason) {
  if (!run(who, 10 * patience_)) m_.give_up(reason);
  return processes_[who]->at_rest.x[reg_a0];
}

std::uint64_t Duet::call(int who, std::uint64_t number,
                         const std::vector<std::uint64_t>& arguments) {
  start_call(who, number, arguments);
  return finish(who, "A call does not return, though no other hart is in the kernel.");
}

void Duet::store(int who, std::uint64_t address, std::uint64_t value) {
  start_store(who, address, value);
  finish(who, "A store does not end, though no other hart is in the kernel.");
}

bool Duet::in_kernel(int who) { return m_.hardware().privilege(harts_[who]) != 0; }

void Duet::step(int who) { m_.hardware().step(harts_[who]); }

bool Duet::changes_memory(int who) {
  Stub& hardware = m_.hardware();
  const std::uint64_t pc = hardware.pc(harts_[who]);
  const auto known = changes_.find(pc);
  if (known != changes_.end()) return known->second;
  const auto bytes = hardware.memory(harts_[who], pc, 2),
             rest = (bytes[0] & 3) == 3 ? hardware.memory(harts_[who], pc + 2, 2)
                                        : std::vector<std::uint8_t>(2);
  return changes_[pc] =
             may_change_memory(std::uint32_t(bytes[0]) | std::uint32_t(bytes[1]) << 8 |
                               std::uint32_t(rest[0]) << 16 | std::uint32_t(rest[1]) << 24);
}

bool Duet::worth_a_look(int who) {
  constexpr unsigned often = 6;
  return changes_memory(who) && ++visits_[who][m_.hardware().pc(harts_[who])] <= often;
}

bool Duet::interleave(int who, const std::function<void()>& between) {
  constexpr int quiet_steps = 2500;  // more than it takes to fill a page
  const std::uint64_t rest = m_.label("rest");
  for (int quiet = 0; m_.hardware().pc(harts_[who]) != rest; quiet++) {
    if (quiet > quiet_steps) return run(who);
    if (worth_a_look(who)) {
      between();
      quiet = 0;
    }
    step(who);
  }
  m_.arrive(*processes_[who], harts_[who]);
  return true;
}

}  // namespace test
