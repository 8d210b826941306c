#include "sync/log.hh"

#include "sync/panic.hh"

// Bounds of the rows (linker/kernel.ld).
extern "C" tine::Sink *const log_keepers_start[], *const log_keepers_end[];

namespace tine {

constinit Spinlock console_output_lock{Rank::console_output, "console output"};
constinit unsigned log_channels = unsigned(Channel::crash);
constinit bool log_is_shown = true;

namespace {

// The log: text that comes from a program, such as its name, cannot forge lines.
class LogSink final : public Sink {
 public:
  explicit LogSink(Sink& to) : to_(to) {}
  void write(std::string_view text) override { to_.write(text); }
  void write_argument(std::string_view text) override { write_escaped(to_, text); }

 private:
  Sink& to_;
};

}  // namespace

void log_args(std::string_view format, std::span<const FormatArg> args, bool is_shown) {
  SpinGuard guard(console_output_lock);
  std::span keepers(log_keepers_start, log_keepers_end);
  auto say = [&](Sink& to) {
    LogSink sink(to);
    print_args(sink, format, args);
  };
  for (Sink* keeper : keepers) say(*keeper);
  if (keepers.empty() || is_shown || log_is_shown) say(*kernel_console);
}

void choose_log_channels(std::string_view names) {
  static constexpr std::string_view known[] = {"fork", "exec", "wait", "fault", "crash", "all"};
  if (!names.empty()) log_channels = 0;
  while (!names.empty()) {
    std::string_view name = names.substr(0, names.find(','));
    names.remove_prefix(name.size() < names.size() ? name.size() + 1 : name.size());
    bool found = false;
    for (unsigned i = 0; i < std::size(known); i++) {
      if (name != known[i]) continue;
      log_channels |= 1u << i;
      found = true;
    }
    if (!found) log("log: no channel '{}' (there are: fork exec wait fault crash all)\n", name);
  }
}

}  // namespace tine
