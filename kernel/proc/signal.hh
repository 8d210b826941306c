// Signals (POSIX, "Signal Concepts"): sent to a process at any time; its own thread acts on them on
// its way back to user mode. Numbers, structures and the frame that a handler finds on its stack
// are Linux's (<tine/signal.h>, drawn in docs/11-signals.md).
//
// Lock: process_table_lock guards pending signals, masks and actions. Code that changes one of them
// also updates Thread::interrupted under this lock (`interrupt`, `set_blocked_signals`).
#pragma once

#include <tine/signal.h>

#include <array>

#include "arch/trap_frame.hh"
#include "proc/process.hh"

namespace tine {

constexpr std::uint64_t signal_bit(int signal) { return 1ul << (signal - 1); }

// Where a signal came from.
struct SignalOrigin {
  int code = SI_KERNEL;   // SI_*, CLD_*
  int pid = 0;            // kill: the sender; SIGCHLD: the child
  std::uint32_t uid = 0;  // its real user ID
  int status = 0;         // SIGCHLD
};
SignalOrigin origin_of(const Process& process, int code, int status = 0);

// A process's actions. Made by the first call that sets an action or a mask, and inherited by
// children. Without it every action is the default one, and no handler needs to know where a signal
// came from.
struct SignalActions {
  std::array<tine_sigaction, TINE_NSIG> actions{};  // by number - 1
  std::array<SignalOrigin, TINE_NSIG> origins{};    // of the signals that are pending
};

// ---- Sending ----

// May a process with `sender` send a signal to one with `target` (POSIX, kill)?
inline bool may_signal(const Credentials& sender, const Credentials& target) {
  auto reaches = [&](std::uint32_t id) {
    return id == target.user.real || id == target.user.saved;
  };
  return sender.is_superuser() || reaches(sender.user.real) || reaches(sender.user.effective);
}

// Sends to one process. `signal` 0: does nothing.
void send_signal(Process& process, int signal, const SignalOrigin& origin)
    REQUIRES(process_table_lock);
// For the calls kill (`code` is SI_USER) and tkill (SI_TKILL). `pid` -1: all processes except init
// and the sender. Other pids below 1 name process groups, which do not exist. Errors: inval (no
// such signal), srch, perm (the caller may signal none of them).
Result<> process_kill(int pid, int signal, int code = SI_USER);
// To the current process.
void raise_signal(int signal);
// Sends SIGXFSZ to the current process, if `error` comes from its limit on the size of files.
void signal_large_file(Errno error);
// After a write that failed or was short: the same; and SIGPIPE, if the pipe has no readers. (Also
// if the last reader closed during the write, which then returns a count.)
void signal_failed_write(OpenFile& file, Result<std::size_t> written);
// Sends SIGINT to every process except init, from an interrupt: ^C (docs/11-signals.md says why to
// all).
void interrupt_programs();

// ---- The current process's actions and mask ----

// Is there such a signal? With `to_change`: and may its action be changed? (Not those of SIGKILL
// and SIGSTOP.)
bool has_action(int signal, bool to_change);
// Returns the action, and changes it when `fresh` is not null. Errors: nomem.
Result<tine_sigaction> change_signal_action(int signal, const tine_sigaction* fresh);
// Sets the current thread's mask, without SIGKILL and SIGSTOP. Errors: nomem.
Result<> block_signals(std::uint64_t set);
// The same for a caller that holds the lock.
void set_blocked_signals(Thread& self, std::uint64_t set) REQUIRES(process_table_lock);

// Does the process want its children to leave no zombies?
bool leaves_no_zombies(const Process& process) REQUIRES(process_table_lock);
bool is_ignored(const Process& process, int signal) REQUIRES(process_table_lock);

// Takes a pending signal, and returns its siginfo.
tine_siginfo take_signal(Process& process, int signal) REQUIRES(process_table_lock);

// ---- Delivery (signal_frame.cc), on the way to user mode ----

// [signal 3] Acts on the current thread's pending signals: ends the process, or makes `frame` enter
// a handler and returns true. SIGKILL comes first, then the lowest number. Only one handler is
// entered; other pending signals wait until the thread is next in the kernel.
bool handle_signals(TrapFrame& frame);

// An exception that the program caused, with the signal for it.
struct Fault {
  int signal;
  int code;          // si_code
  const char* text;  // for the line on the console
  VirtAddr address;  // si_addr
};
// Makes `frame` enter the handler, if there is one and it is not blocked; otherwise logs the fault
// and ends the process.
void signal_fault(TrapFrame& frame, const Fault& fault);

// [signal 6] Restores the registers and the mask from before a handler.
Replaced signal_return(TrapFrame& frame);

// ---- The alternate stack (sigaltstack) of a thread, for handlers with SA_ONSTACK ----

// Does `sp` point into the alternate stack?
bool is_on_alternate_stack(const Thread& self, std::uint64_t sp);
// `sp`: the program's stack pointer. Errors: perm (it runs on the alternate stack now), inval,
// nomem (too small).
Result<> change_alternate_stack(Thread& self, tine_stack fresh, std::uint64_t sp);

// At boot: makes the page to which handlers return.
void signal_init();

}  // namespace tine
