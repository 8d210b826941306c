// The kernel's log: lines about what it does, on the console or kept by a wing.
#pragma once

#include "lib/format.hh"
#include "sync/spinlock.hh"

namespace tine {

// Held while one piece of text is sent to the console, by log and every other writer except panic.
extern constinit Spinlock console_output_lock;

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

}  // namespace tine
