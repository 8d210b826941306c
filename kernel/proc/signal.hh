// Signals (POSIX, "Signal Concepts"): sent to a process at any time, acted on by its own thread on
// the way back to user mode. Numbers, structures and the frame that a handler finds on its stack
// are Linux's (<tine/signal.h>, drawn in docs/11-signals.md).
//
// Lock: process_table_lock guards what is pending, what is blocked, and the actions. Whoever
// changes one of them decides under it whether a thread has something to look after (`interrupt`).
#pragma once

#include <tine/signal.h>

#include <array>

#include "arch/trap_frame.hh"
#include "lib/result.hh"
#include "lib/types.hh"
#include "sync/spinlock.hh"

namespace tine {

class OpenFile;
struct Process;
struct Thread;
struct Replaced;
extern constinit Spinlock process_table_lock;  // proc/process.hh

constexpr std::uint64_t signal_bit(int signal) { return 1ul << (signal - 1); }

// Where a signal came from.
struct SignalOrigin {
  int code = SI_KERNEL;   // SI_*, CLD_*
  int pid = 0;            // kill: the sender; SIGCHLD: the child
  std::uint32_t uid = 0;  // its real user ID
  int status = 0;         // SIGCHLD
};
SignalOrigin origin_of(const Process& process, int code, int status = 0);

// What a process wants done. It exists from the first call that sets an action or a mask on, and in
// its children; until then every action is the default one, and nobody will ask where a signal came
// from.
struct SignalActions {
  std::array<tine_sigaction, TINE_NSIG> actions{};  // by number - 1
  std::array<SignalOrigin, TINE_NSIG> origins{};    // of those that are pending
};

// ---- Sending ----

// To one process. `signal` 0: nothing.
void send_signal(Process& process, int signal, const SignalOrigin& origin)
    REQUIRES(process_table_lock);
// For the calls kill (`code` is SI_USER) and tkill (SI_TKILL). `pid` -1: all but init and the
// sender; other pids below 1 name groups, of which there are none. Errors: inval (no such signal),
// srch, perm (it may signal none of them).
Result<> process_kill(int pid, int signal, int code = SI_USER);
// To the current process.
void raise_signal(int signal);
// To the current process: SIGXFSZ, if `error` says that its limit kept a file from growing.
void signal_large_file(Errno error);
// After a write that failed or came out short: the same; and SIGPIPE, if the pipe has no readers,
// also where the last one went in the middle and there is a count to return.
void signal_failed_write(OpenFile& file, Result<std::size_t> written);
// To every process but init, from an interrupt: ^C (docs/11-signals.md: why everybody).
void interrupt_programs();

// ---- The current process's actions and mask ----

// Is there such a signal, and may the process change what it does? Not of SIGKILL and SIGSTOP.
bool has_action(int signal, bool to_change);
// Answers the action, and changes it when `fresh` is not null. Errors: nomem.
Result<tine_sigaction> change_signal_action(int signal, const tine_sigaction* fresh);
// Sets what the current thread blocks; SIGKILL and SIGSTOP stay out of it. Errors: nomem.
Result<> block_signals(std::uint64_t set);
// The same in the middle of something.
void set_blocked_signals(Thread& self, std::uint64_t set) REQUIRES(process_table_lock);

// Does the process want its children to leave no zombies?
bool leaves_no_zombies(const Process& process) REQUIRES(process_table_lock);
bool is_ignored(const Process& process, int signal) REQUIRES(process_table_lock);

// Takes a pending signal: it is pending no more. Answers what is known of it.
tine_siginfo take_signal(Process& process, int signal) REQUIRES(process_table_lock);

// ---- Delivery (signal_frame.cc), on the way to user mode ----

// [signal 3] Acts on what is pending for the current thread: ends the process, or makes `frame`
// enter a handler and answers true. One handler at a time, SIGKILL before all, then the lowest
// number; what else is pending waits until the thread is next in the kernel.
bool handle_signals(TrapFrame& frame);

// The running program did something that the hardware or the address space refuses.
struct Fault {
  int signal;
  int code;          // si_code
  const char* text;  // for the line on the console
  VirtAddr address;  // si_addr
};
// Makes `frame` enter the handler, if there is one and it is not blocked; else says what happened
// and ends the process.
void signal_fault(TrapFrame& frame, const Fault& fault);

// [signal 6] Puts back the registers and the mask that a handler was entered with.
Replaced signal_return(TrapFrame& frame);

// ---- The alternate stack (sigaltstack): a thread's own; used by handlers with SA_ONSTACK ----

// Is `sp` a stack pointer on it?
bool is_on_alternate_stack(const Thread& self, std::uint64_t sp);
// For a program whose stack pointer is `sp`. Errors: perm (it runs on the one it has), inval, nomem
// (too small).
Result<> change_alternate_stack(Thread& self, tine_stack fresh, std::uint64_t sp);

// At boot: makes the page where handlers return to.
void signal_init();

}  // namespace tine
