"""What the grader of the lab `fork` is tried with (make test-labs). Never part of a student's tree."""

FORK = "kernel/proc/fork.cc"
REGIONS = "kernel/vm/regions.cc"
TABLE = "kernel/mm/page_table.cc"
FAULT = "kernel/vm/fault.cc"
THREAD = "kernel/sched/thread.cc"

# Run against the skeleton's kernel: (what is true, command).
OTHERS = [
    ("the machine boots, and the lab syscall's tests that need no fork pass",
     'build/host/lab-tests "[syscall][alone]"'),
    ("the unit tests pass, but for those of PageTable::share",
     'make -s -C "$SKELETON" DEPS=no build/host/unit-tests && cd "$SKELETON" && '
     'build/host/unit-tests "~*share*" "~*sharing*"'),
]

SHARES = """      std::size_t shared = TRY(table_.share(at, stop, child->table_));
      child->resident_.fetch_add(shared, std::memory_order_relaxed);
"""

# A fork that copies every page at once: right, but for part 3.
COPIES = """      Result<> done;
      table_.for_each_run(at, stop, [&](VirtAddr first, std::span<Pte> run) {
        for (std::size_t i = 0; i < run.size() && done; i++) {
          if (!run[i].valid()) continue;
          Result<PhysAddr> copy = frame_allocate(FrameKind::user);
          Result<Pte*> to = Errno::nomem;
          if (copy) to = child->table_.find_or_make(first + i * page_size);
          if (to) {
            copy_page(direct(*copy), direct(run[i].address()));
            PageTable::set(*to, Pte::user(*copy, region->prot));
            child->resident_.fetch_add(1, std::memory_order_relaxed);
          } else {
            if (copy) frame_unref(*copy);
            done = to.error();
          }
        }
      });
      TRY(done);
      if (allows(region->prot, Prot::exec)) child->table_.note_new_code();
"""

INCLUDE = ('#include "mm/heap.hh"\n#include "vm/address_space.hh"',
           '#include "lib/string.hh"\n#include "mm/heap.hh"\n#include "vm/address_space.hh"')
COPYING = [(REGIONS, SHARES, COPIES), (REGIONS, *INCLUDE)]

# (name, the parts in which points are lost and no others, edits)
PARTIAL = [
    ("a fork that copies every page", [2], COPYING),
]

# (file that does not compile, the parts in which points are lost and no others)
BROKEN = [(FAULT, [2]), (FORK, [1, 2, 3])]

# (name, {file: what stands there instead, see prove.py}). The other files are as handed out.
FORGED = [
    ("never forks, and prints what is asked for", {FORK: "prints.cc"}),
    ("wait4 tells of children that never were", {FORK: "fake-wait.cc"}),
    ("the parent plays its child, and no process is made", {FORK: "plays-child.cc"}),
    ("one process with two roots, changed in the trap handler", {FORK: "two-roots.cc"}),
    ("changes the observer, which it knows by its bytes", {FORK: "code-of.cc + knows-observer.cc"}),
    ("talks to the UART and the firmware itself", {FORK: "devices.cc"}),
    ("ends the machine with success", {FORK: "finisher.cc"}),
]

# (name, a word from the name of the test that is meant to notice, edits)
WRONG = [
    ("a0 is not cleared in the child", "fork returns twice", [(FORK, "  first.frame->a0() = 0;\n", "")]),
    ("sepc is not moved past the ecall", "one fork makes one child",
     [(FORK, "  first.frame->sepc += ecall_size;\n", "")]),
    ("the child starts with fresh registers instead of the parent's", "all other registers are the parent's",
     [(FORK, "  *first.frame = frame;\n",
       "  *first.frame = TrapFrame{};\n  first.frame->sp() = frame.x[reg_sp];\n  first.frame->sepc = frame.sepc;\n"
       "  first.frame->sstatus = frame.sstatus;\n  first.frame->x[reg_ra] = frame.x[reg_ra];\n"
       "  first.frame->x[3] = frame.x[3];\n")]),
    ("floating point is forgotten", "all other registers are the parent's", [(FORK, "  fp_copy(self, first);\n", "")]),
    ("the parent's TLB is not flushed after sharing", "neither sees what the other writes",
     [(REGIONS, "  ScopeExit forget_writable([&] { table_.flush_all(); });\n", "")]),
    ("only the child's entries lose the right to write", "neither sees what the other writes",
     [(TABLE, "if (pte.writable()) entry = pte = pte.copy_on_write();", "if (pte.writable()) pte = pte.copy_on_write();")]),
    ("a shared frame's holder is not counted", "thousands of children",
     [(TABLE, "        frame_ref(pte.address());\n", "")]),
    ("the child is published before it is complete, and stays when a step fails",
     "a fork that finds no memory",
     [(FORK, "  TRY(child->files.copy_from(parent.files));\n", ""),
      (FORK, "  start_child(self, first,", "  TRY(child->files.copy_from(parent.files));\n  start_child(self, first,")]),
    ("every write to a shared page copies, the last holder's too", "the last holder of a frame",
     [(FAULT, "  if (frame_references(shared) == 1) {", "  if (frame_references(shared) == 0) {")]),
    ("the copy of a copying fork forgets what may only be read", "the child's memory is what the parent's was",
     [*COPYING[1:], (REGIONS, SHARES, COPIES.replace("Pte::user(*copy, region->prot)",
                                                     "Pte::user(*copy, Prot::read | Prot::write | Prot::exec)"))]),
    ("the child of a user's process is root's", "user, umask",
     [(FORK, "  child->paths = parent.paths;\n",
       "  child->paths = parent.paths;\n  child->paths.shared_credentials = {};\n")]),
    ("the umask is lost", "user, umask",
     [(FORK, "  child->paths = parent.paths;\n", "  child->paths = parent.paths;\n  child->paths.umask = 022;\n")]),
    ("the alternate stack is lost", "user, umask",
     [(FORK, "  if (!other_stack) thread->alternate_stack = self.alternate_stack;\n", "  (void)other_stack;\n")]),
    ("pending signals are inherited", "user, umask",
     [(FORK, "  start_child(self, first,",
       "  process_table_lock.lock();\n  child->pending_signals = parent.pending_signals;\n"
       "  process_table_lock.unlock();\n  start_child(self, first,")]),
    ("memory of MAP_SHARED is copied on write", "MAP_SHARED",
     [(REGIONS, "    if (region->shared) continue;  // the child gets these pages from the source, by page faults\n", ""),
      (REGIONS, "    TRY(child->append(*region));\n",
       "    region->shared = false;\n    TRY(child->append(*region));\n")]),
    ("the child's stack cannot grow", "MAP_SHARED", [(REGIONS, "  child->stack_limit_ = stack_limit_;\n", "")]),
    ("a block of the heap is lost in each fork", "thousands of children",
     [(FORK, "  start_child(self, first,", "  (void)heap_allocate(256);\n  start_child(self, first,")]),
]

# Mutants that no program can tell from the original, and why: a pattern for the line that test-labs prints.
EQUIVALENT = [
    (r"fork\.cc:\d+: order: (for \(const ProcessPartKind|TRY\(child->files)",
     "what the child inherits is independent of each other; if one step fails, no other thread has seen the child"),
    (r"fork\.cc:\d+: order: (if \(request\.flags & CLONE_SETTLS|fp_copy)",
     "each sets another part of the child's frame or thread"),
    (r"page_table\.cc:\d+: deleted: child\.stale_code_",
     "QEMU has no instruction cache that could be stale (the tests let parent and child change and run their code)"),
    (r"regions\.cc:\d+: (deleted|order): if \(!mutex_\.lock_killable",
     "a process with one thread: no other is in its space. With CLONE_VM another could be, for a moment that "
     "the grader cannot choose"),
    (r"fault\.cc:\d+: deleted: .*table_\.flush_page\(page\);",
     "the new entry only allows more, for the same frame: a hart that remembers the old one faults once more at worst, "
     "and resolve finds the page as it should be"),
]
