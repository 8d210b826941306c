// How a system call finds its function. Each call is one row, written beside its handler:
//
//   SYSCALL(SYS_kill, kill, void, (int pid, int signal)) { return process_kill(pid, signal); }
//
// The linker gathers the rows of all files, core and wings. A handler declares its parameters, and
// a thunk made from its type decodes them from a0..a5; a type for which `decode` has no rule does
// not compile. The handler's Result becomes a0 here and nowhere else: the value, or -errno.
#pragma once

#include <tine/syscall.h>

#include <array>
#include <cstdint>
#include <tuple>
#include <type_traits>

#include "arch/trap_frame.hh"
#include "lib/result.hh"
#include "proc/process.hh"
#include "sched/thread.hh"
#include "vm/user_memory.hh"

namespace tine {

struct SyscallRow {
  unsigned number;
  const char* name;
  SystemCall call;
};

// A table has a place for every number that a call can have, first Linux's and then Tine's own, and
// a last place for all other numbers.
constexpr unsigned linux_calls = 512, private_base = 4096, private_calls = 64;
constexpr unsigned no_call = linux_calls + private_calls;
constexpr unsigned slot_of(std::uint64_t number) {
  if (number < linux_calls) return unsigned(number);
  std::uint64_t own = number - private_base;
  return own < private_calls ? linux_calls + unsigned(own) : no_call;
}
// The number of a row whose handler gets all calls that have no row; without such a row they return
// nosys.
constexpr unsigned any_other_call = ~0u;
using CallTable = std::array<SystemCall, no_call + 1>;

// The table that threads use unless a wing has set another (Thread::calls). Written at boot only.
extern constinit CallTable core_calls;

// Builds it from the rows, at boot. The current thread gets it, and the first process inherits it
// from that thread. Two rows with one number are a panic.
void syscall_init();

// [ecall 4] Calls the handler for the number in a7, which leaves its result in the frame.
inline void syscall_dispatch(TrapFrame& frame) {
  current_thread()->calls[slot_of(frame.call_number())](frame);  // [ecall 5..7]: see Thunk
}

namespace syscall_internal {

// [ecall 5] The n-th parameter gets its value from the n-th argument register. VirtAddr, UserPtr
// and UserString are made from an address. A last parameter of type TrapFrame& is the frame itself,
// for calls that copy or replace all of it.
template <class T>
T decode(TrapFrame& frame, unsigned n) {
  if constexpr (std::is_same_v<T, TrapFrame&>) {
    return frame;
  } else if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(frame.argument(n));
  } else {
    return T{VirtAddr(frame.argument(n))};
  }
}

// [ecall 7] The result goes to a0, and the program continues after the ecall. After a successful
// exec or rt_sigreturn (Replaced) the frame has other registers already, and is not changed. Nor is
// it after a call that a signal interrupted: sepc stays on the ecall, so the call is restarted
// unless handle_signals decides otherwise.
inline void finish(TrapFrame& frame, std::uint64_t a0) {
  frame.a0() = a0;
  this_hart().resumed_at = frame.sepc += ecall_size;
}
template <class T>
void finish(TrapFrame& frame, const Result<T>& result) {
  if (!result) {
    if (result.error() == Errno::restart_always) return;
    if (result.error() == Errno::restart) return void(current_thread()->call_interrupted = true);
    return finish(frame, -static_cast<std::uint64_t>(result.error()));
  }
  if constexpr (std::is_void_v<T>) {
    finish(frame, std::uint64_t(0));
  } else if constexpr (std::is_integral_v<T>) {
    finish(frame, static_cast<std::uint64_t>(*result));
  }
}

// [ecall 6] Calls the handler with its decoded arguments.
template <auto handler>
struct Thunk;
template <class R, class... Args, Result<R> (*handler)(Args...)>
struct Thunk<handler> {
  static void call(TrapFrame& frame) { call_with(frame, std::index_sequence_for<Args...>()); }

 private:
  template <std::size_t... n>
  static void call_with(TrapFrame& frame, std::index_sequence<n...>) {
    finish(frame, handler(decode<Args>(frame, n)...));
  }
};

}  // namespace syscall_internal

#define SYSCALL(number, name, result, parameters)                                             \
  static Result<result> sys_##name parameters;                                                \
  [[gnu::section(".table.syscall"), gnu::used]] static constinit const SyscallRow row_##name{ \
      number, #name, syscall_internal::Thunk<sys_##name>::call};                              \
  static Result<result> sys_##name parameters

}  // namespace tine
