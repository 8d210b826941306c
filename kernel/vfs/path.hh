// From paths to nodes (POSIX, "Pathname Resolution").
//
// No lock is held from one component to the next. Each lookup is one step under its directory's
// lock, and a reference keeps the node that was reached.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "lib/own.hh"
#include "lib/ref.hh"
#include "lib/result.hh"
#include "vfs/credentials.hh"
#include "vfs/node.hh"
#include "vfs/open_file.hh"

namespace tine {

// Where paths start, whose rights count, and the permissions of new files. A process has one;
// openat puts its directory in place of `cwd`.
struct PathContext {
  RefPtr<Node> root;
  RefPtr<Node> cwd;
  std::uint32_t umask = 022;
  RefPtr<SharedCredentials> shared_credentials{};  // null: the superuser's

  const Credentials& credentials() const {
    return shared_credentials ? shared_credentials->ids : superuser;
  }
  // The attributes of a new node in `parent`. `mode` is what the call asks for: permissions, and
  // S_IFDIR for a directory. The node gets its maker's user and group; but the group of `parent`,
  // if that has S_ISGID. Then a new directory gets the bit too, and a file loses it unless its
  // maker is in the group.
  Attributes for_new(const Node& parent, std::uint32_t mode) const;
};

// Room for a path into which targets of symbolic links were put.
struct PathBuffer {
  char bytes[TINE_PATH_MAX];

  PathBuffer() {}  // leaves the bytes as they are
};

// The place that a path names, whether or not a node is there.
struct PathEnd {
  RefPtr<Node> parent;
  std::string_view last;    // the name in `parent`; "." or ".." when the path ends so, "." for "/"
  bool must_be_dir;         // the path ends in a slash
  RefPtr<Node> node;        // the node there; null: none (and always for resolve_parent)
  OwnPtr<PathBuffer> text;  // memory in which `last` may lie
};

// Errors of all: noent, notdir, access (a directory that may not be searched), loop (more than 40
// symbolic links), nametoolong, nomem, and the file system's.

// The node that `path` names. `follow_last`: if it is a symbolic link, the node that the link
// names.
Result<RefPtr<Node>> resolve(const PathContext& context, std::string_view path,
                             bool follow_last = true);

// The same, with its directory and its name there, after all links were followed.
Result<PathEnd> resolve_place(const PathContext& context, std::string_view path);

// The directory in which the last component of `path` is to be made or removed. `last` may lie in
// `path`.
Result<PathEnd> resolve_parent(const PathContext& context, std::string_view path);

// The path of a directory, from the root; it ends where `room` ends, with its final 0. Not done in
// one step: if directories are moved meanwhile, parts of their old and new paths may appear.
// Errors: noent (it was removed), nametoolong (there is no room), nomem.
Result<std::string_view> path_of(const PathContext& context, RefPtr<Node> directory,
                                 std::span<char> room);

// The work of openat, once its directory is in `context`. `permissions` are for a new file, before
// the umask. Further errors: exist, isdir, inval, nxio, restart (pipes), perm (O_NOATIME), txtbsy,
// nfile.
Result<RefPtr<OpenFile>> open(const PathContext& context, std::string_view path, unsigned flags,
                              std::uint32_t permissions = 0);

}  // namespace tine
