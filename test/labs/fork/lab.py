"""The lab `fork`: what a student's tree has in place of the solution (docs/labs/fork.md)."""

# What is taken from a submission. Everything else is the handed-out tree's.
FILES = [
    "kernel/proc/fork.cc",
    "kernel/sched/thread.cc",
    "kernel/mm/page_table.hh",
    "kernel/mm/page_table.cc",
    "kernel/vm/address_space.hh",
    "kernel/vm/regions.cc",
    "kernel/vm/fault.cc",
]

# The number of a task (tools/task.py) without which another id's solution has no point of part 3.
DIFFERS = "signal"

# Lines of the file STUDENT besides the id.
ANSWERS = ["fork_cost"]

CHANGES = []

FORK_1 = """
  // Part 1. Make the two halves of the child, the process and its thread; let it inherit what a
  // child inherits. Whatever you made must be given back if a later step fails: who owns it?
  (void)frame, (void)request, (void)start_child, (void)inherit_actions;
  return Errno::nosys;
"""

FORK_2 = """
  // Part 1. How the child comes to life: what its registers are when it returns to its program, and
  // what its thread runs on. Mind the flags of the request that are about registers.
"""

FORK_3 = """
  // Part 3. What is different in a fenced child? `make task` says it, for your id.
"""

FORK_1B = """
  // Part 1. Let others see the child (publish_process), and start it (start_child). What can still
  // fail here, and what must not fail any more?
"""

THREAD = """
  // Part 1. Where does a new thread go on when the scheduler switches to it for the first time, and
  // with which stack? For the first program alone that is done here, in another way; yours takes
  // the place of all this.
  static Thread* first_program = nullptr;
  if (!first_program) {
    first_program = thread.get();
    void (*start)() = [] {
      asm volatile(
          "mv s1, %0\\n  call finish_switch\\n"
          "  mv a0, s1\\n  call return_to_user\\n"
          "  mv sp, s1\\n  j trap_return" ::"r"(first_program->frame));
    };
    thread->context.ra = reinterpret_cast<std::uint64_t>(start);
    thread->context.sp = reinterpret_cast<std::uint64_t>(first_program->frame);
  }
"""

CLONE = """
  // Part 1. A space with the same regions and a copy of every page that is there. (In part 2 the
  // pages are shared: PageTable::share.)
  return Errno::nosys;
"""

SHARE = """
  // Part 2. For each entry of [start, end) that is valid: the same frame in the child's table, and
  // neither side may write it any more. Who counts the holders of a frame, and the valid entries of
  // a table?
  (void)start, (void)end, (void)child;
  return Errno::nosys;
"""

LAST_OWNER = """
  // Part 2. Is a copy needed if no other process holds this frame?
"""

STUBS = {
    "kernel/proc/fork.cc": [FORK_1, FORK_2 + FORK_3, FORK_1B],
    "kernel/sched/thread.cc": [THREAD],
    "kernel/arch/trap.S": [""],
    "kernel/vm/regions.cc": [CLONE],
    "kernel/mm/page_table.cc": [SHARE],
    "kernel/vm/fault.cc": [LAST_OWNER],
}


def own(task):
    """What a student with this task adds in part 3: edits of the kernel's tree (file, old text, new text)."""
    code = f"""  // A fenced child.
  if (request.exit_signal == {task["signal"]}) {{
    (void)child->files.close({task["descriptor"]});
    first.blocked_signals = 1ul << ({task["blocked"]} - 1);
    child->paths.cwd = child->paths.root;
  }}
"""
    before = "  use_space(first, child->space.get());\n"
    return [("kernel/proc/fork.cc", before, before + code)]
