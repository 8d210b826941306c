// exec: replaces the program of a process. The file is opened by its path, and must be executable
// for the caller; so must the files that it names: the interpreter of a script, or of a dynamic
// program. (Wings open these two.)
#pragma once

#include <string_view>

#include "lib/elf.hh"
#include "proc/arguments.hh"
#include "proc/process.hh"
#include "vfs/path.hh"

namespace tine {

constexpr std::uint16_t machine_riscv = 243;  // e_machine (RISC-V ELF psABI, "ELF Object Files")

class ExecFile final : public FileBytes {
 public:
  // Until this object and the ProgramFile are gone, no process can write to the file. `path` must
  // stay valid as long as this object. Errors: those of path lookup; access (no regular file, or
  // not executable for the caller); txtbsy (it is open for writing); nomem.
  static Result<ExecFile> open(const PathContext& paths, std::string_view path);

  // Read once: the right to run the file and its set-ID bits must come from one moment.
  const Attributes& attributes() const { return attributes_; }
  std::string_view path() const { return path_; }
  // The beginning of the file, at most a page, which shows its format.
  std::span<const std::byte> head() const;
  Result<> copy(std::uint64_t offset, std::span<std::byte> to) const override;
  const RefPtr<PageSource>& pages() const { return pages_; }
  const RefPtr<ProgramFile>& program() const { return program_; }

  // Replaces this by another file, whose `path` lies in this one's head: the interpreter to execute
  // instead. Errors: those of `open`.
  Result<> become(const PathContext& paths, std::string_view path);

 private:
  RefPtr<ProgramFile> program_;
  Attributes attributes_{0};
  std::string_view path_;
  FrameRef path_page_;  // keeps `path_` valid, if another file's head has it
  RefPtr<PageSource> pages_;
  FrameRef first_;
  std::size_t head_size_ = 0;
};

// [exec 3] Replaces the current program by the one in `file`, which gets `arguments`. Everything
// that can fail comes first; on an error the old program continues unchanged. Errors: noexec, exist
// (a segment would overlap the stack), loop, libbad (its interpreter is no program), toobig, nomem;
// and those of opening the files that it names.
Result<Replaced> process_exec(ExecFile file, ArgumentStack& arguments);

// Maps all segments of a file into the space of `stack`. Errors: noexec, exist (one would overlap
// the stack), nomem.
Result<> map_image(const ArgumentStack& stack, const ExecFile& file, const ElfImage& image);

// A program that is ready to run.
struct Program {
  RefPtr<AddressSpace> space;
  RefPtr<ProgramFile> file;
  RefPtr<SharedCredentials> credentials;
  bool secret = false;  // Process::secret
  VirtAddr entry;       // 0: not set; then the image's entry
  VirtAddr sp;
  std::uint64_t interpreter_moved = 0;  // AT_BASE
  // For wings: called after the new program has replaced the old one, if not null; `null` is for
  // its use.
  void (*begin)(Process& self, const Program& program) = nullptr;
  RefPtr<OpenFile> null;
};

// Additions to exec by wings: rows of a table that the linker gathers. Either function may be null.
struct ExecAddition {
  // For files that are no ELF files; the functions are called in turn until one does not return
  // noexec, which means that it does not know the format. It replaces `file` by its interpreter
  // (ExecFile::become), and changes `arguments` to the interpreter's.
  Result<> (*redirect)(ExecFile& file, ArgumentStack& arguments);
  // Called for each program when its segments are mapped and its stack has the strings. May change
  // `program`. Errors: any of process_exec's.
  Result<> (*complete)(Program& program, const PathContext& paths, const ExecFile& file,
                       const ElfImage& image, const ArgumentStack& arguments);
};
#define EXEC_ADDITION(name, redirect, complete)                                                   \
  [[gnu::section(".table.exec"), gnu::used]] static constinit const ExecAddition addition_##name{ \
      redirect, complete};

// Starts the first process, from `path`, with the console as descriptors 0, 1 and 2. Errors: those
// of exec.
Result<> start_init(std::string_view path, std::span<const std::string_view> arguments);

}  // namespace tine
