"""What the grader of the lab `exec` is tried with (make test-labs). Never part of a student's tree."""

ELF = "kernel/lib/elf.cc"
ARGUMENTS = "kernel/proc/arguments.cc"
EXEC = "kernel/proc/exec.cc"

# Run against the skeleton's kernel: (what is true, command).
OTHERS = [
    ("the tests of the lab fork pass", 'build/host/lab-tests "[fork]~[part3]~[part4]"'),
    ("the tests of the lab signals pass", 'build/host/lab-tests "[signals]~[part3]~[part4]"'),
    ("the tests of the lab mmap pass, but for one about the frames of a program's own code",
     'build/host/lab-tests "[mmap]~[part3]~[part4]~*copies*"'),
    ("the shell is there when it is the first program",
     'printf "pwd\\ncd /tmp\\npwd\\nexit\\n" | make -s -C "$SKELETON" DEPS=no qemu CPUS=1 APPEND=init=/bin/sh 2>&1 | '
     'tr -d "\\r" | grep -qx /tmp'),
]

NO_EXECVE = "  if (pointers >= room_) return Errno::toobig;\n"
ARGC = "  TRY(put(argc_));\n  VirtAddr text = at_;\n"
EXEC_BEGINS = "  Process& self = current_process();\n  std::string_view name"
TO_FRAME = "  // [exec 8] sret takes these registers into the new program.\n  frame = {};\n"
CLEARED = "  if (has_rest) TRY(clear_rest_of_page(space, zeros, prot, is_ready));\n"
READY = "  bool is_ready = segment.file_size && allows(prot, Prot::write);\n"
OF_FILE = "  if (segment.file_size) TRY(map(first, zeros.page_up(), pages));\n"
KEEP = "    if (keep) action.handler = TINE_SIG_IGN;\n"

# (name, the parts in which points are lost and no others, edits)
PARTIAL = [
    ("exec and execv alone", [2, 3], [(ARGUMENTS, NO_EXECVE, NO_EXECVE + "  if (room_) return Errno::nosys;\n")]),
]

# (file that does not compile, the parts in which points are lost and no others)
BROKEN = [(ELF, [1, 3]), (ARGUMENTS, [1, 2, 3]), (EXEC, [1, 2, 3])]

# (name, {file: what stands there instead, see prove.py}). The other files are as handed out.
FORGED = [
    ("prints what is asked for", {ARGUMENTS: "prints.cc + arguments.cc"}),
    ("ends the machine with success", {ARGUMENTS: "finisher.cc + arguments.cc"}),
    ("changes the observer, which it knows by its bytes", {ARGUMENTS: "code-of.cc + knows-observer.cc + arguments.cc"}),
    ("the old program begins again, in a copy of its memory",
     {ARGUMENTS: "same-program.cc + arguments.cc", EXEC: (EXEC_BEGINS, """  RefPtr<AddressSpace> copy = TRY(current_space().clone());
  Thread& thread = *current_thread();
  RefPtr<AddressSpace> old = std::exchange(current_process().space, copy);
  use_space(thread, copy.get());
  std::uint64_t rest = 0x5a001008;
  reset_registers(thread, VirtAddr(rest), VirtAddr(thread.frame->sp()));
  PageTable::activate(thread.page_table);
  if (file.path().size()) return Replaced();
""" + EXEC_BEGINS)}),
]

# (name, a word from the name of the test that is meant to notice, edits)
WRONG = [
    ("the offset of a segment is forgotten", "segments have their places",
     [(EXEC, ".source_page = segment.file_offset >> page_shift}", ".source_page = 0}")]),
    ("each segment may be written", "segments have their places",
     [(EXEC, "  if (flags & elf_write) prot = prot | Prot::write;\n", "  prot = prot | Prot::write;\n")]),
    ("each segment may be executed", "segments have their places",
     [(EXEC, "  if (flags & elf_exec) prot = prot | Prot::exec;\n", "  prot = prot | Prot::exec;\n")]),
    ("the rest of the last page is what the file has there", "zero, to the byte",
     [(EXEC, CLEARED, "  (void)is_ready;\n")]),
    ("there are no zeros but those in the last page of the file", "zero, to the byte",
     [(EXEC, "  if (fresh < segment.end()) TRY(", "  if (fresh > segment.end()) TRY(")]),
    ("zeros begin at the page's border", "zero, to the byte",
     [(EXEC, "    memset(at, 0, page_size - start.page_offset());\n",
       "    memset(at - start.page_offset(), 0, page_size);\n")]),
    ("a page that had to be written to stays writable", "zero, to the byte",
     [(EXEC, "  return is_writable ? Result<>() : space.protect(page, page_size, prot);\n",
       "  return is_writable || page_size ? Result<>() : space.protect(page, page_size, prot);\n")]),
    ("all is copied when the program starts", "pages come when they are touched",
     [(EXEC, OF_FILE, OF_FILE + """  for (VirtAddr at = first; segment.file_size && at < zeros; at += page_size) {
    TRY(space.protect(at, page_size, Prot::read | Prot::write));
    TRY(prepare_to_store(space, at, 1));
    TRY(space.protect(at, page_size, prot));
  }
""")]),
    ("registers keep what the old program had", "nothing of the old program",
     [(EXEC, TO_FRAME, TO_FRAME.replace("  frame = {};\n", ""))]),
    ("floating-point registers keep what the old program had", "nothing of the old program",
     [(EXEC, "  fp_reset(thread);\n", "  fp_leave(thread), frame.sstatus |= csr::sstatus_fs;\n")]),
    ("handlers stay", "nothing of the old program",
     [(EXEC, "    action = {};\n" + KEEP, "    if (keep) action = {};\n" + KEEP)]),
    ("ignored signals are not ignored any more", "nothing of the old program", [(EXEC, KEEP, "    (void)keep;\n")]),
    ("descriptors with O_CLOEXEC stay open", "nothing of the old program",
     [(EXEC, "  self.files.close_on_exec();\n", "")]),
    ("the alternate stack stays", "nothing of the old program",
     [(EXEC, "  thread.alternate_stack = no_alternate_stack;\n", "")]),
    ("a ninth argument is cut off", "execv keeps eight arguments",
     [(ARGUMENTS, "    if (args.argc == TINE_ARG_COUNT) return Errno::toobig;\n",
       "    if (args.argc == TINE_ARG_COUNT) break;\n")]),
    ("the first page is not kept free", "no program changes nothing",
     [(EXEC, "image.start >= user_base && ", "")]),
    ("a segment may lie in the stack", "no program changes nothing",
     [(EXEC, "      if (segment.start < stack.top() && segment.end() > stack.limit()) return Errno::exist;\n", "")]),
    ("a segment may have more bytes than memory", "no program changes nothing",
     [(ELF, "      header.file_size <= header.memory_size &&\n", "")]),
    ("the old address space is never freed", "have given everything back",
     [(EXEC, "  PageTable::activate(current_thread()->page_table);\n",
       "  PageTable::activate(current_thread()->page_table);\n  (void)program.space.release();\n")]),
    ("argc counts the environment, too", "argc, argv and envp",
     [(ARGUMENTS, ARGC, "  TRY(put(argc_ + envc_));\n  VirtAddr text = at_;\n")]),
    ("argv has no null at its end", "argc, argv and envp",
     [(ARGUMENTS, "    if (i == argc_) TRY(put(0));\n", "")]),
    ("sp is not aligned", "argc, argv and envp",
     [(ARGUMENTS, "words * sizeof(std::uint64_t)).value() & ~15ul);\n", "words * sizeof(std::uint64_t)).value() & ~7ul);\n")]),
    ("a program without arguments has argc = 0", "argc, argv and envp",
     [(ARGUMENTS, "  return argc_ > 0 ? Result<>() : add_first(\"\");\n", "  return {};\n")]),
    ("the real user is told as the effective one", "the auxiliary vector",
     [(ARGUMENTS, "      {AT_EUID, user.effective},\n", "      {AT_EUID, user.real},\n")]),
    ("the random bytes are the same in all programs", "the auxiliary vector",
     [(ARGUMENTS, "= {random_word(), random_word()};\n", "= {0x243f6a8885a308d3, 0x13198a2e03707344};\n")]),
    ("pointers take no room", "a quarter of the stack",
     [(ARGUMENTS, "  room_ -= pointers;\n", "")]),
    ("a string's last page is written before its first", "a quarter of the stack",
     [(ARGUMENTS, "    TRY(fill(to.first(here), size));\n", "    TRY(fill(to.first(here), 0));\n")]),
    ("an argument of 31 characters is not kept whole", "what the kernel keeps",
     [(ARGUMENTS, "std::min<std::size_t>(length, TINE_ARG_LENGTH)", "std::min<std::size_t>(length, TINE_ARG_LENGTH - 1)")]),
    ("the script's own name stays the first argument", "a script's interpreter",
     [(ARGUMENTS, "  if (argc_ == 0) return;\n", "  if (argc_ >= 0) return;\n")]),
]

# Mutants that no program can tell from the original, and why: a pattern for the line that test-labs prints.
EQUIVALENT = [
    (r"exec.cc:\d+: order: if \(flags & elf_", "bits are put together, in any order"),
    (r"exec.cc:\d+: order: .*bool is_ready", "a value is formed that is not used when the function returns"),
    (r"arguments.cc:\d+: order: argc_ = TRY.*envc_ = TRY", "which error comes first if both vectors are bad"),
]
