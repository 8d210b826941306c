// The new address space is built and filled beside the old one; only when nothing can fail any more
// does it take the old one's place.
#include "proc/exec.hh"

#include <algorithm>

#include "arch/csr.hh"
#include "fs/path.hh"
#include "fs/vfs.hh"
#include "lib/string.hh"
#include "mm/heap.hh"
#include "proc/random.hh"
#include "sync/panic.hh"

namespace tine {

// ---- What is executed ----

Result<ExecFile> ExecFile::open(const PathContext& paths, std::string_view path) {
  ExecFile file;
  file.path_ = path;
  PathEnd place = TRY(resolve_place(paths, path));
  Node& node = *place.node;
  // A user without the right to execute it must not deny writes to it either.
  TRY(node.attributes().check(paths.credentials(), may_execute));
  file.pages_ = TRY(node.pages());  // a directory has none
  file.program_ = TRY(make_ref<ProgramFile>());
  TRY(node.deny_writes());
  file.program_->node = place.node;
  file.program_->directory = place.parent;
  file.program_->name.set(place.last);
  // As whom it runs is judged when no writer is left: what was written took the set-ID bits away.
  file.attributes_ = node.attributes();
  TRY(file.attributes_.check(paths.credentials(), may_execute));
  file.head_size_ = std::min<std::uint64_t>(node.size(), page_size);
  if (file.head_size_ > 0) file.first_ = TRY(file.pages_->page(0));
  return file;
}

Result<> ExecFile::become(const PathContext& paths, std::string_view path) {
  ExecFile next = TRY(open(paths, path));
  next.path_page_ = std::move(first_);
  *this = std::move(next);
  return {};
}

std::span<const std::byte> ExecFile::head() const {
  return first_ ? std::span<const std::byte>(first_.bytes()).first(head_size_)
                : std::span<const std::byte>();
}

Result<> ExecFile::copy(std::uint64_t offset, std::span<std::byte> to) const {
  if (offset <= head_size_ && to.size() <= head_size_ - offset) {
    memcpy(to.data(), head().data() + offset, to.size());
    return {};
  }
  IoBuffer buffer(to);
  std::size_t size = TRY(program_->node->read({.offset = offset}, buffer));
  return size == to.size() ? Result<>() : Errno::noexec;
}

namespace {

// Bounds of the rows (linker/kernel.ld).
extern "C" const ExecAddition exec_additions_start[], exec_additions_end[];

constexpr unsigned most_readers = 5;  // scripts that are read by scripts

// Where position-independent programs go, at least: far above where others are linked, far below
// mmap's.
constexpr VirtAddr position_independent_base{0x1000000000};

// Makes `file` the one that reads it. Errors: noexec (no wing knows what it is), and the wing's.
Result<> redirect(ExecFile& file, ArgumentStack& arguments) {
  Result<> done = Errno::noexec;
  for (const ExecAddition& each : std::span(exec_additions_start, exec_additions_end)) {
    if (!done && done.error() == Errno::noexec && each.redirect)
      done = each.redirect(file, arguments);
  }
  return done;
}

// The ELF file that is to be loaded: `file`, or the one that reads it.
Result<ElfImage> find_program(ExecFile& file, ArgumentStack& arguments) {
  for (unsigned readers = 0; readers <= most_readers; readers++) {
    Result<ElfImage> image = read_elf(file);
    if (image || image.error() != Errno::noexec) return image;
    TRY(redirect(file, arguments));
  }
  return Errno::loop;
}

Prot segment_prot(std::uint32_t flags) {
  Prot prot = Prot::none;
  if (flags & elf_read) prot = prot | Prot::read;
  if (flags & elf_write) prot = prot | Prot::write;
  if (flags & elf_exec) prot = prot | Prot::exec;
  return prot;
}

// Zeros from `start` to the end of its page, which becomes the program's own. If it cannot be
// written yet, or belongs to an earlier segment, `prot` is put right afterwards. If the file ends
// before it, there is nothing to clear, and that is right where no program can write.
Result<> clear_rest_of_page(AddressSpace& space, VirtAddr start, Prot prot, bool is_writable) {
  VirtAddr page = start.page_down();
  if (!is_writable) TRY(space.protect(page, page_size, Prot::read | Prot::write));
  Result<> cleared = space.with_page(Access{start, Prot::write}, [&](std::byte* at) {
    memset(at, 0, page_size - start.page_offset());
  });
  if (!cleared && cleared.error() != Errno::fault) return cleared;
  if (!cleared && allows(prot, Prot::write)) return Errno::noexec;
  return is_writable ? Result<>() : space.protect(page, page_size, prot);
}

// One segment: pages of the file, as far as the file goes; zeros behind it, to the byte. A page
// that two segments share belongs to the later one, as on Linux; only zeros leave in it what was
// there.
Result<> map_segment(AddressSpace& space, const ElfSegment& segment,
                     const RefPtr<PageSource>& pages) {
  Prot prot = segment_prot(segment.flags);
  VirtAddr first = segment.start.page_down(), zeros = segment.start + segment.file_size;
  auto map = [&](VirtAddr start, VirtAddr end, RefPtr<PageSource> source) {
    return space.map({.wanted = start,
                      .size = end - start,
                      .place = Mapping::Place::fixed,
                      .contents = {.prot = prot,
                                   .source = std::move(source),
                                   .source_page = segment.file_offset >> page_shift}});
  };
  // [exec 5] Nothing is read here: the first access to a page maps it.
  if (segment.file_size) TRY(map(first, zeros.page_up(), pages));
  if (segment.memory_size == segment.file_size) return {};
  bool is_ready = segment.file_size && allows(prot, Prot::write);
  bool has_rest = !zeros.is_page_aligned() && (segment.file_size || space.is_mapped(zeros));
  if (has_rest) TRY(clear_rest_of_page(space, zeros, prot, is_ready));
  VirtAddr fresh = has_rest ? zeros.page_up() : zeros.page_down();
  if (fresh < segment.end()) TRY(map(fresh, segment.end().page_up(), nullptr));
  return {};
}

}  // namespace

Result<> map_image(const ArgumentStack& stack, const ExecFile& file, const ElfImage& image) {
  bool fits = image.start >= user_base && image.start < image.end && image.end <= user_top;
  if (!fits) return Errno::noexec;
  ElfSegments some;
  for (unsigned first = 0; first < image.header_count; first += some.size()) {
    for (const ElfSegment& segment : TRY(read_segments(file, image, first, some))) {
      if (segment.start < stack.top() && segment.end() > stack.limit()) return Errno::exist;
      TRY(map_segment(*stack.space(), segment, file.pages()));
    }
  }
  return {};
}

namespace {

// [exec 4] Everything that can fail: the file, its headers, its segments, what wings add, the stack
// with the arguments.
Result<Program> prepare(const PathContext& paths, ExecFile& file, ArgumentStack& arguments) {
  ElfImage image = TRY(find_program(file, arguments));
  if (image.is_movable) image.move_to(position_independent_base + random_shift(most_moved));
  TRY(map_image(arguments, file, image));
  Program program;
  program.space = arguments.space();
  program.space->start_heap(image.end);
  program.file = file.program();
  program.credentials = paths.shared_credentials;
  for (const ExecAddition& each : std::span(exec_additions_start, exec_additions_end)) {
    if (each.complete) TRY(each.complete(program, paths, file, image, arguments));
  }
  if (program.entry == VirtAddr()) {
    if (image.interpreter_size) return Errno::noexec;  // nothing here knows what to do with it
    program.entry = image.entry;
  }
  program.sp = TRY(arguments.finish(image, program.interpreter_moved,
                                    program.credentials ? program.credentials->ids : superuser));
  return program;
}

// What a program starts with: every register 0 but sp and the pc (glibc takes a0 for a function to
// call at exit), interrupts on, floating point off until it is used.
void reset_registers(Thread& thread, VirtAddr entry, VirtAddr sp) {
  TrapFrame& frame = *thread.frame;
  // [exec 8] sret takes these registers into the new program.
  frame = {};
  frame.sepc = entry.value();
  frame.sp() = sp.value();
  std::uint64_t other_modes = csr::sstatus_spp | csr::sstatus_sie | csr::sstatus_fs;
  frame.sstatus = (csr::read_sstatus() & ~other_modes) | csr::sstatus_spie;
  fp_reset(thread);
  thread.alternate_stack = no_alternate_stack;
}

// Handlers are gone with the old program. What is ignored stays so; so do mask and pending signals.
void reset_handlers(Process& self) REQUIRES(process_table_lock) {
  if (!self.signal_actions) return;
  for (tine_sigaction& action : self.signal_actions->actions) {
    bool keep = action.handler == TINE_SIG_IGN;
    action = {};
    if (keep) action.handler = TINE_SIG_IGN;
  }
}

// Another signal than SIGCHLD at a process's end was agreed on by two programs, with the rights
// that they had. One of the two is gone.
void reset_exit_signals(Process& self) REQUIRES(process_table_lock) {
  self.exit_signal = SIGCHLD;
  for (Process& child : self.children) child.exit_signal = SIGCHLD;
}

// [exec 7] Cannot fail: the new program takes the place of the old one, which goes into `program`.
// The caller keeps that until no hart uses its pages any more.
void commit(Process& self, Thread& thread, Program& program, std::string_view name,
            const tine_args& args) {
  {
    SpinGuard guard(process_table_lock);
    note_peak(self);
    std::swap(self.space, program.space);
    std::swap(self.program, program.file);
    std::swap(self.paths.shared_credentials, program.credentials);
    self.secret = program.secret;
    copy_text(self.name, sizeof(self.name), base_name(name));
    self.args = args;
    reset_handlers(self);
    reset_exit_signals(self);
    let_parent_go_on(self);
  }
  use_space(thread, self.space.get());
  self.files.close_on_exec();
  if (program.begin) program.begin(self, program);
  reset_registers(thread, program.entry, program.sp);
  begin_program(thread);
}

Result<> open_console(Process& process) {
  RefPtr<OpenFile> console = TRY(open(process.paths, "/dev/console", O_RDWR));
  for (int fd = 0; fd < 3; fd++) TRY(process.files.add(console, false));
  return {};
}

}  // namespace

Result<Replaced> process_exec(ExecFile file, ArgumentStack& arguments) {
  Process& self = current_process();
  std::string_view name = file.path();  // also when it is a script, which another file reads
  Program program = TRY(prepare(self.paths, file, arguments));
  log_on(Channel::exec, "exec: {} ({}) becomes {}, entry {}, sp {}\n", self.pid, self.name,
         file.path(), program.entry, program.sp);
  commit(self, *current_thread(), program, name, arguments.args);
  // [exec 9] The hart leaves the old page table, which `program` frees.
  PageTable::activate(current_thread()->page_table);
  return Replaced();
}

// ---- The first process ----

// Built by hand as exec and fork together would: there is nobody to copy.
Result<> start_init(std::string_view path, std::span<const std::string_view> more) {
  RefPtr<Process> init = TRY(make_ref<Process>());
  OwnPtr<Thread> thread = TRY(Thread::make_user(*init));
  init->paths.root = init->paths.cwd = root_node();
  TRY(open_console(*init));
  ArgumentStack arguments;
  TRY(arguments.begin(path));
  for (std::size_t i = more.size(); i > 0; i--) TRY(arguments.add_first(more[i - 1]));
  TRY(arguments.add_first(path));
  ExecFile file = TRY(ExecFile::open(init->paths, path));
  Program program = TRY(prepare(init->paths, file, arguments));
  commit(*init, *thread, program, path, arguments.args);
  Thread& first = *thread;
  TRY(publish_process(std::move(init), nullptr, std::move(thread)));
  start_thread(first);
  return {};
}

}  // namespace tine
