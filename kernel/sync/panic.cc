#include "sync/panic.hh"

#include <atomic>

#include "arch/csr.hh"
#include "arch/sbi.hh"
#include "sync/hart.hh"
#include "sync/spinlock.hh"

// Bounds of the rows (linker/kernel.ld).
extern "C" tine::Sink *const log_keepers_start[], *const log_keepers_end[];
extern "C" const tine::PanicReport panic_reports_start[], panic_reports_end[];

namespace tine {
namespace {

class FirmwareConsole final : public Sink {
 public:
  void write(std::string_view text) override {
    for (char c : text) {
      if (c == '\n') sbi::console_putchar('\r');
      sbi::console_putchar(c);
    }
  }
};

// The log: text that comes from a program, such as its name, cannot forge lines.
class LogSink final : public Sink {
 public:
  explicit LogSink(Sink& to) : to_(to) {}
  void write(std::string_view text) override { to_.write(text); }
  void write_argument(std::string_view text) override { write_escaped(to_, text); }

 private:
  Sink& to_;
};

constinit FirmwareConsole firmware_console;
constinit Sink* console = &firmware_console;
constinit std::atomic<std::uint32_t> panicking{0};  // 1 + index of the hart whose panic is printed

}  // namespace

constinit Spinlock console_output_lock{Rank::console_output, "console output"};
constinit unsigned log_channels = unsigned(Channel::crash);
constinit bool log_is_shown = true;
constinit StopMachine stop_machine = nullptr;

void set_console(Sink* sink) { console = sink; }

void log_args(std::string_view format, std::span<const FormatArg> args, bool is_shown) {
  SpinGuard guard(console_output_lock);
  std::span keepers(log_keepers_start, log_keepers_end);
  auto say = [&](Sink& to) {
    LogSink sink(to);
    print_args(sink, format, args);
  };
  for (Sink* keeper : keepers) say(*keeper);
  if (keepers.empty() || is_shown || log_is_shown) say(*console);
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

void panic_args(std::string_view format, std::span<const FormatArg> args, const TrapFrame* frame) {
  auto* own_frame = static_cast<const std::uint64_t*>(__builtin_frame_address(0));
  Hart& hart = this_hart();
  std::uint32_t nobody = 0;
  // The first hart that panics prints. A second one, or a panic while printing, waits for ever.
  if (!panicking.compare_exchange_strong(nobody, hart.index + 1)) {
    while (true) csr::wait_for_interrupt();
  }
  // Not under the console's lock: its holder may be the one that failed.
  print(*console, "\nTine: panic on hart {}: ", hart.id);
  print_args(*console, format, args);
  print(*console, "\n");
  for (PanicReport report : std::span(panic_reports_start, panic_reports_end)) {
    report(*console, frame, own_frame);
  }
  if (stop_machine) stop_machine(255);
  sbi::system_reset(sbi::Reset::shutdown);
  while (true) csr::wait_for_interrupt();
}

}  // namespace tine
