// The new address space is built and filled while the old one still exists. It replaces the old one
// only when nothing can fail any more.
#include "proc/exec.hh"

#include <algorithm>

#include "arch/csr.hh"
#include "lib/string.hh"
#include "mm/heap.hh"
#include "proc/random.hh"
#include "proc/signal.hh"
#include "proc/table.hh"
#include "sync/log.hh"
#include "vfs/mount.hh"
#include "vfs/path.hh"

namespace tine {

// ---- The file ----

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
  // The set-ID bits are read only now, when no process can write to the file any more: an earlier
  // write has cleared them.
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

constexpr unsigned most_readers = 5;  // interpreters that are scripts themselves

// The lowest address for position-independent programs: far above the addresses at which others are
// linked, and far below mmap's area.
constexpr VirtAddr position_independent_base{0x1000000000};

// Replaces `file` by the interpreter that it names. Errors: noexec (no wing knows the file's
// format), and the wing's.
Result<> redirect(ExecFile& file, ArgumentStack& arguments) {
  Result<> done = Errno::noexec;
  for (const ExecAddition& each : std::span(exec_additions_start, exec_additions_end)) {
    if (!done && done.error() == Errno::noexec && each.redirect)
      done = each.redirect(file, arguments);
  }
  return done;
}

// The ELF file to load: `file`, or its interpreter.
Result<ElfImage> find_program(ExecFile& file, ArgumentStack& arguments) {
  for (unsigned readers = 0; readers <= most_readers; readers++) {
    Result<ElfImage> image = read_elf(file, machine_riscv);
    if (image || image.error() != Errno::noexec) return image;
    TRY(redirect(file, arguments));
  }
  return Errno::loop;
}

// lab exec 1 {
Prot segment_prot(std::uint32_t flags) {
  Prot prot = Prot::none;
  if (flags & elf_read) prot = prot | Prot::read;
  if (flags & elf_write) prot = prot | Prot::write;
  if (flags & elf_exec) prot = prot | Prot::exec;
  return prot;
}

// Fills the page of `start` with zeros from there on, in a private copy. `is_writable`: the page
// has its final rights, which allow writing. Otherwise it is made writable first, and gets `prot`
// afterwards. If the file ends before the page there is nothing to clear, which is an error only
// for a segment that can be written.
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
// } lab

// Maps one segment: pages of the file for its file_size, then zeros from the exact byte on. A page
// that belongs to two segments is mapped for the later one, as on Linux; but if that one has only
// zeros there, the earlier one's bytes before them stay.
Result<> map_segment(AddressSpace& space, const ElfSegment& segment,
                     const RefPtr<PageSource>& pages) {
  // lab exec 1 {
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
  // } lab
}

}  // namespace

Result<> map_image(const ArgumentStack& stack, const ExecFile& file, const ElfImage& image) {
  // lab exec 1 {
  bool fits = image.start >= user_base && image.start < image.end && image.end <= user_top;
  if (!fits) return Errno::noexec;
  // } lab
  ElfSegments some;
  for (unsigned first = 0; first < image.header_count; first += some.size()) {
    for (const ElfSegment& segment : TRY(read_segments(file, image, first, some))) {
      // lab exec 1 {
      if (segment.start < stack.top() && segment.end() > stack.limit()) return Errno::exist;
      // } lab
      TRY(map_segment(*stack.space(), segment, file.pages()));
    }
  }
  return {};
}

namespace {

// [exec 4] Does everything that can fail: reads the headers, maps the segments, calls the wings,
// finishes the stack.
Result<Program> prepare(const PathContext& paths, ExecFile& file, ArgumentStack& arguments) {
  ElfImage image = TRY(find_program(file, arguments));
  if (image.is_movable) image.move_to(position_independent_base + random_shift(most_moved));
  // lab exec 1 {
  TRY(map_image(arguments, file, image));
  Program program;
  program.space = arguments.space();
  program.file = file.program();
  program.credentials = paths.shared_credentials;
  // } lab
  program.space->start_heap(image.end);
  for (const ExecAddition& each : std::span(exec_additions_start, exec_additions_end)) {
    if (each.complete) TRY(each.complete(program, paths, file, image, arguments));
  }
  if (program.entry == VirtAddr()) {
    if (image.interpreter_size) return Errno::noexec;  // no wing has loaded it
    program.entry = image.entry;
  }
  program.sp = TRY(arguments.finish(image, program.interpreter_moved,
                                    program.credentials ? program.credentials->ids : superuser));
  return program;
}

// A program starts with every register 0 except sp and pc (glibc would call a0 as a function at
// exit), interrupts on, and floating point off until it is used.
void reset_registers(Thread& thread, VirtAddr entry, VirtAddr sp) {
  // lab exec 1 {
  TrapFrame& frame = *thread.frame;
  // [exec 8] sret takes these registers into the new program.
  frame = {};
  frame.sepc = entry.value();
  frame.sp() = sp.value();
  std::uint64_t other_modes = csr::sstatus_spp | csr::sstatus_sie | csr::sstatus_fs;
  frame.sstatus = (csr::read_sstatus() & ~other_modes) | csr::sstatus_spie;
  fp_reset(thread);
  thread.alternate_stack = no_alternate_stack;
  // } lab
}

// Actions with handlers become the default, because the handlers were the old program's. Ignored
// signals stay ignored; mask and pending signals stay.
void reset_handlers(Process& self) REQUIRES(process_table_lock) {
  // lab exec 1 {
  if (!self.signal_actions) return;
  for (tine_sigaction& action : self.signal_actions->actions) {
    bool keep = action.handler == TINE_SIG_IGN;
    action = {};
    if (keep) action.handler = TINE_SIG_IGN;
  }
  // } lab
}

// A parent and child that agreed on a signal other than SIGCHLD did so as two programs, with their
// rights then. One of the two programs is gone now.
void reset_exit_signals(Process& self) REQUIRES(process_table_lock) {
  self.exit_signal = SIGCHLD;
  for (Process& child : self.children) child.exit_signal = SIGCHLD;
}

// [exec 7] Cannot fail: the new program replaces the old one, whose parts go into `program`. The
// caller keeps them until no hart uses the old page table.
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
  // lab exec 1 {
  self.files.close_on_exec();
  // } lab
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
  // lab exec 1 {
  Process& self = current_process();
  std::string_view name = file.path();  // for a script: its own path, not the interpreter's
  Program program = TRY(prepare(self.paths, file, arguments));
  log_on(Channel::exec, "exec: {} ({}) becomes {}, entry {}, sp {}\n", self.pid, self.name,
         file.path(), program.entry, program.sp);
  commit(self, *current_thread(), program, name, arguments.args);
  // [exec 9] The hart leaves the old page table, which `program` frees.
  PageTable::activate(current_thread()->page_table);
  return Replaced();
  // } lab
}

// ---- The first process ----

// Does the work of fork and exec together, because there is no process to copy.
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
