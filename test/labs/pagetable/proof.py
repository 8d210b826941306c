"""What the grader of the lab `pagetable` is tried with (make test-labs). Never part of a student's tree."""

MAP = "kernel/mm/kernel_map.cc"
TABLE = "kernel/mm/page_table.cc"
HEADER = "kernel/mm/page_table.hh"
TEXT = "kernel/wings/procfs/text.cc"

# Run against the skeleton's kernel: (what is true, command).
OTHERS = [
    ("the kernel boots until it needs a page of a program",
     'cd "$SKELETON" && make -s DEPS=no CPUS=1 qemu </dev/null 2>&1 | grep -q "init cannot be started (errno 12)"'),
    ("all tests of units pass but those of page tables and of what a program maps",
     'cd "$SKELETON" && make -s DEPS=no test-unit ONLY="*frame*"'),
]

LEVEL = """    unsigned level = table_levels - 1;
    while (level > 0 && (start.value() % pte_span(level) != 0 || end - start < pte_span(level)))
      level--;
"""
FIND_FIRST = "  Pte* table = direct<Pte>(root_);\n  for (unsigned level = table_levels - 1; level > 0; level--) {\n    Pte entry"

# (name, the parts in which points are lost and no others, edits)
PARTIAL = [
    ("the kernel's half alone", [1, 3], [(HEADER, FIND_FIRST, "  if (address.value() > 0) return nullptr;\n" + FIND_FIRST)]),
    ("the tables of processes alone", [2],
     [(MAP, LEVEL, "    unsigned level = 0;\n"), (MAP, "  map_direct(text, rodata, Prot::read | Prot::exec);\n",
                                               "  map_direct(text, rodata, rw | Prot::exec);\n"),
      (MAP, "  map_direct(data, guard, rw);\n  map_direct(guard + page_size, end, rw);\n",
       "  (void)guard;\n  map_direct(data, end, rw);\n")]),
]

# (file that does not compile, the parts in which points are lost and no others)
BROKEN = [(MAP, [2]), (TABLE, [1, 3]), (TEXT, [1])]

# (name, {file: what stands there instead, see prove.py}). The other files are as handed out.
FORGED = [
    ("makes no table, and prints what is asked for", {TABLE: "prints.cc + rest.cc"}),
    ("ends the machine with success", {TABLE: "finisher.cc + rest.cc"}),
    ("all tables of a GiB are one", {TABLE: "folds.cc + folds-alone.cc + rest.cc", HEADER: "kernel"}),
    ("changes the observer, which it knows by its bytes",
     {TABLE: "code-of.cc + folds.cc + knows-observer.cc + rest.cc", HEADER: "kernel"}),
]

MAKE = """      Result<PhysAddr> below = table_allocate();
      if (!below) {
        remove_empty_tables(address);
        return below.error();
      }
"""
COUNT = "      record_of(&entry).valid_entries()++;\n"
CLEARED = "        entry = Pte();\n        release(pte.address());\n"
UNMAP = "  return clear(start, end, [&](PhysAddr frame) { pending.add(frame); });\n"
EMPTY = "    if (frame_record(below).valid_entries() != 0) return;\n"
TOOK = "    entry = Pte();\n    record_of(&entry).valid_entries()--;\n"
FRAME = "entry.address().value() >> page_shift,"
ROOT = "  root_free(root_);\n"

# (name, a word from the name of the test that is meant to notice, edits)
WRONG = [
    ("a shortage leaves the table that was made first", "without memory for a table",
     [(TABLE, MAKE, MAKE.replace("        remove_empty_tables(address);\n", ""))]),
    ("an entry that leads to a table is not counted", "a table that holds nothing",
     [(TABLE, COUNT, ""), (TABLE, TOOK, "    entry = Pte();\n")]),
    ("to look makes tables", "without memory for a table",
     [(HEADER, "    if (!entry.valid()) return nullptr;\n",
       "    if (!entry.valid()) {\n      Result<Pte*> made = const_cast<PageTable*>(this)->find_or_make(address);\n"
       "      return made ? *made : nullptr;\n    }\n")]),
    ("the TLB is not flushed when pages go", "what is unmapped",
     [(TABLE, "    if (count_) table_.flush_all();\n", "")]),
    ("frames are freed, and their entries stay", "what is unmapped", [(TABLE, CLEARED, "        release(pte.address());\n")]),
    ("frames are freed though a child has them", "what is unmapped",
     [(TABLE, "    for (unsigned i = 0; i < count_; i++) frame_unref(PhysAddr(frames_[i]));\n",
       "    for (unsigned i = 0; i < count_; i++) {\n      frame_record(PhysAddr(frames_[i])).references = 1;\n"
       "      frame_unref(PhysAddr(frames_[i]));\n    }\n")]),
    ("the last page of a range stays", "what is unmapped",
     [(TABLE, UNMAP, "  if (end - start > page_size) end = end - page_size;\n" + UNMAP)]),
    ("the frames of a process that ends are kept", "a process that ends",
     [(TABLE, "  clear(start, end, [](PhysAddr frame) { frame_unref(frame); });\n",
       "  clear(start, end, [](PhysAddr frame) { (void)frame; });\n")]),
    ("roots are kept", "a process that ends", [(TABLE, ROOT, "")]),
    ("tables stay when they are empty", "a table that holds nothing",
     [(TABLE, EMPTY, "    if (below.value() != 0) return;\n"), (TABLE, "  ASSERT(frame_record(root_).valid_entries() == 0);\n", "")]),
    ("only the leaf's table is taken out", "a table that holds nothing",
     [(TABLE, "  for (unsigned level = 1; level < table_levels; level++) {\n",
       "  for (unsigned level = 1; level < 2; level++) {\n"),
      (TABLE, "  ASSERT(frame_record(root_).valid_entries() == 0);\n", "")]),
    ("a table that is taken out is not given back", "a table that holds nothing",
     [(TABLE, "    table_free(below);\n", "")]),
    ("the frame is printed as an address", "shows what is there",
     [(TEXT, FRAME, "entry.address().value(),")]),
    ("copy-on-write is not printed", "shows what is there",
     [(TEXT, "entry.is_cow() ? 'c' : '-'", "entry.is_cow() && entry.writable() ? 'c' : '-'")]),
    ("the next pages begin one too late", "shows what is there",
     [(TEXT, "      at = pages[count - 1].at + page_size;\n", "      at = pages[count - 1].at + 2 * page_size;\n")]),
    ("what a region allows is printed, and not what the entry does", "shows what is there",
     [(TEXT, "entry.writable() ? 'w' : '-'", "allows(listed.region.prot, Prot::write) ? 'w' : '-'")]),
    ("only pages of 4 KiB", "the largest leaves", [(MAP, LEVEL, "    unsigned level = 0;\n")]),
    ("a large leaf begins where it fits, aligned or not", "the largest leaves",
     [(MAP, "(start.value() % pte_span(level) != 0 || end - start < pte_span(level))", "end - start < pte_span(level)")]),
    ("2 MiB is the largest leaf", "the largest leaves",
     [(MAP, "    unsigned level = table_levels - 1;\n    while", "    unsigned level = 1;\n    while")]),
    ("code can be written", "written and executed",
     [(MAP, "  map_direct(text, rodata, Prot::read | Prot::exec);\n", "  map_direct(text, rodata, rw | Prot::exec);\n")]),
    ("constants can be written", "written and executed",
     [(MAP, "  map_direct(rodata, data, Prot::read);\n", "  map_direct(rodata, data, rw);\n")]),
    ("the page below the first stack is mapped", "must not touch",
     [(MAP, "  map_direct(guard + page_size, end, rw);\n", "  map_direct(guard, end, rw);\n")]),
    ("the firmware's memory is mapped", "must not touch",
     [(MAP, "  map_direct(start, text, rw);\n", "  map_direct(devices_end, text, rw);\n")]),
]

# Mutants that no program can tell from the original, and why: a pattern for the line that test-labs prints.
EQUIVALENT = []
