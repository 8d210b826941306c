// What the files of /proc say: each is a function that writes a text about a process, or about the
// machine.
#pragma once

#include "fs/credentials.hh"
#include "fs/file_pages.hh"
#include "lib/format.hh"
#include "lib/ref.hh"
#include "lib/result.hh"

namespace tine {

struct Process;

// A sink into the pages of an empty file. What comes after the first failure is dropped.
class FileSink final : public Sink {
 public:
  explicit FileSink(FilePages& to) : to_(to) {}
  void write(std::string_view text) override;
  // Writes what is still in the buffer, and says whether everything went well. Errors: nomem, fbig.
  Result<> finish();

 private:
  FilePages& to_;
  IoPlace at_;
  char buffer_[512];
  std::size_t used_ = 0;
  Result<> result_;
};

// `pid` is 0 for the files about the machine. Errors: srch (the process is gone), nomem.
struct ProcFile {
  std::string_view name;
  std::uint32_t permissions;
  Result<> (*write)(int pid, Sink& to);
};
extern const std::span<const ProcFile> process_files, machine_files;

// What descriptor `fd` of the process is, as the target of a symbolic link: "pipe:[7]",
// "/dev/console", "file:[12]". Errors: noent, nomem.
Result<> describe_descriptor(int pid, int fd, Sink& to);

// For whom the process acts. Errors: srch.
Result<Credentials> credentials_of(int pid);

// With a reference, so that it stays while it is looked at; nullptr: it is gone.
RefPtr<Process> hold_process(int pid);

}  // namespace tine
