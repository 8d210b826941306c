#include "syscall/dispatch.hh"

#include <span>

#include "sync/panic.hh"

namespace tine {
namespace {

// Bounds of the rows (linker/kernel.ld).
extern "C" const SyscallRow syscall_rows_start[], syscall_rows_end[];

void unknown_call(TrapFrame& frame) { syscall_internal::finish(frame, Result<void>(Errno::nosys)); }

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
