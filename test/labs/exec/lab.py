"""The lab `exec`: what a student's tree has in place of the solution (docs/labs/exec.md)."""

# What is taken from a submission. Everything else is the handed-out tree's.
FILES = [
    "kernel/lib/elf.cc",
    "kernel/lib/elf.hh",
    "kernel/proc/arguments.cc",
    "kernel/proc/arguments.hh",
    "kernel/proc/exec.cc",
    "kernel/proc/exec.hh",
]

# The number of a task (tools/task.py) without which another id's solution has no point of part 3.
DIFFERS = "type"

# Lines of the file STUDENT besides the id.
ANSWERS = ["exec_cost"]

CHANGES = []

CHECK = """
  // Part 1. A file can say anything. Which of these numbers must fit together, and which sums may wrap?
  (void)header;
  return {};
"""

SEGMENT = """
  // Part 1. Which regions does a segment become, with which rights? Where does the file end, and where do
  // zeros begin, to the byte?
  (void)space, (void)segment, (void)pages;
  return Errno::nosys;
"""

BOUNDS = """
  // Part 1. Where may no program lie?
"""

STACK = """
      // Part 1. What if a segment lies where the stack goes?
"""

PREPARE = """
  // Part 1. Fill the space that the arguments are already in (map_image), and note what the new
  // program consists of (struct Program).
  // For the first program alone that is done here, in another way: all is copied at once, and its
  // memory may be executed or written. Yours takes the place of all this.
  static bool is_first = true;
  if (!std::exchange(is_first, false)) return Errno::nosys;
  Program program;
  AddressSpace& space = *(program.space = arguments.space());
  program.file = RefPtr(file.program());
  ElfSegments parts;
  for (const ElfSegment& part : TRY(read_segments(file, image, 0, parts))) {
    VirtAddr from = part.start.page_down();
    std::uint64_t size = part.end().page_up() - from;
    TRY(space.map({.wanted = from,
                   .size = size,
                   .place = Mapping::Place::fixed,
                   .contents = {.prot = Prot::read | Prot::write}}));
    std::byte bytes[64];
    for (std::uint64_t at = 0; at < part.file_size; at += sizeof(bytes)) {
      std::size_t here = std::min<std::uint64_t>(part.file_size - at, sizeof(bytes));
      TRY(file.copy(part.file_offset + at, std::span(bytes).first(here)));
      TRY(copy_to_user(space, part.start + at, bytes, here));
    }
    if (part.flags & elf_exec) TRY(space.protect(from, size, Prot::read | Prot::exec));
  }
"""

REGISTERS = """
  // Part 1. What does a program find in its registers, and in which mode does it begin? Nothing of
  // the old program may be left. For the first program this is enough:
  thread.frame->sepc = entry.value(), thread.frame->sp() = sp.value();
  thread.frame->sstatus = (csr::read_sstatus() & ~csr::sstatus_spp) | csr::sstatus_spie;
"""

HANDLERS = """
  // Part 1. A handler is an address in the old program. What becomes of each action?
  (void)self;
"""

DESCRIPTORS = """
  // Part 1. Which descriptors does the new program not have?
"""

EXEC = """
  // Part 1. Prepare, then commit. When may the old page table go, which this hart still uses?
  (void)file, (void)arguments;
  return Errno::nosys;
"""

FIXED = """
  // Part 1. At most TINE_ARG_COUNT arguments of at most TINE_ARG_LENGTH characters; without a vector,
  // the name alone. The caller of getargs sees every byte of this.
  (void)vector, (void)name;
  return Errno::nosys;
"""

COUNT = """
// Part 2. How many pointers has a vector of the program, before its null? It need not be aligned, and it
// need not end.
"""

PUSH = """
  // Part 2. From the top down. What is below at_, page by page, and how much room is there?
  (void)size, (void)fill;
  return Errno::nosys;
"""

TEXT = """
  // Part 2. A string of the kernel, with its 0.
  (void)text;
  return {};
"""

USER_STRING = """
  // Part 2. A string of the program that calls execve. Another thread may change it meanwhile.
  (void)strings, (void)from;
  return Errno::nosys;
"""

FROM_USER = """
  // Part 2. Count first: how many pointers will lie below the strings? Then the strings, the last one
  // first. What if there is no argument at all?
  (void)argv, (void)envp;
  return Errno::nosys;
"""

ADD_FIRST = """
  // Part 2. One more argument, in front of the others: a script's interpreter, for example.
  (void)text;
  return {};
"""

REMOVE_FIRST = """
  // Part 2. As if the first argument had never been added.
"""

NOTE = """
  // Part 2. What `ps` and getargs show of it.
  (void)index, (void)text, (void)length;
  return {};
"""

VECTORS = """
  // Part 2. argc, argv with its null, envp. Where is each string? The last null is written below.
"""

FINISH = """
  // Part 2. Below the strings: 16 random bytes, the auxiliary vector, and the vectors (put_vectors). What
  // must be true of sp? Until then a program finds zeros there, so argc is 0.
  (void)image, (void)interpreter, (void)credentials;
  return VirtAddr((at_ - 256).value() & ~255ul);
"""

STUBS = {
    "kernel/lib/elf.cc": [CHECK],
    "kernel/proc/exec.cc": ["", SEGMENT, BOUNDS, STACK, PREPARE, REGISTERS, HANDLERS, DESCRIPTORS, EXEC],
    "kernel/proc/arguments.cc": [COUNT, PUSH, TEXT, USER_STRING, FROM_USER, ADD_FIRST, REMOVE_FIRST, NOTE, VECTORS,
                                 FINISH, FIXED],
}


def own(task):
    """What a student with this task adds in part 3: edits of the kernel's tree (file, old text, new text)."""
    arguments, elf = "kernel/proc/arguments.cc", "kernel/lib/elf.cc"
    field = "  bool wants_executable_stack = false;\n"
    header = "  if (header.type == segment_stack) image.wants_executable_stack"
    random = "  VirtAddr random_at((at_ - 16).value() & ~15ul);\n"
    end = "      {AT_NULL, 0},\n"
    table = f"""  std::array<char, {task["slots"]} * {task["size"]}> table;
  VirtAddr table_at = at_, next = at_;
  table.fill(static_cast<char>({task["byte"]}));
  if (image.wants_table) {{
    if (argc_ > {task["slots"]}) return Errno({task["error"]});
    for (unsigned i = 0; i < argc_; i++) {{
      std::size_t length = TRY(window_->string_length(next, longest_argument));
      if (length > {task["longest"]}) return Errno({task["error"]});
      auto slot = std::span(table).subspan(({task["first"]} + i) % {task["slots"]} * {task["size"]});
      TRY(window_->copy(std::as_writable_bytes(slot.first(length + 1)), next));
      next += length + 1;
    }}
    table_at = VirtAddr((at_ - table.size()).value() & ~15ul);
    TRY(copy_to_user(*space_, table_at, table.data(), table.size()));
  }}
"""
    return [
        ("kernel/lib/elf.hh", field, field + "  bool wants_table = false;  // of its arguments\n"),
        (elf, header, f"  if (header.type == {task['type']}) image.wants_table = true;\n" + header),
        (arguments, random, table + random.replace("at_ - 16", "table_at - 16")),
        (arguments, end, f"      {{image.wants_table ? {task['tag']} : AT_NULL, table_at.value()}},\n" + end),
    ]
