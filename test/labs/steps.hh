// What the graders of both labs let processes do, built from the steps of observer.hh. All of it is
// done by the processes themselves, in user mode, and checked on the host.
#pragma once

#include <csignal>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "labs/observer.hh"

namespace test {

constexpr std::uint64_t prot_read = 1, prot_write = 2, prot_exec = 4;
constexpr std::uint64_t map_shared = 1, map_private = 2, map_fixed = 0x10, map_anonymous = 0x20;

// A call's result that is an error: -4095 to -1.
bool failed(std::uint64_t result);
std::string error_name(std::uint64_t result);
std::uint64_t minus(std::uint64_t error);  // such a result

// The points are lost for that reason unless it is so.
void expect(bool good, const std::string& reason);

// A number of the student's own task (tools/task.py); the points are lost if there is no task.
std::uint64_t task(const std::string& name);

// ---- Registers ----

// All of them, pc not.
Registers draw_registers(Machine& m);
// The points are lost unless x1 to x31 are what is wanted, without those of the set `but` (bit
// number: register).
void expect_registers(const Registers& wanted, const Registers& now, std::uint64_t but,
                      const std::string& when);
// What the observer's step_work computes from a value, in so many rounds of so many instructions.
constexpr std::uint64_t work_factor = 6364136223846793005, work_round_size = 5;
std::uint64_t worked(std::uint64_t value, std::uint64_t rounds);
// How step_work ends that began with these registers.
Registers after_work(Registers with);

// ---- Birth and end ----

struct Birth {
  std::uint64_t pid = 0;  // what the parent got
  Process* child = nullptr;
};

Birth fork_of(Machine& m, Process& parent, std::uint64_t flags = SIGCHLD);
// The child of a clone that has just returned `result` in the parent: one new process, whose memory
// is its own. (The machine's `newcomers` were asked for before the call.)
Birth birth_of(Machine& m, Process& parent, std::uint64_t result);
// The status that wait4 tells; the points are lost if it does not tell of this child.
unsigned wait_for(Machine& m, Process& parent, std::uint64_t pid);
// The child ends with a status drawn now, which must arrive.
void end_child(Machine& m, Process& parent, const Birth& birth);
// Where the parent's wait4 stores a status: a word that no test uses otherwise.
std::uint64_t status_at(Machine& m);

// ---- Memory ----

// New pages, not touched yet; their address.
std::uint64_t map_pages(Machine& m, Process& process, std::uint64_t count,
                        std::uint64_t prot = prot_read | prot_write,
                        std::uint64_t flags = map_private);
// Puts bytes where calls find their arguments; the address, the same each time: the last page of
// the observer's data.
std::uint64_t put(Machine& m, Process& process, std::span<const std::uint8_t> bytes);
std::uint64_t put_text(Machine& m, Process& process, const std::string& text);
std::uint64_t put_words(Machine& m, Process& process, const std::vector<std::uint64_t>& words);
std::uint64_t word_at(Machine& m, Process& process, std::uint64_t address);
std::string text_at(Machine& m, Process& process, std::uint64_t address, std::size_t size);

// Where a structure of that size goes. What is there before, and on the kernel's stack, is not 0.
std::uint64_t fresh_place(Machine& m, Process& process, std::size_t size);

// ---- Files and programs ----

// The descriptors of a new pipe's ends.
struct Pipe {
  std::uint64_t from = 0, to = 0;
};
Pipe make_pipe(Machine& m, Process& process);

// A descriptor of a file that there is.
std::uint64_t open_something(Machine& m, Process& process);
// The first 1,000 bytes of a file, as the process reads it; the points are lost if it cannot.
std::string file_text(Machine& m, Process& process, const std::string& path);

// What a program writes to its output, and its status.
struct Output {
  std::string text;
  unsigned status = 0;
};
// A child becomes the program.
Output output_of(Machine& m, Process& process, const std::string& path);

// ---- Signals ----

constexpr std::uint64_t ignore_signal = 1;  // SIG_IGN
std::uint64_t bit_of(int signal);
void set_handler(Machine& m, Process& process, int signal, std::uint64_t handler);
// The set of blocked signals.
void block(Machine& m, Process& process, std::uint64_t mask);
std::uint64_t blocked(Machine& m, Process& process);

// ---- Leaks ----

// The same call, so many times; the points are lost if one of them fails.
void repeat(Machine& m, Process& process, std::uint64_t times, std::uint64_t number,
            std::uint64_t argument);

// A machine in which all memory but a little is taken by a process that waits: a leak is found by
// going on until nothing is left.
struct SmallMachine {
  Machine m;
  Birth eater;

  SmallMachine(const std::string& name, std::uint64_t million);
  // The process that waits is still there: no memory was taken from it to help the others.
  void expect_eater();
};

}  // namespace test
