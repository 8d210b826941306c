#include "proc/signal.hh"

#include <bit>

#include "mm/heap.hh"
#include "proc/table.hh"
#include "sched/give_way.hh"
#include "sched/scheduler.hh"
#include "vfs/file_pages.hh"

namespace tine {
namespace {

constexpr std::uint64_t unblockable = signal_bit(SIGKILL) | signal_bit(SIGSTOP);

// Signals whose default action is to do nothing (signal(7): Ign, Cont). Those that stop a process
// on Linux do nothing here either, because there is no job control.
constexpr std::uint64_t ignored_by_default =
    signal_bit(SIGCHLD) | signal_bit(SIGCONT) | signal_bit(SIGURG) | signal_bit(SIGWINCH) |
    signal_bit(SIGSTOP) | signal_bit(SIGTSTP) | signal_bit(SIGTTIN) | signal_bit(SIGTTOU);

Result<> ensure_actions(Process& process) REQUIRES(process_table_lock) {
  if (!process.signal_actions) process.signal_actions = TRY(make<SignalActions>());
  return {};
}

}  // namespace

tine_sigaction Process::action(int signal) const {
  return signal_actions ? signal_actions->actions[signal - 1] : tine_sigaction{};
}

// The machine needs init, so init ignores every signal that it does not handle.
bool is_ignored(const Process& process, int signal) {
  std::uint64_t handler = process.action(signal).handler;
  if (handler != TINE_SIG_DFL) return handler == TINE_SIG_IGN;
  return (signal_bit(signal) & ignored_by_default) || process.pid == init_pid;
}

namespace {

// Does the signal end the process, once it is acted on?
bool is_fatal(const Process& process, int signal) REQUIRES(process_table_lock) {
  return process.action(signal).handler == TINE_SIG_DFL && !is_ignored(process, signal);
}

}  // namespace

// ---- Sending ----

SignalOrigin origin_of(const Process& process, int code, int status) {
  return {code, process.pid, process.paths.credentials().user.real, status};
}

// [signal 1] An ignored signal is dropped immediately, unless a thread blocks it: the action may
// have changed when it is unblocked. A signal that is already pending is not counted twice.
void send_signal(Process& process, int signal, const SignalOrigin& origin) {
  if (signal == 0 || process.zombie) return;
  std::uint64_t bit = signal_bit(signal);
  bool wanted = !is_ignored(process, signal);
  for (Thread& thread : process.threads) {
    wanted |= ((thread.blocked_signals | thread.blocked_before.value_or(0)) & bit) != 0;
  }
  if (!wanted) return;
  bool is_new = !(process.pending_signals & bit);
  if (is_new && process.signal_actions) {
    process.signal_actions->origins[signal - 1] = origin;
  }
  process.pending_signals |= bit;
  bool fatal = is_fatal(process, signal);
  for (Thread& thread : process.threads) {
    if (!(thread.blocked_signals & bit)) interrupt(thread, fatal);  // [signal 2] ends its sleep
  }
}

namespace {

// A part of send_to_all: sends to the first processes from `pid` on. Returns the pid at which to
// continue; 0: there are no more.
int send_to_some(int pid, int signal, const SignalOrigin& origin, const Process* sender,
                 Result<>& result) {
  SpinGuard guard(process_table_lock);
  for (unsigned steps = 0; steps < 32; steps++) {
    Process* target = find_process_from(pid);
    if (!target) return 0;
    pid = target->pid + 1;
    if (target == sender) continue;
    if (sender && !may_signal(sender->paths.credentials(), target->paths.credentials())) {
      if (!result) result = Errno::perm;
      continue;
    }
    send_signal(*target, signal, origin);
    result = {};
  }
  return pid;
}

void note_signal_to_all(int change) {
  SpinGuard guard(process_table_lock);
  signals_to_all += unsigned(change);
}

// Sends to all processes except init and the sender (nullptr: the kernel, for ^C). A sender gives
// way between the parts. No process is made until the end, because it could be missed. Errors: srch
// (there is no process), perm (the sender may signal none of them).
Result<> send_to_all(int signal, const SignalOrigin& origin, const Process* sender) {
  Result<> result = Errno::srch;
  note_signal_to_all(1);
  for (int pid = init_pid + 1; pid != 0;) {
    pid = send_to_some(pid, signal, origin, sender, result);
    if (sender && give_way()) break;
  }
  note_signal_to_all(-1);
  return result;
}

}  // namespace

Result<> process_kill(int pid, int signal, int code) {
  if (signal < 0 || signal > TINE_NSIG) return Errno::inval;
  Process& self = current_process();
  SignalOrigin origin = origin_of(self, code);
  if (pid == -1) return send_to_all(signal, origin, &self);
  if (pid <= 0) return Errno::srch;  // process groups do not exist
  SpinGuard guard(process_table_lock);
  Process* target = find_process(pid);
  if (!target) return Errno::srch;
  if (!may_signal(self.paths.credentials(), target->paths.credentials())) return Errno::perm;
  send_signal(*target, signal, origin);
  return {};
}

void raise_signal(int signal) {
  SpinGuard guard(process_table_lock);
  send_signal(current_process(), signal, origin_of(current_process(), SI_USER));
}

void signal_large_file(Errno error) {
  if (error == Errno::fbig && largest_file() != RLIM_INFINITY) raise_signal(SIGXFSZ);
}

void signal_failed_write(OpenFile& file, Result<std::size_t> written) {
  if (!written) signal_large_file(written.error());
  bool broken = written ? file.node()->ready(file.flags(), nullptr) & POLLERR
                        : written.error() == Errno::pipe;
  if (broken) raise_signal(SIGPIPE);
}

void interrupt_programs() { (void)send_to_all(SIGINT, {}, nullptr); }

tine_siginfo take_signal(Process& process, int signal) {
  process.pending_signals &= ~signal_bit(signal);
  tine_siginfo info{};
  info.number = signal;
  if (process.signal_actions) {
    const SignalOrigin& origin = process.signal_actions->origins[signal - 1];
    info.code = origin.code;
    info.about.process = {origin.pid, origin.uid, origin.status};
  }
  return info;
}

// ---- Actions and mask ----

bool has_action(int signal, bool to_change) {
  if (signal < 1 || signal > TINE_NSIG) return false;
  return !to_change || !(signal_bit(signal) & unblockable);
}

Result<tine_sigaction> change_signal_action(int signal, const tine_sigaction* fresh) {
  Process& self = current_process();
  SpinGuard guard(process_table_lock);
  tine_sigaction old = self.action(signal);
  if (!fresh) return old;
  TRY(ensure_actions(self));
  tine_sigaction& action = self.signal_actions->actions[signal - 1];
  action = *fresh;
  action.mask &= ~unblockable;
  action.flags &= TINE_SA_FLAGS;
  if (is_ignored(self, signal)) self.pending_signals &= ~signal_bit(signal);
  return old;
}

Result<> block_signals(std::uint64_t set) {
  Process& self = current_process();
  SpinGuard guard(process_table_lock);
  TRY(ensure_actions(self));
  set_blocked_signals(*current_thread(), set);
  return {};
}

// Ignored signals that were kept only because they were blocked are dropped: they must not end a
// sleep.
void set_blocked_signals(Thread& self, std::uint64_t set) {
  Process& process = *self.process;
  self.blocked_signals = set & ~unblockable;
  std::uint64_t kept = self.blocked_signals | self.blocked_before.value_or(0);
  for (std::uint64_t free = process.pending_signals & ~kept; free; free &= free - 1) {
    int signal = std::countr_zero(free) + 1;
    if (is_ignored(process, signal)) process.pending_signals &= ~signal_bit(signal);
  }
  std::uint32_t interrupted = 0;
  for (std::uint64_t free = process.pending_signals & ~self.blocked_signals; free;
       free &= free - 1) {
    bool fatal = is_fatal(process, std::countr_zero(free) + 1);
    interrupted |= Thread::signalled | (fatal ? Thread::fatal : 0);
  }
  self.interrupted.store(interrupted);
}

bool leaves_no_zombies(const Process& process) {
  tine_sigaction action = process.action(SIGCHLD);
  return action.handler == TINE_SIG_IGN || (action.flags & SA_NOCLDWAIT);
}

}  // namespace tine
