// tmpfs: a file system in memory, without a disk.
//
// A directory has its entries in two trees: by name, to find them, and by position, to list them.
// The memory of files, names and directories is charged (vfs/storage.hh).
//
// Locks. Each directory has a spinlock, which guards its entries and whether it was removed. Every
// change takes O(log n) steps, allocates before the lock is taken and frees after it is released. A
// thread that takes two or three of these locks takes an ancestor's before a descendant's:
//   - rmdir, and a rename over a directory: the lock of that directory after that of its parent.
//     While the parent is locked, the directory cannot leave it.
//   - a rename from one directory to another: the mutex `renaming` first. While it is held no
//     directory gets another parent. So a thread can find out, before it locks the two, which one
//     is above the other and whether a directory would be moved into itself, and this stays true.
//     If neither is above the other, either may be locked first: only the thread with the mutex
//     holds two such locks.
// A circle of waiting threads would need one that holds a descendant and waits for an ancestor.
//
// The spinlock `parents` guards each directory's parent and its name there. It is taken last. A
// child holds no reference to its parent while it is in it: a directory with entries cannot be
// removed. When a directory is removed it takes a reference to its parent, so its ".." still leads
// there. So a thread that holds a directory and walks upwards never meets a destroyed parent; and
// while `renaming` is held, no parent changes.
//
// Under `parents`, a mount checks that the directory was not removed, and rmdir checks that nothing
// is mounted on it: so only one of the two succeeds. The root of a mounted file system is never
// destroyed.
#pragma once

#include "lib/ref.hh"
#include "lib/result.hh"
#include "vfs/node.hh"

namespace tine {

// The root directory of a new, empty tree. Errors: nomem, nospc.
Result<RefPtr<Node>> make_tmpfs();

}  // namespace tine
