// The grader of the lab `syscall`, part 1: a new call. A test's name says its part and its
// points; [alone]: no other process is needed for it.
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

#include "catch.hh"
#include "labs/steps.hh"

namespace test {
namespace {

constexpr std::uint64_t sysinfo_size = 112;
constexpr std::uint64_t mib = 1 << 20;

// struct sysinfo of include/tine/abi.h, which is Linux's.
struct Sysinfo {
  std::int64_t uptime;
  std::uint64_t loads[3], total, free, shared, buffers, total_swap, free_swap;
  std::uint16_t threads, padding[3];
  std::uint64_t total_high, free_high;
  std::uint32_t unit, padding_at_end;
};
static_assert(sizeof(Sysinfo) == sysinfo_size);

// ---- Part 1: a new call ----

Sysinfo sysinfo_of(Machine& m, Process& process) {
  const std::uint64_t at = fresh_place(m, process, sysinfo_size);
  const std::uint64_t result = m.call(process, call_sysinfo, at);
  if (failed(result)) m.give_up("sysinfo fails with " + error_name(result) + ".");
  Sysinfo info;
  std::memcpy(&info, m.peek(process, at, sizeof info).data(), sizeof info);
  return info;
}

// A process touches so many pages more, as the host counts them in its page table, and freeram
// falls by as many. Each test asks this: a structure of constants is none.
void expect_true(Machine& m, Process& process) {
  const std::uint64_t count = 100 + m.draw() % 300;
  const std::uint64_t at = map_pages(m, process, count);
  const std::size_t had = m.pages(process).size();
  const Sysinfo before = sysinfo_of(m, process);
  m.touch(process, at, count, 1);
  expect(m.pages(process).size() >= had + count, "Touched pages are not in the page table.");
  const Sysinfo after = sysinfo_of(m, process);
  const std::uint64_t fell = (before.free - after.free) * after.unit / page;
  expect(fell >= count && fell <= count + 20,
         "A process touched " + std::to_string(count) + " pages, and freeram fell by " +
             std::to_string(static_cast<std::int64_t>(fell)) + " pages.");
  m.call(process, call_munmap, at, count * page);
  const Sysinfo back = sysinfo_of(m, process);
  const std::uint64_t rose = (back.free - after.free) * back.unit / page;
  expect(rose >= count && rose <= count + 20,
         "Pages were unmapped, and freeram did not rise by as many.");
}

TEST_CASE("part 1, 4 points: the call 179 exists and fills the structure",
          "[syscall][part1][alone]") {
  Machine m({"sysinfo-exists"});
  Process& process = m.first();
  const std::uint64_t at = fresh_place(m, process, sysinfo_size);
  const auto before = m.peek(process, at, sysinfo_size);
  const std::uint64_t result = m.call(process, call_sysinfo, at);
  if (failed(result)) m.give_up("sysinfo fails with " + error_name(result) + ".");
  expect(result == 0, "sysinfo should return 0, and returns " + std::to_string(result) + ".");
  expect(m.peek(process, at, sysinfo_size) != before, "sysinfo returns 0, and wrote nothing.");
  expect_true(m, process);
  const Sysinfo info = sysinfo_of(m, process);
  const std::uint64_t unused = info.total_swap | info.free_swap | info.total_high | info.free_high |
                               info.loads[0] | info.loads[1] | info.loads[2];
  expect(unused == 0 && info.buffers * info.unit < m.machine_memory(),
         "There is no swap, no high memory and no load: those fields are 0.");
  expect((info.padding[0] | info.padding[1] | info.padding[2] | info.padding_at_end) == 0,
         "The structure's padding holds what was on the kernel's stack, or was not written.");
}

TEST_CASE("part 1, 3 points: what it says is true", "[syscall][part1]") {
  std::uint64_t totals[2] = {};
  for (int large : {0, 1}) {
    Machine m({"sysinfo-true-" + std::to_string(large), 100, 1, large ? "128M" : "64M"});
    Process& process = m.first();
    const Sysinfo first = sysinfo_of(m, process);
    totals[large] = first.total * first.unit;
    expect(totals[large] <= m.machine_memory() && totals[large] > m.machine_memory() * 4 / 5,
           "totalram times mem_unit is not the machine's memory.");
    expect(first.free * first.unit < totals[large],
           "freeram times mem_unit is more than the memory.");

    expect_true(m, process);
    const Sysinfo back = sysinfo_of(m, process);
    const std::uint64_t file_pages = 20 + m.draw() % 20;
    const std::uint64_t fd =
        m.call(process, call_openat, -100, put_text(m, process, "/tmp/file"), 0102, 0600);
    for (std::uint64_t i = 0; i < file_pages; i++)
      m.call(process, call_write, fd, m.label("initialised"), page);
    const Sysinfo with_file = sysinfo_of(m, process);
    expect((with_file.shared - back.shared) * back.unit == file_pages * page,
           "A file of " + std::to_string(file_pages) +
               " pages was written, and sharedram did not rise by as many.");

    std::vector<Birth> births;
    for (int i = 0; i < 3; i++) births.push_back(fork_of(m, process));
    expect(sysinfo_of(m, process).threads == back.threads + 3,
           "Three processes more are there, and procs did not rise by three.");
    for (const Birth& birth : births) end_child(m, process, birth);

    m.call(process, call_nanosleep, put_words(m, process, {2, 100'000'000}), 0);
    const std::uint64_t seconds = m.time() / 10'000'000;
    const auto uptime = static_cast<std::uint64_t>(sysinfo_of(m, process).uptime);
    expect(uptime >= seconds && uptime <= seconds + 1,
           "uptime is not the seconds since the machine started.");
  }
  const std::uint64_t more = totals[1] - totals[0];
  expect(more <= 64 * mib && more > 60 * mib,
         "In a machine with 64 MiB more, totalram does not show them.");
}

TEST_CASE("part 1, 4 points: a bad pointer is EFAULT, and nothing is written",
          "[syscall][part1][alone]") {
  Machine m({"sysinfo-pointers"});
  Process& process = m.first();
  expect_true(m, process);
  const std::uint64_t at = map_pages(m, process, 3);
  m.touch(process, at, 3, 1);
  m.poke(process, at, m.draw_bytes(2 * page));
  m.call(process, call_munmap, at + 2 * page, page);
  auto expect_fault = [&](std::uint64_t pointer, const std::string& what) {
    const std::uint64_t result = m.call(process, call_sysinfo, pointer);
    expect(result == minus(EFAULT),
           what + " should be EFAULT, and is " +
               (failed(result) ? error_name(result) : std::to_string(result)) + ".");
  };
  expect_fault(0, "A null pointer");
  expect_fault(at + 2 * page, "A pointer to where nothing is mapped");
  expect_fault(at + 2 * page - 16, "A structure whose second half is not mapped");
  expect_fault(0xffff'ffc0'8020'0000, "A pointer into the kernel");
  expect_fault(~0ul - 7, "A structure that wraps around the end of memory");
  const std::uint64_t across = at + page - 16;
  expect(m.call(process, call_sysinfo, across) == 0, "A structure across two pages should do.");
  Sysinfo info;
  std::memcpy(&info, m.peek(process, across, sizeof info).data(), sizeof info);
  expect(info.unit != 0 && info.total * info.unit <= m.machine_memory(),
         "Of a structure across two pages the end was not written.");
  m.call(process, call_mprotect, at, page, prot_read);
  const auto before = m.peek(process, at, 2 * page);
  expect_fault(at, "A page that may only be read");
  expect(m.peek(process, at, 2 * page) == before, "A page that may only be read was written.");
}

TEST_CASE("part 1, 2 points: thousands of calls take no memory", "[syscall][part1]") {
  {
    Machine large({"sysinfo-leak-none"});
    expect_true(large, large.first());
  }
  SmallMachine small("sysinfo-leak", 1000);
  Process& process = small.m.first();
  repeat(small.m, process, 20'000, call_sysinfo, fresh_place(small.m, process, sysinfo_size));
  end_child(small.m, process, fork_of(small.m, process));
  small.expect_eater();
}

// A child that takes some memory, so that what is free cannot be known before.
Birth take_memory(Machine& m, Process& process) {
  const Birth birth = fork_of(m, process);
  const std::uint64_t count = 1000 + m.draw() % 1000;
  m.touch(*birth.child, map_pages(m, *birth.child, count), count, 1);
  return birth;
}

TEST_CASE("part 1, 4 points: the library has the function sysinfo", "[syscall][part1]") {
  Machine m({"sysinfo-library"});
  Process& process = m.first();
  const Birth hungry = take_memory(m, process);
  const Output output = output_of(m, process, "/test/lab_probe");
  struct {
    std::int64_t linked, result, refused, error;
    Sysinfo info;
  } seen;
  expect(output.text.size() == sizeof seen && output.status == 0,
         "A program that calls sysinfo does not come to its end.");
  std::memcpy(&seen, output.text.data(), sizeof seen);
  expect(seen.linked == 1, "The library libtine has no function sysinfo.");
  expect(seen.result == 0, "sysinfo(&info) should return 0.");
  const Sysinfo now = sysinfo_of(m, process);
  expect(seen.info.total * seen.info.unit == now.total * now.unit,
         "sysinfo(&info) does not fill the structure: which number is called?");
  expect(seen.info.free <= now.free && (now.free - seen.info.free) * now.unit < mib,
         "sysinfo(&info) fills the structure with something else than the call does.");
  expect(seen.refused == -1, "With a bad pointer the function sysinfo should return -1.");
  expect(seen.error == EFAULT, "With a bad pointer the function should set errno to EFAULT.");
  end_child(m, process, hungry);
}

TEST_CASE("part 1, 3 points: the program free", "[syscall][part1]") {
  Machine m({"sysinfo-free", 200, 1, "512M"});
  Process& process = m.first();
  const Birth hungry = take_memory(m, process);
  const Output output = output_of(m, process, "/bin/free");
  expect(output.status == 0, "/bin/free should end with status 0.");
  std::vector<std::uint64_t> numbers;
  for (std::size_t at = 0; at < output.text.size();) {
    std::size_t end = at;
    while (end < output.text.size() && std::isdigit(output.text[end])) end++;
    if (end > at) numbers.push_back(std::stoull(output.text.substr(at, std::min(end - at, 18ul))));
    at = end + 1;
  }
  expect(numbers.size() == 3, "/bin/free should print three numbers: total, used and free.");
  const Sysinfo now = sysinfo_of(m, process);
  expect(numbers[0] == now.total * now.unit / 1024,
         "The first number of /bin/free should be the machine's memory in KiB.");
  expect(numbers[1] + numbers[2] == numbers[0],
         "The second and third number of /bin/free, used and free, should add up to the first.");
  const std::uint64_t unused = now.free * now.unit / 1024;  // free itself takes some
  expect(numbers[2] <= unused && numbers[2] + 300 >= unused,
         "The third number of /bin/free should be what is free in KiB.");
  end_child(m, process, hungry);
}

}  // namespace
}  // namespace test
