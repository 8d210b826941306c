// panic stops the machine when the kernel's own rules are broken, and says which.
#pragma once

#include <source_location>

#include "lib/format.hh"

namespace tine {

struct TrapFrame;

// Where log and panic write. Until the UART is known it is the firmware's console.
extern constinit Sink* kernel_console;

// A rule of the kernel is broken: says which, and stops the machine with a failure status. For the
// kernel's own bugs only, never for what a program did or when memory runs out.
[[noreturn]] void panic_args(std::string_view format, std::span<const FormatArg> args,
                             const TrapFrame* frame);
template <class... Args>
[[noreturn]] void panic(FormatString<std::type_identity_t<Args>...> format, Args... args) {
  const FormatArg list[] = {FormatArg(args)..., FormatArg(0)};
  panic_args(format.text(), {list, sizeof...(Args)}, nullptr);
}
// The same for a trap in the kernel, whose registers are in the frame.
template <class... Args>
[[noreturn]] void panic_at(const TrapFrame& frame,
                           FormatString<std::type_identity_t<Args>...> format, Args... args) {
  const FormatArg list[] = {FormatArg(args)..., FormatArg(0)};
  panic_args(format.text(), {list, sizeof...(Args)}, &frame);
}

// What a panic prints after its message: rows of a table that the linker gathers, which only wings
// have. `frame`: of the trap that caused the panic, or nullptr; `own_frame`: the frame pointer of
// the function that panics. No lock is held, and nothing but `to` can be relied upon.
using PanicReport = void (*)(Sink& to, const TrapFrame* frame, const std::uint64_t* own_frame);
#define PANIC_REPORT(function)    \
  [[gnu::section(".table.panic"), \
    gnu::used]] static constinit const PanicReport report_of_##function = function;

// Ends the machine with an exit status: called last by panic, and when init ends. Set by
// finisher_init.
using StopMachine = void (*)(int status);
extern constinit StopMachine stop_machine;

#define ASSERT(condition) \
  ((condition) ? void()   \
               : ::tine::panic("assertion {} failed at {}:{}", #condition, __FILE__, __LINE__))

}  // namespace tine
