"""The lab `boot`: what a student's tree has in place of the solution (docs/labs/boot.md)."""

# What is taken from a submission. Everything else is the handed-out tree's.
FILES = [
    "kernel/arch/entry.S",
    "kernel/arch/sbi.cc",
    "kernel/arch/sbi.hh",
    "kernel/dev/machine.cc",
    "kernel/dev/machine.hh",
    "kernel/dev/uart.cc",
    "kernel/main.cc",
]

# Lines of the file STUDENT besides the id.
ANSWERS = ["console_cost"]

CHANGES = []

# The number of a task (tools/task.py) without which another id's solution has no point of part 3.
DIFFERS = "extension"

WRITE = """
  // Part 1, step 1. Give each byte to the port. When does it have room, and for how many bytes? Until
  // this is written the machine says nothing.
  (void)text, (void)lines;
"""

IS_USABLE = """
  // Part 2, step 3. Which harts may be used, and can be named to the firmware? Until then: the first one.
  if (!id || machine.harts.count > 0) return;
"""

RESERVED = """
  // Part 1, step 3. Each child of /reserved-memory names memory that is in use. Until then: the
  // place of the firmware on this board.
  if (node.name == "chosen") machine.reserved.add({PhysAddr(0x80000000), 2 << 20});
"""

MEMORY = """
  // Part 1, step 2. Where is memory? Until then: 64 MiB, which is what this board has at least.
  if (node.name == "chosen") machine.memory.add({PhysAddr(0x80000000), 64 << 20});
"""

RESERVATIONS = """
  // Part 1, step 3. The tree has a list of reservations, too, which is in no node.
"""

SORT = """
  // Part 1, step 2. The banks of memory may come in any order.
"""

ADD_FREE = """
  // Part 1, step 3. Memory after the first hole can be used, too.
  for (const MemoryRange& hole : holes) {
    if (hole.end() > start && hole.start < end) end = std::max(start, hole.start.page_down());
  }
  if (start < end) frames_add(start, end);
"""

USABLE = """
  // Part 1, step 2. Which banks make one piece with the one that the kernel is in?
  return machine.memory.items[0];
"""

CALL = """
  // Part 2, step 1. Until this is written each call fails, as if the firmware did not know it.
  (void)extension, (void)function, (void)arg0, (void)arg1, (void)arg2, (void)arg3;
  return -2;
"""

CALLS = """
// Part 2, step 1. What each of them asks for is in sbi.hh, the numbers above.
void set_timer(std::uint64_t) {}
void send_ipi(std::uint64_t) {}
void remote_fence_i(std::uint64_t) {}
void remote_sfence_vma(std::uint64_t, std::uint64_t, std::uint64_t) {}
long hart_start(std::uint64_t, std::uint64_t) { return -2; }
void system_reset(Reset) {}
"""

FIND_OWN = """
  # Part 2, step 3. a0 = hart id. Which of harts[] is this one? Then s0 = that, s1 = no stack yet, s2 =
  # secondary_virtual, all physical, and on to enable_paging. What does a hart do that is not there?
1:wfi
  j 1b
"""

VIRTUAL = """
  # Part 2, step 3. tp = this hart's Hart. The final page table, a stack, and on to secondary_main.
"""

START_OTHERS = """
  // Part 2, step 3. What does each hart need before it begins, and where does it begin?
"""

SECONDARY = """
  // Part 2, step 3. What makes this hart one that runs threads?
  while (true) csr::wait_for_interrupt();
"""

STUBS = {
    "kernel/arch/entry.S": [FIND_OWN, VIRTUAL],
    "kernel/arch/sbi.cc": [CALL, CALLS],
    "kernel/dev/machine.cc": [IS_USABLE, RESERVED, MEMORY, RESERVATIONS, SORT],
    "kernel/dev/uart.cc": [WRITE],
    "kernel/main.cc": [ADD_FREE, USABLE, START_OTHERS, SECONDARY],
}

# What register a task's number 0 to 3 stands for is what the report has there.
VALUES = {
    "id_at": "this_hart().id",
    "memory_at": "report_memory / {unit}",
    "harts_at": "hart_count",
    "word_at": "report_word",
}


def own(task):
    """What a student with this task adds in part 3: edits of the kernel's tree (file, old text, new text)."""
    sbi, header = "kernel/arch/sbi.cc", "kernel/arch/sbi.hh"
    machine, tree, main = "kernel/dev/machine.cc", "kernel/dev/machine.hh", "kernel/main.cc"
    values = [text.format(**task) for _, text in sorted((task[name], text) for name, text in VALUES.items())]
    putchar = "void console_putchar(char c) { call("
    chosen = '  if (auto seed = chosen.property("rng-seed")) machine.rng_seed = seed->value;\n'
    prepare = "void prepare_hart(unsigned index, std::uint64_t id) {\n"
    accounts = "  accounts_init(free_frames() * page_size);\n"
    return [
        (header, "enum class Reset", "// Tells the firmware of this hart.\nvoid report(std::uint64_t a0, std::uint64_t a1, "
         "std::uint64_t a2, std::uint64_t a3);\n\nenum class Reset"),
        (sbi, putchar, f"void report(std::uint64_t a0, std::uint64_t a1, std::uint64_t a2, std::uint64_t a3) {{\n"
         f"  call({task['extension']}, {task['function']}, a0, a1, a2, a3);\n}}\n\n" + putchar),
        (tree, "  std::string_view bootargs;\n", f"  std::string_view bootargs{{}};\n  std::uint64_t word{{{task['default']}}};\n"),
        (machine, chosen, chosen.replace('seed->value', '(seed->value)') + f'  if (auto word = chosen.property("tine,{task["property"]}")) '
         "machine.word = word->number().value_or(0);\n"),
        (main, prepare, "std::uint64_t report_memory = 0, report_word = 0;\n\nvoid report() {\n"
         f"  sbi::report({', '.join(values)});\n}}\n\n" + prepare.replace("unsigned", "const unsigned")),
        (main, accounts, "  accounts_init(page_size * free_frames());\n" "  report_memory = frame_counts().total * page_size;\n"
         "  report_word = machine.word;\n  report();\n"),
        (main, "  become_idle_thread(*this_hart().idle);\n", "  become_idle_thread(*(this_hart().idle));\n  report();\n"),
    ]
