// What the kernel reports about itself: log lines on the console, and panic, which stops the
// machine when the kernel's own rules are broken.
#pragma once

#include <source_location>

#include "lib/format.hh"

namespace tine {

struct TrapFrame;
class Spinlock;

// Held while one piece of text is sent to the console, by log and every other writer except panic.
extern constinit Spinlock console_output_lock;

// Where log and panic write. Until the UART is known it is the firmware's console.
void set_console(Sink* sink);
// Other sinks that keep the log: rows of a table that the linker gathers, which only wings have. If
// there is one, lines of no channel go only there once the console is the programs' terminal.
#define LOG_KEEPER(sink) \
  [[gnu::section(".table.log"), gnu::used]] static constinit Sink* const keeper_##sink = &sink;
extern constinit bool log_is_shown;  // until the console is the terminal

// Prints as one piece, not mixed with other harts' lines. Takes the console's lock (the highest
// rank: allowed while holding any other).
void log_args(std::string_view format, std::span<const FormatArg> args, bool is_shown);
template <class... Args>
void log(FormatString<std::type_identity_t<Args>...> format, Args... args) {
  const FormatArg list[] = {FormatArg(args)..., FormatArg(0)};
  log_args(format.text(), {list, sizeof...(Args)}, false);
}

// Log lines that the console shows, chosen on the kernel's command line: log=fork,exec,wait,fault.
// `crash` (programs that the kernel ends) is chosen if no other is, and always logged; `all` is the
// whole log.
enum class Channel : unsigned { fork = 1, exec = 2, wait = 4, fault = 8, crash = 16, all = 32 };
extern constinit unsigned log_channels;
void choose_log_channels(
    std::string_view names);  // separated by commas; unknown names are reported
inline bool is_logged(Channel channel) { return log_channels & unsigned(channel); }
template <class... Args>
void log_on(Channel channel, FormatString<std::type_identity_t<Args>...> format, Args... args) {
  if (!is_logged(channel) && channel != Channel::crash) return;
  const FormatArg list[] = {FormatArg(args)..., FormatArg(0)};
  log_args(format.text(), {list, sizeof...(Args)}, is_logged(channel));
}

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
