#include "syscall/dispatch.hh"

#include <array>
#include <span>

#include "sync/panic.hh"

namespace tine {
namespace {

// Bounds of the rows (linker/kernel.ld).
extern "C" const SyscallRow syscall_rows_start[], syscall_rows_end[];

constexpr unsigned private_base = 4096;
constexpr unsigned linux_calls = 512, private_calls = 64;

using Call = void (*)(TrapFrame& frame);
// The rows by number: Linux's, then Tine's own. Written at boot only.
constinit std::array<Call, linux_calls + private_calls> calls{};

// Where a call is in the table, or its size for numbers that no call can have.
std::size_t slot_of(std::uint64_t number) {
  if (number < linux_calls) return number;
  std::uint64_t own = number - private_base;
  return own < private_calls ? linux_calls + own : calls.size();
}

void unknown_call(TrapFrame& frame) { syscall_internal::finish(frame, Result<void>(Errno::nosys)); }

}  // namespace

void syscall_init() {
  calls.fill(unknown_call);
  for (const SyscallRow& row : std::span(syscall_rows_start, syscall_rows_end)) {
    std::size_t slot = slot_of(row.number);
    if (slot == calls.size())
      panic("system call {} has the impossible number {}", row.name, row.number);
    if (calls[slot] != unknown_call)
      panic("system call {}: the number {} is taken", row.name, row.number);
    calls[slot] = row.call;
  }
}

void syscall_dispatch(TrapFrame& frame) {
  std::size_t slot = slot_of(frame.call_number());
  Call call = slot < calls.size() ? calls[slot] : unknown_call;
  call(frame);  // [ecall 5..7]: see Thunk
}

}  // namespace tine
