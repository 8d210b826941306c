// A path that a program names, copied into the kernel.
#pragma once

#include <tine/limits.h>

#include <string_view>

#include "lib/own.hh"
#include "lib/result.hh"
#include "vfs/path.hh"
#include "vm/user_memory.hh"

namespace tine {

class UserPath {
 public:
  UserPath() {}  // leaves the bytes as they are
  UserPath(const UserPath&) = delete;
  UserPath& operator=(const UserPath&) = delete;

  // Errors: fault, nametoolong, nomem.
  Result<> copy(UserString path);
  std::string_view view() const { return view_; }

 private:
  std::string_view view_;
  char short_[128];          // large enough for most paths
  OwnPtr<PathBuffer> long_;  // 4 KiB are too much for a kernel stack
};

// The path of one of the ...at calls, and where it starts.
struct UserPlace {
  UserPath path;

  // Errors: those above, badf, notdir.
  Result<> copy(int directory, UserString text);
  // The second half of `copy`, for a path that is copied already. An absolute path does not use
  // `directory`, which may then be any number.
  Result<> start_at(int directory);
  // Does both, and returns the node that the path names. `flags`: AT_SYMLINK_NOFOLLOW;
  // AT_EMPTY_PATH, with which an empty path names the open file `directory` itself. Errors: those
  // of path lookup, too.
  Result<RefPtr<Node>> find(int directory, UserString text, unsigned flags = 0);
  // Valid after start_at: the process's context, or a changed copy of it.
  const PathContext& context() const { return *context_; }
  // A copy of the context that may be changed: before start_at, for a walk with other rights, or
  // after it.
  PathContext& own_context();

 private:
  const PathContext* context_ = nullptr;
  PathContext own_;
};

// A place at which a name is to be added, removed or renamed.
struct NewPlace : UserPlace {
  PathEnd end;

  // Errors: those above, and of path lookup.
  Result<> copy(int directory, UserString text);
  // For a new name that is not a directory's. Further errors: exist, noent (a slash follows the
  // name), access.
  Result<> copy_for_file(int directory, UserString text);

  // May the caller add the name there, or remove it? Errors: exist; noent; access.
  Result<> check_may_add() const { return check_may_change(true); }
  Result<> check_may_take() const { return check_may_change(false); }
  Attributes attributes(std::uint32_t mode) const { return context().for_new(parent(), mode); }

  Node& parent() const { return *end.parent; }
  bool is_dot() const { return end.last == "."; }
  bool is_dots() const { return is_dot() || end.last == ".."; }

 private:
  Result<> check_may_change(bool adds) const;
};

}  // namespace tine
