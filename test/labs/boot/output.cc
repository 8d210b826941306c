// The grader of the lab `boot`, part 1: the first output, and the memory that the device tree
// names. What leaves the serial port is what QEMU received. Memory is what a program can reach,
// seen in its page table by the host.
#include <algorithm>
#include <cstring>
#include <set>
#include <string>

#include "catch.hh"
#include "labs/kernel.hh"
#include "labs/steps.hh"

namespace test {
namespace {

constexpr std::uint64_t start = PhysicalMemory::base, mib = 1 << 20;

std::string draw_text(Machine& m, std::size_t size) {
  std::string text;
  while (text.size() < size) {
    const char c = static_cast<char>(' ' + m.draw() % 96);
    text += c > '~' ? '\n' : c;
  }
  return text;
}

// The first process writes that text to its output, and the host sees exactly that.
void expect_written(Machine& m, std::size_t size) {
  const std::string text = draw_text(m, size);
  const std::uint64_t pages = size / page + 1, at = map_pages(m, m.first(), pages);
  m.touch(m.first(), at, pages, 0);
  m.poke(m.first(), at, {reinterpret_cast<const std::uint8_t*>(text.data()), size});
  const std::size_t before = m.whole_console().size();
  expect(m.call(m.first(), call_write, 1, at, size) == size,
         "write to the console should return the number of bytes.");
  std::string wanted;
  for (char c : text) wanted += c == '\n' ? "\r\n" : std::string(1, c);
  const std::string seen = m.whole_console().substr(before);
  const auto differs = std::ranges::mismatch(wanted, seen).in1 - wanted.begin();
  if (seen == wanted) return;
  m.give_up("Of " + std::to_string(wanted.size()) + " bytes that should leave the serial port " +
            std::to_string(seen.size()) + " do, and byte " + std::to_string(differs) +
            " is not what it should be.");
}

TEST_CASE("part 1, 6 points: what the kernel and its programs print leaves the serial port",
          "[boot][part1]") {
  Machine m({"boot-output"});
  expect_written(m, 1 + m.draw() % 15);
  expect_written(m, 200 + m.draw() % 2000);
  const std::uint64_t name = m.draw();
  Machine panics({.name = "boot-panic",
                  .kernel_stop = KernelFunctions().find("kernel_main"),
                  .arguments = " init=/" + std::to_string(name)});
  const std::string wanted =
      "\r\nTine: panic on hart 0: /" + std::to_string(name) + " cannot be started (errno 2)\r\n";
  if (panics.run_to_end().find(wanted) == std::string::npos)
    panics.give_up("A panic should print a line that ends with a carriage return and a newline.");
}

TEST_CASE("part 1, 6 points: no byte is lost when the serial port is slow", "[boot][part1]") {
  Machine m({.name = "boot-slow", .million = 4000, .slow_console = true});
  expect_written(m, 30'000 + m.draw() % 2000);
}

// The frames that a program can get.
std::set<std::uint64_t> all_frames(Machine& m) {
  Process& process = m.first();
  const std::uint64_t room = put_words(m, process, std::vector<std::uint64_t>(64, 0));
  m.call(process, call_memory_info, room);
  const std::uint64_t free_frames = word_at(m, process, room + 8);
  if (free_frames < 2000 || free_frames > m.machine_memory() / page)
    m.give_up("There is less free memory than in the smallest machine, or more than there is.");
  const std::uint64_t count = free_frames - 160 - free_frames / 400;
  m.touch(process, map_pages(m, process, count), count, m.draw());
  std::set<std::uint64_t> frames;
  for (const auto& [at, mapping] : m.pages(process)) frames.insert(mapping.frame);
  if (frames.size() < count) m.give_up("Pages of one program share their frames.");
  return frames;
}

struct Range {
  std::uint64_t from, to;
  std::string bytes() const { return DeviceTree::number(from) + DeviceTree::number(to - from); }
};

// Of the frames of a range, at least so many of a hundred are there.
void expect_used(Machine& m, const std::set<std::uint64_t>& frames, const Range& range,
                 unsigned percent, const std::string& what) {
  const auto used = std::distance(frames.lower_bound(range.from), frames.lower_bound(range.to));
  if (std::uint64_t(used) * page * 100 < (range.to - range.from) * percent)
    m.give_up(what + " is not used: a program that takes all memory gets " + std::to_string(used) +
              " of its " + std::to_string((range.to - range.from) / page) + " frames.");
  SUCCEED();
}

TEST_CASE("part 1, 4 points: the device tree says how much memory there is", "[boot][part1]") {
  std::random_device device;
  for (std::uint64_t size : {64ul, 80 + device() % 80ul}) {
    Machine m({.name = "boot-size-" + std::to_string(size),
               .million = 900,
               .memory = std::to_string(size) + "M"});
    const std::set<std::uint64_t> frames = all_frames(m);
    const std::uint64_t end = start + size * mib;
    expect(*frames.rbegin() < end, "Memory is used that the machine does not have.");
    expect_used(m, frames, {start + 16 * mib, end}, 70, "Much memory");
    expect_used(m, frames, {end - 8 * mib, end}, 60, "The end of memory");
  }
}

TEST_CASE("part 1, 5 points: memory may come in several banks, in any order", "[boot][part1]") {
  std::random_device device;
  const std::uint64_t end = start + 128 * mib;
  const std::uint64_t one = start + (20 + device() % 20) * mib,
                      two = one + (9 + device() % 9) * mib;
  std::vector<Range> banks = {{start, one}, {one, two}, {two, end}};
  const Range low = {start - 256 * mib, start - 128 * mib}, high = {end + 64 * mib, end + 96 * mib};
  Case what{.name = "boot-banks", .million = 900, .memory = "128M"};
  what.tree = [&](DeviceTree& tree) {
    const std::size_t first = device() % 3, step = 1 + device() % 2;
    auto bank = [&](std::size_t i) { return banks[(first + i * step) % 3].bytes(); };
    std::erase_if(tree.root.children, [](auto& node) { return node.name.starts_with("memory@"); });
    auto add = [&](const std::string& name, const std::string& reg) {
      tree.root.child(name).set("device_type", DeviceTree::text("memory"));
      tree.root.child(name).set("reg", reg);
    };
    add("memory@1", high.bytes() + bank(0));
    add("memory@2", bank(1));
    add("memory@3", bank(2) + low.bytes());
  };
  Machine m(what);
  const std::set<std::uint64_t> frames = all_frames(m);
  expect(*frames.begin() >= start && *frames.rbegin() < end,
         "Memory is used that does not lie beside the kernel's.");
  banks[0].from += 8 * mib;
  for (const Range& bank : banks) expect_used(m, frames, bank, 70, "A bank of memory");
}

TEST_CASE("part 1, 5 points: reserved memory stays as it is, and all between is used",
          "[boot][part1]") {
  constexpr unsigned count = 4;
  std::random_device device;
  std::vector<Range> reserved;
  for (unsigned i = 0; i < count; i++) {
    const std::uint64_t from = start + (16 + 6 * i) * mib + device() % mib;
    reserved.push_back({from, from + mib + device() % mib});
  }
  Case what{.name = "boot-reserved", .million = 900, .memory = "96M"};
  what.tree = [&](DeviceTree& tree) {
    DeviceTree::Node& parent = tree.root.child("reserved-memory");
    for (const char* name : {"#address-cells", "#size-cells"})
      parent.set(name, DeviceTree::cell(2));
    parent.set("ranges", "");
    parent.child("one@1").set("reg", reserved[2].bytes() + reserved[0].bytes());
    parent.child("two@2").set("reg", reserved[3].bytes());
    tree.reservations.emplace_back(reserved[1].from, reserved[1].to - reserved[1].from);
  };
  const std::uint8_t byte = static_cast<std::uint8_t>(1 + device() % 255);
  what.memory_before = [&](const PhysicalMemory& memory) {
    for (const Range& each : reserved)
      std::ranges::fill(memory.at(each.from, each.to - each.from), byte);
  };
  Machine m(what);
  const std::set<std::uint64_t> frames = all_frames(m);
  for (unsigned i = 0; i < count; i++) {
    for (std::uint64_t at = reserved[i].from / page * page; at < reserved[i].to; at += page) {
      const std::span<std::uint8_t> bytes = m.frame(at);
      const std::uint64_t from = std::max(at, reserved[i].from) - at;
      const std::uint64_t to = std::min(at + page, reserved[i].to) - at;
      const auto kept = bytes.subspan(from, to - from);
      if (frames.contains(at) || std::ranges::count(kept, byte) != std::ptrdiff_t(to - from))
        m.give_up("Memory that the device tree reserves is used.");
    }
    if (i > 0) expect_used(m, frames, {reserved[i - 1].to, reserved[i].from}, 70, "Memory between");
  }
  expect_used(m, frames, {reserved.back().to, start + 47 * mib}, 70, "Memory after a hole");
}

}  // namespace
}  // namespace test
