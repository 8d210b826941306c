// tmpfs: a file system that lives in memory alone.
//
// Lock: one mutex for the entries of all directories. So a change to several directories is one
// step, and a directory can be asked for its parent. File contents have locks of their own
// (file_pages.hh).
#pragma once

#include "fs/node.hh"
#include "lib/ref.hh"
#include "lib/result.hh"

namespace tine {

// An empty tree: its root directory. Errors: nomem.
Result<RefPtr<Node>> make_tmpfs();

}  // namespace tine
