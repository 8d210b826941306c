// Floating-point registers belong to the thread. The kernel uses none, so they may stay in the hart
// through system calls; they are saved at a switch if they changed (sstatus.FS Dirty), and loaded
// when their thread comes back and the hart no longer holds them. A program that never uses them
// has FS Off and costs nothing.
#include "arch/csr.hh"
#include "lib/string.hh"
#include "sched/thread.hh"
#include "sync/hart.hh"

namespace tine {
namespace {

std::uint64_t fs(const TrapFrame& frame) { return frame.sstatus & csr::sstatus_fs; }

void set_fs(TrapFrame& frame, std::uint64_t state) {
  frame.sstatus = (frame.sstatus & ~csr::sstatus_fs) | state;
}

void load(Thread& thread) {
  csr::set_sstatus(csr::sstatus_fs);
  fp_restore(&thread.fp);
  this_hart().fp_owner = &thread;
  thread.fp_hart = this_hart().index;
  set_fs(*thread.frame, csr::sstatus_fs_clean);
}

void save(Thread& thread) {
  csr::set_sstatus(csr::sstatus_fs);
  fp_save(&thread.fp);
  set_fs(*thread.frame, csr::sstatus_fs_clean);
}

}  // namespace

void fp_leave(Thread& thread) {
  if (thread.frame && fs(*thread.frame) == csr::sstatus_fs_dirty) save(thread);
}

void fp_enter(Thread& thread) {
  if (!thread.frame || fs(*thread.frame) == csr::sstatus_fs_off) return;
  Hart& hart = this_hart();
  if (hart.fp_owner != &thread || thread.fp_hart != hart.index) load(thread);
}

constinit bool fp_available = false;

bool fp_first_use(Thread& thread) {
  if (!fp_available || fs(*thread.frame) != csr::sstatus_fs_off) return false;
  thread.fp = {};
  load(thread);
  return true;
}

void fp_reset(Thread& thread) {
  set_fs(*thread.frame, csr::sstatus_fs_off);
  thread.fp_hart = max_harts;
}

FpState fp_read(Thread& thread) {
  if (fs(*thread.frame) == csr::sstatus_fs_off) return {};
  fp_leave(thread);
  return thread.fp;
}

void fp_write(Thread& thread, const FpState& state) {
  constexpr FpState none{};
  bool is_off = fs(*thread.frame) == csr::sstatus_fs_off;
  if (!fp_available || (is_off && memcmp(&state, &none, sizeof(none)) == 0)) return;
  thread.fp = state;
  load(thread);
}

void fp_copy(Thread& parent, Thread& child) {
  if (fs(*parent.frame) == csr::sstatus_fs_off) return;
  fp_leave(parent);
  child.fp = parent.fp;
  set_fs(*child.frame, csr::sstatus_fs_clean);
}

}  // namespace tine
