// tmpfs: a file system that lives in memory alone.
//
// A directory finds its names in a tree in their order, and lists them from a second tree, in the
// order of their positions. What files, names and directories take is charged (fs/storage.hh).
//
// Locks. Each directory has a spinlock, which guards its entries and whether it was removed: every
// change takes O(log n) steps, allocates before the lock is taken and frees after it is released,
// so nothing sleeps under it. Whoever takes two or three of them takes an ancestor before a
// descendant:
//   - rmdir, and a rename over a directory: that directory after the one that it is in. This one is
//     locked, so the other cannot leave it.
//   - a rename from one directory to another: the mutex `renaming` first. As long as it is held no
//     directory gets another parent, so which of the two is above the other is known before they
//     are locked, and is still true then; and whether a directory is to be moved into itself. Of
//     two that are not above each other either may come first: only one thread at a time, the one
//     with the mutex, holds two such locks, and no other can be waiting for its second one in the
//     other order.
// A circle of waiting threads would need one that holds a descendant and waits for an ancestor.
//
// The spinlock `parents` guards what leads upwards: each directory's parent, and its name there. It
// is the last to be taken. A parent is not counted while its child is in it: the entry holds the
// child, and a directory with entries is not removed. A directory that is removed takes a counted
// reference to its parent at that moment, so `..` leads there still. So going up from a directory
// that is held, no parent dies; and as long as `renaming` is held, none is exchanged.
//
// A mount asks under `parents` whether the directory is still there, and rmdir asks under it
// whether something is mounted: one of the two comes first. The root of a file system that is
// mounted never dies.
#pragma once

#include "fs/node.hh"
#include "lib/ref.hh"
#include "lib/result.hh"

namespace tine {

// An empty tree: its root directory. Errors: nomem, nospc.
Result<RefPtr<Node>> make_tmpfs();

}  // namespace tine
