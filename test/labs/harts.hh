// Two processes on two harts, of which one at a time runs: the order of everything that both do is
// the grader's. While one hart is between two instructions in the kernel, the other one does a
// whole call, or finds that it has to wait.
//
// Nothing of this asks the kernel where its locks are, or what it calls them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>

#include "labs/observer.hh"

namespace test {

class Duet {
 public:
  // Both are processes of a machine with two harts or more. No other process may be ready to run.
  Duet(Machine& machine, Process& first, Process& second);

  // From here on the machine runs as before.
  ~Duet();
  Duet(const Duet&) = delete;
  Duet& operator=(const Duet&) = delete;

  Process& process(int who) { return *processes_[who]; }
  bool busy(int who) const { return processes_[who]->busy; }

  // Sets registers, and lets no hart run.
  void start(int who, const char* label, const Registers& with, const std::string& doing);
  void start_call(int who, std::uint64_t number, const std::vector<std::uint64_t>& arguments);
  void start_store(int who, std::uint64_t address, std::uint64_t value);
  // Runs it alone until it is at rest. False: it has not come there within `time` of the clock.
  bool run(int who, std::uint64_t time = patience_);
  // The same, and the points are lost for that reason if it does not come.
  std::uint64_t finish(int who, const std::string& reason);
  std::uint64_t call(int who, std::uint64_t number, const std::vector<std::uint64_t>& arguments);
  void store(int who, std::uint64_t address, std::uint64_t value);

  // `who` is busy, and executes its instructions one by one. Before each that can change what
  // other harts see `between` is called. Returns true when `who` is at rest, and false when it goes
  // on for ever without such an instruction: it waits.
  bool interleave(int who, const std::function<void()>& between);

  // May the next instruction of that hart change memory that is not on its stack?
  bool changes_memory(int who);
  // The same, and it has not been so often in this call: an instruction in a loop that fills a page
  // comes hundreds of times.
  bool worth_a_look(int who);
  void step(int who);
  bool in_kernel(int who);

 private:
  static constexpr std::uint64_t patience_ = 3000;  // of 100 ns: 300,000 instructions

  Machine& m_;
  Process* processes_[2];
  int harts_[2];
  std::map<std::uint64_t, bool> changes_;        // by address in the kernel
  std::map<std::uint64_t, unsigned> visits_[2];  // in the call that was started last
};

}  // namespace test
