// The wing `procfs`: processes as files, mounted at /proc.
//
//   /proc/               self -> PID  meminfo  cpuinfo  uptime  loadavg  stat  mounts
//   /proc/PID/           status  stat  statm  comm  cmdline  mounts  mountinfo  maps  pagetable
//                        exe -> /bin/sh; and what other wings add
//   /proc/PID/fd/        0 -> /dev/console  3 -> pipe:[7]  ...
//   /proc/PID/task/PID/  the files of the process again: it has one thread
//
// Nothing is stored. A node is made when a path names it. It holds the pid, not a reference to the
// process: so an open file keeps no ended process in memory, and returns ESRCH when its process is
// gone. (If the pid is in use again, after up to 32,766 others, it describes the new process.)
//
// It can be mounted in several places. There is no unmount, so a root is never destroyed, and its
// directories may point to it.
//
// Lock: a file's mutex guards its text, which several processes may read at the same time.
// Directories have no data to guard.
#include <algorithm>
#include <optional>

#include "mm/heap.hh"
#include "proc/process.hh"
#include "proc/table.hh"
#include "sched/mutex.hh"
#include "sync/panic.hh"
#include "vfs/directory_records.hh"
#include "vfs/mount.hh"
#include "wings/procfs/text.hh"

namespace tine {
namespace {

constinit std::uint64_t file_system_number = 0;  // set at boot; the same for all mounts

// Inode numbers contain the pid and the kind of node, so each lookup gives the same number. To a
// base, the index of a file in its table is added, or the descriptor.
constexpr std::uint64_t root_inode = 1, self_inode = 2, machine_inodes = 16;
constexpr unsigned directory_inode = 0, fd_directory_inode = 1, program_inode = 2,
                   task_directory_inode = 3, thread_directory_inode = 4, file_inodes = 16,
                   thread_file_inodes = 32, descriptor_inodes = 64;
std::uint64_t process_inode(int pid, unsigned what) { return std::uint64_t(pid) << 12 | what; }

constexpr std::uint32_t file_permissions = 0444, directory_permissions = 0555,
                        private_directory_permissions = 0500;

// ---- Files and symbolic links ----

// The text is made when the file is read from its beginning, so that later reads continue the same
// text. The rights of the process that opened the file decide what it contains: a program with more
// rights that gets the open file as its input does not see more.
class TextFile final : public Node {
 public:
  TextFile(const ProcFile& file, int pid, std::uint64_t inode)
      : Node(NodeKind::regular, owner_of(pid, file.permissions), file_system_number, inode),
        file_(file),
        pid_(pid) {}

  Result<> open(unsigned) override EXCLUDES(mutex_) {
    Looker opener = Looker::current();
    if (pid_ && !(file_.permissions & 0044)) TRY(check_look({pid_, opener}));
    if (!mutex_.lock_killable()) return Errno::restart;
    MutexGuard guard(mutex_, AlreadyHeld::yes);
    if (!opener_) opener_ = std::move(opener);
    return {};
  }
  Result<std::size_t> read(const IoPlace& at, IoBuffer& to) override EXCLUDES(mutex_) {
    if (!mutex_.lock_killable()) return Errno::restart;
    MutexGuard guard(mutex_, AlreadyHeld::yes);
    if (at.offset == 0 || !made_) TRY(make_text());
    return text_.read(at.offset, to);
  }

 private:
  const ProcFile& file_;
  const int pid_;
  Mutex mutex_{Rank::proc_text, "text of a file of /proc"};
  std::optional<Looker> opener_ GUARDED_BY(mutex_);  // of the first open
  FilePages text_ GUARDED_BY(mutex_);
  bool made_ GUARDED_BY(mutex_) = false;

  Result<> make_text() REQUIRES(mutex_) {
    made_ = false;
    TRY(text_.truncate(0));
    FileSink sink(text_);
    TRY(file_.write({pid_, *opener_}, sink));
    TRY(sink.finish());
    made_ = !current_thread()->has_fatal_signal();  // a fatal signal may have cut the text short
    return {};
  }
};

// The target may be missing or secret; the link itself exists, because the directory lists it.
class Symlink final : public Node {
 public:
  static constexpr std::size_t room = 512;  // bytes of the target

  // `leads_to`: the node to which the link leads; null: its text is a path.
  explicit Symlink(std::uint64_t inode, RefPtr<Node> leads_to = nullptr)
      : Node(NodeKind::symlink, 0777, file_system_number, inode), leads_to_(std::move(leads_to)) {}

  Sink& text() { return target_; }
  void refuse(Errno error) { refused_ = error; }
  Result<std::string_view> link_target() override {
    if (refused_) return *refused_;
    return target_.text();
  }
  RefPtr<Node> link_node() override { return leads_to_; }
  std::uint64_t size() override { return target_.text().size(); }

 private:
  char bytes_[room];
  BufferSink target_{bytes_};
  std::optional<Errno> refused_;
  const RefPtr<Node> leads_to_;
};

// ---- Directories ----

extern "C" const ProcFile proc_files_start[], proc_files_end[];        // linker/kernel.ld
extern "C" const ProcFile process_files_start[], process_files_end[];  // linker/kernel.ld

// The n-th file of this wing or of other wings; null: there are no more.
const ProcFile* nth_file(std::span<const ProcFile> own, std::span<const ProcFile> others,
                         std::size_t n) {
  if (n < own.size()) return &own[n];
  n -= own.size();
  return n < others.size() ? &others[n] : nullptr;
}
const ProcFile* machine_file(std::size_t n) {
  return nth_file(machine_files, {proc_files_start, proc_files_end}, n);
}
const ProcFile* process_file(std::size_t n) {
  return nth_file(process_files, {process_files_start, process_files_end}, n);
}
std::size_t process_file_count() {
  return process_files.size() + std::size_t(process_files_end - process_files_start);
}

// Finds a file by its name and makes its node. Errors: noent, nomem.
Result<RefPtr<Node>> lookup_file(const ProcFile* (*file_at)(std::size_t), std::string_view name,
                                 int pid, std::uint64_t inodes) {
  for (std::size_t n = 0; const ProcFile* file = file_at(n); n++) {
    if (file->name != name) continue;
    RefPtr<Node> node = TRY(make_ref<TextFile>(*file, pid, inodes + n));
    return node;
  }
  return Errno::noent;
}

struct DirectoryEntry {
  std::uint64_t position = 0;
  std::uint64_t inode = 0;
  NodeKind kind = NodeKind::regular;
  NameBuffer name;
};

void set_entry(DirectoryEntry& entry, std::uint64_t position, std::uint64_t inode, NodeKind kind,
               std::string_view name) {
  entry.position = position;
  entry.inode = inode;
  entry.kind = kind;
  entry.name.set(name);
}

void set_entry(DirectoryEntry& entry, std::uint64_t position, std::uint64_t inode, NodeKind kind,
               int number) {
  char bytes[12];
  BufferSink name(bytes);
  print(name, "{}", number);
  set_entry(entry, position, inode, kind, name.text());
}

// The number that a name stands for: without sign or leading zeros; -1 if it is none.
int number_of(std::string_view name) {
  int number = 0;
  if (name.size() > 5 || (name[0] == '0' && name.size() > 1)) return -1;
  for (char c : name) {
    if (c < '0' || c > '9') return -1;
    number = number * 10 + (c - '0');
  }
  return number;
}

constexpr std::uint64_t first_position = 2;

// The n-th name of a directory that begins with the files of a table.
std::uint64_t index_at(std::uint64_t position) {
  return position < first_position ? 0 : position - first_position;
}
void set_file_entry(DirectoryEntry& entry, std::size_t n, int pid, unsigned inodes) {
  set_entry(entry, n + first_position, process_inode(pid, inodes + unsigned(n)), NodeKind::regular,
            process_file(n)->name);
}

class ProcDirectory : public Node {
 public:
  // Each lookup makes a new node, so a mount on a directory other than the root would never be
  // found.
  Result<> mount(RefPtr<Node> root) override {
    return inode() == root_inode ? Node::mount(std::move(root)) : Errno::inval;
  }
  Result<> list(std::uint64_t position, DirectoryRecords& to) final;
  Result<RefPtr<Node>> place(NameBuffer& name) final;

 protected:
  ProcDirectory(const Attributes& attributes, std::uint64_t inode)
      : Node(NodeKind::directory, attributes, file_system_number, inode) {}

 private:
  // The first entry at `position` or after it. Errors: noent (there is none).
  virtual Result<> entry_from(std::uint64_t position, DirectoryEntry& entry) = 0;
};

Result<> ProcDirectory::list(std::uint64_t position, DirectoryRecords& to) {
  DirectoryEntry entry;
  while (true) {
    Result<> found = entry_from(position, entry);
    // An error is returned only if no entry comes before it.
    if (!found && (found.error() == Errno::noent || !to.bytes().empty())) return {};
    TRY(found);
    if (!to.add(entry.position, entry.inode, entry.kind, entry.name.view())) return {};
    position = entry.position + 1;
  }
}

// Searches for this directory among its parent's entries.
Result<RefPtr<Node>> ProcDirectory::place(NameBuffer& name) {
  RefPtr<Node> above = TRY(parent());
  DirectoryEntry entry;
  std::uint64_t position = first_position;
  do {
    TRY(static_cast<ProcDirectory&>(*above).entry_from(position, entry));
    position = entry.position + 1;
  } while (entry.inode != inode());
  name.set(entry.name.view());
  return above;
}

// A directory about one process. Each lookup makes a new one.
class AboutProcess : public ProcDirectory {
 protected:
  AboutProcess(int pid, Node& root, unsigned inode, std::uint32_t permissions)
      : ProcDirectory(owner_of(pid, permissions), process_inode(pid, inode)),
        pid_(pid),
        root_(root) {}

  const int pid_;
  Node& root_;  // of /proc
};

class FdDirectory final : public AboutProcess {
 public:
  FdDirectory(int pid, Node& root)
      : AboutProcess(pid, root, fd_directory_inode, private_directory_permissions) {}

  Result<> open(unsigned) override { return check_look({pid_, Looker::current()}); }
  Result<RefPtr<Node>> lookup(std::string_view name) override;
  Result<RefPtr<Node>> parent() override;
  Result<> entry_from(std::uint64_t position, DirectoryEntry& entry) override;

 private:
  std::uint64_t inode_of(int fd) const {
    return process_inode(pid_, descriptor_inodes + unsigned(fd));
  }
};

// Writes the path at which exec found the program. Errors: noent (the process is a zombie, or the
// file's directory was removed), srch (the process is gone), access, nametoolong, nomem.
Result<> write_program(int pid, Sink& to) {
  RefPtr<ProgramFile> program = TRY(take_program({pid, Looker::current()}));
  if (!program) return Errno::noent;
  OwnPtr<PathBuffer> path = TRY(make<PathBuffer>());
  PathContext from_root{.root = root_node(), .cwd = root_node()};
  std::string_view directory = TRY(path_of(from_root, program->directory, path->bytes));
  if (directory.size() + 1 + program->name.length > Symlink::room) return Errno::nametoolong;
  print(to, "{}/{}", directory == "/" ? "" : directory, program->name.view());
  return {};
}

Result<RefPtr<Node>> program_link(int pid) {
  RefPtr<Symlink> node = TRY(make_ref<Symlink>(process_inode(pid, program_inode)));
  Result<> written = write_program(pid, node->text());
  if (!written && written.error() == Errno::nomem) return Errno::nomem;
  if (!written) node->refuse(written.error());
  return RefPtr<Node>(std::move(node));
}

class ProcessDirectory final : public AboutProcess {
 public:
  ProcessDirectory(int pid, Node& root)
      : AboutProcess(pid, root, directory_inode, directory_permissions) {}

  Result<RefPtr<Node>> lookup(std::string_view name) override;
  Result<RefPtr<Node>> parent() override {
    if (!hold_process(pid_)) return Errno::noent;  // the process is gone
    return RefPtr<Node>(&root_);
  }
  Result<> entry_from(std::uint64_t position, DirectoryEntry& entry) override;
};

// /proc/PID/task, which lists the one thread, and /proc/PID/task/PID.
class TaskDirectory final : public AboutProcess {
 public:
  TaskDirectory(int pid, Node& root)
      : AboutProcess(pid, root, task_directory_inode, directory_permissions) {}

  Result<RefPtr<Node>> lookup(std::string_view name) override;
  Result<RefPtr<Node>> parent() override;
  Result<> entry_from(std::uint64_t position, DirectoryEntry& entry) override;
};

class ThreadDirectory final : public AboutProcess {
 public:
  ThreadDirectory(int pid, Node& root)
      : AboutProcess(pid, root, thread_directory_inode, directory_permissions) {}

  Result<RefPtr<Node>> lookup(std::string_view name) override {
    if (!hold_process(pid_)) return Errno::noent;
    return lookup_file(process_file, name, pid_, process_inode(pid_, thread_file_inodes));
  }
  Result<RefPtr<Node>> parent() override;
  Result<> entry_from(std::uint64_t position, DirectoryEntry& entry) override;
};

// A directory about the process `pid`. Errors: noent (the process is gone), nomem.
template <class Directory>
Result<RefPtr<Node>> directory_of(int pid, Node& root) {
  if (!hold_process(pid)) return Errno::noent;
  RefPtr<Node> node = TRY(make_ref<Directory>(pid, root));
  return node;
}

// ---- /proc/PID ----

Result<RefPtr<Node>> ProcessDirectory::lookup(std::string_view name) {
  if (name == "fd") return directory_of<FdDirectory>(pid_, root_);
  if (name == "task") return directory_of<TaskDirectory>(pid_, root_);
  if (!hold_process(pid_)) return Errno::noent;
  if (name == "exe") return program_link(pid_);
  return lookup_file(process_file, name, pid_, process_inode(pid_, file_inodes));
}

Result<> ProcessDirectory::entry_from(std::uint64_t position, DirectoryEntry& entry) {
  static constexpr struct {
    std::string_view name;
    NodeKind kind;
    unsigned inode;
  } others[] = {{"fd", NodeKind::directory, fd_directory_inode},
                {"task", NodeKind::directory, task_directory_inode},
                {"exe", NodeKind::symlink, program_inode}};
  if (!hold_process(pid_)) return Errno::noent;
  std::uint64_t n = index_at(position);
  if (n < process_file_count()) {
    set_file_entry(entry, n, pid_, file_inodes);
    return {};
  }
  std::uint64_t other = n - process_file_count();
  if (other >= std::size(others)) return Errno::noent;
  set_entry(entry, position, process_inode(pid_, others[other].inode), others[other].kind,
            others[other].name);
  return {};
}

// ---- /proc/PID/task ----

Result<RefPtr<Node>> TaskDirectory::lookup(std::string_view name) {
  if (number_of(name) != pid_) return Errno::noent;
  return directory_of<ThreadDirectory>(pid_, root_);
}
Result<RefPtr<Node>> TaskDirectory::parent() { return directory_of<ProcessDirectory>(pid_, root_); }

Result<> TaskDirectory::entry_from(std::uint64_t position, DirectoryEntry& entry) {
  if (position > first_position || !hold_process(pid_)) return Errno::noent;
  set_entry(entry, first_position, process_inode(pid_, thread_directory_inode), NodeKind::directory,
            pid_);
  return {};
}

Result<RefPtr<Node>> ThreadDirectory::parent() { return directory_of<TaskDirectory>(pid_, root_); }

Result<> ThreadDirectory::entry_from(std::uint64_t position, DirectoryEntry& entry) {
  std::uint64_t n = index_at(position);
  if (n >= process_file_count() || !hold_process(pid_)) return Errno::noent;
  set_file_entry(entry, n, pid_, thread_file_inodes);
  return {};
}

// ---- /proc/PID/fd ----

Result<RefPtr<Node>> FdDirectory::parent() { return directory_of<ProcessDirectory>(pid_, root_); }

Result<RefPtr<Node>> FdDirectory::lookup(std::string_view name) {
  int wanted = number_of(name), fd = wanted;
  if (wanted < 0 || wanted >= TINE_OPEN_MAX) return Errno::noent;
  Result<RefPtr<OpenFile>> file = take_file_from({pid_, Looker::current()}, fd);
  if (!file && file.error() != Errno::srch) return file.error();
  if (!file || fd != wanted) return Errno::noent;
  RefPtr<Symlink> node = TRY(make_ref<Symlink>(inode_of(fd), (*file)->node()));
  describe_file(**file, node->text());
  return RefPtr<Node>(std::move(node));
}

Result<> FdDirectory::entry_from(std::uint64_t position, DirectoryEntry& entry) {
  int fd = int(std::min<std::uint64_t>(index_at(position), TINE_OPEN_MAX));
  Result<RefPtr<OpenFile>> file = take_file_from({pid_, Looker::current()}, fd);
  if (!file) return file.error() == Errno::srch ? Errno::noent : file.error();
  set_entry(entry, unsigned(fd) + first_position, inode_of(fd), NodeKind::symlink, fd);
  return {};
}

// ---- /proc ----

// First `self` and the files, then the processes, each at a position that depends on its pid.
class RootDirectory final : public ProcDirectory {
 public:
  RootDirectory() : ProcDirectory(directory_permissions, root_inode) {}

  Result<RefPtr<Node>> lookup(std::string_view name) override;
  Result<RefPtr<Node>> parent() override { return RefPtr<Node>(this); }
  Result<> entry_from(std::uint64_t position, DirectoryEntry& entry) override;

 private:
  static constexpr std::uint64_t file_positions = first_position + 1, process_positions = 1024;
};

Result<RefPtr<Node>> RootDirectory::lookup(std::string_view name) {
  if (name == "self") {
    RefPtr<Symlink> node = TRY(make_ref<Symlink>(self_inode));
    print(node->text(), "{}", current_process().pid);
    return RefPtr<Node>(std::move(node));
  }
  int pid = number_of(name);
  if (pid >= 0) return directory_of<ProcessDirectory>(pid, *this);
  return lookup_file(machine_file, name, 0, machine_inodes);
}

Result<> RootDirectory::entry_from(std::uint64_t position, DirectoryEntry& entry) {
  if (position <= first_position) {
    set_entry(entry, first_position, self_inode, NodeKind::symlink, "self");
    return {};
  }
  std::uint64_t n = position - file_positions;
  if (const ProcFile* file = machine_file(n)) {
    set_entry(entry, position, machine_inodes + n, NodeKind::regular, file->name);
    return {};
  }
  int pid = position < process_positions                  ? 0
            : position - process_positions < TINE_PID_MAX ? int(position - process_positions)
                                                          : TINE_PID_MAX;
  {
    SpinGuard guard(process_table_lock);
    Process* process = find_process_from(pid);
    if (!process) return Errno::noent;
    pid = process->pid;
  }
  set_entry(entry, process_positions + std::uint64_t(pid), process_inode(pid, directory_inode),
            NodeKind::directory, pid);
  return {};
}

Result<RefPtr<Node>> make_procfs() {
  ASSERT(process_file_count() <= thread_file_inodes - file_inodes);
  if (file_system_number == 0) file_system_number = new_file_system();
  return RefPtr<Node>(TRY(make_ref<RootDirectory>()));
}

}  // namespace

FILE_SYSTEM(procfs, "proc", make_procfs)

}  // namespace tine
