"""The lab `locks`: what a student's tree has in place of the solution (docs/labs/locks.md)."""

# What is taken from a submission. Everything else is the handed-out tree's.
FILES = [
    "kernel/sync/spinlock.hh",
    "kernel/sync/spinlock.cc",
    "kernel/sync/rank.hh",
    "kernel/fs/tmpfs.cc",
    "kernel/wings/linux/futex.cc",
    "kernel/mm/frames.hh",
    "kernel/mm/frames.cc",
]

# The number of a task (tools/task.py) without which another id's solution has no point of part 3.
DIFFERS = "size"

# Lines of the file STUDENT besides the id.
ANSWERS = ["frame_cost"]

CHANGES = []

LOCK = """
    // Part 1, step 1. No hart waits for another one. With one hart nothing is wrong with that.
    (void)locked_;
"""

UNLOCK = """
    // Part 1, step 1. What must be visible before the lock is free?
"""

WAIT = """
  // Part 1, step 1, and step 2: each write to the lock takes the cache line from all other harts.
"""

RETIRE = """
  // Part 2, step 1. Which two locks are these, and in which order do other functions take them?
  SpinGuard above(parents);
  SpinGuard own(lock_);
"""

PAIR = """
  // Part 2, step 2. The first one comes first. Always?
  SpinPair guard(source.lock, target.lock, false);
"""

STUBS = {
    "kernel/sync/spinlock.hh": [LOCK, UNLOCK],
    "kernel/sync/spinlock.cc": [WAIT],
    "kernel/fs/tmpfs.cc": [RETIRE],
    "kernel/wings/linux/futex.cc": [PAIR],
}


def own(task):
    """What a student with this task adds in part 3: edits of the kernel's tree (file, old text, new text)."""
    frames, rank = "kernel/mm/frames.cc", "kernel/sync/rank.hh"
    count = "  counts.of_kind[unsigned(record.kind)]--;\n  record.kind = FrameKind::free;\n"
    before_push = "inline void push_free(FrameRecord& record) REQUIRES(lock) {\n" + count
    added = "    record.references.store(0, std::memory_order_relaxed);\n"
    taken = """  SpinGuard guard(lock);
  if (free_frames.empty() && !draw_on_reserve()) [[unlikely]]
    return PhysAddr();
  FrameRecord& record = free_frames.pop();
  counts.of_kind[unsigned(kind)]++;
"""
    first = "// The first free frame, with one reference; 0 when there is none.\n"
    stores = f"""// ---- The stores of the harts ----

constexpr unsigned store_size = {task["size"]}, taken_at_once = {task["take"]}, given_at_once = {task["give"]};

struct Store {{
  Spinlock lock{{Rank::frame_store, "frame store"}};
  FrameStack frames GUARDED_BY(lock);
  unsigned count GUARDED_BY(lock) = 0;
}};
constinit Store stores[max_harts];

void put(Store& store, FrameRecord& record) REQUIRES(store.lock) {{
  store.frames.push(record);
  store.count++;
}}

FrameRecord& pop(Store& store) REQUIRES(store.lock) {{
  store.count--;
  return store.frames.pop();
}}

void refill(Store& store) REQUIRES(store.lock) {{
  SpinGuard guard(lock);
  while (store.count < taken_at_once && !free_frames.empty()) put(store, free_frames.pop());
}}

FrameRecord* take_own() {{
  Store& store = stores[this_hart().index];
  SpinGuard guard(store.lock);
  if (store.count == 0) refill(store);
  return store.count ? &pop(store) : nullptr;
}}

// No frame is free elsewhere.
FrameRecord* take_anywhere() {{
  for (Store& each : stores) {{
    SpinGuard guard(each.lock);
    if (each.count) return &pop(each);
  }}
  SpinGuard guard(lock);
  return !free_frames.empty() || draw_on_reserve() ? &free_frames.pop() : nullptr;
}}

void put_into_store(FrameRecord& record) {{
  Store& store = stores[this_hart().index];
  SpinGuard guard(store.lock);
  if (store.count == store_size) {{
    SpinGuard shared_guard(lock);
    for (unsigned i = 0; i < given_at_once; i++) push_free(pop(store));
  }}
  put(store, record);
}}

"""
    freed = "  SpinGuard guard(lock);\n  push_free(record);\n}\n\nFrameCounts"
    return [
        (rank, "  frames,          // free page frames\n",
         "  frame_store,     // the free page frames of one hart\n  frames,          // free page frames\n"),
        (frames, before_push, """// Frames in use, by kind.
constinit std::atomic<std::uint64_t> used[frame_kinds];

void note_free(FrameRecord& record) {
  used[unsigned(record.kind)].fetch_sub(1, std::memory_order_relaxed);
  record.kind = FrameKind::free;
}

inline void push_free(FrameRecord& record) REQUIRES(lock) {
"""),
        (frames, "  counts.total = counts.of_kind[unsigned(FrameKind::kernel)] = count;\n",
         "  counts.total = count;\n  used[unsigned(FrameKind::kernel)].store(count, std::memory_order_relaxed);\n"),
        (frames, added, added + "    note_free(record);\n"),
        (frames, first, stores + first),
        (frames, taken, """  FrameRecord* found = take_own();
  if (!found) found = take_anywhere();
  if (!found) return PhysAddr();
  FrameRecord& record = *found;
  used[unsigned(kind)].fetch_add(1, std::memory_order_relaxed);
"""),
        (frames, freed, "  note_free(record);\n  put_into_store(record);\n}\n\nFrameCounts"),
        (frames, "free -= counts.of_kind[kind];", "free -= result.of_kind[kind] = used[kind].load();"),
    ]
