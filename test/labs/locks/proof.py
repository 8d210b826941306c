"""What the grader of the lab `locks` is tried with (make test-labs). Never part of a student's tree."""

HEADER = "kernel/sync/spinlock.hh"
SPIN = "kernel/sync/spinlock.cc"
TMPFS = "kernel/fs/tmpfs.cc"
FUTEX = "kernel/wings/linux/futex.cc"
FRAMES = "kernel/mm/frames.cc"

# Run against the skeleton's kernel: (what is true, command).
OTHERS = [
    ("the tests of the lab syscall pass, on one hart", 'build/host/lab-tests "[syscall][part1]"'),
    ("programs on processes, memory, files and signals pass on one hart",
     'make -s DEPS=no build/host/guest-tests && make -s -C "$SKELETON" DEPS=no build/release/test.cpio && '
     'TINE_INITRD="$SKELETON/build/release/test.cpio" TINE_SMP=1 TINE_SHIFT=1 '
     'TINE_PROGRAMS="process memory files pipes signals cow fork_more directories" build/host/guest-tests "[.one]"'),
]

TAKE = "    if (locked_.exchange(1, std::memory_order_acquire)) [[unlikely]]\n      wait_for_it();\n"
LOOP = "    while (locked_.load(std::memory_order_relaxed)) csr::pause();\n"
AGAIN = "  } while (locked_.exchange(1, std::memory_order_acquire));\n"
RETIRE = "  SpinGuard guard(lock_);\n  SpinGuard parents_guard(parents);\n"
PAIR = "&target < &source);"

# (name, the parts in which points are lost and no others, edits)
PARTIAL = [
    ("locks work, and are taken in the given order", [2],
     [(TMPFS, RETIRE, "  SpinGuard parents_guard(parents);\n  SpinGuard guard(lock_);\n"), (FUTEX, PAIR, "false);")]),
]

# (file that does not compile, the parts in which points are lost and no others)
BROKEN = [(SPIN, [1, 2]), (TMPFS, [2]), (FRAMES, [3])]

# (name, {file: what stands there instead, see prove.py}). The other files are as handed out.
FORGED = [
    ("prints what is asked for", {HEADER: "lock.hh", SPIN: "prints.cc + rest.cc"}),
    ("ends the machine with success", {HEADER: "lock.hh", SPIN: "finisher.cc + rest.cc"}),
    ("changes the observer, which it knows by its bytes",
     {HEADER: "lock.hh", SPIN: "code-of.cc + knows-observer.cc + rest.cc"}),
]

# (name, a word from the name of the test that is meant to notice, edits)
WRONG = [
    ("a hart that has waited does not take the lock", "holds the lock", [(SPIN, AGAIN, "  } while (false);\n")]),
    ("a hart waits by trying", "does not write", [(SPIN, LOOP, "")]),
    ("it is released before the work is done", "never have the same frame",
     [(HEADER, TAKE, TAKE + "    locked_.store(0, std::memory_order_relaxed);\n")]),
    ("the given order of a directory and what is above it", "directory is removed",
     [(TMPFS, RETIRE, "  SpinGuard parents_guard(parents);\n  SpinGuard guard(lock_);\n")]),
    ("only what is above a directory is locked", "directory is removed",
     [(TMPFS, RETIRE, "  lock_.assume_unshared();\n  SpinGuard parents_guard(parents);\n")]),
    ("the lock of the first queue comes first", "move waiters", [(FUTEX, PAIR, "false);")]),
    ("the lock of the second queue comes first", "move waiters", [(FUTEX, PAIR, "true);")]),
    ("a full store gives back one frame more", "as your task says",
     [(FRAMES, "i < given_at_once; i++)", "i < given_at_once + 1; i++)")]),
    ("other harts' stores are not looked at", "out of another hart's reach",
     [(FRAMES, "    if (each.count) return &pop(each);\n", "    if (each.count && false) return &pop(each);\n")]),
    ("one store for all harts", "as your task says",
     [(FRAMES, "FrameRecord* take_own() {\n  Store& store = stores[this_hart().index];\n",
       "FrameRecord* take_own() {\n  Store& store = stores[0];\n"),
      (FRAMES, "void put_into_store(FrameRecord& record) {\n  Store& store = stores[this_hart().index];\n",
       "void put_into_store(FrameRecord& record) {\n  Store& store = stores[0];\n")]),
]

# Mutants that no program can tell from the original, and why: a pattern for the line that test-labs prints.
EQUIVALENT = []
