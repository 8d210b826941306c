"""What the grader of the lab `traps` is tried with (make test-labs). Never part of a student's tree."""

TRAP, FP, BACKTRACE = "kernel/arch/trap.S", "kernel/arch/fp.S", "kernel/wings/backtrace/backtrace.cc"
CAUSES, THREAD = "kernel/trap/trap.cc", "kernel/sched/thread.hh"

# Run against the skeleton's kernel: (what is true, command). No program runs in it.
OTHERS = [
    ("the kernel comes to its first program, and a panic names the trap in the gate",
     'timeout 60 qemu-system-riscv64 -machine virt -m 64M -display none -serial stdio -no-reboot -kernel "$TINE_KERNEL" '
     '-initrd "$TINE_INITRD" -append init=/test/observer < /dev/null | grep -A99 "Tine: 64 MiB, 1 hart" | '
     'grep -A14 "illegal instruction in the kernel" | grep "scause 2"'),
    ("the host's tests of the kernel's parts pass", 'make -s -C "$SKELETON" DEPS=no test-unit'),
]

TO_FRAME = "  each_x sd, sp\n  csrrw t0, sscratch, zero     # the user's sp; and sscratch says \"in the kernel\"\n"
STORES = "  sd t0, TF_X(2)(sp)\n  sd t1, TF_SEPC(sp)\n"
REPORT = '  print(to, "backtrace:\\n");\n'

# (name, the parts in which points are lost and no others, edits)
PARTIAL = [
    ("a gate without a backtrace", [2], [(BACKTRACE, REPORT, REPORT + "  if (pc) return;\n")]),
    ("a backtrace and the way out, and no way in", [1, 3],
     [(TRAP, TO_FRAME, "  ld tp, TF_HART(sp)\n  csrw sscratch, zero\n  unimp\n" + TO_FRAME)]),
    ("a gate without floating point", [1, 3],
     [(FP, "  each_f fsd\n  frcsr t0\n", "  ret\n  frcsr t0\n"), (FP, "  each_f fld\n  ld t0", "  ret\n  ld t0")]),
]

# (file that does not compile, the parts in which points are lost and no others)
BROKEN = [(TRAP, [1, 3]), (FP, [1, 3]), (BACKTRACE, [2]), (CAUSES, [3])]

SAYS = "void return_to_user(TrapFrame& frame) {\n"

# (name, {file: what stands there instead, see prove.py}). The other files are as handed out.
FORGED = [
    ("prints what is asked for, and a backtrace that it has made up",
     {BACKTRACE: "made-up.cc", CAUSES: (SAYS, "void uart_write(std::string_view text, bool lines);\n" + SAYS +
      '  uart_write("tine$ \\n1..1\\nok 1 - a program runs\\n15 passed, 0 failed\\n", true);\n')}),
    ("ends the machine with success",
     {CAUSES: (SAYS, "[[noreturn]] void power_off(int status);\n" + SAYS + "  if (frame.sepc) power_off(0);\n")}),
    ("runs the programs in the kernel", {TRAP: "in-kernel.S"}),
    ("changes the observer, which it knows by its bytes",
     {TRAP: "lossy.S", CAUSES: "code-of.cc + knows-observer.cc + kernel"}),
]

RINGS = "  if (alarm.left == 0 || alarm.in_handler || self.run_ticks < alarm.due) return;\n"

# (name, a word from the name of the test that is meant to notice, edits)
WRONG = [
    ("one register is forgotten", "keeps all registers but a0", [(TRAP, "1,3,4,5,6,7,8", "1,3,4,6,7,8")]),
    ("the program's sp is saved after it was changed", "keeps all registers but a0",
     [(TRAP, STORES, STORES.replace("sd t0", "sd sp"))]),
    ("three registers are used before they are saved", "keeps all registers but a0",
     [(TRAP, TO_FRAME, "".join(reversed(TO_FRAME.splitlines(True))))]),
    ("sepc is not saved", "keeps all registers but a0", [(TRAP, "  sd t1, TF_SEPC(sp)\n  sd t2, TF_SSTATUS(sp)\n\n", "\n")]),
    ("the frame does not learn on which hart its thread is", "an interrupt keeps",
     [(TRAP, "  sd tp, TF_HART(sp)\n", "  bnez t0, 1f\n  sd tp, TF_HART(sp)\n1:\n"),
      (TRAP, "  ld t1, TF_SEPC(sp)\n", "  ld t0, TF_HART(sp)\n  ld t1, TF_SEPC(sp)\n")]),
    ("sscratch does not point to the frame in user mode", "keeps all registers but a0", [(TRAP, "  csrw sscratch, sp\n", "")]),
    ("sstatus is as the kernel has it", "own floating-point", [(TRAP, "  csrw sstatus, t2\n", "")]),
    ("in the kernel sscratch is the program's sp", "in the kernel sscratch",
     [(TRAP, "  csrrw t0, sscratch, zero     # the user's sp;", "  csrr t0, sscratch     # the user's sp;")]),
    ("the stack pointer comes back before the others", "keeps all registers but a0",
     [(TRAP, "  each_x ld, sp\n  ld sp, TF_X(2)(sp)\n", "  ld sp, TF_X(2)(sp)\n  each_x ld, sp\n")]),
    ("fcsr is forgotten", "own floating-point", [(FP, "  frcsr t0\n  sd t0, 256(a0)\n", "")]),
    ("fcsr is restored from f31", "own floating-point", [(FP, "  ld t0, 256(a0)\n", "  ld t0, 248(a0)\n")]),
    ("half of a floating-point register is saved", "own floating-point", [(FP, "  each_f fsd\n", "  each_f fsw\n")]),
    ("the return address is read where the frame pointer is", "calls that led",
     [(BACKTRACE, "calls_none ? trap->x[1] : saved[-1];", "calls_none ? trap->x[1] : saved[-2];")]),
    ("the caller of a function that calls no other is missing", "has called no other",
     [(BACKTRACE, "depth == 0 && trap && ", "depth == 99 && trap && ")]),
    ("the name is that of the instruction after the call", "calls that were drawn",
     [(BACKTRACE, "<= pc - is_return_address)", "<= pc)")]),
    ("the offset is that from the kernel's start", "calls that led",
     [(BACKTRACE, "pc - base - found->text_offset", "pc - base")]),
    ("it goes on for ever", "not in order", [(BACKTRACE, "    if (next <= frame_pointer) break;\n", "")]),
    ("it goes on for more calls than fit on a screen", "not in order", [(BACKTRACE, "depth < 32", "depth < 64")]),
    ("it takes any address for a frame", "not in order", [(BACKTRACE, "  return at % 8 == 0 && (at", "  return at != 0 || (at")]),
    ("it takes an address that is no multiple of 8", "not in order",
     [(BACKTRACE, "  return at % 8 == 0 && (at", "  return (at")]),
    ("it shows return addresses that are no code", "not in order",
     [(BACKTRACE, "    if (!is_code(return_address)) break;\n", "")]),
    ("the unit is forgotten", "rings in time", [(CAUSES, "alarm.period = n * 2;", "alarm.period = n;")]),
    ("the alarm is never off", "rings in time", [(CAUSES, "  alarm.left--;\n", "")]),
    ("the alarm rings while the handler runs", "rings in time",
     [(CAUSES, RINGS, RINGS.replace("alarm.in_handler || ", ""))]),
    ("the ticks of the handler count", "rings in time",
     [(CAUSES, "  alarm.in_handler = false;\n  alarm.due = self.run_ticks + alarm.period;\n", "  alarm.in_handler = false;\n"),
      (CAUSES, "  alarm.left--;\n", "  alarm.left--;\n  alarm.due += alarm.period;\n")]),
    ("floating point is what the handler left", "has the program's registers", [(CAUSES, "  fp_write(self, alarm.fp);\n", "")]),
    ("a0 comes back as the result of the call", "has the program's registers",
     [(CAUSES, "  frame = alarm.frame;\n", "  frame = alarm.frame;\n  frame.a0() = 0;\n")]),
    ("the program goes on after the instruction", "has the program's registers",
     [(CAUSES, "  frame = alarm.frame;\n", "  frame = alarm.frame;\n  frame.sepc += ecall_size;\n")]),
    ("0 rings at each tick", "an alarm that is off", [(CAUSES, "alarm.left = n ? 2 : 0;", "alarm.left = 2;")]),
    ("a return without a handler is taken for one", "an alarm that is off",
     [(CAUSES, "  if (!alarm.in_handler) return Errno(6);\n", "")]),
    ("ticks of all processes count", "of its own process",
     [(CAUSES, RINGS, RINGS.replace("self.run_ticks < alarm.due", "total_ticks() < alarm.due")),
      (CAUSES, "  alarm.period = n * 2;\n  alarm.due = self.run_ticks", "  alarm.period = n * 2;\n  alarm.due = total_ticks()"),
      (CAUSES, "  alarm.in_handler = false;\n  alarm.due = self.run_ticks", "  alarm.in_handler = false;\n  alarm.due = total_ticks()")]),
]

# Mutants that no program can tell from the original, and why: a pattern for the line that test-labs prints.
EQUIVALENT = [
    (r"deleted: +sc.d zero, tp", "QEMU gives up a reservation at each change of the mode"),
    (r"deleted: +li s0, 0", "only a backtrace of a kernel that is broken shows where a walk ends"),
]
