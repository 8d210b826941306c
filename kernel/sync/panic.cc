#include "sync/panic.hh"

#include <atomic>

#include "arch/csr.hh"
#include "arch/sbi.hh"
#include "sync/hart.hh"

// Bounds of the rows (linker/kernel.ld).
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

constinit FirmwareConsole firmware_console;
constinit std::atomic<std::uint32_t> panicking{0};  // 1 + index of the hart that prints its panic

}  // namespace

constinit Sink* kernel_console = &firmware_console;
constinit StopMachine stop_machine = nullptr;

void panic_args(std::string_view format, std::span<const FormatArg> args, const TrapFrame* frame) {
  auto* own_frame = static_cast<const std::uint64_t*>(__builtin_frame_address(0));
  Hart& hart = this_hart();
  std::uint32_t first = 0;
  if (panicking.compare_exchange_strong(first, hart.index + 1)) {
    // Not under the console's lock: its holder may be the one that failed.
    print(*kernel_console, "\nTine: panic on hart {}: ", hart.id);
    print_args(*kernel_console, format, args);
    print(*kernel_console, "\n");
    for (PanicReport report : std::span(panic_reports_start, panic_reports_end)) {
      report(*kernel_console, frame, own_frame);
    }
  } else if (first == hart.index + 1) {
    panicking.store(~0u);  // one more, while the machine is stopped, waits for ever
    firmware_console.write("\nTine: another panic while this one was printed\n");
  } else {
    while (true) csr::wait_for_interrupt();  // the first hart that panics prints and stops all
  }
  if (stop_machine) stop_machine(255);
  sbi::system_reset(sbi::Reset::shutdown);
  while (true) csr::wait_for_interrupt();
}

}  // namespace tine
