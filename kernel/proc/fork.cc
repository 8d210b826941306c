// fork: a second process that goes on from the same system call. Everything that can fail happens
// while nobody knows the child; what was built is given back by its owners if a step fails.
#include "lib/string.hh"
#include "mm/heap.hh"
#include "proc/process.hh"
#include "sync/panic.hh"

namespace tine {

Result<int> process_fork(const TrapFrame& frame, VirtAddr stack, int exit_signal) {
  Process& parent = current_process();
  Thread& self = *current_thread();

  // [fork 3] The two halves of the child: the process, and the thread with a kernel stack of its
  // own.
  RefPtr<Process> child = TRY(make_ref<Process>());
  OwnPtr<Thread> thread = TRY(Thread::make_user(*child));

  // [fork 4] What it inherits: memory, copy on write; open files, shared; what it does about
  // signals; where paths start; name.
  child->space = TRY(parent.space->clone());
  TRY(child->files.copy_from(parent.files));
  TRY(inherit_signals(*child));
  thread->blocked_signals = self.blocked_signals;
  child->exit_signal = exit_signal;
  child->paths = parent.paths;
  copy_text(child->name, sizeof(child->name), parent.name);
  child->args = parent.args;

  // [fork 5] How it comes to life: the parent's registers at the moment of the call, all of them,
  // but for the result. Its switch context (Thread::make_user) leads to user_thread_start, which
  // leaves through this frame.
  *thread->frame = frame;
  thread->frame->a0() = 0;
  thread->frame->sepc += ecall_size;
  if (stack.value()) thread->frame->sp() = stack.value();
  fp_copy(self, *thread);
  thread->page_table = &child->space->page_table();

  // [fork 6] The last step that can fail is the first that others can see.
  int pid = TRY(publish_process(std::move(child), &parent, std::move(thread)));
  log_on(Channel::fork, "fork: {} ({}) made {}, which returns 0 at {}\n", parent.pid, parent.name,
         pid, VirtAddr(frame.sepc + ecall_size));
  return pid;
}

}  // namespace tine
