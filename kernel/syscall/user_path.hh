// A path that a program names, copied into the kernel.
#pragma once

#include <tine/limits.h>

#include <string_view>

#include "fs/path.hh"
#include "lib/own.hh"
#include "lib/result.hh"
#include "vm/user_memory.hh"

namespace tine {

// In the heap: 4 KiB are too much for a kernel stack.
struct UserPath {
  char text[TINE_PATH_MAX];
  std::string_view view() const { return text; }

  UserPath() {}  // leaves the text as it is
};

// Errors: fault, nametoolong, nomem.
Result<OwnPtr<UserPath>> copy_path(UserString path);

// The path of one of the ...at calls, and where it starts: an absolute one does not look at
// `directory`, which may then be anything. Errors besides: badf, notdir.
struct UserPlace {
  OwnPtr<UserPath> path;
  PathContext context;
};
Result<UserPlace> copy_place(int directory, UserString path);

}  // namespace tine
