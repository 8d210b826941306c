"""What the grader of the lab `signals` is tried with (make test-labs). Never part of a student's tree."""

FRAME = "kernel/proc/signal_frame.cc"

# Run against the skeleton's kernel: (what is true, command).
OTHERS = [
    ("the lab fork's tests that need no handler pass",
     'build/host/lab-tests "[fork]~[part3]~[part4]" "~*break are inherited*" "~*signal at the end*"'),
    ("programs on processes, memory and files pass",
     'make -s DEPS=no build/host/guest-tests && make -s -C "$SKELETON" DEPS=no build/release/test.cpio && '
     'TINE_INITRD="$SKELETON/build/release/test.cpio" TINE_SMP=2 TINE_SHIFT=1 '
     'TINE_PROGRAMS="process memory files cow fork_more" build/host/guest-tests "[.one]"'),
]

LAST_LINES = """  SpinGuard guard(process_table_lock);
  set_blocked_signals(self, saved.context.mask);
  return {};
"""

# (name, the parts in which points are lost and no others, edits)
PARTIAL = [
    ("handlers that never return", [2],
     [(FRAME, "Replaced signal_return(TrapFrame& frame) {\n",
       "Replaced signal_return(TrapFrame& frame) {\n  if (frame.sepc) process_exit(SIGSEGV);\n")]),
]

# (file that does not compile, the parts in which points are lost and no others)
BROKEN = [(FRAME, [1, 2, 3])]

# (name, {file: what stands there instead, see prove.py}). The other files are as handed out.
FORGED = [
    ("calls no handler, and prints what is asked for", {FRAME: "prints.cc + base.cc"}),
    ("kill and rt_sigprocmask say that a handler ran", {FRAME: "lies.cc + base.cc"}),
    ("changes the observer, which it knows by its bytes", {FRAME: "code-of.cc + knows-observer.cc + base.cc"}),
    ("runs the handler in the kernel", {FRAME: "in-kernel.cc + base.cc"}),
    ("ends the machine with success", {FRAME: "finisher.cc + base.cc"}),
]

COPY_OUT = """  Result<> laid =
      with_memory([&] { return copy_to_user(current_space(), at, &on_stack, sizeof(on_stack)); });
"""
COPY_IN = """  if (!with_memory([&] { return copy_from_user(current_space(), &saved, at, sizeof(saved)); })) {
    signal_fault(frame, {SIGSEGV, SEGV_MAPERR, "no signal frame to return to", at});
    return {};
  }
"""

# (name, a word from the name of the test that is meant to notice, edits)
WRONG = [
    ("a1 and a2 are exchanged", "its arguments and its stack",
     [(FRAME, "frame.x[reg_a1] = at", "frame.x[reg_a3] = at"), (FRAME, "frame.x[reg_a2] = at", "frame.x[reg_a1] = at"),
      (FRAME, "frame.x[reg_a3] = at", "frame.x[reg_a2] = at")]),
    ("the stack pointer is not aligned", "its arguments and its stack",
     [(FRAME, "VirtAddr at((end - sizeof(tine_signal_frame)) & ~std::uint64_t(15));",
       "VirtAddr at(end - sizeof(tine_signal_frame));")]),
    ("the registers are saved after sp was changed", "registers of what was interrupted",
     [(FRAME, "  tine_signal_frame on_stack{", "  frame.sp() = at.value();\n  tine_signal_frame on_stack{")]),
    ("the registers are stored from x0 on", "registers of what was interrupted",
     [(FRAME, "memcpy(context.context.x, &frame.x[1],", "memcpy(context.context.x, &frame.x[0],")]),
    ("floating point is forgotten in the frame", "registers of what was interrupted",
     [(FRAME, "  memcpy(context.context.f, fp.f, sizeof(fp.f));\n", "")]),
    ("the frame has the handler's mask", "who sent it and what was blocked",
     [(FRAME, "  context.mask = mask;\n", "  context.mask = mask | self.blocked_signals;\n")]),
    ("the frame has what was on the kernel's stack", "who sent it and what was blocked",
     [(FRAME, "  tine_ucontext context{};\n  // lab signals 1 {\n",
       "  tine_ucontext context;\n  context.flags = context.link = 0;\n")]),
    ("the signal itself is not blocked", "sa_mask are blocked",
     [(FRAME, "delivery.action.mask | itself);", "delivery.action.mask);\n  (void)itself;")]),
    ("sa_mask takes the place of the program's mask", "sa_mask are blocked",
     [(FRAME, "self.blocked_signals | delivery.action.mask | itself", "delivery.action.mask | itself")]),
    ("SA_RESETHAND does nothing", "sa_mask are blocked",
     [(FRAME, "  if (flags & SA_RESETHAND) process.signal_actions->actions[signal - 1].handler = TINE_SIG_DFL;\n", "")]),
    ("programs may write to the trampoline", "the trampoline is a page",
     [(FRAME, "Pte::user(*page, Prot::read | Prot::exec)", "Pte::user(*page, Prot::read | Prot::write | Prot::exec)")]),
    ("no room for the frame, and the handler starts", "a frame that finds no room",
     [(FRAME, "  if (!laid) {\n", "  if (!laid && laid.error() == Errno::nomem) {\n")]),
    ("no room for the frame, and the handler's mask stays", "a frame that finds no room",
     [(FRAME, "      set_blocked_signals(self, delivery.old_mask);\n", "")]),
    ("the frame is stored through the program's address itself", "its arguments and its stack",
     [(FRAME, COPY_OUT, "  Result<> laid;\n  memcpy(reinterpret_cast<void*>(at.value()), &on_stack, sizeof(on_stack));\n")]),
    ("the mask stays after the handler", "all registers and the mask",
     [(FRAME, LAST_LINES, "  return {};\n")]),
    ("the registers come back from x0 on", "all registers and the mask",
     [(FRAME, "memcpy(&frame.x[1], context.x,", "memcpy(&frame.x[0], context.x,")]),
    ("floating point does not come back", "all registers and the mask", [(FRAME, "  fp_write(self, fp);\n", "")]),
    ("sstatus is kept in the frame", "brings no privilege",
     [(FRAME, "  context.mask = mask;\n", "  context.mask = mask;\n  context.flags = frame.sstatus;\n"),
      (FRAME, "  frame.sepc = context.pc;\n", "  frame.sepc = context.pc;\n  if (saved.context.flags) frame.sstatus = saved.context.flags;\n")]),
    ("the mask of a frame may hold SIGKILL", "brings no privilege",
     [(FRAME, "  set_blocked_signals(self, saved.context.mask);\n",
       "  set_blocked_signals(self, saved.context.mask);\n  self.blocked_signals = saved.context.mask;\n")]),
    ("what cannot be read of a frame is what was on the kernel's stack", "a frame that is not there",
     [(FRAME, COPY_IN, "  (void)copy_from_user(current_space(), &saved, at, sizeof(saved));\n")]),
    ("the frame's address is checked only at its start", "a frame that is not there",
     [(FRAME, COPY_IN, COPY_IN.replace("sizeof(saved)", "sizeof(saved.info)") +
       "  (void)copy_from_user(current_space(), &saved, at, sizeof(saved));\n")]),
    ("every interrupted call is restarted", "returns EINTR, or is restarted",
     [(FRAME, "!(delivery.action.flags & SA_RESTART)", "false")]),
    ("SA_RESTART does nothing", "returns EINTR, or is restarted",
     [(FRAME, " && !(delivery.action.flags & SA_RESTART)", "")]),
    ("EINTR is returned, and the call is made again", "returns EINTR, or is restarted",
     [(FRAME, "    frame.sepc += ecall_size;\n", "")]),
    ("the mask of rt_sigsuspend is forgotten", "returns EINTR, or is restarted",
     [(FRAME, "  self.blocked_before.reset();\n", "")]),
    ("SS_AUTODISARM does nothing", "all registers and the mask",
     [(FRAME, "  if (self.alternate_stack.flags & SS_AUTODISARM) self.alternate_stack = no_alternate_stack;\n", "")]),
    ("an interrupted call is never forgotten", "returns EINTR, or is restarted",
     [(FRAME, "std::exchange(self.call_interrupted, false)", "self.call_interrupted")]),
    ("a block of the heap is lost in each return", "thousands of handlers",
     [(FRAME, "  frame.sepc = context.pc;\n", "  frame.sepc = context.pc;\n  (void)heap_allocate(256);\n"),
      (FRAME, '#include "lib/string.hh"\n', '#include "lib/string.hh"\n#include "mm/heap.hh"\n')]),
]

# Mutants that no program can tell from the original, and why: a pattern for the line that test-labs prints.
# Reasons for mutants that no program can tell from the kernel on one hart.
EQUIVALENT = [
    (r"signal_frame\.cc:\d+: order: (if \(flags & SA_RESETHAND|VirtAddr at\(\(end|frame\.x\[reg_a1\]|fp_write\(self)",
     "neither of the two statements reads what the other writes"),
    (r"signal_frame\.cc:\d+: deleted: SpinGuard guard\(process_table_lock\);",
     "the lock keeps another hart from sending a signal in that moment, which the grader cannot choose"),
    (r"signal_frame\.cc:\d+: deleted: if \(!laid && laid\.error\(\) == Errno::restart\) return;",
     "SIGKILL comes while the stack's page waits for memory: the process ends in any case, a fault later"),
]
