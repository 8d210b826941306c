"""The lab `syscall`: what a student's tree has in place of the solution (docs/labs/syscall.md)."""

# What is taken from a submission. Everything else is the handed-out tree's.
FILES = [
    "include/tine/syscall.h",
    "kernel/wings/linux/sysinfo.cc",
    "kernel/wings/trace/calls.cc",
    "kernel/wings/trace/trace.cc",
    "user/lib/syscall.S",
    "user/bin/free.c",
]

# The number of a task (tools/task.py) without which another id's solution has no point of part 3.
DIFFERS = "number"

# Lines of the file STUDENT besides the id.
ANSWERS = ["trace_cost"]

# Small changes outside of the regions: (file, old, new).
CHANGES = [
    ("test/guest/bin/badargs.c", "SYS_sysinfo,", "179,"),
    ("test/guest/bin/badargs.c", "static int is_known(long number) {",
     "static int is_known(long number) {\n  if (number > SYS_trace && number < 4160) return 1; /* a student's own */"),
    ("test/guest/bin/wing-linux-small.c", "SYS_sysinfo,", "179,"),
]

NUMBER = "/* Part 1. The number of sysinfo: Linux's, 179. */"

HANDLER = """
// Part 1. The row and the handler of sysinfo: fill the structure (tine/abi.h), and hand it to the
// program. memory_info in syscall/info.cc knows where most of it comes from.

// Part 3. A call of your own: `make task` says its number and its structure.
"""

ROW = "    // Part 1. So that strace shows its one argument, a pointer, and not six registers."

STUB = "/* Part 1. The library's function sysinfo. */"

FREE = """
  /* Part 1. Ask the kernel, and print a line of words (total, used, free), then one of numbers in
   * KiB. */
  return 1;
"""

TABLES = """
// Part 2. A thread's calls go through the table Thread::calls. What table does a traced thread
// have, and what is in it? How does a call still get to the core's function? A line is made by
// TraceLine (line.hh), and goes to the file with the descriptor TINE_TRACE_FD in one write.
"""

TRACE = """
  // Part 2. See tine/syscall.h for what it promises.
  (void)mode;
  return Errno::nosys;
"""

STUBS = {
    "include/tine/syscall.h": [NUMBER],
    "kernel/wings/linux/sysinfo.cc": [HANDLER],
    "kernel/wings/trace/calls.cc": [ROW],
    "kernel/wings/trace/trace.cc": [TABLES, TRACE],
    "user/lib/syscall.S": [STUB],
    "user/bin/free.c": [FREE],
}


def own(task):
    """What a student with this task adds in part 3: edits of the kernel's tree (file, old text, new text)."""
    code = f"""
namespace {{
struct OwnFacts {{
  std::uint64_t words[8];
}};
}}  // namespace

// The caller, its parent, and the machine. Errors: fault.
SYSCALL({task["number"]}, own_facts, void, (UserPtr<OwnFacts> to)) {{
  OwnFacts facts{{}};
  const Process& self = current_process();
  facts.words[{task["pid"]}] = std::uint64_t(self.pid);
  facts.words[{task["parent"]}] = std::uint64_t(self.parent_pid.load(std::memory_order_relaxed));
  facts.words[{task["memory"]}] = frame_counts().total * page_size / 1024;
  facts.words[{task["uptime"]}] = clock_to_ns(clock_now()) / ns_per_second;
  return to.store(facts);
}}
"""
    end = "\n}  // namespace tine\n"
    return [("kernel/wings/linux/sysinfo.cc", end, code + end)]
