"""The lab `pagetable`: what a student's tree has in place of the solution (docs/labs/pagetable.md)."""

# What is taken from a submission. Everything else is the handed-out tree's.
FILES = [
    "kernel/mm/kernel_map.cc",
    "kernel/mm/page_table.cc",
    "kernel/mm/page_table.hh",
    "kernel/wings/mmap/change.cc",
    "kernel/wings/procfs/text.cc",
]

# The number of a task (tools/task.py) without which another id's solution has no point of part 3.
DIFFERS = "number"

# Lines of the file STUDENT besides the id.
ANSWERS = ["munmap_cost"]

CHANGES = []

FIND = """
  // Part 1, step 1. From the root down, one table for each level. Where is there no table?
  (void)address;
  return nullptr;
"""

PENDING = """
// Part 1, step 3. A frame whose entry was cleared: until when must it not be freed?
"""

END = """
  // Part 1, step 4. When all pages are unmapped, and the tables that held them are gone, the root
  // has no valid entry of the user's half: make sure of that, and give it back (root_free). Until
  // then each root is lost.
"""

FIND_OR_MAKE = """
  // Part 1, step 1. The same walk, and a table is made where there is none. Who counts the entry
  // that leads to it? What is left when there is no memory for the second table?
  (void)address;
  return Errno::nomem;
"""

CLEAR = """
  // Part 1, step 3. All valid entries of the range. What must be counted, and what may be left over
  // (step 4)?
  (void)start, (void)end, (void)release;
  return 0;
"""

UNMAP = """
  // Part 1, step 3. Clear the entries. When may `frame_unref` be called for the frames?
  (void)start, (void)end;
  return 0;
"""

REMOVE = """
  // Part 1, step 4. From the leaf's table upwards: is it empty? What may a hart still know of it?
  (void)address;
"""

LEAVES = """
    // Part 2, step 1. With pages of 4 KiB alone the tables are right, and many. A leaf may stand in a
    // table of another level, too. When?
    unsigned level = 0;
"""

RIGHTS = """
  // Part 2, step 2. Everything may be read, written and executed. What may be done with the code,
  // with constants, with data? What should be mapped nowhere?
  map_direct(PhysAddr(0), devices_end, rw | Prot::exec);
  map_direct(start, end, rw | Prot::exec);
"""

PAGES = """
// Part 1, step 2. Which pages are mapped? The space's mutex guards its table, and the file's mutex,
// which is held while text is written to it, ranks before that one.
"""

PRINT = """
  // Part 1, step 2.
  (void)of, (void)to;
  return {};
"""

STUBS = {
    "kernel/mm/kernel_map.cc": [LEAVES, RIGHTS],
    "kernel/mm/page_table.cc": [PENDING, END, FIND_OR_MAKE, CLEAR, UNMAP, REMOVE],
    "kernel/mm/page_table.hh": [FIND],
    "kernel/wings/procfs/text.cc": [PAGES, PRINT],
}


def own(task):
    """What a student with this task adds in part 3: edits of the kernel's tree (file, old text, new text)."""
    change, header = "kernel/wings/mmap/change.cc", "kernel/mm/page_table.hh"
    abandon = "  void abandon(VirtAddr start, VirtAddr end);\n"
    end = "}  // namespace\n\n// Returns where the mapping is now."
    call = "SYSCALL(SYS_madvise, madvise, void, (VirtAddr start, std::uint64_t size, int advice)) {\n"
    turn = f"""// ---- Turned memory ----

constexpr std::uint64_t group_pages = {task["group"]}, turned_by = {task["by"]};

VirtAddr turned(VirtAddr group, std::uint64_t page) {{
  return group + (page + turned_by) % group_pages * page_size;
}}

// Makes the tables that the entries of the group will need. Errors: nomem.
Result<> make_tables(PageTable& table, VirtAddr group) {{
  for (std::uint64_t i = 0; i < group_pages; i++) {{
    if (table.lookup(group + i * page_size).valid()) TRY(table.find_or_make(turned(group, i)));
  }}
  return {{}};
}}

void turn_group(PageTable& table, VirtAddr group) {{
  Pte old[group_pages];
  for (std::uint64_t i = 0; i < group_pages; i++) {{
    Pte* at = table.find(group + i * page_size);
    if (!at || !at->valid()) continue;
    old[i] = std::exchange(*at, Pte());
    frame_record(physical(at).page_down()).valid_entries()--;
  }}
  for (std::uint64_t i = 0; i < group_pages; i++) {{
    if (old[i].valid()) PageTable::set(table.find(turned(group, i)), old[i]);
  }}
}}

// Errors: inval, restart, nomem; {task["error"]} unless all of it is one piece of private memory without a file.
Result<> turn(VirtAddr start, std::uint64_t size) {{
  constexpr std::uint64_t bytes = group_pages * page_size;
  Range range = TRY(range_of(start, size));
  VirtAddr from(range.start.value() / bytes * bytes);
  VirtAddr to((range.end.value() + bytes - 1) / bytes * bytes);
  AddressSpace& space = current_space();
  if (!space.mutex().lock_killable()) return Errno::restart;
  MutexGuard guard(space.mutex(), AlreadyHeld::yes);
  Result<Region*> region = region_of(space, Range{{from, to}});
  if (!region || (*region)->source) return Errno({task["error"]});
  PageTable& table = space.page_table();
  Result<> made;
  for (VirtAddr at = from; at < to && made; at += bytes) made = make_tables(table, at);
  for (VirtAddr at = from; at < to && made; at += bytes) turn_group(table, at);
  table.flush_all();
  for (VirtAddr at = from; at < to; at += page_size) table.drop_empty_tables(at);
  return made;
}}

"""
    advice = f"  if (advice == {task['number']}) return turn(start, size);\n"
    return [
        (header, abandon, abandon + "  // Takes out the tables on the way to `at` that hold nothing.\n"
         "  void drop_empty_tables(VirtAddr at) { remove_empty_tables(at); }\n"),
        (change, end, turn + end),
        (change, call, call + advice),
    ]
