// The grader of the lab `syscall` (docs/labs/syscall.md). A test's name says its part and its
// points; [alone]: no other process is needed for it.
#include <cerrno>
#include <cstring>
#include <string>

#include "catch.hh"
#include "labs/steps.hh"

namespace test {
namespace {

constexpr std::uint64_t trace_off = 0, trace_on = 1, trace_children = 2, trace_fd = 31;
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

std::uint64_t minus(std::uint64_t error) { return -error; }

// ---- Part 1: a new call ----

// Where the structure goes; what is there before was drawn on the host.
std::uint64_t fresh_place(Machine& m, Process& process) {
  return put(m, process, m.draw_bytes(sysinfo_size));
}

Sysinfo sysinfo_of(Machine& m, Process& process) {
  const std::uint64_t at = fresh_place(m, process);
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
  const std::uint64_t at = fresh_place(m, process);
  const auto before = m.peek(process, at, sysinfo_size);
  const std::uint64_t result = m.call(process, call_sysinfo, at);
  if (failed(result)) m.give_up("sysinfo fails with " + error_name(result) + ".");
  expect(result == 0, "sysinfo should return 0, and returns " + std::to_string(result) + ".");
  expect(m.peek(process, at, sysinfo_size) != before, "sysinfo returns 0, and wrote nothing.");
  expect_true(m, process);
  // Calls before that leave a path on the kernel's stack, as long as paths may be.
  const std::uint64_t path = map_pages(m, process, 2);
  m.touch(process, path, 2, 1);
  for (std::size_t size : {255, 1023, 4095}) {
    std::vector<std::uint8_t> text(size, 0xa5);
    text.push_back(0);
    m.poke(process, path, text);
    m.call(process, call_openat, -100, path, 0, 0);
    m.call(process, call_chdir, path);
    m.call(process, call_execve, path, 0, 0);
  }
  const Sysinfo info = sysinfo_of(m, process);
  expect((info.total_swap | info.free_swap | info.total_high | info.free_high) == 0,
         "There is no swap and no high memory: those fields are 0.");
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

// The same call, so many times; the points are lost if one of them fails.
void repeat(Machine& m, Process& process, std::uint64_t times, std::uint64_t number,
            std::uint64_t argument) {
  Registers with = process.at_rest;
  with.x[8] = times, with.x[9] = number, with.x[18] = argument;
  const Registers after = m.step(process, "step_repeat", with);
  if (after.x[8] != 0) {
    m.give_up("In a small machine, call " + std::to_string(number) + " fails with " +
              error_name(after.x[reg_a0]) + " after " + std::to_string(times - after.x[8]) +
              " times: what is not given back?");
  }
}

TEST_CASE("part 1, 2 points: thousands of calls take no memory", "[syscall][part1]") {
  {
    Machine large({"sysinfo-leak-none"});
    expect_true(large, large.first());
  }
  SmallMachine small("sysinfo-leak", 1000);
  Process& process = small.m.first();
  repeat(small.m, process, 20'000, call_sysinfo, fresh_place(small.m, process));
  end_child(small.m, process, fork_of(small.m, process));
  small.expect_eater();
}

// Lets a child become the program; what it writes to its output, and its status.
struct Output {
  std::string text;
  unsigned status = 0;
};

Output output_of(Machine& m, Process& process, const std::string& path) {
  const std::uint64_t ends = put_words(m, process, {0});
  m.call(process, call_pipe2, ends, 0);
  const std::uint64_t both = word_at(m, process, ends);
  const std::uint64_t from = both & 0xffff'ffff, to = both >> 32;
  const Birth birth = fork_of(m, process);
  m.call(*birth.child, call_dup3, to, 1, 0);
  m.call(*birth.child, call_close, to);
  m.call(process, call_close, to);
  std::vector<std::uint64_t> words(32);
  std::memcpy(&words[16], path.c_str(), path.size() + 1);
  const std::uint64_t at = put_words(m, *birth.child, words);
  words[0] = at + 128;
  put_words(m, *birth.child, words);
  m.start_call(*birth.child, call_execve, at + 128, at, at + 8);
  m.forget(*birth.child);
  Output output;
  for (;;) {
    const std::uint64_t place = put_words(m, process, {0});
    const std::uint64_t size = m.call(process, call_read, from, place, 512);
    if (failed(size)) m.give_up("The output of " + path + " cannot be read.");
    if (size == 0) break;
    output.text += text_at(m, process, place, size);
    if (output.text.size() > 4096) m.give_up(path + " writes without end.");
  }
  m.call(process, call_close, from);
  output.status = wait_for(m, process, birth.pid);
  return output;
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
  Machine m({"sysinfo-free"});
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
  expect(numbers[2] <= unused && numbers[2] + 1024 >= unused,
         "The third number of /bin/free should be what is free in KiB.");
  end_child(m, process, hungry);
}

// ---- Part 2: tracing ----

// The pipe that the traced process writes its lines to.
struct Trace {
  std::uint64_t from = 0, to = 0;
};

Trace open_trace(Machine& m, Process& process) {
  const std::uint64_t ends = put_words(m, process, {0});
  m.call(process, call_pipe2, ends, 0);
  const std::uint64_t both = word_at(m, process, ends);
  const Trace trace{both & 0xffff'ffff, both >> 32};
  m.call(process, call_dup3, trace.to, trace_fd, 0);
  return trace;
}

// What was written since; the process that reads must not be traced. That a process makes way for
// another (sched_yield) is the grader's own doing.
std::string read_trace(Machine& m, Process& process, const Trace& trace) {
  m.call(process, call_write, trace.to, put_text(m, process, "\n#"), 2);
  std::string text;
  while (!text.ends_with("\n#")) {
    const std::uint64_t place = put_words(m, process, {0});
    const std::uint64_t size = m.call(process, call_read, trace.from, place, 512);
    if (failed(size) || size == 0) m.give_up("The pipe of a trace cannot be read.");
    text += text_at(m, process, place, size);
    if (text.size() > 60'000) m.give_up("A trace has no end.");
  }
  text.resize(text.size() - 2);
  std::string kept;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size() - 1) + 1;
    const std::string line = text.substr(at, end - at);
    if (line.find("sched_yield() = 0") == std::string::npos) kept += line;
    at = end;
  }
  return kept;
}

std::string shown(const std::string& text) { return text.empty() ? "no line" : "\n" + text; }

void expect_trace(const std::string& seen, const std::string& wanted, const std::string& what) {
  expect(seen == wanted,
         what + "\nExpected: " + shown(wanted) + "\nSeen: " + shown(seen.substr(0, 2000)));
}

void trace(Machine& m, Process& process, std::uint64_t mode) {
  const std::uint64_t result = m.call(process, call_trace, mode);
  if (failed(result)) m.give_up("trace fails with " + error_name(result) + ".");
  expect(result == 0, "trace should return 0, and returns " + std::to_string(result) + ".");
}

// A traced getpid is a line. Tests ask this that would be content with a kernel that traces
// nothing.
void expect_traced(Machine& m, Process& process, const Trace& pipe) {
  trace(m, process, trace_on);
  const std::uint64_t pid = m.call(process, call_getpid);
  trace(m, process, trace_off);
  expect_trace(read_trace(m, process, pipe), "getpid() = " + std::to_string(pid) + "\n",
               "getpid was traced.");
}

TEST_CASE("part 2, 7 points: a traced call becomes a line, and only while tracing is on",
          "[syscall][part2][alone]") {
  Machine m({"trace-line"});
  Process& process = m.first();
  const std::uint64_t fd = 40 + m.draw() % 900;
  const Trace pipe = open_trace(m, process);
  trace(m, process, trace_on);
  expect(m.call(process, call_getppid) == 0, "A traced getppid returns something else.");
  expect(m.call(process, call_close, fd) == minus(EBADF), "A traced close returns something else.");
  trace(m, process, trace_off);
  expect_trace(read_trace(m, process, pipe),
               "getppid() = 0\nclose(" + std::to_string(fd) + ") = -1 EBADF\n",
               "getppid and close were called between TINE_TRACE_ON and TINE_TRACE_OFF.");
  m.call(process, call_getpid);
  expect_trace(read_trace(m, process, pipe), "", "Tracing is off again.");
}

TEST_CASE("part 2, 5 points: what goes in is shown as it was before, what comes out as after",
          "[syscall][part2][alone]") {
  Machine m({"trace-moment"});
  Process& process = m.first();
  const Trace pipe = open_trace(m, process);
  const Trace other = open_trace(m, process);
  m.call(process, call_dup3, pipe.to, trace_fd, 0);
  const std::string text = "n" + std::to_string(m.draw() % 1'000'000);
  const std::string size = std::to_string(text.size());
  std::vector<std::uint64_t> words = {0, 0, 0, 0};
  std::memcpy(words.data(), "before", 6);
  std::memcpy(&words[2], text.data(), text.size());
  const std::uint64_t at = put_words(m, process, words);
  trace(m, process, trace_on);
  m.call(process, call_write, other.to, at + 16, text.size());
  m.call(process, call_read, other.from, at, 16);
  m.call(process, call_write, other.to, at + 16, 0);
  trace(m, process, trace_off);
  expect(text_at(m, process, at, text.size()) == text,
         "A traced read or write moves other bytes than an untraced one.");
  const std::string in = std::to_string(other.from), out = std::to_string(other.to);
  expect_trace(read_trace(m, process, pipe),
               "write(" + out + ", \"" + text + "\", " + size + ") = " + size + "\nread(" + in +
                   ", \"" + text + "\", 16) = " + size + "\nwrite(" + out + ", \"\", 0) = 0\n",
               "A text was written to a pipe and read back.");
}

TEST_CASE("part 2, 6 points: children are traced if that was asked for", "[syscall][part2]") {
  Machine m({"trace-children"});
  Process& process = m.first();
  const Trace pipe = open_trace(m, process);
  for (std::uint64_t mode : {trace_on, trace_children}) {
    const std::uint64_t fd = 300 + m.draw() % 600, code = m.draw() % 256;
    trace(m, process, mode);
    const Birth birth = fork_of(m, process);
    trace(m, process, trace_off);
    m.call(*birth.child, call_close, fd);
    m.exit(*birth.child, static_cast<int>(code));
    expect(wait_for(m, process, birth.pid) == code << 8,
           "A traced process's child does not come to its end.");
    const std::string seen = read_trace(m, process, pipe);
    const std::string close_line = "close(" + std::to_string(fd) + ") = -1 EBADF\n";
    const std::string exit_line = "exit_group(" + std::to_string(code) + ") = ?\n";
    const std::string child = "[pid " + std::to_string(birth.pid) + "] ";
    expect(seen.find("clone(") != std::string::npos,
           "The parent's own clone is missing in the trace. Seen:" + shown(seen));
    if (mode == trace_on) {
      expect(seen.find("close(") == std::string::npos,
             "With TINE_TRACE_ON the child's calls are shown, too. Seen:" + shown(seen));
      expect(seen.find("[pid") == std::string::npos,
             "With TINE_TRACE_ON lines have no [pid N] in front. Seen:" + shown(seen));
    } else {
      expect(seen.find(child + close_line) != std::string::npos,
             "With TINE_TRACE_CHILDREN the child's calls are missing, or do not begin with its "
             "[pid N]. Seen:" +
                 shown(seen));
      expect(seen.find(child + exit_line) != std::string::npos,
             "A call that never returns has a line, too, with the result `?`. Seen:" + shown(seen));
    }
  }
}

TEST_CASE("part 2, 4 points: bad modes, and nowhere to write to", "[syscall][part2][alone]") {
  Machine m({"trace-edges"});
  Process& process = m.first();
  expect(m.call(process, call_trace, trace_on) == minus(EBADF),
         "TINE_TRACE_FD is not open, and trace does not return EBADF.");
  const Trace pipe = open_trace(m, process);
  expect(m.call(process, call_trace, 3) == minus(EINVAL),
         "There is no mode 3, and trace does not return EINVAL.");
  expect(m.call(process, call_trace, -1) == minus(EINVAL),
         "There is no mode -1, and trace does not return EINVAL.");
  m.call(process, call_getpid);
  expect_trace(read_trace(m, process, pipe), "", "trace failed, so nothing should have changed.");
  trace(m, process, trace_on);
  m.call(process, call_trace, 7);
  m.call(process, call_getpid);
  trace(m, process, trace_off);
  expect_trace(read_trace(m, process, pipe), "getpid() = 1\n",
               "trace failed while tracing was on: it should stay on, and have no line itself.");
  m.call(process, call_close, trace_fd);
  trace(m, process, trace_off);
}

TEST_CASE("part 2, 3 points: a traced program does not notice", "[syscall][part2][alone]") {
  Machine m({"trace-harm"});
  Process& process = m.first();
  const std::uint64_t pid = m.call(process, call_getpid);
  expect_traced(m, process, open_trace(m, process));
  trace(m, process, trace_on);
  expect(m.call(process, call_getpid) == pid, "A traced getpid returns something else.");
  expect(m.call(process, 499) == minus(ENOSYS),
         "A traced call that does not exist should return ENOSYS.");
  m.call(process, call_close, trace_fd);
  expect(m.call(process, call_getpid) == pid,
         "The program has closed TINE_TRACE_FD, and its calls do not go on working.");
  const std::uint64_t fd =
      m.call(process, call_openat, -100, put_text(m, process, "/test/observer"), 0, 0);
  expect(!failed(fd), "A traced openat fails.");
  const std::uint64_t at = map_pages(m, process, 1);
  expect(m.call(process, call_read, fd, at, page) == page, "A traced read returns something else.");
  expect(text_at(m, process, at, 4) ==
             "\x7f"
             "ELF",
         "A traced read brings other bytes.");
  trace(m, process, trace_off);
}

TEST_CASE("part 2, 2 points: thousands of traced calls take no memory", "[syscall][part2]") {
  SmallMachine small("trace-leak", 1000);
  Machine& m = small.m;
  Process& process = m.first();
  expect_traced(m, process, open_trace(m, process));
  trace(m, process, trace_on);
  m.call(process, call_close, trace_fd);
  repeat(m, process, 20'000, call_getpid, 0);
  trace(m, process, trace_off);
  repeat(m, process, 20'000, call_trace, trace_off);
  end_child(m, process, fork_of(m, process));
  small.expect_eater();
}

TEST_CASE("part 2, 5 points: tracing goes on over exec, up to the end", "[syscall][part2]") {
  Machine m({"trace-exec"});
  Process& process = m.first();
  const Trace pipe = open_trace(m, process);
  const Birth birth = fork_of(m, process);
  Process& child = *birth.child;
  const std::string word = "w" + std::to_string(m.draw() % 100'000);
  std::vector<std::uint64_t> words(32);
  std::memcpy(&words[8], "/bin/nothing", 12);
  std::memcpy(&words[12], "/bin/echo", 9);
  std::memcpy(&words[16], word.data(), word.size());
  const std::uint64_t at = put_words(m, child, words);
  words[0] = at + 96, words[1] = at + 128;
  put_words(m, child, words);
  trace(m, child, trace_on);
  expect(m.call(child, call_execve, at + 64, at, at + 16) == minus(ENOENT),
         "A traced execve of a program that there is not should return ENOENT.");
  m.start_call(child, call_execve, at + 96, at, at + 16);
  m.forget(child);
  expect(wait_for(m, process, birth.pid) == 0, "A traced program does not come to its end.");
  const std::string seen = read_trace(m, process, pipe);
  auto has = [&](const std::string& text, const std::string& reason) {
    expect(seen.find(text) != std::string::npos, reason + " Seen:" + shown(seen));
  };
  has("execve(\"/bin/nothing\"", "A traced execve that fails has no line with its path.");
  has("= -1 ENOENT", "A traced execve that fails has no line with its error.");
  has("execve(\"/bin/echo\", [\"/bin/echo\", \"" + word + "\"]",
      "A traced execve that succeeds has no line with its arguments.");
  has("write(1, \"" + word + "\\n\", " + std::to_string(word.size() + 1) + ")",
      "What the new program writes is missing in the trace.");
  has("exit_group(0) = ?", "The new program's end is missing in the trace.");
}

// ---- Part 3: each student's own ----

constexpr std::size_t own_words = 8;

std::vector<std::uint64_t> own_call(Machine& m, Process& process) {
  const std::uint64_t at = put(m, process, m.draw_bytes(own_words * 8));
  const std::uint64_t result = m.call(process, task("number"), at);
  const std::string name = "The call " + std::to_string(task("number"));
  if (failed(result)) m.give_up(name + " fails with " + error_name(result) + ".");
  expect(result == 0, name + " should return 0, and returns " + std::to_string(result) + ".");
  std::vector<std::uint64_t> words(own_words);
  std::memcpy(words.data(), m.peek(process, at, own_words * 8).data(), own_words * 8);
  return words;
}

void expect_word(const std::vector<std::uint64_t>& words, const std::string& name,
                 std::uint64_t least, std::uint64_t most) {
  const std::uint64_t at = task(name), seen = words[at % own_words];
  expect(seen >= least && seen <= most, "Word " + std::to_string(at) + " should be the " + name +
                                            ", " + std::to_string(least) + ", and is " +
                                            std::to_string(seen) + ".");
}

TEST_CASE("part 3, 10 points: your own call fills its structure, and only that",
          "[syscall][part3]") {
  Machine m({"own-call"});
  Process& process = m.first();
  const std::vector<std::uint64_t> words = own_call(m, process);
  for (std::size_t i = 0; i < own_words; i++) {
    bool used = false;
    for (const char* name : {"pid", "parent", "memory", "uptime"}) used |= task(name) == i;
    expect(used || words[i] == 0, "Word " + std::to_string(i) + " should be 0.");
  }
  expect_word(words, "pid", 1, 1);
  const std::uint64_t at = map_pages(m, process, 2);
  m.touch(process, at, 2, 1);
  m.call(process, call_munmap, at + page, page);
  for (std::uint64_t bad : {0ul, at + page, at + page - 32, 0xffff'ffc0'8020'0000ul}) {
    expect(m.call(process, task("number"), bad) == minus(EFAULT),
           "With a bad pointer your call should return EFAULT.");
  }
}

TEST_CASE("part 3, 10 points: your own call knows the caller and its parent", "[syscall][part3]") {
  Machine m({"own-pids"});
  Process& process = m.first();
  const Birth first = fork_of(m, process), second = fork_of(m, *first.child);
  const Birth third = fork_of(m, *second.child);
  const std::vector<std::uint64_t> words = own_call(m, *third.child);
  expect_word(words, "pid", third.pid, third.pid);
  expect_word(words, "parent", second.pid, second.pid);
  expect_word(own_call(m, *first.child), "parent", 1, 1);
  end_child(m, *second.child, third);
  end_child(m, *first.child, second);
  end_child(m, process, first);
}

TEST_CASE("part 3, 10 points: your own call knows the machine's memory and time",
          "[syscall][part3]") {
  for (const char* memory : {"64M", "96M"}) {
    Machine m({std::string("own-machine-") + memory, 100, 1, memory});
    Process& process = m.first();
    m.call(process, call_nanosleep, put_words(m, process, {1 + m.draw() % 5, 0}), 0);
    const std::uint64_t seconds = m.time() / 10'000'000;
    const std::vector<std::uint64_t> words = own_call(m, process);
    expect_word(words, "memory", m.machine_memory() / 1024 * 4 / 5, m.machine_memory() / 1024);
    expect_word(words, "uptime", seconds, seconds + 1);
  }
}

}  // namespace
}  // namespace test
