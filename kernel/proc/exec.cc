// exec: the same process, another program. The new address space is built and filled beside the old
// one; only when nothing can fail any more does it take the old one's place.
#include "arch/csr.hh"
#include "fs/path.hh"
#include "fs/vfs.hh"
#include "lib/elf.hh"
#include "lib/string.hh"
#include "mm/heap.hh"
#include "proc/arguments.hh"
#include "proc/process.hh"
#include "proc/random.hh"
#include "sync/panic.hh"

namespace tine {
namespace {

// Where the stack ends at most: the last page of the user's half stays free.
constexpr VirtAddr highest_stack_top{USER_TOP - TINE_PAGE_SIZE};

// Bounds of the rows (linker/kernel.ld).
extern "C" const ExecFormat exec_formats_start[], exec_formats_end[];

// Where position-independent programs go, at least: far above where others are linked, far below
// mmap's. And how far they, and what is mapped, may be moved upwards.
constexpr VirtAddr position_independent_base{0x1000000000};
constexpr std::uint64_t most_moved = 1ul << 35;

// A program that could run at once.
struct Program {
  RefPtr<AddressSpace> space;
  RefPtr<ProgramFile> file;
  RefPtr<SharedCredentials> credentials;
  RefPtr<OpenFile> null;  // for a program with a secret: what its closed standard files become
  bool secret;            // it got rights from its file, or is a file that its user may not read
  VirtAddr entry, sp;
};

Prot segment_prot(std::uint32_t flags) {
  Prot prot = Prot::none;
  if (flags & elf_read) prot = prot | Prot::read;
  if (flags & elf_write) prot = prot | Prot::write;
  if (flags & elf_exec) prot = prot | Prot::exec;
  return prot;
}

// One segment: pages of the file, as far as the file goes; zeros behind it, to the byte. The page
// in which the one ends and the other begins is the new program's own from the start.
Result<> map_segment(AddressSpace& space, const ElfSegment& segment,
                     const RefPtr<PageSource>& pages) {
  Prot prot = segment_prot(segment.flags);
  VirtAddr file_end = segment.start + segment.file_size;
  VirtAddr zeros = segment.file_size ? file_end.page_up() : segment.start.page_down();
  if (segment.file_size) {
    TRY(space.add_region(segment.start.page_down(), zeros, prot, pages,
                         segment.file_offset >> page_shift));
  }
  if (zeros < segment.end()) TRY(space.add_region(zeros, segment.end().page_up(), prot));
  if (segment.memory_size == segment.file_size || file_end.is_page_aligned()) return {};
  if (!allows(prot, Prot::write))
    return Errno::noexec;  // zeros that the program could never have used
  return space.with_page(Access{file_end, Prot::write},
                         [&](std::byte* at) { memset(at, 0, page_size - file_end.page_offset()); });
}

// As whom a program runs: as who calls it, but where the file says otherwise. What it has been may
// be taken up again only if it was effective (POSIX, exec). Credentials of its own for a program
// that its user may not look into (`secret`): what was opened with the old ones shows nothing of
// it. Errors: nomem.
Result<> set_credentials(Program& program, const PathContext& paths, const Attributes& file) {
  constexpr std::uint32_t as_other = S_ISUID | S_ISGID;
  const Credentials& now = paths.credentials();
  bool keeps = now.user.saved == now.user.effective && now.group.saved == now.group.effective;
  bool readable = file.check(now, may_read).has_value();
  Credentials next = now;
  if (file.permissions & S_ISUID) next.user.effective = file.user;
  if (file.permissions & S_ISGID) next.group.effective = file.group;
  next.user.saved = next.user.effective;
  next.group.saved = next.group.effective;
  program.secret =
      !readable || next.user.effective != next.user.real || next.group.effective != next.group.real;
  if (keeps && readable && !(file.permissions & as_other)) {
    program.credentials = paths.shared_credentials;
  } else {
    program.credentials = TRY(make_ref<SharedCredentials>(next));
  }
  return {};
}

// [exec 3] Everything that can fail: the file, its headers, its segments, the stack with the
// arguments. `name`: the path that exec was called with (AT_EXECFN).
Result<Program> load_program(const PathContext& paths, std::string_view path, std::string_view name,
                             const ArgumentBuffer& arguments) {
  PathEnd end = TRY(resolve_place(paths, path));
  Node* node = end.node.get();
  Attributes file = node->attributes();  // one look: who may run it belongs to as whom it runs
  TRY(file.check(paths.credentials(), may_execute));
  RefPtr<PageSource> pages = TRY(node->pages());  // a directory has none
  std::uint64_t file_size = node->size();
  if (file_size == 0) return Errno::noexec;
  FrameRef first = TRY(pages->page(0));
  std::span<const std::byte> head(first.bytes().data(),
                                  file_size < page_size ? file_size : page_size);
  VirtAddr base = position_independent_base + random_shift(most_moved);
  VirtAddr stack_top = highest_stack_top - random_shift(stack_shift_limit);
  ElfImage image = TRY(read_elf(head, file_size, base));

  Program program;
  program.file = TRY(make_ref<ProgramFile>());
  program.file->directory = end.parent;
  program.file->name.set_name(end.last);
  TRY(set_credentials(program, paths, file));
  PathContext kernel{.root = root_node(), .cwd = root_node()};  // whatever the caller may open
  if (program.secret) program.null = TRY(open(kernel, "/dev/null", O_RDWR));
  program.space = TRY(AddressSpace::create());
  for (const ElfSegment& segment : image.loads()) TRY(map_segment(*program.space, segment, pages));
  TRY(program.space->lay_out(image.highest, random_shift(most_moved), stack_top));
  program.entry = image.entry;
  program.sp = TRY(build_stack(*program.space, stack_top, name, arguments, image,
                               program.credentials ? program.credentials->ids : superuser));
  return program;
}

// What a program starts with: every register 0 but sp and the pc (glibc takes a0 for a function to
// call at exit), interrupts on, floating point off until it is used.
void reset_registers(Thread& thread, VirtAddr entry, VirtAddr sp) {
  TrapFrame& frame = *thread.frame;
  frame = {};
  frame.sepc = entry.value();
  frame.sp() = sp.value();
  std::uint64_t other_modes = csr::sstatus_spp | csr::sstatus_sie | csr::sstatus_fs;
  frame.sstatus = (csr::read_sstatus() & ~other_modes) | csr::sstatus_spie;
  fp_reset(thread);
  thread.alternate_stack = no_alternate_stack;
}

// Another signal than SIGCHLD at a process's end was agreed on by two programs, with the rights
// that they had. One of the two is gone.
void reset_exit_signals(Process& self) REQUIRES(process_table_lock) {
  self.exit_signal = SIGCHLD;
  for (Process& child : self.children) child.exit_signal = SIGCHLD;
}

// What a caller prepares is not to lead a program with other rights astray: none of its allocations
// fails on purpose, and no file that it opens becomes its standard output. (The table has room: a
// program's first chunk stays.) docs/linux-abi.md lists what else it inherits.
void leave_to_program(Process& self, Thread& thread, const RefPtr<OpenFile>& null) {
  stop_failing(&thread);
  for (int fd = 0; fd < 3; fd++) {
    if (!self.files.get(fd)) (void)self.files.add(null, false);
  }
}

// [exec 4] Cannot fail: the new program takes the place of the old one, which goes into `program`.
// The caller keeps that until no hart uses its pages any more.
void commit(Process& self, Thread& thread, Program& program, std::string_view name,
            const tine_args& args) {
  {
    SpinGuard guard(process_table_lock);
    std::swap(self.space, program.space);
    std::swap(self.program, program.file);
    std::swap(self.paths.shared_credentials, program.credentials);
    self.secret = program.secret;
    copy_text(self.name, sizeof(self.name), base_name(name));
    self.args = args;
    reset_signal_handlers(self);
    reset_exit_signals(self);
    let_parent_go_on(self);
  }
  use_space(thread, self.space.get());
  self.files.close_on_exec();
  if (program.secret) leave_to_program(self, thread, program.null);
  reset_registers(thread, program.entry, program.sp);
  begin_program(thread);
}

Result<> open_console(Process& process) {
  RefPtr<OpenFile> console = TRY(open(process.paths, "/dev/console", O_RDWR));
  for (int fd = 0; fd < 3; fd++) TRY(process.files.add(console, false));
  return {};
}

}  // namespace

Result<Replaced> process_exec(std::string_view path, const ArgumentBuffer& arguments,
                              const tine_args& args, const ExecChain& chain) {
  Process& self = current_process();
  std::string_view name = chain.depth ? chain.first : path;
  Result<Program> loaded = load_program(self.paths, path, name, arguments);
  if (!loaded && loaded.error() == Errno::noexec) {  // perhaps somebody knows what else it is
    for (const ExecFormat& format : std::span(exec_formats_start, exec_formats_end)) {
      Result<Replaced> done = format.exec(path, arguments, chain);
      if (done || done.error() != Errno::noexec) return done;
    }
  }
  Program program = TRY(loaded);
  log_on(Channel::exec, "exec: {} ({}) becomes {}, entry {}, sp {}\n", self.pid, self.name, path,
         program.entry, program.sp);
  commit(self, *current_thread(), program, name, args);
  PageTable::activate(current_thread()->page_table);
  return Replaced();
}

// ---- The first process ----

// Built by hand as exec and fork together would: there is nobody to copy.
Result<> start_init(std::string_view path, std::span<const std::string_view> more) {
  RefPtr<Process> init = TRY(make_ref<Process>());
  OwnPtr<Thread> thread = TRY(Thread::make_user(*init));
  ArgumentBuffer arguments;
  TRY(arguments.add_argument(path));
  for (std::string_view argument : more) TRY(arguments.add_argument(argument));
  init->paths.root = init->paths.cwd = root_node();
  TRY(open_console(*init));
  Program program = TRY(load_program(init->paths, path, path, arguments));
  commit(*init, *thread, program, path, arguments.summary());
  Thread& first = *thread;
  TRY(publish_process(std::move(init), nullptr, std::move(thread)));
  start_thread(first);
  return {};
}

}  // namespace tine
