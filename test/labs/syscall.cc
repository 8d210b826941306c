// The grader of the lab `syscall` (docs/labs/syscall.md). A test's name says its part and its
// points; [alone]: no other process is needed for it.
#include <cerrno>
#include <string>

#include "catch.hh"
#include "labs/lab.hh"

namespace test {
namespace {

constexpr std::uint64_t minus_one = ~0ul;

Observed syscall_case(const char* name, const std::string& more = {}) {
  Observed seen({"lab_syscall", name, 100, more});
  seen.check(seen.count("fork-errno") == 0, "fork fails, which is not this lab's");
  return seen;
}

std::uint64_t hash_of_text(const std::string& text) {
  std::uint64_t hash = 0;
  for (unsigned char c : text) hash = lab_hash(hash, c);
  return hash;
}

void expect_trace(const Observed& seen, const char* key, const std::string& wanted,
                  const std::string& what) {
  seen.expect(key, hash_of_text(wanted),
              what + (wanted.empty() ? "\nexpected: no line" : "\nexpected:\n" + wanted) +
                  "\nseen:\n" + seen.said(std::string(key) + ": "));
}

std::string named(std::uint64_t error) {
  if (error == ENOSYS) return "ENOSYS: the kernel knows no such number";
  return "errno " + std::to_string(error);
}

// ---- Part 1: a new call ----

TEST_CASE("part 1, 10 points: the call 179 exists and fills the structure",
          "[syscall][part1][alone]") {
  const Observed seen = syscall_case("number");
  const std::uint64_t result = seen.value("result");
  seen.check(result == 0,
             "it should answer 0, and answers " +
                 (result > minus_one - 4096 ? named(-result) : std::to_string(result)));
  seen.expect("touched", 1, "it answers 0, but has written nothing");
  seen.expect("swap", 0, "there is no swap and no high memory: those are 0");
  seen.expect_end();
}

TEST_CASE("part 1, 12 points: what it tells is true", "[syscall][part1][alone]") {
  const Observed seen = syscall_case("values");
  seen.expect("total", 0, "totalram times mem_unit is not the machine's memory (memory_info)");
  seen.expect("free", 0, "freeram times mem_unit is not what is free (memory_info, meminfo)");
  seen.expect("shared", 0, "sharedram times mem_unit is not the pages of files (memory_info)");
  seen.expect("threads", 0, "procs is not the number of threads (memory_info)");
  seen.expect("free-later", 0, "after more memory was used, freeram is not what is free");
  seen.expect("fell", 1, "more memory was used, and freeram did not fall by as much");
  seen.expect("uptime", 0, "uptime is not the seconds since the machine started");
  seen.expect_end();
}

TEST_CASE("part 1, 8 points: a bad pointer is EFAULT and harms nobody", "[syscall][part1][alone]") {
  const Observed seen = syscall_case("pointers");
  seen.expect("null", EFAULT, "a null pointer: expected EFAULT");
  seen.expect("unmapped", EFAULT, "a pointer to where nothing is mapped: expected EFAULT");
  seen.expect("half", EFAULT, "the structure's second half is not mapped: expected EFAULT");
  seen.expect("kernel", EFAULT, "a pointer into the kernel: expected EFAULT");
  seen.expect("wraps", EFAULT, "a structure that wraps around the end of memory: expected EFAULT");
  seen.expect("sealed", EFAULT, "a page that may only be read: expected EFAULT");
  seen.expect("across", 0, "a structure across two pages is fine");
  seen.expect("across-unit", 1, "a structure across two pages: its end was not written");
  seen.expect_end();
}

TEST_CASE("part 1, 7 points: the library has the function sysinfo", "[syscall][part1][alone]") {
  const Observed seen = syscall_case("stub");
  seen.expect("linked", 1, "libtine has no function sysinfo");
  seen.expect("result", 0, "sysinfo(&info) should answer 0");
  seen.expect("filled", 1, "sysinfo(&info) did not fill the structure: which number is called?");
  seen.expect("refused", minus_one, "a bad pointer: the function should answer -1");
  seen.expect("errno", EFAULT, "a bad pointer: the function should set errno to EFAULT");
  seen.expect_end();
}

TEST_CASE("part 1, 8 points: the program free", "[syscall][part1]") {
  const Observed seen = syscall_case("program");
  seen.expect("status", 0, "/bin/free should end with status 0");
  seen.expect("numbers", 3, "/bin/free should print total, used and free, in KiB");
  seen.expect("total", 0, "the first number should be the machine's memory in KiB");
  seen.expect("sum", 0, "used and free should add up to the total");
  seen.expect("free", 1, "the third number should be what is free in KiB");
  seen.expect_end();
}

// ---- Part 2: tracing ----

TEST_CASE("part 2, 10 points: a traced call becomes a line, and only while tracing is on",
          "[syscall][part2][alone]") {
  const Observed seen = syscall_case("line");
  seen.expect("on", 0, "trace(TINE_TRACE_ON) should answer 0");
  seen.expect("off", 0, "trace(TINE_TRACE_OFF) should answer 0");
  seen.expect("ppid", 0, "a traced getppid answers something else than an untraced one");
  const std::string fd = std::to_string(40 + seen.number(1) % 900);
  expect_trace(seen, "trace", "getppid() = 0\nclose(" + fd + ") = -1 EBADF\n",
               "getppid and close were made between TINE_TRACE_ON and TINE_TRACE_OFF");
  expect_trace(seen, "after-off", "", "tracing is off again");
  seen.expect_end();
}

TEST_CASE("part 2, 8 points: what goes in is shown as it was before, what comes out as after",
          "[syscall][part2][alone]") {
  const Observed seen = syscall_case("moment");
  seen.expect("same", 1, "a traced read or write moves other bytes than an untraced one");
  const std::string text = "n" + std::to_string(seen.number(1) % 1000000);
  const std::string size = std::to_string(text.size());
  // The trace's pipe has 3 and 4; this one 5 and 6.
  expect_trace(seen, "trace",
               "write(6, \"" + text + "\", " + size + ") = " + size + "\nread(5, \"" + text +
                   "\", 16) = " + size + "\nwrite(6, \"\", 0) = 0\n",
               "a text was written to a pipe and read back");
  seen.expect_end();
}

TEST_CASE("part 2, 9 points: children are traced if that was asked for", "[syscall][part2]") {
  const Observed seen = syscall_case("children");
  seen.expect("status", 3ul << 8, "a child of a traced process did not come to its end");
  seen.expect("clone", 1, "the parent's own clone is missing in the trace");
  seen.expect("alone-close", 0, "TINE_TRACE_ON: the child's calls are shown, too");
  seen.expect("children-close", 1, "TINE_TRACE_CHILDREN: the child's calls are missing");
  seen.expect("children-exit", 1, "a call that never returns has a line, too: its result is ?");
  seen.expect("alone-pid", 0, "TINE_TRACE_ON: lines have no [pid N] in front");
  seen.expect("children-pid", 1, "TINE_TRACE_CHILDREN: lines begin with [pid N]");
  seen.expect_end();
}

TEST_CASE("part 2, 6 points: bad modes, and nowhere to write to", "[syscall][part2][alone]") {
  const Observed seen = syscall_case("edges");
  seen.expect("no-fd", minus_one, "TINE_TRACE_FD is not open: trace should fail");
  seen.expect("no-fd-errno", EBADF, "TINE_TRACE_FD is not open: expected EBADF");
  seen.expect("mode-3", minus_one, "there is no mode 3: trace should fail");
  seen.expect("mode-3-errno", EINVAL, "there is no mode 3: expected EINVAL");
  seen.expect("mode-minus", minus_one, "there is no mode -1: trace should fail");
  expect_trace(seen, "still-off", "", "trace failed: nothing should have changed");
  expect_trace(seen, "still-on", "getpid() = 1\n",
               "trace failed while tracing was on: it should stay on, and have no line itself");
  seen.expect("off-without-fd", 0, "switching off needs no descriptor");
  seen.expect_end();
}

TEST_CASE("part 2, 5 points: a traced program does not notice", "[syscall][part2][alone]") {
  const Observed seen = syscall_case("harm");
  seen.expect("on", 0, "trace(TINE_TRACE_ON) should answer 0");
  seen.expect("pid", 1, "a traced getpid answers something else");
  seen.expect("none", std::uint64_t(-ENOSYS), "a traced call that does not exist: expected ENOSYS");
  seen.expect("pid-later", 1, "the program has closed TINE_TRACE_FD: its calls go on working");
  seen.check(seen.value("read") > 1000 && seen.value("read") <= 4096, "a traced read is wrong");
  seen.expect("elf", 1, "a traced read brought other bytes");
  seen.expect_end();
}

TEST_CASE("part 2, 7 points: tracing goes on over exec, up to the end", "[syscall][part2]") {
  const Observed seen = syscall_case("exec");
  seen.expect("status", 0, "the traced program did not come to its end");
  seen.expect("failed", 1, "an execve that fails: path or ENOENT is missing in the trace");
  seen.expect("became", 1, "an execve that succeeds: its arguments are missing in the trace");
  seen.expect("write", 1, "what the new program writes is missing in the trace");
  seen.expect("exit", 1, "the new program's exit is missing in the trace");
  seen.expect_end();
}

// ---- Part 3: each student's own ----

constexpr const char* call_names[] = {"getpid", "getppid", "gettid", "sched_yield"};

TEST_CASE("part 3, 10 points: your own number, measured", "[syscall][part3]") {
  const unsigned which = variant(4);
  const std::string answer = student("trace_cost");
  const Observed seen = syscall_case("measure", std::to_string(which));
  seen.check(!student("id").empty(), "the file STUDENT has no line `id = ...`");
  const double measured = double(seen.value("instructions"));
  seen.check(measured > 100 && measured < 1e6,
             "nothing is traced yet: there is nothing to measure");
  seen.check(!answer.empty(),
             std::string("no line `trace_cost = ...` in the file STUDENT: how many "
                         "instructions more does a traced ") +
                 call_names[which] + " take?");
  const double said = std::atof(answer.c_str());
  seen.check(said > 0.9 * measured && said < 1.1 * measured,
             std::string("the number in STUDENT is not what tracing ") + call_names[which] +
                 " costs on your kernel (10% to either side would do)");
  seen.expect_end();
}

TEST_CASE("the answer of part 3", "[.answer-syscall]") {
  const Observed seen = syscall_case("measure", std::to_string(variant(4)));
  WARN("trace_cost = " << seen.value("instructions"));
}

TEST_CASE("the machine boots without sysinfo", "[.boot-syscall]") {
  const Observed seen({"lab_syscall", "boot", 50});
  seen.expect("sysinfo", ENOSYS, "the first process did not run, or sysinfo is there");
  seen.expect_end();
}

}  // namespace
}  // namespace test
