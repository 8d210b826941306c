"""What the grader of the lab `syscall` is tried with (make test-labs). Never part of a student's tree."""

SYSINFO = "kernel/wings/linux/sysinfo.cc"
TRACE = "kernel/wings/trace/trace.cc"
LIBRARY = "user/lib/syscall.S"
FREE = "user/bin/free.c"
HEADER = "include/tine/syscall.h"

# Run against the skeleton's kernel: (what is true, command).
OTHERS = [
    ("the lab fork's tests pass", 'build/host/lab-tests "[fork]~[part3]~[part4]"'),
    ("programs on processes, memory, files and signals pass",
     'make -s DEPS=no build/host/guest-tests && make -s -C "$SKELETON" DEPS=no build/release/test.cpio && '
     'TINE_INITRD="$SKELETON/build/release/test.cpio" TINE_SMP=2 TINE_SHIFT=1 '
     'TINE_PROGRAMS="process memory files badargs signals cow fork_more" build/host/guest-tests "[.one]"'),
]

# (name, the parts in which points are lost and no others, edits)
PARTIAL = [
    ("sysinfo alone", [2],
     [(TRACE, "  if (mode < TINE_TRACE_OFF || mode > TINE_TRACE_CHILDREN) return Errno::inval;\n",
       "  return Errno::nosys;\n")]),
]

# The call, and the table that the thread has after it.
BACK = """  call(frame);
  self.calls = may_get_rights && got_rights(before) ? core_calls.data() : table;
"""

# (file that does not compile, the parts in which points are lost and no others)
BROKEN = [(TRACE, [2]), (FREE, [1])]

# (name, {file: what stands there instead, see prove.py}). The other files are as handed out.
FORGED = [
    ("a header that brings every program another main", {HEADER: "header.h + kernel"}),
    ("sysinfo tells constants", {SYSINFO: "constants.cc"}),
    ("trace writes likely lines, and traces nothing", {TRACE: "fake-trace.cc"}),
    ("changes the observer, which it knows by its bytes", {SYSINFO: "code-of.cc + knows-observer.cc"}),
    ("prints past the console, and ends the machine with success", {SYSINFO: "finisher.cc"}),
    ("a function of the library that makes no call",
     {LIBRARY: ("CALL(sysinfo, SYS_sysinfo)", ".globl sysinfo\nsysinfo: sd zero, 32(a0); li a0, 0; ret")}),
    ("free prints numbers that it has not asked for",
     {FREE: ("if (sysinfo(&info) != 0) {", "info.totalram = 64ul << 20, info.freeram = 50ul << 20, info.mem_unit = 1;\n"
             "  if (info.totalram == 0) {")}),
]

# (name, a word from the name of the test that is meant to notice, edits)
WRONG = [
    ("another number than Linux's", "the call 179 exists", [(HEADER, "SYS_sysinfo 179", "SYS_sysinfo 181")]),
    ("the structure is filled, but not handed over", "the call 179 exists",
     [(SYSINFO, "  return to.store(info);", "  (void)to, (void)info;\n  return {};")]),
    ("the pointer's error is dropped", "a bad pointer",
     [(SYSINFO, "  return to.store(info);", "  (void)to.store(info);\n  return {};")]),
    ("memory is counted in pages, and the unit says bytes", "what it says is true",
     [(SYSINFO, "  info.totalram = frames.total * page_size;", "  info.totalram = frames.total;")]),
    ("uptime in milliseconds", "what it says is true",
     [(SYSINFO, "clock_to_ns(clock_now()) / ns_per_second", "clock_to_ns(clock_now()) / (ns_per_second / 1000)")]),
    ("the library's stub has another call's number", "the library has the function",
     [(LIBRARY, "CALL(sysinfo, SYS_sysinfo)", "CALL(sysinfo, SYS_uname)")]),
    ("free prints bytes", "the program free",
     [(FREE, "info.totalram * info.mem_unit / 1024", "info.totalram * info.mem_unit"),
      (FREE, "info.freeram * info.mem_unit / 1024", "info.freeram * info.mem_unit")]),
    ("the line is written before the call is made", "what goes in is shown",
     [(TRACE, BACK + "  line.add_outcome(frame, self.call_interrupted);\n",
       "  line.add_outcome(frame, self.call_interrupted);\n" + BACK)]),
    ("children are always traced", "children are traced if",
     [(TRACE, "  if (!with_children) self.calls = core_calls.data();\n", "")]),
    ("the first traced call ends tracing", "a traced call becomes a line",
     [(TRACE, "  if (!with_children) self.calls = core_calls.data();\n" + BACK,
       "  (void)(may_get_rights && got_rights(before));\n  self.calls = core_calls.data();\n  call(frame);\n")]),
    ("any mode will do", "bad modes",
     [(TRACE, "  if (mode < TINE_TRACE_OFF || mode > TINE_TRACE_CHILDREN) return Errno::inval;\n", "")]),
    ("a call that never returns has no line", "tracing goes on over exec",
     [(TRACE, "    write_line(line.text());\n  }", "  }")]),
    ("a traced call is made twice", "what goes in is shown",
     [(TRACE, BACK, "  TrapFrame again = frame;\n  call(again);\n" + BACK)]),
    ("what was on the kernel's stack is in the structure's padding", "the call 179 exists",
     [(SYSINFO, "  struct sysinfo info{};\n",
       "  struct sysinfo info;\n  info.loads[0] = info.loads[1] = info.loads[2] = info.bufferram = 0;\n"
       "  info.totalswap = info.freeswap = info.totalhigh = info.freehigh = 0;\n")]),
    ("a block of the heap is lost in each call", "thousands of calls",
     [(SYSINFO, "  info.mem_unit = 1;\n", "  info.mem_unit = 1;\n  (void)heap_allocate(64);\n"),
      (SYSINFO, '#include "mm/frames.hh"', '#include "mm/frames.hh"\n#include "mm/heap.hh"')]),
    ("a block of the heap is lost with each line", "thousands of traced calls",
     [(TRACE, "void write_line(std::string_view line) {\n", "void write_line(std::string_view line) {\n  (void)heap_allocate(64);\n"),
      (TRACE, '#include "wings/trace/line.hh"', '#include "mm/heap.hh"\n#include "wings/trace/line.hh"')]),
]

# Mutants that no program can tell from the original, and why: a pattern for the line that test-labs prints.
EQUIVALENT = [
    (r"65535\)\).*65536", "there are never that many threads: pids end at 32768"),
    (r"trace\.cc:\d+: order: if \(mode < TINE", "a bad mode and no descriptor: either error is right"),
    (r"trace\.cc:\d+: order: if \(mode != TINE", "the table is chosen by the mode alone"),
    (r"free\.c:\d+: (deleted|constant): (perror|return 1)", "with a good pointer sysinfo does not fail"),
]
