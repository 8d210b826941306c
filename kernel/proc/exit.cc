// exit and wait: how a process ends, and how its parent learns of it.
//
// An ended process stays in the table as a zombie, with its status, until its parent waits for it.
// Its memory and files are freed before; its thread and kernel stack are freed with it, after the
// thread has left the stack.
#include "proc/exit.hh"

#include "arch/csr.hh"
#include "proc/signal.hh"
#include "proc/table.hh"
#include "sched/give_way.hh"
#include "sync/log.hh"
#include "sync/panic.hh"

namespace tine {

constinit unsigned ending_processes = 0;

namespace {

// Bounds of the rows (linker/kernel.ld).
extern "C" const MemoryFinder memory_finders_start[], memory_finders_end[];

// After this the program's file may be written to, if no other process runs it.
void leave_address_space(Process& self) {
  RefPtr<AddressSpace> space;
  RefPtr<ProgramFile> program;
  PageTable::activate(nullptr);
  use_space(*current_thread(), nullptr);
  SpinGuard guard(process_table_lock);
  note_peak(self);
  space = std::move(self.space);
  program = std::move(self.program);
  let_parent_go_on(self);
}  // here, after the lock, the last reference to the space frees its pages

// Sends the parent the exit signal, and wakes it from wait4.
void tell_parent(Process& self) REQUIRES(process_table_lock) {
  SignalOrigin origin = origin_of(self, CLD_EXITED, self.status >> 8);
  if (self.status & 0xff) origin = origin_of(self, CLD_KILLED, self.status & 0xff);
  send_signal(*self.parent, self.exit_signal, origin);
  self.parent->child_ended.wake_all();
}

// Enters it into the parent's list of children, or of zombies.
void add_to_parent(Process& child) REQUIRES(process_table_lock) {
  (child.zombie ? child.parent->zombies : child.parent->children).push_back(&child);
}

// Makes init the parent of a child whose parent ends or ignores it. Init reaps it, and learns of
// its end as any parent does.
void give_to_init(Process& child) REQUIRES(process_table_lock) {
  Process* init = find_process(init_pid);
  List<Process, &Process::sibling_link>::remove(&child);
  child.parent = init;
  child.parent_pid.store(init_pid, std::memory_order_relaxed);
  child.exit_signal = SIGCHLD;
  add_to_parent(child);
  if (child.zombie) tell_parent(child);
}

// Gives some of the children to init. Returns whether none is left.
bool give_some_to_init(Process& self) {
  SpinGuard guard(process_table_lock);
  for (unsigned given = 0; given < 64; given++) {
    Process* child = self.children.front() ? self.children.front() : self.zombies.front();
    if (!child) return true;
    give_to_init(*child);
  }
  return false;
}

// A child that has ended, or nullptr. Sets `any`: is there a child to wait for?
Process* find_ended(Process& self, int pid, bool& any) REQUIRES(process_table_lock) {
  if (pid == -1) {
    any = !self.children.empty() || !self.zombies.empty();
    return self.zombies.front();
  }
  Process* child = find_process(pid);
  any = child && child->parent == &self;
  return any && child->zombie ? child : nullptr;
}

}  // namespace

// The last of it, after its parent has taken its status.
Process::~Process() {
  process_table_lock.assume_unshared();
  delete part.load(std::memory_order_relaxed);
  while (Thread* thread = threads.pop_front()) delete thread;
}

void note_ending(Process& process) {
  if (!std::exchange(process.ending, true)) ending_processes++;
}

bool wait_for_memory() {
  for (const MemoryFinder& each : std::span(memory_finders_start, memory_finders_end)) {
    if (each.find()) return true;
  }
  if (current_process().pid != init_pid) return false;
  yield();  // the machine needs init: it tries again until there is memory
  return true;
}

void process_exit(int status) {
  Process& self = current_process();
  if (self.pid == init_pid) {
    log_is_shown = true;  // no program uses the terminal any more
    log("init ended with status {}: the machine stops\n", status);
    if (stop_machine) stop_machine(status ? 1 : 0);
    panic("init ended");
  }
  log_on(Channel::wait, "exit: {} ({}) with status {:x}\n", self.pid, self.name, status);

  // [exit 3] Frees what can be freed now. The thread continues on the kernel's page table.
  stop_failing(current_thread());
  {
    SpinGuard guard(process_table_lock);
    note_ending(self);
  }
  self.files.close_all();
  leave_address_space(self);
  while (!give_some_to_init(self)) (void)give_way();

  // [exit 4] From here on the parent can see the end. It frees this thread only after the thread
  // has left its stack (process_wait).
  {
    SpinGuard guard(process_table_lock);
    self.status = status;
    List<Process, &Process::sibling_link>::remove(&self);
    self.zombie = true;
    add_to_parent(self);
    ending_processes--;
    tell_parent(self);
    // A parent that wants no zombies leaves them to init, which reaps them.
    if (self.exit_signal == SIGCHLD && leaves_no_zombies(*self.parent)) give_to_init(self);
  }
  exit_thread();  // [exit 5]
}

Result<WaitResult> process_wait(int pid, bool block) {
  Process& self = current_process();
  RefPtr<Process> ended;
  Thread* thread;
  WaitResult result{0, 0};
  {
    SpinGuard guard(process_table_lock);
    Process* child = nullptr;
    bool any = false;
    self.wait_pid = pid;
    Result<> waited = wait(self.child_ended, process_table_lock, WaitReason::child, [&] {
      process_table_lock.assert_held();
      child = find_ended(self, pid, any);
      return child || !any || !block;
    });
    self.wait_pid = 0;
    TRY(waited);
    if (!any) return Errno::child;
    if (!child) return result;
    result = {child->pid, child->status};
    ended = unpublish_process(*child);
    thread = ended->threads.front();
  }
  log_on(Channel::wait, "wait: {} took {} with status {:x}\n", self.pid, result.pid, result.status);

  // [exit 6] The child became a zombie just before its last switch: waits for that switch, which
  // comes soon, because the child's hart runs with interrupts off.
  while (!is_dead(*thread)) csr::pause();
  SpinGuard guard(process_table_lock);
  result.time = cpu_time(*ended);
  result.time += ended->children_time;
  self.children_time += result.time;
  return result;  // and `ended` frees process, thread and stack
}

}  // namespace tine
