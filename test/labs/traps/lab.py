"""The lab `traps`: what a student's tree has in place of the solution (docs/labs/traps.md)."""

# What is taken from a submission. Everything else is the handed-out tree's.
FILES = [
    "kernel/arch/trap.S",
    "kernel/arch/fp.S",
    "kernel/wings/backtrace/backtrace.cc",
    "kernel/trap/trap.cc",
    "kernel/sched/thread.hh",
]

# Lines of the file STUDENT besides the id.
ANSWERS = ["trap_cost"]

# A student's own calls: an alarm with hostile arguments tells nothing.
CHANGES = [
    ("test/guest/bin/badargs.c", "static int is_skipped(long number) {",
     "static int is_skipped(long number) {\n  if (number > SYS_trace && number < 4160) return 1; /* a student's own */"),
]

# The number of a task (tools/task.py) without which another id's solution has no point of part 3.
DIFFERS = "number"

IN = """
  # Part 1. sp is the thread's TrapFrame, sscratch the user's sp, and all other registers are still
  # the user's. Save them all, with sepc and sstatus; make tp and sscratch what the kernel wants;
  # and call trap_handler with the frame. What must s0 be, for a backtrace that ends here? Until
  # this is written the first trap of a program is a panic.
  ld tp, TF_HART(sp)
  csrw sscratch, zero
  unimp
"""

OUT = """
  # Part 1. The way back, with sp = TrapFrame: sscratch, sepc and sstatus, the frame's pointer to
  # this hart, a reservation that lr may have left, and all of the user's registers. Until this is
  # written no program runs.
  unimp
"""

EACH_F = """
# Part 1. A macro like each_x of trap.S saves a lot of lines here.
"""

SAVE = """
  # Part 1. All of FpState, to the address in a0.
"""

RESTORE = """
  # Part 1. All of FpState, from the address in a0.
"""

STACK = """
  // Part 2. May a frame pointer have that value? Kernel stacks are in the window from stack_window on,
  // and the stacks of boot in the direct map.
  return at != 0;
"""

NAME = """
  // Part 2. Print the name of the function, and how far `pc` is after its start: " name + 12".
  (void)kernel_symbols, (void)kernel_symbols_count, (void)kernel_symbol_names;
  (void)is_return_address;
"""

CALLS = """
  // Part 2. Print pc, and then the return address of each function that led there, 32 at most. Until
  // this is written a panic shows registers alone.
  (void)pc, (void)frame_pointer, (void)trap, (void)is_code, (void)is_kernel_stack;
  (void)print_location;
"""

STUBS = {
    "kernel/arch/trap.S": [IN, OUT],
    "kernel/arch/fp.S": [EACH_F, SAVE, RESTORE],
    "kernel/wings/backtrace/backtrace.cc": [NAME, STACK, CALLS],
}

ALARM = """// An alarm of a program: after so many ticks that found the program running its handler is called.
struct Alarm {
  std::uint64_t handler = 0, period = 0, due = 0;  // in ticks of Thread::run_ticks
  unsigned left = 0, rung = 0;                     // how often it will ring, and has rung
  bool in_handler = false;
  TrapFrame frame{};  // while the handler runs: the program's registers
  FpState fp{};
};

struct Thread {
"""

CALL = """// The alarm of the running program is due: it calls its handler.
void ring_alarm(TrapFrame& frame) {{
  Thread& self = *current_thread();
  Alarm& alarm = self.alarm;
  if (alarm.left == 0 || alarm.in_handler || self.run_ticks < alarm.due) return;
  alarm.in_handler = true;
  alarm.left--;
  alarm.fp = fp_read(self);
  alarm.frame = frame;
  frame.a0() = ++alarm.rung;
  frame.x[{register}] = frame.sepc;
  frame.sepc = alarm.handler;
}}

SYSCALL({number}, alarm, void, (std::uint64_t n, std::uint64_t handler)) {{
  Thread& self = *current_thread();
  Alarm& alarm = self.alarm;
  alarm.handler = handler;
  alarm.period = n * {unit};
  alarm.due = self.run_ticks + alarm.period;
  alarm.left = n ? {times} : 0;
  alarm.rung = 0;
  return {{}};
}}

SYSCALL({back}, alarm_return, Replaced, (TrapFrame & frame)) {{
  Thread& self = *current_thread();
  Alarm& alarm = self.alarm;
  if (!alarm.in_handler) return Errno({error});
  alarm.in_handler = false;
  alarm.due = self.run_ticks + alarm.period;
  frame = alarm.frame;
  fp_write(self, alarm.fp);
  return {{}};
}}

// All traps but system calls: kept out of trap_handler"""


def own(task):
    """What a student with this task adds in part 3: edits of the kernel's tree (file, old text, new text)."""
    trap, thread = "kernel/trap/trap.cc", "kernel/sched/thread.hh"
    look = "        if (auto look = current_limits().at_interrupt) look();\n"
    return [
        (thread, "struct Thread {\n", ALARM),
        (thread, "  bool call_interrupted = false;\n", "  bool call_interrupted{false};\n  Alarm alarm;\n"),
        (trap, "// All traps but system calls. Not inlined into trap_handler", CALL.format(**task)),
        (trap, look, "        if (auto look = current_limits().at_interrupt) { look(); }\n        ring_alarm(frame);\n"),
    ]
