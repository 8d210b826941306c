// fork: makes a second process that continues from the same system call. Everything that can fail
// happens before other threads can find the child. If a step fails, destructors free what was
// built.
#include "proc/fork.hh"

#include <utility>

#include "lib/string.hh"
#include "mm/heap.hh"
#include "proc/signal.hh"
#include "proc/table.hh"
#include "sync/log.hh"

namespace tine {
namespace {

// Bounds of the rows (linker/kernel.ld).
extern "C" const ProcessPartKind process_parts_start[], process_parts_end[];

// CLONE_VFORK: the child uses the parent's memory and stack until it calls exec or ends. The parent
// waits with all signals blocked, because no handler may run on that stack meanwhile; only a fatal
// signal ends the wait early.
void wait_for_child_to_leave(Thread& self, Process& child) {
  SpinGuard guard(process_table_lock);
  std::uint64_t mask = self.blocked_signals;
  set_blocked_signals(self, ~0ul);
  Result<> waited = wait(child.vfork_done, process_table_lock, WaitReason::child, [&] {
    process_table_lock.assert_held();
    return !child.parent_waits;
  });
  (void)waited;
  set_blocked_signals(self, mask);
}

// The steps that need the child's pid. A pid that cannot be stored where the request says is no
// error (as on Linux).
void start_child(Thread& self, Thread& first, Process& child, const CloneRequest& request) {
  int pid = child.pid;
  log_on(Channel::fork, "fork: {} ({}) made {}, which returns {} at {}\n", current_process().pid,
         current_process().name, pid, first.frame->a0(), VirtAddr(first.frame->sepc));
  if (request.flags & CLONE_CHILD_SETTID) {
    (void)copy_to_user(*child.space, request.child_tid, &pid, sizeof(pid));
  }
  if (request.flags & CLONE_PARENT_SETTID) (void)request.parent_tid.store(pid);
  if (!(request.flags & CLONE_VFORK)) return start_thread(first);
  {
    SpinGuard guard(process_table_lock);
    child.parent_waits = true;
  }
  start_thread(first);
  wait_for_child_to_leave(self, child);
}

// The child gets a copy of the parent's signal actions. Errors: nomem.
Result<> inherit_actions(Process& child) {
  Process& parent = current_process();
  SpinGuard guard(process_table_lock);
  if (parent.signal_actions)
    child.signal_actions = TRY(make<SignalActions>(*parent.signal_actions));
  return {};
}

}  // namespace

Result<int> process_fork(const TrapFrame& frame, const CloneRequest& request) {
  // lab fork 1 {
  Process& parent = current_process();
  Thread& self = *current_thread();

  // [fork 3] The two halves of the child: the process, and the thread with its own kernel stack.
  RefPtr<Process> child = TRY(make_ref<Process>());
  OwnPtr<Thread> thread = TRY(Thread::make_user(*child));
  for (const ProcessPartKind& kind : std::span(process_parts_start, process_parts_end))
    TRY(kind.inherit(*child, *thread, parent));

  // [fork 5] What the child inherits: memory, copy-on-write; descriptors of the same open files;
  // signal actions; where paths start; name.
  child->space = request.flags & CLONE_VM ? parent.space : TRY(parent.space->clone());
  TRY(child->files.copy_from(parent.files));
  TRY(inherit_actions(*child));
  thread->blocked_signals = self.blocked_signals;
  bool other_stack = (request.flags & (CLONE_VM | CLONE_VFORK)) == CLONE_VM;
  if (!other_stack) thread->alternate_stack = self.alternate_stack;
  child->exit_signal = request.exit_signal;
  child->paths = parent.paths;
  child->program = parent.program;
  child->secret = parent.secret;
  copy_text(child->name, sizeof(child->name), parent.name);
  child->args = parent.args;
  // } lab

  // lab fork 1 {
  // [fork 9] The child gets all of the parent's registers as they were at the call, except the
  // result. Its switch context (Thread::make_user) starts at user_thread_start, which returns to
  // user mode with this frame.
  Thread& first = *thread;
  *first.frame = frame;
  first.frame->a0() = 0;
  first.frame->sepc += ecall_size;
  if (request.stack.value()) first.frame->sp() = request.stack.value();
  if (request.flags & CLONE_SETTLS) first.frame->x[reg_tp] = request.tls;
  fp_copy(self, first);
  use_space(first, child->space.get());
  // } lab

  // lab fork 1 {
  // [fork 10] The last step that can fail; after it other threads can find the child.
  TRY(publish_process(child, &parent, std::move(thread)));
  start_child(self, first, *child, request);
  return child->pid;
  // } lab
}

}  // namespace tine
