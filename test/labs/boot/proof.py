"""What the grader of the lab `boot` is tried with (make test-labs). Never part of a student's tree."""

ENTRY, SBI, SBI_H = "kernel/arch/entry.S", "kernel/arch/sbi.cc", "kernel/arch/sbi.hh"
MACHINE, UART, MAIN = "kernel/dev/machine.cc", "kernel/dev/uart.cc", "kernel/main.cc"

RUN = ('timeout 60 qemu-system-riscv64 -machine virt -smp 2 -m 64M -display none -serial stdio -monitor none -no-reboot '
       '-kernel "$TINE_KERNEL" -initrd "$SKELETON/build/release/test.cpio" -append " -- /bin/{}" < /dev/null')

# Run against the skeleton's kernel: (what is true, command).
OTHERS = [
    ("programs run with 64 MiB, though nothing is said",
     f'{RUN.format("true")} > /dev/null && ! {RUN.format("false")} > /dev/null'),
    ("the host's tests of other parts pass", 'make -s -C "$SKELETON" DEPS=no test-unit ONLY="*frame*"'),
]

ROOM = "    if (room == 0) {\n      while (!(read(line_status) & status_fifo_empty)) csr::pause();\n"
WRITE = "  for (char c : text) {\n    if (lines"
BANKS = '  if (node.is_a("memory")) {\n'
CALL = '  asm volatile("ecall"'
STARTS = "  for (unsigned i = 1; i < hart_count; i++) {\n    auto stack"

# (name, the parts in which points are lost and no others, edits)
PARTIAL = [
    ("a silent machine", [1], [(UART, WRITE, "  if (lines || !lines) return;\n" + WRITE)]),
    ("only the memory that all machines have", [1, 3],
     [(MACHINE, BANKS, '  if (node.name == "chosen") machine.memory.add({PhysAddr(0x80000000), 64 << 20});\n'
       '  if (node.is_a("memory") && node.depth == 99) {\n')]),
    ("one hart", [2, 3], [(MAIN, STARTS, "  for (unsigned i = 1; i < hart_count && i > 1; i++) {\n    auto stack")]),
]

# (file that does not compile, the parts in which points are lost and no others)
BROKEN = [(UART, [1]), (MACHINE, [1, 2, 3]), (SBI, [2, 3]), (ENTRY, [2, 3]), (MAIN, [1, 2, 3])]

SERVE = "  become_idle_thread(make_idle_thread());\n"

# (name, {file: what stands there instead, see prove.py}). The other files are as handed out.
FORGED = [
    ("prints what is asked for, through the firmware",
     {SBI: "prints.cc", MAIN: (SERVE, SERVE + '  for (char c : std::string_view("tine$ \\n1..1\\nok 1 - a program runs\\n'
                               '15 passed, 0 failed\\nTine: 256 MiB, 4 harts, 100 ticks a second\\n"))\n'
                               "    sbi::console_putchar(c);\n")}),
    ("ends the machine with success", {UART: "finisher.cc"}),
    ("says that there is more memory and that there are more harts than it uses", {MACHINE: "claims.cc"}),
]

RESULT = '  asm volatile("ecall" : "+r"(a0), "+r"(a1) : "r"(a2), "r"(a3), "r"(a6), "r"(a7) : "memory");\n'
JOIN = "    } else if (all.size && bank.start == all.end()) {\n"

# (name, a word from the name of the test that is meant to notice, edits)
WRONG = [
    ("the port is not asked whether it has room", "no byte is lost",
     [(UART, ROOM, "    if (room == 0) {\n")]),
    ("the port is asked once for a text", "no byte is lost", [(UART, "    room--;\n", "    room -= room > 1;\n")]),
    ("the port is taken for twice as large", "no byte is lost", [(UART, "      room = fifo_size;\n", "      room = 2 * fifo_size;\n")]),
    ("no carriage returns", "leaves the serial port", [(UART, "    if (lines && c == '\\n') send('\\r');\n", "    (void)lines;\n")]),
    ("the carriage return comes after the newline", "leaves the serial port",
     [(UART, "    if (lines && c == '\\n') send('\\r');\n    send(c);\n", "    send(c);\n    if (lines && c == '\\n') send('\\r');\n")]),
    ("only the first bank of a node is memory", "several banks",
     [(MACHINE, "    for (std::size_t i = 0; auto range = node.region(i); i++) machine.memory.add(*range);\n",
       "    if (auto range = node.region()) machine.memory.add(*range);\n")]),
    ("only the first node is memory", "several banks", [(MACHINE, BANKS, '  if (node.is_a("memory") && machine.memory.count == 0) {\n')]),
    ("banks are not sorted", "several banks",
     [(MACHINE, "  std::ranges::partial_sort(machine.memory, machine.memory.end(), {}, &MemoryRange::start);\n", "")]),
    ("all banks are one piece", "several banks", [(MAIN, JOIN, "    } else if (all.size) {\n")]),
    ("only the kernel's own bank is used", "several banks", [(MAIN, JOIN, "    } else if (all.size == 1) {\n")]),
    ("the list of reservations is forgotten", "reserved memory",
     [(MACHINE, "    if (!machine.reserved.add(*range)) break;\n", "    break;\n")]),
    ("only the first range of a child is reserved", "reserved memory",
     [(MACHINE, "    for (std::size_t i = 0; auto range = node.region(i); i++) machine.reserved.add(*range);\n",
       "    if (auto range = node.region()) machine.reserved.add(*range);\n")]),
    ("the frame in which a hole begins is free", "reserved memory",
     [(MAIN, "      stop = std::max(start, hole.start.page_down());\n", "      stop = std::max(start, hole.start.page_up());\n")]),
    ("the frame in which a hole ends is free", "reserved memory",
     [(MAIN, "      next = hole.end().page_up();\n", "      next = hole.end().page_down();\n")]),
    ("memory after a hole is lost", "reserved memory", [(MAIN, "    start = next;\n", "    start = next == stop ? end : end;\n")]),
    ("function and extension are exchanged", "finds each call",
     [(SBI, 'asm("a6") = function', 'asm("a6") = extension'), (SBI, 'asm("a7") = extension', 'asm("a7") = function')]),
    ("the mask's first hart is not set", "finds each call",
     [(SBI, "call(extension_ipi, 0, hart_id_mask, 0);", "call(extension_ipi, 0, hart_id_mask, 1);")]),
    ("remote_sfence_vma asks for fence.i", "finds each call", [(SBI, "call(extension_rfence, 1,", "call(extension_rfence, 0,")]),
    ("hart_start does not return the error", "finds each call",
     [(SBI, "  return call(extension_hsm, 0, hart_id, start);\n", "  call(extension_hsm, 0, hart_id, start);\n  return 0;\n")]),
    ("a call returns the value instead of the error", "finds each call",
     [(SBI, "  return static_cast<long>(a0);\n", "  return static_cast<long>(a1);\n")]),
    ("the timer's extension is called with another function", "asks the firmware",
     [(SBI, "call(extension_time, 0, time);", "call(extension_time, 1, time);")]),
    ("harts that have failed are used", "left alone", [(MACHINE, " || !cpu.is_enabled()) return;", ") return;")]),
    ("a hart begins at a virtual address", "all harts run",
     [(MAIN, "physical(reinterpret_cast<const void*>(_start)).value());", "reinterpret_cast<std::uint64_t>(_start));")]),
    ("all harts are the first one", "all harts run", [(ENTRY, "  addi s0, s0, HART_SIZE\n", "")]),
    ("a hart keeps the first page table", "all harts run", [(ENTRY, "  ld t0, HART_START_SATP(tp)\n  csrw satp, t0\n", "")]),
    ("only one more hart is started", "all harts run",
     [(MAIN, STARTS, STARTS.replace("i < hart_count", "i < hart_count && i < 2"))]),
    ("each hart reports the first one's id", "the other harts report", [(MAIN, "this_hart().id,", "harts[0].id,")]),
    ("the other harts do not report", "the other harts report",
     [(MAIN, "  become_idle_thread(*(this_hart().idle));\n  report();\n", "  become_idle_thread(*(this_hart().idle));\n")]),
    ("memory is that which is free", "the first hart reports",
     [(MAIN, "report_memory = frame_counts().total * page_size", "report_memory = free_frames() * page_size")]),
    ("the property has 32 bits only", "number of the device tree",
     [(MACHINE, "machine.word = word->number().value_or(0);", "machine.word = word->cell().value_or(0);")]),
    ("without the property the number is 0", "number of the device tree",
     [("kernel/dev/machine.hh", "  std::uint64_t word{", "  std::uint64_t word = 0 * std::uint64_t{")]),
    ("the first hart reports twice", "the first hart reports",
     [(MAIN, "  report_word = machine.word;\n  report();\n", "  report_word = machine.word;\n  report();\n  report();\n")]),
]

# Mutants that no program can tell from the original, and why: a pattern for the line that test-labs prints.
EQUIVALENT = [
    (r"csr::fence_io", "QEMU makes writes visible in order"),
    (r"csr::pause", "a hint to the hart"),
    (r"sfence\.vma", "QEMU drops its translations when satp changes"),
]
