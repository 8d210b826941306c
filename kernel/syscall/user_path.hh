// A path that a program names, copied into the kernel.
#pragma once

#include <tine/limits.h>

#include <string_view>

#include "lib/own.hh"
#include "lib/result.hh"
#include "vm/user_memory.hh"

namespace tine {

// In the heap: 4 KiB are too much for a kernel stack.
struct UserPath {
  char text[TINE_PATH_MAX];
  std::string_view view() const { return text; }
};

// Errors: fault, nametoolong, nomem.
Result<OwnPtr<UserPath>> copy_path(UserString path);

}  // namespace tine
