// The texts of the files of /proc: for each a function that writes about a process, or about the
// machine.
#pragma once

#include <tine/limits.h>

#include <span>
#include <string_view>

#include "lib/format.hh"
#include "lib/ref.hh"
#include "lib/result.hh"
#include "sched/clock.hh"
#include "vfs/credentials.hh"
#include "vfs/file_pages.hh"

namespace tine {

class AddressSpace;
class OpenFile;
struct Process;
struct ProgramFile;

// A sink into the pages of an empty file. After the first error, text is dropped.
class FileSink final : public Sink {
 public:
  explicit FileSink(FilePages& to) : to_(to) {}
  void write(std::string_view text) override;
  // Writes the rest of the buffer, and returns the first error. Errors: nomem, fbig.
  Result<> finish();

 private:
  FilePages& to_;
  IoPlace at_;
  char buffer_[512];
  std::size_t used_ = 0;
  Result<> result_;
};

// The process whose rights decide what is shown: the one that opens a file, or walks a path.
struct Looker {
  RefPtr<SharedCredentials> credentials;  // null: the superuser's
  int pid = 0;

  static Looker current();
};

// The process to describe, and the one that looks. `pid` is 0 for the files about the machine.
struct Subject {
  int pid;
  const Looker& looker;
};

// Errors of `write`: srch (the process is gone), access (the looker has not the right), nomem.
struct ProcFile {
  std::string_view name;
  std::uint32_t permissions;
  Result<> (*write)(const Subject& of, Sink& to);
};
extern const std::span<const ProcFile> process_files, machine_files;
// Files that /proc/PID has too (machine.cc).
Result<> write_mounts(const Subject& of, Sink& to);
Result<> write_mountinfo(const Subject& of, Sink& to);

constexpr std::uint64_t kib_a_page = TINE_PAGE_SIZE / 1024;
// Clock units in the unit that Linux's programs expect, hundredths of a second (AT_CLKTCK).
inline std::uint64_t linux_ticks(std::uint64_t time) { return clock_to_ns(time) / 10'000'000; }

// A file about the machine that another wing has: a row of a table that the linker gathers.
#define PROC_FILE(name, permissions, write)                                               \
  [[gnu::section(".table.proc"), gnu::used]] static constinit const ProcFile proc_##name{ \
      #name, permissions, write};
// The same for a file in each /proc/PID.
#define PROCESS_FILE(name, permissions, write)                                              \
  [[gnu::section(".table.about"), gnu::used]] static constinit const ProcFile about_##name{ \
      #name, permissions, write};

// These check the right and take the object in one step. So an exec of a program with other rights
// comes before both or after both. Errors of all: srch (the process is gone), access.

// The process's memory; null: it is a zombie.
Result<RefPtr<AddressSpace>> take_space(const Subject& of);
// Its program; null: it is a zombie.
Result<RefPtr<ProgramFile>> take_program(const Subject& of);
// The open file of its lowest descriptor from `fd` on; sets `fd` to that. Errors: noent (none).
Result<RefPtr<OpenFile>> take_file_from(const Subject& of, int& fd);

// Describes an open file, as the target of a symbolic link: "pipe:[7]", "/dev/console",
// "file:[12]". Errors: nomem.
void describe_file(const OpenFile& file, Sink& to);

// Only checks the right, to refuse early.
Result<> check_look(const Subject& of);

// Attributes for a file of the process: they belong to its effective user and group.
Attributes owner_of(int pid, std::uint32_t permissions);

// The process, with a reference that keeps it; nullptr: it is gone.
RefPtr<Process> hold_process(int pid);

}  // namespace tine
