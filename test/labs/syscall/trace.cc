// The grader of the lab `syscall`, part 2: tracing. A test's name says its part and its
// points; [alone]: no other process is needed for it.
#include <cerrno>
#include <cstring>
#include <string>

#include "catch.hh"
#include "labs/steps.hh"

namespace test {
namespace {

constexpr std::uint64_t trace_off = 0, trace_on = 1, trace_children = 2, trace_fd = 31;

// ---- Part 2: tracing ----

// The pipe that the traced process writes its lines to, as its descriptor trace_fd.
Pipe open_trace(Machine& m, Process& process) {
  const Pipe trace = make_pipe(m, process);
  m.call(process, call_dup3, trace.to, trace_fd, 0);
  return trace;
}

// What was written since; the process that reads must not be traced. That a process makes way for
// another (sched_yield) is the grader's own doing.
std::string read_trace(Machine& m, Process& process, const Pipe& trace) {
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
void expect_traced(Machine& m, Process& process, const Pipe& pipe) {
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
  const Pipe pipe = open_trace(m, process);
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
  const Pipe pipe = open_trace(m, process);
  const Pipe other = open_trace(m, process);
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
  const Pipe pipe = open_trace(m, process);
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
  const Pipe pipe = open_trace(m, process);
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

// ---- Programs with other rights ----

// How a program is made: its owner and mode. /bin/args is also an app, which exec and execv know.
constexpr std::uint64_t app = 3;

struct Rights {
  std::uint64_t user;   // that the traced process has
  std::uint64_t owner;  // of the program's file
  std::uint64_t mode;
  bool traced;  // after exec
};

void check_exec(Machine& m, Process& root, const Pipe& pipe, const Rights& rights,
                std::uint64_t call) {
  const std::uint64_t path = put_text(m, root, "/bin/args");
  m.call(root, call_fchownat, -100, path, rights.owner, 0, 0);
  m.call(root, call_fchmodat, -100, path, rights.mode);
  const Birth birth = fork_of(m, root);
  Process& child = *birth.child;
  m.call(child, call_setresgid, rights.user, rights.user, rights.user);
  m.call(child, call_setresuid, rights.user, rights.user, rights.user);
  std::vector<std::uint64_t> words(8);
  std::memcpy(&words[4], "/bin/args", 10);
  const std::uint64_t at = put_words(m, child, words);
  trace(m, child, trace_on);
  if (call == call_execve)
    m.start_call(child, call, at + 32, at, at);
  else
    m.start_call(child, call, app, at);
  m.forget(child);
  wait_for(m, root, birth.pid);
  const std::string seen = read_trace(m, root, pipe);
  expect(
      (seen.find("exit_group(") != std::string::npos) == rights.traced,
      rights.traced
          ? "After exec of a program with the same rights tracing should go on. Seen:" + shown(seen)
          : "A program that got other rights from its file (S_ISUID, S_ISGID) may not "
            "be traced by the one who ran it. Seen:" +
                shown(seen));
}

// A process may take rights that it has itself, and stays traced.
void check_own_rights(Machine& m, Process& root, const Pipe& pipe) {
  const Birth birth = fork_of(m, root);
  Process& child = *birth.child;
  m.call(child, call_setresuid, 1000, 1000, 0);
  trace(m, child, trace_on);
  m.call(child, call_setresuid, -1, 0, -1);
  m.call(child, call_getpid);
  trace(m, child, trace_off);
  expect(read_trace(m, root, pipe).find("getpid()") != std::string::npos,
         "A traced process takes back a user that it had, and is not traced any more.");
  end_child(m, root, birth);
}

void check_rights() {
  Machine m({"trace-rights", 200});
  Process& root = m.first();
  const Pipe pipe = open_trace(m, root);
  for (std::uint64_t call : {call_execve, call_exec, call_execv}) {
    check_exec(m, root, pipe, {1000, 0, 0755, true}, call);
    check_exec(m, root, pipe, {1000, 0, 04755, false}, call);
  }
  check_exec(m, root, pipe, {1000, 0, 02755, false}, call_execve);
  check_exec(m, root, pipe, {0, 1000, 04755, true}, call_execve);
  check_own_rights(m, root, pipe);
}

TEST_CASE("part 2, 5 points: tracing goes on over exec, up to the end", "[syscall][part2]") {
  Machine m({"trace-exec"});
  Process& process = m.first();
  const Pipe pipe = open_trace(m, process);
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
  check_rights();
}

}  // namespace
}  // namespace test
