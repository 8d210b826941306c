#include "syscall/dispatch.hh"

#include <span>

#include "sync/panic.hh"

namespace tine {
namespace {

// Bounds of the rows (linker/kernel.ld).
extern "C" const SyscallRow syscall_rows_start[], syscall_rows_end[];

void no_such_call(TrapFrame& frame) { syscall_internal::finish(frame, Result<void>(Errno::nosys)); }

}  // namespace

constinit CallTable core_calls{};

void syscall_init() {
  std::span<const SyscallRow> rows(syscall_rows_start, syscall_rows_end);
  SystemCall other = no_such_call;
  for (const SyscallRow& row : rows) {
    if (row.number == any_other_call) other = row.call;
  }
  core_calls.fill(other);
  for (const SyscallRow& row : rows) {
    if (row.number == any_other_call) continue;
    unsigned slot = slot_of(row.number);
    if (slot == no_call) panic("system call {} has the impossible number {}", row.name, row.number);
    if (core_calls[slot] != other)
      panic("system call {}: the number {} is taken", row.name, row.number);
    core_calls[slot] = row.call;
  }
  current_thread()->calls = core_calls.data();
}

}  // namespace tine
