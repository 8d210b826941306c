// Signals: sent by kill, acted on by the target itself on its way back to user mode.
#include <bit>

#include "proc/process.hh"
#include "sync/panic.hh"

namespace tine {
namespace {

constexpr std::uint64_t bit(int signal) { return 1ul << (signal - 1); }

// Signals that do nothing unless a program asks for more (signal(7): Ign, Cont). Those that stop a
// process do nothing yet either: a stopped process could not be continued.
constexpr std::uint64_t ignored_by_default = bit(SIGCHLD) | bit(SIGCONT) | bit(SIGURG) |
                                             bit(SIGWINCH) | bit(SIGSTOP) | bit(SIGTSTP) |
                                             bit(SIGTTIN) | bit(SIGTTOU);

// init cannot be killed: everything else rests on it.
void send(Process& process, int signal) REQUIRES(process_table_lock) {
  if (process.zombie || process.pid == init_pid || signal == 0) return;
  if (bit(signal) & ignored_by_default) return;
  process.pending.fetch_or(bit(signal));
  for (Thread& thread : process.threads) interrupt(thread);
}

}  // namespace

Result<> process_kill(int pid, int signal) {
  if (signal < 0 || signal > TINE_NSIG) return Errno::inval;
  SpinGuard guard(process_table_lock);
  if (pid > 0) {
    Process* target = find_process(pid);
    if (!target) return Errno::srch;
    send(*target, signal);
    return {};
  }
  // There are no process groups: of the other forms only -1, everybody but init and the sender, has
  // a meaning.
  if (pid != -1) return Errno::srch;
  bool found = false;
  for (Process* target = find_process_from(init_pid + 1); target;
       target = find_process_from(target->pid + 1)) {
    if (target == &current_process()) continue;
    send(*target, signal);
    found = true;
  }
  return found ? Result<>() : Errno::srch;
}

void raise_signal(int signal) {
  SpinGuard guard(process_table_lock);
  send(current_process(), signal);
}

void handle_signals() {
  Thread& self = *current_thread();
  // First the flag, then the bits, as `send` sets first the bit, then the flag: a signal that comes
  // in between is taken now and finds its flag set for nothing, but is never left without a flag.
  // Sequentially consistent, so that the two steps keep their order in every hart's eyes.
  self.interrupted.exchange(0);
  std::uint64_t pending = self.process->pending.exchange(0);
  if (pending) process_exit(std::countr_zero(pending) + 1);  // the lowest number first
}

void end_by_fault(int signal, const char* cause, VirtAddr address, VirtAddr pc) {
  Process& self = current_process();
  log("{}[{}]: {} at address {}, pc {}: ended by signal {}\n", self.name, self.pid, cause, address,
      pc, signal);
  process_exit(signal);
}

// docs/rooms.md: how the room `vm` finds the program that the kernel works for.
AddressSpace& current_space() { return *current_process().space; }

}  // namespace tine
