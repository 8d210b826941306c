"""The lab `mmap`: what a student's tree has in place of the solution (docs/labs/mmap.md)."""

# What is taken from a submission. Everything else is the handed-out tree's.
FILES = [
    "kernel/vfs/file_pages.cc",
    "kernel/vm/address_space.hh",
    "kernel/vm/fault.cc",
    "kernel/vm/regions.cc",
    "kernel/wings/mmap/change.cc",
    "kernel/wings/mmap/cut.cc",
    "kernel/wings/mmap/source.cc",
]

# The number of a task (tools/task.py) without which another id's solution has no point of part 3.
DIFFERS = "number"

# Lines of the file STUDENT besides the id.
ANSWERS = ["mmap_cost"]

CHANGES = []

NAMELESS = """
  // Part 2. Memory that a process uses together with its children, and that has no file. What has
  // pages, an end, and any number of users?
  (void)mapping;
  return Errno::nodev;
"""

MAY_READ = """
  // Part 1. What must the program be allowed to do with its descriptor to map the file?
"""

IN_FILE = """
  // Part 1. Say what a page fault must know to find the pages: which source, from which page on, and
  // what is to happen after a page was read. Not everything that has a descriptor has pages.
  // Part 2. With MAP_SHARED stores reach the file: what must the descriptor allow, now and in a
  // later mprotect? What does the file call when it is cut?
  (void)region;
  return Errno::nodev;
"""

SHARED_FAULT = """
  // Part 2. A mapping with MAP_SHARED has the file's own frame, and may store to it.
"""

READ_FAULT = """
  // Part 1. Is a copy needed if the program only reads? The region's read_ahead is for then, too.
  (void)wanted;
"""

SHARED_PAGE = """
  // Part 2. The frame of this page, for a mapping whose stores are to reach the file. There may be a
  // hole, or a frame that private mappings hold: `place` with 0 bytes exchanges it. Nothing may be
  // allocated while the spinlock is held.
  (void)index, (void)mark_shared;
  return Errno::nosys;
"""

FORGET_IN = """
// Part 2. Which pages of which regions of one address space go when the file is cut?
"""

FORGET = """
  // Part 2. In which processes can the file be mapped? One address space's mutex at a time, and no
  // spinlock while you wait for it.
  (void)file, (void)first;
"""

ADVICE = """
  // Part 3. The advice that only your kernel knows: see `make task`.
  switch (advice) {
"""

STUBS = {
    "kernel/wings/mmap/source.cc": [NAMELESS, MAY_READ, IN_FILE],
    "kernel/vm/fault.cc": [SHARED_FAULT, READ_FAULT],
    "kernel/vfs/file_pages.cc": [SHARED_PAGE],
    "kernel/wings/mmap/cut.cc": [FORGET_IN, FORGET],
    "kernel/wings/mmap/change.cc": [ADVICE],
}


def own(task):
    """What a student with this task adds in part 3: edits of the kernel's tree (file, old text, new text)."""
    space, regions = "kernel/vm/address_space.hh", "kernel/vm/regions.cc"
    field = "  bool may_write = true;    // may mprotect allow writing?\n"
    calls = "  // ---- Steps of these calls, for calls that wings add."
    alike = "a.read_ahead == b.read_ahead && "
    clone = "Result<RefPtr<AddressSpace>> AddressSpace::clone() {\n"
    heap = "  if (heap && !heap->source && heap->prot == read_write) {\n"
    switch = "  switch (advice) {\n"
    zeros = "  zero_page(direct(frame));\n"
    paint = f"""// Errors: restart, nomem; {task["error"]} unless all of it is private memory without a file.
Result<> AddressSpace::paint(VirtAddr start, VirtAddr end, std::uint8_t byte) {{
  if (!mutex_.lock_killable()) return Errno::restart;
  MutexGuard guard(mutex_, AlreadyHeld::yes);
  VirtAddr seen = start;
  for (Region* each = first_region_after(start); seen < end; each = regions_.next(each)) {{
    if (!each || each->start > seen || each->source) return Errno({task["error"]});
    seen = each->end;
  }}
  Region* region = TRY(split_off(start, end));
  for (; region && region->start < end; region = regions_.next(region)) region->paint = byte;
  drop_pages(start, end);
  merge(start, end);
  return {{}};
}}

"""
    advice = f"""  if (advice == {task["number"]}) {{
    constexpr std::uint64_t group = {task["group"]} * page_size;
    Range range = TRY(range_of(start, size));
    VirtAddr from(range.start.value() / group * group);
    VirtAddr to((range.end.value() + group - 1) / group * group);
    return current_space().paint(from, to, {task["byte"]});
  }}
"""
    return [
        (space, field, field + "  std::uint8_t paint = 0;   // pages without a source begin full of it\n"),
        (space, calls, "  Result<> paint(VirtAddr start, VirtAddr end, std::uint8_t byte) EXCLUDES(mutex_);\n\n" + calls),
        (regions, alike, alike + "a.paint == b.paint && "),
        (regions, heap, heap.replace(") {", " && heap->paint == 0) {")),
        (regions, clone, paint + clone),
        ("kernel/vm/fault.cc", zeros, "  memset(direct(frame), region.paint, page_size);\n"),
        ("kernel/wings/mmap/change.cc", switch, advice + switch),
    ]
