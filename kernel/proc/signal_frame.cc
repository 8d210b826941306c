// How a signal reaches a handler, and how the handler returns: the program's registers, mask and
// floating point are saved on its own stack, and rt_sigreturn restores them from there. The program
// may have changed them meanwhile, so only registers that it could set itself are restored.
#include <tine/syscall.h>

#include <bit>
#include <utility>

#include "arch/layout.hh"
#include "lib/string.hh"
#include "mm/page_table.hh"
#include "proc/exit.hh"
#include "proc/signal.hh"
#include "sync/log.hh"
#include "sync/panic.hh"
#include "vm/user_memory.hh"

namespace tine {
namespace {

static_assert(sizeof(tine_siginfo) == 128 && sizeof(tine_ucontext) == 960);
static_assert(offsetof(tine_ucontext, context) == 176 && sizeof(tine_signal_frame) == 1088);

struct Delivery {
  int signal;
  tine_sigaction action;
  tine_siginfo info;
  std::uint64_t old_mask;
};

[[noreturn]] void end_by_fault(const Fault& fault, VirtAddr pc) {
  Process& self = current_process();
  log_on(Channel::crash, "{}[{}]: {} at address {}, pc {}: ended by signal {}\n", self.name,
         self.pid, fault.text, fault.address, pc, fault.signal);
  process_exit(fault.signal);
}

// Copies a signal frame. When memory runs out it waits for some, as a page fault does.
template <class Copy>
Result<> with_memory(Copy copy) {
  Result<> copied;
  do {
    copied = copy();
  } while (!copied && copied.error() == Errno::nomem && wait_for_memory());
  return copied;
}

bool is_handler(std::uint64_t handler) {
  return handler != TINE_SIG_DFL && handler != TINE_SIG_IGN;
}

// [signal 4] Takes the signal and, if it has a handler, sets the mask for the handler, in one step
// under the lock: so the signal is neither lost nor delivered twice.
Delivery begin_delivery(Thread& self, int signal) REQUIRES(process_table_lock) {
  Process& process = *self.process;
  std::uint64_t old_mask = self.blocked_before.value_or(self.blocked_signals);
  Delivery delivery{signal, process.action(signal), take_signal(process, signal), old_mask};
  if (is_ignored(process, signal)) delivery.action.handler = TINE_SIG_IGN;
  if (!is_handler(delivery.action.handler)) return delivery;

  // lab signals 1 {
  std::uint64_t flags = delivery.action.flags;
  if (flags & SA_RESETHAND) process.signal_actions->actions[signal - 1].handler = TINE_SIG_DFL;
  std::uint64_t itself = flags & SA_NODEFER ? 0 : signal_bit(signal);
  self.blocked_before.reset();
  set_blocked_signals(self, self.blocked_signals | delivery.action.mask | itself);
  // } lab
  return delivery;
}

tine_ucontext context_of(Thread& self, const TrapFrame& frame, std::uint64_t mask) {
  tine_ucontext context{};
  // lab signals 1 {
  context.stack = self.alternate_stack;
  context.mask = mask;
  context.context.pc = frame.sepc;
  memcpy(context.context.x, &frame.x[1], sizeof(context.context.x));
  FpState fp = fp_read(self);
  memcpy(context.context.f, fp.f, sizeof(fp.f));
  context.context.fcsr = static_cast<std::uint32_t>(fp.fcsr);
  // } lab
  return context;
}

// The address below which the frame goes: the program's stack pointer, or the end of the alternate
// stack. When that stack is full: the highest address, so that storing the frame fails.
std::uint64_t frame_end(const Thread& self, std::uint64_t sp, std::uint64_t flags) {
  if (is_on_alternate_stack(self, sp)) {
    return is_on_alternate_stack(self, sp - sizeof(tine_signal_frame)) ? sp : ~std::uint64_t{0};
  }
  const tine_stack& other = self.alternate_stack;
  return (flags & SA_ONSTACK) && other.size ? other.sp + other.size : sp;
}

// [signal 5] Stores the signal frame on the program's stack, and changes the trap frame so that the
// program calls handler(number, info, context), which returns to the trampoline.
void enter_handler(Thread& self, TrapFrame& frame, const Delivery& delivery) {
  // lab signals 2 {
  // An interrupted call returns EINTR, or is restarted after the handler (SA_RESTART).
  if (std::exchange(self.call_interrupted, false) && !(delivery.action.flags & SA_RESTART)) {
    frame.a0() = -static_cast<std::uint64_t>(EINTR);
    frame.sepc += ecall_size;
  }
  // } lab
  // lab signals 1 {
  std::uint64_t end = frame_end(self, frame.sp(), delivery.action.flags);
  VirtAddr at((end - sizeof(tine_signal_frame)) & ~std::uint64_t(15));
  tine_signal_frame on_stack{delivery.info, context_of(self, frame, delivery.old_mask)};
  Result<> laid =
      with_memory([&] { return copy_to_user(current_space(), at, &on_stack, sizeof(on_stack)); });
  if (!laid && laid.error() == Errno::restart) return;  // a fatal signal comes first
  if (!laid) {
    int signal = laid.error() == Errno::nomem ? SIGKILL : SIGSEGV;
    Fault fault{signal, SI_KERNEL, "no room for a signal frame", at};
    // There may be a handler for this signal, on another stack.
    if (delivery.signal == signal) end_by_fault(fault, VirtAddr(frame.sepc));
    {
      SpinGuard guard(process_table_lock);
      set_blocked_signals(self, delivery.old_mask);
    }
    return signal_fault(frame, fault);
  }
  if (self.alternate_stack.flags & SS_AUTODISARM) self.alternate_stack = no_alternate_stack;
  frame.x[reg_ra] = signal_trampoline.value();
  frame.sp() = at.value();
  frame.a0() = static_cast<std::uint64_t>(delivery.signal);
  frame.x[reg_a1] = at.value() + offsetof(tine_signal_frame, info);
  frame.x[reg_a2] = at.value() + offsetof(tine_signal_frame, context);
  frame.sepc = delivery.action.handler;
  // } lab
}

// The next signal to act on; 0 when there is none.
int next_signal(const Thread& self) REQUIRES(process_table_lock) {
  std::uint64_t ready = self.process->pending_signals & ~self.blocked_signals;
  if (ready & signal_bit(SIGKILL)) return SIGKILL;
  return ready ? std::countr_zero(ready) + 1 : 0;
}

}  // namespace

bool handle_signals(TrapFrame& frame) {
  Thread& self = *current_thread();
  while (true) {
    Delivery delivery;
    {
      SpinGuard guard(process_table_lock);
      int signal = next_signal(self);
      if (!signal && self.blocked_before) {  // the sleep is over: restores the mask from before
        set_blocked_signals(self, *std::exchange(self.blocked_before, std::nullopt));
        continue;
      }
      if (!signal) {
        self.interrupted.store(0);
        self.call_interrupted = false;  // no handler runs: the call is restarted
        return false;
      }
      delivery = begin_delivery(self, signal);
    }
    if (delivery.action.handler == TINE_SIG_DFL) process_exit(delivery.signal);
    if (delivery.action.handler == TINE_SIG_IGN) continue;
    enter_handler(self, frame, delivery);
    return true;
  }
}

// The thread itself caused the signal, so it is delivered before other pending signals; and if it
// is blocked, the process ends.
void signal_fault(TrapFrame& frame, const Fault& fault) {
  Thread& self = *current_thread();
  if (self.has_fatal_signal()) return;  // that one ends the program, and may have caused this
  Delivery delivery{};
  {
    SpinGuard guard(process_table_lock);
    bool blocked = self.blocked_signals & signal_bit(fault.signal);
    if (!blocked) delivery = begin_delivery(self, fault.signal);
  }
  if (!is_handler(delivery.action.handler)) end_by_fault(fault, VirtAddr(frame.sepc));
  delivery.info.code = fault.code;
  delivery.info.about.address = fault.address.value();
  enter_handler(self, frame, delivery);
}

Replaced signal_return(TrapFrame& frame) {
  // lab signals 2 {
  Thread& self = *current_thread();
  VirtAddr at(frame.sp());
  tine_signal_frame saved;
  if (!with_memory([&] { return copy_from_user(current_space(), &saved, at, sizeof(saved)); })) {
    signal_fault(frame, {SIGSEGV, SEGV_MAPERR, "no signal frame to return to", at});
    return {};
  }
  const tine_sigcontext& context = saved.context.context;
  frame.sepc = context.pc;
  memcpy(&frame.x[1], context.x, sizeof(context.x));
  FpState fp;
  memcpy(fp.f, context.f, sizeof(fp.f));
  fp.fcsr = context.fcsr;
  fp_write(self, fp);
  (void)change_alternate_stack(self, saved.context.stack, frame.sp());  // no error, as on Linux
  SpinGuard guard(process_table_lock);
  set_blocked_signals(self, saved.context.mask);
  return {};
  // } lab
}

bool is_on_alternate_stack(const Thread& self, std::uint64_t sp) {
  const tine_stack& stack = self.alternate_stack;
  return !(stack.flags & SS_AUTODISARM) && sp > stack.sp && sp - stack.sp <= stack.size;
}

Result<> change_alternate_stack(Thread& self, tine_stack fresh, std::uint64_t sp) {
  if (is_on_alternate_stack(self, sp)) return Errno::perm;
  int mode = fresh.flags & ~static_cast<int>(SS_AUTODISARM);
  if (mode != 0 && mode != SS_ONSTACK && mode != SS_DISABLE) return Errno::inval;
  if (mode == SS_DISABLE) {
    fresh.sp = fresh.size = 0;
  } else if (fresh.size < TINE_MINSIGSTKSZ) {
    return Errno::nomem;
  }
  fresh.pad = 0;
  self.alternate_stack = fresh;
  return {};
}

// The page is in the kernel's half, which is the same in all page tables: one mapping serves every
// program. Debuggers recognise a signal frame by these two instructions.
void signal_init() {
  Result<PhysAddr> page = frame_allocate_zeroed(FrameKind::kernel);
  Result<Pte*> entry = kernel_map_entry(signal_trampoline);
  if (!page || !entry) panic("no memory for the signal trampoline");
  // lab signals 1 {
  **entry = Pte::user(*page, Prot::read | Prot::exec);
  constexpr std::uint32_t code[] = {0x08b00893, 0x00000073};  // li a7, SYS_rt_sigreturn; ecall
  static_assert(SYS_rt_sigreturn == 0x08b00893 >> 20);
  memcpy(direct(*page), code, sizeof(code));
  // } lab
  kernel_map_changed();
}

}  // namespace tine
