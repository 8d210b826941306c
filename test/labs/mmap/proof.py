"""What the grader of the lab `mmap` is tried with (make test-labs). Never part of a student's tree."""

SOURCE = "kernel/wings/mmap/source.cc"
CUT = "kernel/wings/mmap/cut.cc"
FAULT = "kernel/vm/fault.cc"
PAGES = "kernel/vfs/file_pages.cc"

# Run against the skeleton's kernel: (what is true, command).
OTHERS = [
    ("the tests of the lab fork pass, but for those that share memory",
     """build/host/lab-tests '[fork]~[part3]~[part4]~"*MAP_SHARED*"~"*1000*"'"""),
    ("programs on processes, copy-on-write, files and signals pass",
     'make -s DEPS=no build/host/guest-tests && make -s -C "$SKELETON" DEPS=no build/release/test.cpio && '
     'TINE_INITRD="$SKELETON/build/release/test.cpio" TINE_SMP=2 TINE_SHIFT=1 '
     'TINE_PROGRAMS="process files badargs signals cow fork_more" build/host/guest-tests "[.one]"'),
]

READ_FAULT = "  if (wanted != Prot::write) {\n    Pte entry"
NEVER = "  if (wanted == Prot::none) {\n    Pte entry"

# (name, the parts in which points are lost and no others, edits)
PARTIAL = [
    ("private mappings alone", [2],
     [(SOURCE, "  region.shared = flags & MAP_SHARED;\n",
       "  region.shared = flags & MAP_SHARED;\n  if (region.shared) return Errno::nosys;\n"),
      (SOURCE, "  mapping.contents.shared = true;\n", "  mapping.contents.shared = true;\n  return Errno::nosys;\n")]),
    ("each page is copied when it is touched", [1], [(FAULT, READ_FAULT, NEVER)]),
]

# (file that does not compile, the parts in which points are lost and no others)
BROKEN = [(CUT, [2]), (PAGES, [2]), (SOURCE, [1, 2])]

# (name, {file: what stands there instead, see prove.py}). The other files are as handed out.
FORGED = [
    ("maps nothing, and prints what is asked for", {SOURCE: "prints.cc"}),
    ("ends the machine with success", {SOURCE: "finisher.cc"}),
    ("everything that is mapped is one frame", {SOURCE: "one-page.cc", FAULT: "kernel", PAGES: "kernel"}),
    ("changes the observer, which it knows by its bytes", {SOURCE: "code-of.cc + knows-observer.cc"}),
]

SOURCE_PAGE = "  region.source_page = offset >> page_shift;\n"
COW = "    Pte entry = Pte::user(frame.address(), region.prot).copy_on_write();\n"
MAY_WRITE = "  region.may_write = !region.shared || file->writable();\n"
SHARED_ENTRY = "    FrameRef frame = TRY(region.source->shared_page(index));\n"
SLOT = "      if (slot && *slot != PhysAddr() && may_change(*slot)) {\n"
ONLY_SHARED = "    if (region->shared && region->source.get() == &file) {\n"

# (name, a word from the name of the test that is meant to notice, edits)
WRONG = [
    ("the offset is forgotten", "a private mapping shows the pages",
     [(SOURCE, SOURCE_PAGE, "  region.source_page = 0;\n")]),
    ("the offset is taken in bytes, not in pages", "a private mapping shows the pages",
     [(SOURCE, SOURCE_PAGE, "  region.source_page = offset;\n")]),
    ("a page that was read can be written, and is the file's", "a store changes one mapping",
     [(FAULT, COW, COW.replace(".copy_on_write()", ""))]),
    ("each page is copied when it is touched", "reading copies none", [(FAULT, READ_FAULT, NEVER)]),
    ("nothing is mapped ahead", "pages that are read in order",
     [(SOURCE, "  region.read_ahead = map_pages_ahead;\n", "")]),
    ("a file that may only be written can be read through its mapping", "what may be mapped",
     [(SOURCE, "  if (!file->readable()) return Errno::access;\n", "")]),
    ("even a private mapping needs a descriptor for writing", "what may be mapped",
     [(SOURCE, MAY_WRITE, "  region.may_write = file->writable();\n")]),
    ("the error of what has no pages is another's", "what may be mapped",
     [(SOURCE, "  if (!pages) return Errno::nodev;\n", "  if (!pages) return Errno::badf;\n")]),
    ("each read of a page takes one reference too many", "mappings that are gone",
     [(FAULT, "    TRY(map_frame(std::move(frame), page, at, entry));\n",
       "    frame_ref(frame.address());\n    TRY(map_frame(std::move(frame), page, at, entry));\n")]),
    ("a shared mapping is a private one", "a store reaches the file",
     [(SOURCE, "  region.shared = flags & MAP_SHARED;\n", "  region.shared = false;\n")]),
    ("the frame is not marked, so the file leaves it at the next write", "a write reaches the mapping",
     [(PAGES, "        mark_shared(*slot);\n", "        (void)mark_shared;\n")]),
    ("a hole is no page", "a store reaches the file",
     [(PAGES, "      if (slot && fresh) TRY(place(",
       "      if (slot && *slot == PhysAddr()) return Errno::inval;\n      if (slot && fresh) TRY(place(")]),
    ("a frame that private mappings hold becomes the shared one", "keep apart",
     [(PAGES, SLOT, "      if (slot && *slot != PhysAddr()) {\n")]),
    ("shared memory without a file is private", "processes that come from fork",
     [(SOURCE, "  mapping.contents.shared = true;\n", "")]),
    ("a shared page is entered copy-on-write", "processes that come from fork",
     [(FAULT, SHARED_ENTRY + "    Pte entry = Pte::user(frame.address(), region.prot);\n",
       SHARED_ENTRY + "    Pte entry = Pte::user(frame.address(), region.prot);\n"
       "    if (wanted != Prot::write) entry = entry.copy_on_write();\n")]),
    ("the file does not know that its pages are mapped", "go away everywhere",
     [(SOURCE, "  if (region.shared) (*pages)->on_truncate(forget_pages);\n", "  (void)forget_pages;\n")]),
    ("only the process that cuts the file forgets its pages", "go away everywhere",
     [(CUT, "    if (space) forget_in(", "    if (space.get() == current_process().space.get()) forget_in(")]),
    ("only the first mapping in a process forgets its pages", "go away everywhere",
     [(CUT, "      space.drop_pages(place_of(*region, first), region->end);\n",
       "      return space.drop_pages(place_of(*region, first), region->end);\n")]),
    ("the mapping's first page is taken for the file's", "go away everywhere",
     [(CUT, "  if (first <= region.source_page) return region.start;\n"
       "  std::uint64_t pages = first - region.source_page;\n", "  std::uint64_t pages = first;\n")]),
    ("private mappings lose their pages, too", "go away everywhere",
     [(CUT, ONLY_SHARED, ONLY_SHARED.replace("region->shared && ", ""))]),
    ("mprotect may allow what the descriptor does not", "a shared mapping may do",
     [(SOURCE, "  if (allows(region.prot, Prot::write) && !region.may_write) return Errno::access;\n",
       "  if (allows(region.prot, Prot::write) && !region.may_write) return Errno::access;\n"
       "  region.may_write = true;\n")]),
    ("each shared page keeps one reference", "shared memory that is gone",
     [(PAGES, "        return reference(index);\n",
       "        (void)reference(index).release();\n        return reference(index);\n")]),
]

# Mutants that no program can tell from the original, and why: a pattern for the line that test-labs prints.
EQUIVALENT = []
