#include "sched/thread.hh"

#include "mm/account.hh"
#include "mm/heap.hh"
#include "mm/kernel_stack.hh"

namespace tine {

Result<OwnPtr<Thread>> Thread::make_user(Process& process) {
  OwnPtr<Thread> thread = TRY(make<Thread>());
  thread->stack_top = TRY(kernel_stack_allocate());
  thread->process = &process;
  thread->calls = current_thread()->calls;
  thread->account = current_account();
  // user_thread_start and trap_entry expect the frame at the top of the stack, with nothing below
  // it.
  thread->frame = reinterpret_cast<TrapFrame*>(thread->stack_top.value() - sizeof(TrapFrame));
  // [fork 4] The switch context: where it begins when a hart first switches to it.
  // lab fork 1 {
  thread->context.ra = reinterpret_cast<std::uint64_t>(user_thread_start);
  thread->context.sp = reinterpret_cast<std::uint64_t>(thread->frame);
  // } lab
  return thread;
}

Thread::~Thread() {
  if (stack_top.value()) kernel_stack_free(stack_top);
}

}  // namespace tine
