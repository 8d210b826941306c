// exec: the same process, another program. What is executed is an opened file, which was found by
// its path and checked for the right to execute; so are the files that it names: the program that
// reads a script, the interpreter of a dynamic program. (Those two are the business of wings.)
#pragma once

#include <string_view>

#include "fs/path.hh"
#include "lib/elf.hh"
#include "proc/arguments.hh"
#include "proc/process.hh"

namespace tine {

class ExecFile final : public FileBytes {
 public:
  // Nobody can write to it until this and the program of it are gone. Errors: those of path lookup;
  // access (no regular file, or not to be executed); txtbsy (it is open for writing); nomem. `path`
  // stays where it is as long as this does.
  static Result<ExecFile> open(const PathContext& paths, std::string_view path);

  // One look at them: the right to run it and the user as whom it runs belong together.
  const Attributes& attributes() const { return attributes_; }
  std::string_view path() const { return path_; }
  // Its beginning, at most a page: what formats tell it by.
  std::span<const std::byte> head() const;
  Result<> copy(std::uint64_t offset, std::span<std::byte> to) const override;
  const RefPtr<PageSource>& pages() const { return pages_; }
  const RefPtr<ProgramFile>& program() const { return program_; }

  // Becomes the file that this one names, by a path in its head: the one to be executed instead.
  // Errors: those of `open`.
  Result<> become(const PathContext& paths, std::string_view path);

 private:
  RefPtr<ProgramFile> program_;
  Attributes attributes_{0};
  std::string_view path_;
  FrameRef path_page_;  // that `path_` lies in, if another file named it
  RefPtr<PageSource> pages_;
  FrameRef first_;
  std::size_t head_size_ = 0;
};

// [exec 3] Replaces the current program by the one in `file`, which finds `arguments`. Everything
// that can fail comes first; on an error the old program goes on unchanged. Errors: noexec, exist
// (a segment where the stack goes), loop, libbad (its interpreter is no program), toobig, nomem;
// and those of opening the files that it names.
Result<Replaced> process_exec(ExecFile file, ArgumentStack& arguments);

// All segments of a file, into the space of `stack`. Errors: noexec, exist (one lies where the
// stack goes), nomem.
Result<> map_image(const ArgumentStack& stack, const ExecFile& file, const ElfImage& image);

// A program that could run at once.
struct Program {
  RefPtr<AddressSpace> space;
  RefPtr<ProgramFile> file;
  RefPtr<SharedCredentials> credentials;
  bool secret = false;  // Process::secret
  VirtAddr entry;       // 0: where the file says
  VirtAddr sp;
  std::uint64_t interpreter_moved = 0;  // AT_BASE
  // For wings: called once it has the old one's place, if not null; and what that may use.
  void (*begin)(Process& self, const Program& program) = nullptr;
  RefPtr<OpenFile> null;
};

// What wings add to exec: rows of a table that the linker gathers. Either function may be null.
struct ExecAddition {
  // For files that are no ELF files. Each is asked in turn; noexec: the file is not of this kind.
  // Else `file` becomes the one that reads it (ExecFile::become), and `arguments` what that one is
  // called with.
  Result<> (*redirect)(ExecFile& file, ArgumentStack& arguments);
  // For each program, when its segments are mapped and its stack has the strings: what it needs
  // besides. Errors: any of process_exec's.
  Result<> (*complete)(Program& program, const PathContext& paths, const ExecFile& file,
                       const ElfImage& image, const ArgumentStack& arguments);
};
#define EXEC_ADDITION(name, redirect, complete)                                                   \
  [[gnu::section(".table.exec"), gnu::used]] static constinit const ExecAddition addition_##name{ \
      redirect, complete};

}  // namespace tine
