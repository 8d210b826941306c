"""The lab `signals`: what a student's tree has in place of the solution (docs/labs/signals.md)."""

# What is taken from a submission. Everything else is the handed-out tree's.
FILES = ["kernel/proc/signal_frame.cc"]

# Lines of the file STUDENT besides the id.
ANSWERS = ["handler_cost"]

CHANGES = []

# The number of a task by which part 3 is another one.
DIFFERS = "number"

MASK = """
  // Part 1. Which signals are blocked while the handler runs? Which flags of the action change that,
  // or the action itself? A mask of rt_sigsuspend (blocked_before) ends here. Until this is written
  // no handler is called.
  delivery.action.handler = TINE_SIG_IGN;

  // Part 3. Does your signal block another one? `make task` says it, for your id.
"""

CONTEXT = """
  // Part 1. All registers of the program (fp_read has those of floating point), its alternate
  // stack, and its mask.
  (void)self, (void)frame, (void)mask;
"""

INTERRUPTED = """
  // Part 2. A call that was interrupted (call_interrupted) is restarted after the handler if nothing
  // is done here: a0 and sepc are as before the ecall. When should it return EINTR instead?
"""

ENTER = """
  // Part 1. Store the signal frame on the program's stack (frame_end, with_memory), and change the
  // trap frame so that the program calls the handler. What if there is no room for the frame?
  (void)self, (void)frame, (void)delivery, (void)frame_end, (void)context_of;

  // Part 3. What is different for your signal? `make task` says it, for your id.
"""

RETURN = """
  // Part 2. The program's registers and its mask come back from the frame, which the program may
  // have written itself. Until this is written a handler that returns ends the program.
  signal_fault(frame, {SIGSEGV, SI_KERNEL, "rt_sigreturn is not written yet", VirtAddr(frame.sp())});
  return {};
"""

TRAMPOLINE = """
  // Part 1. The page gets two instructions, `li a7, 139` and `ecall`, and every program may execute it
  // at signal_trampoline.
"""

STUBS = {"kernel/proc/signal_frame.cc": [MASK, CONTEXT, INTERRUPTED, ENTER, RETURN, TRAMPOLINE]}


def own(task):
    """What a student with this task adds in part 3: edits of the kernel's tree (file, old text, new text)."""
    path, is_special = "kernel/proc/signal_frame.cc", f'delivery.signal == {task["number"]}'
    mask = "  self.blocked_before.reset();\n"
    end = "  std::uint64_t end = frame_end(self, frame.sp(), delivery.action.flags);\n"
    register = "  frame.x[reg_a2] = at.value() + offsetof(tine_signal_frame, context);\n"
    return [(path, mask, f'  if ({is_special}) itself |= signal_bit({task["blocked"]});\n' + mask),
            (path, end, end + f'  if ({is_special}) end -= {task["room"]};\n'),
            (path, register, register + f'  if ({is_special}) frame.x[{task["register"]}] = {task["word"]};\n')]
