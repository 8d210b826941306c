#include "sync/panic.hh"

#include <atomic>

#include "arch/csr.hh"
#include "arch/layout.hh"
#include "arch/sbi.hh"
#include "arch/trap_frame.hh"
#include "sync/hart.hh"
#include "sync/spinlock.hh"

// The table that the build makes of the kernel's own functions, sorted by address
// (linker/kernel.ld).
struct KernelSymbol {
  std::uint32_t text_offset;
  std::uint32_t name_offset;
};
extern "C" const KernelSymbol kernel_symbols[];
extern "C" const std::uint64_t kernel_symbols_count;
extern "C" const char kernel_symbol_names[];
extern "C" const char kernel_start[], text_end[];
extern "C" tine::Sink *const log_keepers_start[], *const log_keepers_end[];  // bounds of the rows

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

// The log: what a program brings, such as its name, cannot make lines of its own.
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

bool is_code(std::uint64_t at) {
  return at >= reinterpret_cast<std::uint64_t>(kernel_start) &&
         at < reinterpret_cast<std::uint64_t>(text_end);
}

// The function that `pc` is in. A return address names the call before it, which may have been the
// last instruction of its function: look there.
void print_location(std::uint64_t pc, bool is_return_address) {
  print(*console, "  {:016x}", pc);
  std::uint64_t base = reinterpret_cast<std::uint64_t>(kernel_start);
  const KernelSymbol* found = nullptr;
  for (std::uint64_t i = 0; i < kernel_symbols_count; i++) {
    if (base + kernel_symbols[i].text_offset <= pc - is_return_address) found = &kernel_symbols[i];
  }
  if (found && is_code(pc)) {
    print(*console, " {} + {}", kernel_symbol_names + found->name_offset,
          pc - base - found->text_offset);
  }
  print(*console, "\n");
}

bool is_kernel_stack(std::uint64_t at) {
  return at % 8 == 0 && (at >= stack_window.value() ||
                         (at >= direct_map.value() && at < direct_map.value() + (1ul << 37)));
}

// A function saves its caller's frame pointer at s0 - 16 and its return address at s0 - 8. One that
// calls no other saves the frame pointer alone, at s0 - 8: a trap finds its return address in ra.
void print_backtrace(std::uint64_t pc, std::uint64_t frame_pointer, const TrapFrame* trap) {
  print(*console, "backtrace:\n");
  print_location(pc, !trap);
  for (unsigned depth = 0; depth < 32 && is_kernel_stack(frame_pointer); depth++) {
    auto* saved = reinterpret_cast<const std::uint64_t*>(frame_pointer);
    bool calls_none = depth == 0 && trap && !is_code(saved[-1]) && is_code(trap->x[1]);
    std::uint64_t return_address = calls_none ? trap->x[1] : saved[-1];
    std::uint64_t next = calls_none ? saved[-1] : saved[-2];
    if (!is_code(return_address)) break;
    print_location(return_address, true);
    if (next <= frame_pointer) break;
    frame_pointer = next;
  }
}

void print_registers(const TrapFrame& frame) {
  static constexpr const char* names[] = {"  ", "ra", "sp",  "gp",  "tp", "t0", "t1", "t2",
                                          "s0", "s1", "a0",  "a1",  "a2", "a3", "a4", "a5",
                                          "a6", "a7", "s2",  "s3",  "s4", "s5", "s6", "s7",
                                          "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6"};
  for (unsigned i = 1; i < 32; i++) {
    print(*console, "  {:-4}{:016x}{}", names[i], frame.x[i], i % 4 == 3 ? "\n" : "");
  }
  print(*console, "\n  sepc {:016x}  sstatus {:x}  scause {:x}  stval {:016x}\n", frame.sepc,
        frame.sstatus, csr::read_scause(), csr::read_stval());
}

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
  // The first hart that panics prints; a second one, or a panic inside the printing, stands still.
  if (!panicking.compare_exchange_strong(nobody, hart.index + 1)) {
    while (true) csr::wait_for_interrupt();
  }
  // Not under the console's lock: its holder may be the one that failed.
  print(*console, "\nTine: panic on hart {}: ", hart.id);
  print_args(*console, format, args);
  print(*console, "\n");
  if (frame) {
    print_registers(*frame);
    print_backtrace(frame->sepc, frame->x[8], frame);
  } else {
    print_backtrace(own_frame[-1], own_frame[-2], nullptr);  // return address, frame of the caller
  }
  if (stop_machine) stop_machine(255);
  sbi::system_reset(sbi::Reset::shutdown);
  while (true) csr::wait_for_interrupt();
}

}  // namespace tine
