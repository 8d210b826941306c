// trap_handler: every trap of a program comes here, and the way back to the program starts here
// (return_to_user). The kernel itself takes no traps: it runs with interrupts off, and a fault in
// it is a panic (kernel_trap).
#include <utility>

#include "arch/csr.hh"
#include "arch/trap_frame.hh"
#include "proc/exit.hh"
#include "proc/signal.hh"
#include "sched/give_way.hh"
#include "sched/scheduler.hh"
#include "sync/log.hh"
#include "sync/panic.hh"
#include "syscall/dispatch.hh"
#include "trap/interrupt.hh"

namespace tine {
namespace {

extern "C" const char boot_stack_guard[];  // entry.S

// The exceptions that the hardware raises, and the signals that Linux sends for them.
struct FaultCause {
  std::uint64_t cause;
  int signal, code;
  const char* text;
};
constexpr FaultCause fault_causes[] = {
    {csr::cause_fetch_misaligned, SIGBUS, BUS_ADRALN, "misaligned fetch"},
    {csr::cause_fetch_access, SIGSEGV, SEGV_ACCERR, "fetch access fault"},
    {csr::cause_illegal_instruction, SIGILL, ILL_ILLOPC, "illegal instruction"},
    {csr::cause_breakpoint, SIGTRAP, TRAP_BRKPT, "breakpoint"},
    {csr::cause_load_misaligned, SIGBUS, BUS_ADRALN, "misaligned load"},
    {csr::cause_load_access, SIGSEGV, SEGV_ACCERR, "load access fault"},
    {csr::cause_store_misaligned, SIGBUS, BUS_ADRALN, "misaligned store or atomic"},
    {csr::cause_store_access, SIGSEGV, SEGV_ACCERR, "store access fault"},
    {csr::cause_fetch_page_fault, SIGSEGV, SEGV_MAPERR, "bad fetch"},
    {csr::cause_load_page_fault, SIGSEGV, SEGV_MAPERR, "bad load"},
    {csr::cause_store_page_fault, SIGSEGV, SEGV_MAPERR, "bad store"},
};

Fault fault_of(std::uint64_t cause, VirtAddr address) {
  for (const FaultCause& row : fault_causes) {
    if (row.cause == cause) return {row.signal, row.code, row.text, address};
  }
  return {SIGILL, SI_KERNEL, "unknown exception", address};
}

[[gnu::noinline]] void refuse(TrapFrame& frame, std::uint64_t cause, VirtAddr address,
                              Errno error) {
  Fault fault = fault_of(cause, address);
  switch (error) {
    case Errno::fault: break;  // nothing is mapped there
    case Errno::access: fault.code = SEGV_ACCERR; break;
    case Errno::nomem: fault = {SIGKILL, SI_KERNEL, "out of memory", address}; break;
    default: fault.signal = SIGBUS, fault.code = BUS_ADRERR;  // the file has no such page
  }
  signal_fault(frame, fault);
}

// [fault 2] Describes the access as a value; the address space decides whether it is allowed.
void page_fault(std::uint64_t cause, TrapFrame& frame) {
  VirtAddr address(csr::read_stval()), pc(frame.sepc);
  Prot wanted = cause == csr::cause_store_page_fault   ? Prot::write
                : cause == csr::cause_fetch_page_fault ? Prot::exec
                                                       : Prot::read;
  Result<> resolved = current_space().resolve(Access{address, wanted});
  if (is_logged(Channel::fault)) {
    log_on(Channel::fault, "fault: {} at {}, pc {}: {}\n", current_process().pid, address, pc,
           resolved ? "resolved" : "refused");
  }
  // [fault 6] sret repeats the access, unless a fatal signal ends the program first.
  if (resolved || resolved.error() == Errno::restart) return;
  if (resolved.error() == Errno::nomem && wait_for_memory()) return;
  refuse(frame, cause, address, resolved.error());
}

// All traps but system calls. Not inlined into trap_handler, so that a call does not save the
// registers that only this function uses.
[[gnu::noinline]] void exception_or_interrupt(std::uint64_t cause, TrapFrame& frame) {
  switch (cause) {
    case csr::cause_fetch_page_fault:
    case csr::cause_load_page_fault:
    case csr::cause_store_page_fault: return page_fault(cause, frame);
    case csr::cause_illegal_instruction:
      if (fp_first_use(*current_thread())) return;
      [[fallthrough]];
    case csr::cause_breakpoint: return signal_fault(frame, fault_of(cause, VirtAddr(frame.sepc)));
    default:
      if (cause & csr::cause_interrupt) {
        // If sepc is where the last system call returned to, the program has executed no
        // instruction since. So the interrupt became pending in the kernel, and its time counts as
        // system time.
        bool pended = frame.sepc == std::exchange(this_hart().resumed_at, 0);
        handle_interrupts(pended);
        if (auto look = current_limits().at_interrupt) look();
        return;
      }
      signal_fault(frame, fault_of(cause, VirtAddr(csr::read_stval())));
  }
}

bool is_interrupted() { return current_thread()->interrupted.load(std::memory_order_relaxed); }

// Each step may make more work, on this hart or, after a switch, on the hart where the thread
// continues. At most one signal handler is entered; other pending signals wait for the program's
// next entry into the kernel.
[[gnu::noinline]] void finish_work(TrapFrame& frame) {
  bool in_handler = false;
  while (true) {
    unsigned work = this_hart().work;
    if (is_interrupted() && !in_handler) {
      in_handler = handle_signals(frame);
    } else if (work & Hart::must_yield) {
      make_room();
    } else if (work & Hart::has_deferred_work) {
      do_deferred_work();
    } else {
      return;
    }
  }
}

}  // namespace

// [ecall 3] Why did the trap happen?
void trap_handler(TrapFrame& frame) {
  std::uint64_t cause = csr::read_scause();
  if (cause == csr::cause_user_ecall) {
    syscall_dispatch(frame);
  } else {
    exception_or_interrupt(cause, frame);
  }
}

// The only way back to user mode: does all work that is pending for this thread and hart. A new
// process starts here.
void return_to_user(TrapFrame& frame) {
  if (this_hart().work || is_interrupted()) finish_work(frame);
}

void kernel_trap(TrapFrame& frame) {
  std::uint64_t cause = csr::read_scause(), address = csr::read_stval();
  bool in_guard = address >= stack_window.value() && (address & kernel_stack_size) == 0;
  auto boot_guard = reinterpret_cast<std::uint64_t>(boot_stack_guard);
  if (in_guard || (address >= boot_guard && address < boot_guard + page_size)) {
    panic_at(frame, "kernel stack overflow, at address {}, pc {}", VirtAddr(address),
             VirtAddr(frame.sepc));
  }
  panic_at(frame, "{} in the kernel at address {}, pc {}, cause {}",
           fault_of(cause, VirtAddr(address)).text, VirtAddr(address), VirtAddr(frame.sepc), cause);
}

}  // namespace tine
