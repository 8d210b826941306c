#include "syscall/dispatch.hh"

#include <algorithm>
#include <array>
#include <span>

#include "lib/string.hh"
#include "proc/process.hh"
#include "sync/panic.hh"
#include "sync/spinlock.hh"

namespace tine {
namespace {

// Bounds of the rows (linker/kernel.ld).
extern "C" const SyscallRow syscall_rows_start[], syscall_rows_end[];

// A call that some program asked for in vain. The last ones are kept, so that each is logged once a
// program, and not each time.
struct UnknownCall {
  char program[sizeof(Process::name)];
  std::uint64_t number;
  bool operator==(const UnknownCall&) const = default;
};
constinit Spinlock unknown_lock{Rank::unknown_calls, "unknown calls"};
constinit std::array<UnknownCall, 32> unknown_calls GUARDED_BY(unknown_lock){};
constinit std::size_t unknown_count GUARDED_BY(unknown_lock) = 0;

bool is_noted(const UnknownCall& call) {
  SpinGuard guard(unknown_lock);
  if (std::ranges::find(unknown_calls, call) != unknown_calls.end()) return true;
  unknown_calls[unknown_count++ % unknown_calls.size()] = call;
  return false;
}

void unknown_call(TrapFrame& frame) {
  UnknownCall call{{}, frame.call_number()};
  memcpy(call.program, current_process().name, sizeof call.program);
  if (!is_noted(call)) {
    log("{}[{}]: there is no system call {}\n", current_process().name, current_process().pid,
        call.number);
  }
  syscall_internal::finish(frame, Result<void>(Errno::nosys));
}

}  // namespace

constinit CallTable core_calls{};

void syscall_init() {
  core_calls.fill(unknown_call);
  for (const SyscallRow& row : std::span(syscall_rows_start, syscall_rows_end)) {
    unsigned slot = slot_of(row.number);
    if (slot == no_call) panic("system call {} has the impossible number {}", row.name, row.number);
    if (core_calls[slot] != unknown_call)
      panic("system call {}: the number {} is taken", row.name, row.number);
    core_calls[slot] = row.call;
  }
  current_thread()->calls = core_calls.data();
}

}  // namespace tine
