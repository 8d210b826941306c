#include "labs/steps.hh"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "catch.hh"

namespace test {
namespace {

constexpr int turns_to_be_born = 300;
constexpr std::uint64_t text_offset = 3 * page;  // in `uninitialised`: its last page

void wait_for_child(Machine& m, Birth& birth) {
  for (int turns = 0; turns < turns_to_be_born; turns++) {
    for (Process* process : m.newcomers()) {
      if (birth.child)
        m.give_up(
            "More than one process came out of one fork: which instruction does a child "
            "begin with?");
      birth.child = process;
    }
    if (birth.child) return;
    m.let_run(1);
  }
  m.give_up("fork returned the pid " + std::to_string(birth.pid) +
            ", but no process with a page table of its own ever came out of it.");
}

// A second root of the same memory is no child. (What was there is there again in the end.)
void expect_two_memories(Machine& m, Process& parent, Process& child) {
  const Registers parents = parent.at_rest, childs = child.at_rest;
  const std::uint64_t at = m.label("uninitialised") + 4 * page - 32;
  const std::uint64_t before = m.load(parent, at), value = m.draw();
  m.store(child, at, value);
  if (m.load(parent, at) != before || m.load(child, at) != value ||
      m.walk(parent, at)->frame == m.walk(child, at)->frame)
    m.give_up("What the child writes is written into its parent's memory.");
  m.store(child, at, before);
  parent.at_rest = parents;
  child.at_rest = childs;
}

}  // namespace

bool failed(std::uint64_t result) { return result > -4096ul; }

std::string error_name(std::uint64_t result) {
  const std::uint64_t error = -result;
  return "errno " + std::to_string(error) + (error == ENOSYS ? " (ENOSYS: not written yet)" : "");
}

std::uint64_t minus(std::uint64_t error) { return -error; }

std::uint64_t task(const std::string& name) {
  const std::string all = "," + setting("LAB_TASK", "");
  const std::size_t at = all.find("," + name + "=");
  if (at == std::string::npos)
    lose("Your task is not known: the file STUDENT has no line `id = ...`.");
  return std::stoull(all.substr(at + name.size() + 2, 18));
}

void expect(bool good, const std::string& reason) {
  if (!good) lose(reason);
  SUCCEED();
}

// ---- Registers ----

Registers draw_registers(Machine& m) {
  Registers all;
  for (unsigned i = 1; i < 32; i++) all.x[i] = m.draw();
  return all;
}

void expect_registers(const Registers& wanted, const Registers& now, std::uint64_t but,
                      const std::string& when) {
  for (unsigned i = 1; i < 32; i++) {
    if (!(but >> i & 1) && now.x[i] != wanted.x[i])
      lose(when + " x" + std::to_string(i) + " is not what the program had in it.");
  }
  SUCCEED();
}

std::uint64_t worked(std::uint64_t value, std::uint64_t rounds) {
  for (std::uint64_t i = 0; i < rounds; i++) value = value * work_factor + 1;
  return value;
}

Registers after_work(Registers with) {
  constexpr unsigned reg_t0 = 5;
  with.x[reg_a0 + 1] = worked(with.x[reg_a0 + 1], std::exchange(with.x[reg_a0], 0));
  with.x[reg_t0] = work_factor;
  return with;
}

// ---- Birth and end ----

Birth birth_of(Machine& m, Process& parent, std::uint64_t result) {
  if (failed(result)) m.give_up("fork fails with " + error_name(result) + ".");
  Birth birth{result, nullptr};
  wait_for_child(m, birth);
  expect_two_memories(m, parent, *birth.child);
  return birth;
}

Birth fork_of(Machine& m, Process& parent, std::uint64_t flags) {
  m.newcomers();
  return birth_of(m, parent, m.call(parent, call_clone, flags));
}

std::uint64_t status_at(Machine& m) { return m.label("uninitialised") + 4 * page - 16; }

unsigned wait_for(Machine& m, Process& parent, std::uint64_t pid) {
  m.store(parent, status_at(m), m.draw());
  const std::uint64_t result = m.call(parent, call_wait4, pid, status_at(m), 0, 0);
  if (result != pid) m.give_up("wait4 does not return the pid of the child that has ended.");
  const auto bytes = m.peek(parent, status_at(m), 4);
  unsigned status = 0;
  std::memcpy(&status, bytes.data(), sizeof status);
  return status;
}

void end_child(Machine& m, Process& parent, const Birth& birth) {
  const int code = static_cast<int>(m.draw() % 256);
  m.exit(*birth.child, code);
  expect(wait_for(m, parent, birth.pid) == unsigned(code) << 8,
         "The child's exit status does not arrive at the parent's wait4.");
}

std::uint64_t map_pages(Machine& m, Process& process, std::uint64_t count, std::uint64_t prot,
                        std::uint64_t flags) {
  const std::uint64_t at =
      m.call(process, call_mmap, 0, count * page, prot, flags | map_anonymous, -1, 0);
  if (failed(at)) m.give_up("mmap fails in the observer, which is not this lab's.");
  return at;
}

// ---- Strings and structures in the observer's memory ----

std::uint64_t put(Machine& m, Process& process, std::span<const std::uint8_t> bytes) {
  const std::uint64_t at = m.label("uninitialised") + text_offset;
  m.store(process, at, 0);
  m.poke(process, at, bytes);
  return at;
}

std::uint64_t put_text(Machine& m, Process& process, const std::string& text) {
  return put(m, process, {reinterpret_cast<const std::uint8_t*>(text.c_str()), text.size() + 1});
}

std::uint64_t put_words(Machine& m, Process& process, const std::vector<std::uint64_t>& words) {
  return put(m, process, {reinterpret_cast<const std::uint8_t*>(words.data()), words.size() * 8});
}

std::uint64_t word_at(Machine& m, Process& process, std::uint64_t address) {
  std::uint64_t word = 0;
  std::memcpy(&word, m.peek(process, address, 8).data(), 8);
  return word;
}

std::string text_at(Machine& m, Process& process, std::uint64_t address, std::size_t size) {
  const auto bytes = m.peek(process, address, size);
  return {bytes.begin(), bytes.end()};
}

std::uint64_t fresh_place(Machine& m, Process& process, std::size_t size) {
  const std::uint64_t at = put(m, process, m.draw_bytes(size));
  m.dirty_kernel_stack(process);
  return at;
}

std::uint64_t open_something(Machine& m, Process& process) {
  const std::uint64_t path = put_text(m, process, "/test/observer");
  return m.call(process, call_openat, -100, path, 0, 0);
}

std::string file_text(Machine& m, Process& process, const std::string& path) {
  constexpr std::size_t most = 1000;
  const std::uint64_t at = put_text(m, process, path);
  const std::uint64_t fd = m.call(process, call_openat, -100, at, 0, 0);
  const std::uint64_t size = m.call(process, call_read, fd, at, most);
  m.call(process, call_close, fd);
  if (failed(size)) m.give_up("A process cannot read " + path + ".");
  return text_at(m, process, at, std::min(size, most));
}

Pipe make_pipe(Machine& m, Process& process) {
  const std::uint64_t ends = put_words(m, process, {0});
  m.call(process, call_pipe2, ends, 0);
  const std::uint64_t both = word_at(m, process, ends);
  return {both & 0xffff'ffff, both >> 32};
}

Output output_of(Machine& m, Process& process, const std::string& path) {
  const auto [from, to] = make_pipe(m, process);
  const Birth birth = fork_of(m, process);
  m.call(*birth.child, call_dup3, to, 1, 0);
  m.call(*birth.child, call_close, to);
  m.call(process, call_close, to);
  std::vector<std::uint64_t> words(32);
  std::memcpy(&words[16], path.c_str(), path.size() + 1);
  const std::uint64_t at = put_words(m, *birth.child, words);
  words[0] = at + 128;
  put_words(m, *birth.child, words);
  m.start_call(*birth.child, call_execve, at + 128, at, at + 8);
  m.forget(*birth.child);
  Output output;
  for (;;) {
    const std::uint64_t place = put_words(m, process, {0});
    const std::uint64_t size = m.call(process, call_read, from, place, 512);
    if (failed(size)) m.give_up("The output of " + path + " cannot be read.");
    if (size == 0) break;
    output.text += text_at(m, process, place, size);
    if (output.text.size() > 4096) m.give_up(path + " writes without end.");
  }
  m.call(process, call_close, from);
  output.status = wait_for(m, process, birth.pid);
  return output;
}

// ---- Signals ----

void set_handler(Machine& m, Process& process, int signal, std::uint64_t handler) {
  const std::uint64_t action = put_words(m, process, {handler, 0, 0});
  m.call(process, call_sigaction, signal, action, 0, 8);
}

std::uint64_t bit_of(int signal) { return 1ul << (signal - 1); }

void block(Machine& m, Process& process, std::uint64_t mask) {
  m.call(process, call_sigprocmask, 2, put_words(m, process, {mask}), 0, 8);
}

std::uint64_t blocked(Machine& m, Process& process) {
  const std::uint64_t at = put_words(m, process, {0xa5a5a5a5});
  m.call(process, call_sigprocmask, 0, 0, at, 8);
  return word_at(m, process, at);
}

// ---- Leaks ----

void repeat(Machine& m, Process& process, std::uint64_t times, std::uint64_t number,
            std::uint64_t argument) {
  Registers with = process.at_rest;
  with.x[8] = times, with.x[9] = number, with.x[18] = argument;
  const Registers after = m.step(process, "step_repeat", with);
  if (after.x[8] != 0) {
    m.give_up("In a small machine, call " + std::to_string(number) + " fails with " +
              error_name(after.x[reg_a0]) + " after " + std::to_string(times - after.x[8]) +
              " times: what is not given back?");
  }
}

SmallMachine::SmallMachine(const std::string& name, std::uint64_t million)
    : m({name, million, 1, "32M"}), eater(fork_of(m, m.first())) {
  constexpr std::uint64_t left = 160, at_least = 3000;  // frames
  Process& hungry = *eater.child;
  const std::uint64_t room = put_words(m, hungry, std::vector<std::uint64_t>(64, 0));
  m.call(hungry, call_memory_info, room);
  const std::uint64_t free_frames = word_at(m, hungry, room + 8);
  if (free_frames < at_least || free_frames > m.machine_memory() / page)
    m.give_up("Memory is missing before the test begins.");
  m.touch(hungry, map_pages(m, hungry, free_frames), free_frames - left, 1);
  m.start_call(hungry, call_ipc_recv, room);
}

void SmallMachine::expect_eater() {
  m.call(m.first(), call_ipc_send, eater.pid, 1);
  m.finish(*eater.child);
  end_child(m, m.first(), eater);
}

}  // namespace test
