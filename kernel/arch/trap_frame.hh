// TrapFrame: a thread's general registers, pc and status when it left user mode. It lies at the
// top of the thread's kernel stack, is filled by trap_entry (trap.S) and put back by trap_return.
#pragma once

#include <cstddef>
#include <cstdint>

#include "arch/offsets.h"

namespace tine {

struct Hart;

// General registers by their ABI names (RISC-V ELF psABI, "Integer Register Convention").
enum Reg : unsigned {
  reg_ra = 1,
  reg_sp = 2,
  reg_tp = 4,
  reg_a0 = 10,
  reg_a1 = 11,
  reg_a2 = 12,
  reg_a7 = 17,
};

struct TrapFrame {
  union {
    Hart* hart;           // in x0's slot: where trap_entry finds the kernel's tp
    std::uint64_t x[32];  // x[1]..x[31]
  };
  std::uint64_t sepc;  // the user's pc
  std::uint64_t sstatus;

  std::uint64_t& a0() { return x[reg_a0]; }
  std::uint64_t& sp() { return x[reg_sp]; }
  std::uint64_t argument(unsigned n) const { return x[reg_a0 + n]; }
  std::uint64_t call_number() const { return x[reg_a7]; }
};

static_assert(offsetof(TrapFrame, x) + 8 == TF_X(1) && offsetof(TrapFrame, hart) == TF_HART);
static_assert(offsetof(TrapFrame, sepc) == TF_SEPC && offsetof(TrapFrame, sstatus) == TF_SSTATUS);
static_assert(sizeof(TrapFrame) == TF_SIZE);
static_assert(TF_SIZE % 16 == 0, "the stack pointer stays 16-byte aligned");

// Length of the ecall instruction: what sepc moves by when a system call returns.
constexpr unsigned ecall_size = 4;

// What a kernel thread keeps across a switch: the registers that a called function must preserve
// (psABI). Everything else is on its stack already, because a switch is a function call.
struct Context {
  std::uint64_t ra;
  std::uint64_t sp;
  std::uint64_t s[12];
};

static_assert(offsetof(Context, sp) == CTX_SP && offsetof(Context, s) == CTX_S(0));

// Floating-point registers f0..f31 and fcsr.
struct FpState {
  std::uint64_t f[32];
  std::uint64_t fcsr;
};

extern "C" {
// Saves the caller's registers in `from`, continues where `to` was saved. switch.S
void switch_context(Context* from, const Context* to);
// First code of a user thread (trap.S). See sched/thread.hh.
void user_thread_start();

// Both need sstatus.FS not Off. fp.S
void fp_save(FpState* to);
void fp_restore(const FpState* from);

// Upward calls (docs/rooms.md): trap.S calls what the room `trap` defines.
void trap_handler(TrapFrame& frame);
void return_to_user(TrapFrame& frame);
[[noreturn]] void kernel_trap(TrapFrame& frame);
}

}  // namespace tine
