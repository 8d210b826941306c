// From paths to nodes (POSIX, "Pathname Resolution").
//
// No lock is held from one component to the next: each directory answers for itself, and the
// reference to the node that was reached keeps it.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "fs/credentials.hh"
#include "fs/node.hh"
#include "fs/open_file.hh"
#include "lib/own.hh"
#include "lib/ref.hh"
#include "lib/result.hh"

namespace tine {

// Where paths start, who walks them, and what new files get. A process has one; openat puts its
// directory in place of `cwd`.
struct PathContext {
  RefPtr<Node> root;
  RefPtr<Node> cwd;
  std::uint32_t umask = 022;
  RefPtr<SharedCredentials> shared_credentials{};  // null: the superuser's

  const Credentials& credentials() const {
    return shared_credentials ? shared_credentials->ids : superuser;
  }
  // What something new in `parent` gets. `mode` is what is asked for: permissions, and S_IFDIR for
  // a directory. It belongs to its maker; and to the directory's group, if that has S_ISGID: then a
  // directory has the bit too, and a file loses it unless its maker is in the group.
  Attributes for_new(const Node& parent, std::uint32_t mode) const;
};

// Room for a path that symbolic links have changed.
struct PathBuffer {
  char bytes[TINE_PATH_MAX];

  PathBuffer() {}  // leaves the bytes as they are
};

// The place that a path names, whether or not something is there.
struct PathEnd {
  RefPtr<Node> parent;
  std::string_view last;    // the name in `parent`; "." or ".." when the path ends so, "." for "/"
  bool must_be_dir;         // the path ends in a slash
  RefPtr<Node> node;        // what is there; null: nothing (and for resolve_parent always)
  OwnPtr<PathBuffer> text;  // what `last` may lie in
};

// Errors of all: noent, notdir, access (a directory that may not be searched), loop (more than 40
// symbolic links), nametoolong, nomem, and the file system's.

// The node that `path` names. `follow_last`: if it is a symbolic link, the node that the link
// names.
Result<RefPtr<Node>> resolve(const PathContext& context, std::string_view path,
                             bool follow_last = true);

// The same, with the directory that it is in and the name that it has there, all links followed.
Result<PathEnd> resolve_place(const PathContext& context, std::string_view path);

// Where ".." leads from `directory`: out of a mounted file system, too.
Result<RefPtr<Node>> parent_of(Node& directory);

// The directory in which the last component of `path` is to be made or removed. `last` may lie in
// `path`.
Result<PathEnd> resolve_parent(const PathContext& context, std::string_view path);

// The path of a directory, from the root; it ends where `room` ends, with its final 0. Not one
// step: directories that others move meanwhile may show where they were before or where they are
// now. Errors: noent (it was removed), nametoolong (there is no room), nomem.
Result<std::string_view> path_of(const PathContext& context, RefPtr<Node> directory,
                                 std::span<char> room);

// What openat does once it knows where paths start. `permissions` are for a new file, before the
// umask. Errors besides: exist, isdir, inval, nxio, restart (pipes); a file that was made stays
// only if the call succeeds.
Result<RefPtr<OpenFile>> open(const PathContext& context, std::string_view path, unsigned flags,
                              std::uint32_t permissions = 0);

}  // namespace tine
