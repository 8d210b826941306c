// Mounts: file systems joined to the one tree of files that a program sees.
#pragma once

#include <string_view>

#include "lib/ref.hh"
#include "lib/result.hh"
#include "vfs/node.hh"

namespace tine {

// A kind of file system. Each is one row, gathered by the linker from the core and the wings:
//
//   FILE_SYSTEM(procfs, "proc", make_procfs)
struct FileSystemType {
  std::string_view name;
  // Where it is mounted at boot: a name in the root directory, made if it does not exist. Empty: it
  // is not mounted at boot.
  std::string_view directory;
  // Makes a new root. An error at boot ends the boot.
  Result<RefPtr<Node>> (*make)();
};

#define FILE_SYSTEM(name, directory, make)                                                  \
  [[gnu::section(".table.fs"), gnu::used]] static constinit const FileSystemType fs_##name{ \
      #name, directory, make};

// Bounds of the rows (linker/kernel.ld).
extern "C" const FileSystemType fs_types_start[], fs_types_end[];

// At boot, once: makes `tree`, a file system of kind `type`, "/" of the whole machine. Errors:
// nomem.
Result<> mount_first(RefPtr<Node> tree, std::string_view type);

// Mounts a new file system of kind `type` on a directory. There is no unmount. Errors: nodev (no
// such kind), notdir, noent (the directory was removed), busy (something is mounted there, or this
// is a root), nomem.
Result<> mount(const RefPtr<Node>& at, std::string_view type);

// The list of mounts, newest first. Entries are never removed, so reading the list needs no lock.
struct Mount {
  std::string_view type{};
  Node* root = nullptr;
  const Mount* older = nullptr;
};
const Mount* newest_mount();

// "/" of the whole machine.
RefPtr<Node> root_node();

}  // namespace tine
