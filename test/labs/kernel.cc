#include "labs/kernel.hh"

#include <cstdio>
#include <cstring>
#include <sstream>

#include "catch.hh"
#include "guest/options.hh"
#include "labs/steps.hh"

namespace test {
namespace {

constexpr unsigned reg_s0 = 8;
constexpr std::uint64_t room = 4096;  // for frames, below the stack pointer
constexpr std::size_t shown = 40;     // lines of a backtrace at most, with those that are too many

std::string hex(std::uint64_t value) {
  char text[20];
  std::snprintf(text, sizeof text, "%016lx", value);
  return text;
}

// What stands after "backtrace:", line by line, without the lines that are no part of it.
std::vector<std::string> lines_of_backtrace(const std::string& console, const std::string& after) {
  std::vector<std::string> lines;
  const std::size_t panic = console.find(after);
  const std::size_t begin = panic == std::string::npos ? panic : console.find("backtrace:", panic);
  if (begin == std::string::npos) return lines;
  std::istringstream rest(console.substr(begin));
  std::string line;
  std::getline(rest, line);
  while (std::getline(rest, line) && line.starts_with("  ") && lines.size() < shown) {
    std::erase(line, '\r');
    lines.push_back(line.substr(2));
  }
  return lines;
}

}  // namespace

KernelFunctions::KernelFunctions() {
  std::istringstream lines(output_of(setting("TINE_CROSS", "riscv64-linux-gnu-") + "nm -nC '" +
                                     setting("TINE_KERNEL", "build/release/kernel.elf") + "'"));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::uint64_t address = 0;
    std::string kind, name;
    if (!(words >> std::hex >> address >> kind) || kind.find_first_of("tTwW") != 0) continue;
    std::getline(words >> std::ws, name);
    if (name == "text_end") end_ = address;
    // Without a name before the parameters it is not in the kernel's own table, either
    // (test/tools/symbols.awk).
    if (name.starts_with("$") || name.starts_with(".L") || name.starts_with("decltype (")) continue;
    names_[address] += name + "\n";
  }
  if (names_.empty() || end_ == 0) throw NotJudged("the kernel's functions are not known");
}

std::uint64_t KernelFunctions::find(const std::string& beginning) const {
  for (const auto& [address, name] : names_) {
    if (name.starts_with(beginning)) return address;
  }
  throw NotJudged("the kernel has no function " + beginning);
}

bool KernelFunctions::has(std::uint64_t address) const {
  return address >= names_.begin()->first && address < end_;
}

std::uint64_t KernelFunctions::draw_return(Machine& m) const {
  const std::uint64_t first = names_.begin()->first;
  return first + 2 + m.draw() % ((end_ - first - 2) / 2) * 2;
}

std::uint64_t KernelFunctions::draw_end(Machine& m) const {
  auto name = std::next(names_.begin(), 1 + m.draw() % (names_.size() / 2));
  return name->first;
}

bool KernelFunctions::is_name(const std::string& text, std::uint64_t address,
                              bool is_return) const {
  const auto after = names_.upper_bound(address - is_return);
  if (after == names_.begin()) return text.empty();
  const auto& [start, names] = *std::prev(after);
  const std::string offset = " + " + std::to_string(address - start);
  if (!text.ends_with(offset) || text.size() == offset.size()) return false;
  const std::string name = text.substr(0, text.size() - offset.size());
  return names.find(name.substr(name.rfind(':') + 1)) != std::string::npos;
}

StoppedKernel::StoppedKernel(const std::string& name, const std::string& function, unsigned visits)
    : m([&] {
        Case what{name};
        what.kernel_stop = functions.find(function);
        what.visits = visits;
        return what;
      }()),
      registers(m.kernel_registers()) {
  registers.pc += 2;
}

std::uint64_t StoppedKernel::lay(const std::vector<Frame64>& frames, std::uint64_t last) {
  std::uint64_t at = (registers.x[reg_sp] - room) & ~15ul;
  const std::uint64_t first = at + 32;
  registers.x[reg_sp] = at - 512;
  for (std::uint64_t pointer = first; const Frame64& frame : frames) {
    const bool is_last = &frame == &frames.back();
    const std::uint64_t next = pointer + 16 + m.draw() % 4 * 16;
    const std::uint64_t words[] = {is_last      ? last
                                   : frame.next ? frame.next
                                                : next,
                                   frame.returns_to};
    m.set_kernel_memory(pointer - 16, {reinterpret_cast<const std::uint8_t*>(words), 16});
    pointer = next;
  }
  return first;
}

std::vector<Place> StoppedKernel::calls_from(std::uint64_t frame_pointer) {
  std::vector<Place> places;
  while (frame_pointer != 0) {
    const std::uint64_t returns_to = m.kernel_word(frame_pointer - 8);
    const std::uint64_t callers = m.kernel_word(frame_pointer - 16);
    if (!functions.has(returns_to)) break;
    places.push_back({returns_to});
    frame_pointer = callers > frame_pointer ? callers : 0;
  }
  return places;
}

void StoppedKernel::fault() {
  constexpr std::uint8_t ebreak[] = {0x02, 0x90};
  message_ = "breakpoint in the kernel";
  m.set_kernel_memory(registers.pc, ebreak);
  m.set_kernel_registers(registers);
  m.run_to_end();
}

void StoppedKernel::panic() {
  message_ = "drawn " + hex(m.draw());
  const std::uint64_t at = registers.x[reg_sp] + 256;
  m.set_kernel_memory(at,
                      {reinterpret_cast<const std::uint8_t*>(message_.data()), message_.size()});
  const std::uint64_t arguments[] = {message_.size(), at, 0, 0, 0};
  // A string_view is its size and its address; then come the span of arguments, and no trap frame.
  for (unsigned i = 0; i < 5; i++) registers.x[reg_a0 + i] = arguments[i];
  registers.pc = functions.find("tine::panic_args(");
  m.set_kernel_registers(registers);
  m.run_to_end();
}

void StoppedKernel::expect_panic() {
  if (m.console().find(message_) == std::string::npos)
    m.give_up("The kernel failed, and its panic did not say so.");
  SUCCEED();
}

void StoppedKernel::expect_backtrace(const std::vector<Place>& places) {
  expect_panic();
  const std::string& console = m.console();
  const std::vector<std::string> lines = lines_of_backtrace(console, message_);
  for (std::size_t i = 0; i < std::max(places.size(), lines.size()); i++) {
    const std::string which = "Line " + std::to_string(i + 1) + " of the backtrace ";
    if (i >= places.size()) m.give_up(which + "should not be there: " + lines[i]);
    const std::string address = hex(places[i].address);
    if (i >= lines.size()) m.give_up(which + "is missing. It should begin with " + address + ".");
    if (!lines[i].starts_with(address))
      m.give_up(which + "should begin with " + address + ", and is: " + lines[i]);
    const std::string name = lines[i].substr(address.size());
    if (!functions.is_name(name.empty() ? name : name.substr(1), places[i].address,
                           places[i].is_return))
      m.give_up(which + "does not name the function and the offset of " + address + ": " +
                lines[i]);
  }
  SUCCEED();
}

}  // namespace test
