#include "guest/guest.hh"

#include "guest/debugger.hh"
#include "guest/machine.hh"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace test {

namespace {

constexpr double idle_share = 0.05;  // "sleeping": less CPU time than this share of the window
constexpr std::size_t tail_length = 3000;  // characters of the log that a failure shows

double now() {
  using namespace std::chrono;
  return duration<double>(steady_clock::now().time_since_epoch()).count();
}

struct Usage {
  double cpu = 0;      // seconds run
  double delayed = 0;  // seconds ready to run, but kept waiting by the host
  bool known = false;
};

// Of all threads of a process (proc(5): schedstat is "ns run, ns waiting for a CPU, slices").
Usage usage(pid_t pid) {
  Usage total;
  std::error_code error;
  for (const auto& entry :
       std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task", error)) {
    std::ifstream file(entry.path() / "schedstat");
    double run = 0, delayed = 0;
    if (file >> run >> delayed) {
      total.cpu += run / 1e9;
      total.delayed += delayed / 1e9;
      total.known = true;
    }
  }
  return total;
}

// Notes for the one who adds up the results (test/tools/run-tests): lines "WORD COUNT".
void note(const std::string& word, int count) {
  const std::string path = setting("TINE_RESULTS", "");
  if (!path.empty()) std::ofstream(path, std::ios::app) << word << ' ' << count << '\n';
}

}  // namespace

Guest::Guest(const Options& options) : options_(options) {
  const std::string folder = setting("TINE_LOGS", "build/logs");
  std::filesystem::create_directories(folder);
  log_path_ = folder + "/" + options_.log + ".log";
  log_ = std::fopen(log_path_.c_str(), "w");
  if (!log_) throw NotJudged("cannot write " + log_path_ + ": " + std::strerror(errno));

  scratch_ = scratch_for(options_.log);
  const std::vector<std::string> line = command_line(options_, scratch_);
  int to_guest[2], from_guest[2];
  if (pipe2(to_guest, O_CLOEXEC) || pipe2(from_guest, O_CLOEXEC))
    throw NotJudged("no pipe for QEMU");
  pid_ = start_machine(line, to_guest[0], from_guest[1]);
  close(to_guest[0]);
  close(from_guest[1]);
  input_ = to_guest[1];
  output_ = from_guest[0];
  signal(SIGPIPE, SIG_IGN);
}

Guest::~Guest() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  if (input_ >= 0) close(input_);
  if (output_ >= 0) close(output_);
  if (log_) std::fclose(log_);
  for (const char* end : {".gdb", ".dtb"}) unlink((scratch_ + end).c_str());
}

void Guest::fail(const std::string& what) const {
  // Of the log, its end; without the firmware's page.
  std::size_t from = console_.rfind("Boot HART MEDELEG");
  from = from == std::string::npos ? 0 : console_.find('\n', from);
  if (console_.size() - from > tail_length) from = console_.size() - tail_length;
  std::string tail = console_.substr(from);
  std::erase(tail, '\r');
  throw Failed(what + "\n(the whole log: " + log_path_ + "; its end:)\n" + tail);
}

void Guest::give_up(const std::string& what) const {
  fail(what + "\n" + where_harts_are(debugger_path(), hart_ids(options_)));
}

bool Guest::pump(int milliseconds) {
  pollfd poll_output = {output_, POLLIN, 0};
  if (!open_ || poll(&poll_output, 1, milliseconds) <= 0) return open_;
  char buffer[65536];
  const ssize_t size = read(output_, buffer, sizeof buffer);
  if (size <= 0) {
    open_ = false;
    return false;
  }
  std::fwrite(buffer, 1, static_cast<std::size_t>(size), log_);
  std::fflush(log_);
  console_.append(buffer, static_cast<std::size_t>(size));
  check_panic();
  return true;
}

void Guest::check_panic() {
  const std::size_t at = console_.find("Tine: panic");
  if (at == std::string::npos) return;
  // Let the backtrace come out: until the machine ends, or is silent for two seconds.
  char buffer[65536];
  for (pollfd ready = {output_, POLLIN, 0}; poll(&ready, 1, 2000) > 0;) {
    const ssize_t size = read(output_, buffer, sizeof buffer);
    if (size <= 0) break;
    std::fwrite(buffer, 1, static_cast<std::size_t>(size), log_);
    console_.append(buffer, static_cast<std::size_t>(size));
  }
  open_ = false;
  fail("the kernel panicked");
}

template <typename Done>
void Guest::wait(const std::string& what, Done done) {
  const double start = now();
  const Usage before = usage(pid_);
  double window_start = start;
  Usage window = before;
  std::size_t printed = console_.size();
  while (!done()) {
    if (!pump(100)) {
      // The last words of test/labs/limit.c.
      if (console_.find("[instruction limit]") != std::string::npos)
        fail("the guest has executed " + std::to_string(options_.instructions / 1'000'000) +
             " million instructions, and still no " + what);
      if (console_.find("[all harts sleep]") != std::string::npos)
        fail("all harts sleep, and nothing comes: no " + what);
      if (done()) return;
      fail("the machine ended while waiting for " + what);
    }
    const Usage current = usage(pid_);
    if (!options_.instructions && current.cpu - before.cpu > options_.cpu_seconds) {
      give_up("QEMU has run for " + std::to_string(static_cast<int>(options_.cpu_seconds)) +
              " s of CPU time, and still no " + what);
    }
    if (console_.size() != printed) {
      printed = console_.size();
      window = current;
      window_start = now();
    }
    const double waited = now() - window_start;
    if (current.known && waited > options_.quiet_seconds) {
      const bool asleep = current.cpu - window.cpu < idle_share * waited;
      const bool starved = current.delayed - window.delayed > idle_share * waited;
      if (asleep && !starved) give_up("all harts sleep, and nothing comes: no " + what);
      window = current;
      window_start = now();
    }
    if (now() - start > options_.host_seconds) {
      note("unjudged", 1);
      throw NotJudged("could not judge: the host was too slow while waiting for " + what +
                      " (log: " + log_path_ + ")");
    }
  }
}

std::string Guest::expect(std::string_view text) {
  std::size_t at = std::string::npos;
  wait("\"" + std::string(text) + "\"", [&] {
    at = console_.find(text, cursor_);
    return at != std::string::npos;
  });
  const std::size_t from = cursor_;
  cursor_ = at + text.size();
  return console_.substr(from, cursor_ - from);
}

void Guest::send(std::string_view keys) {
  while (!keys.empty()) {
    // The UART's FIFO holds 16 characters: no more at a time than it can, and the guest's echo is
    // read meanwhile.
    const ssize_t size = write(input_, keys.data(), std::min<std::size_t>(keys.size(), 16));
    if (size < 0) fail("the machine ended while it was typed to");
    keys.remove_prefix(static_cast<std::size_t>(size));
    pump(keys.empty() ? 0 : 10);
  }
}

void Guest::paste(std::string_view keys) {
  while (!keys.empty()) {
    const ssize_t size = write(input_, keys.data(), keys.size());
    if (size < 0) fail("the machine ended while it was typed to");
    keys.remove_prefix(static_cast<std::size_t>(size));
  }
}

std::string Guest::run(std::string_view command) {
  send(std::string(command) + "\r");
  expect("\n");  // the end of the echoed line
  std::string output = expect(prompt);
  output.resize(output.size() - prompt.size());
  std::erase(output, '\r');
  return output;
}

bool Guest::ended_by_limit() const {
  return options_.instructions && (console_.find("[instruction limit]") != std::string::npos ||
                                   console_.find("[all harts sleep]") != std::string::npos);
}

int Guest::wait_exit() {
  wait("the end of the machine", [&] { return !open_ && !ended_by_limit(); });
  return reaped_status();
}

int Guest::reaped_status() {
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

double Guest::cpu_time() const { return usage(pid_).cpu; }

Tap Guest::finish_tap() {
  const int status = wait_exit();
  std::string problem;
  Tap tap = parse_tap(console_, problem);
  note("passed", tap.passed);
  note("failed", tap.failed);
  if (!problem.empty()) fail(problem);
  if (tap.passed + tap.failed == 0) fail("not one TAP line: nothing was tested");
  if (status != 0 && tap.failed == 0)
    fail("every line was ok, but the machine's exit status is " + std::to_string(status));
  if (status == 0 && tap.failed != 0) fail("exit status 0, in spite of:\n" + tap.failures);
  return tap;
}

// TAP: a plan "1..N", then "ok K - name" or "not ok K - name # why"; programs are told apart by "#
// program NAME". `problem` stays empty if every plan was kept.
Tap parse_tap(const std::string& console, std::string& problem) {
  Tap tap;
  std::string program = "the program";
  int planned = -1, seen = 0;
  auto end_program = [&] {
    if (planned >= 0 && seen != planned) {
      problem += program + " promised " + std::to_string(planned) + " cases and reported " +
                 std::to_string(seen) + "\n";
    }
    if (planned < 0 && seen > 0) problem += program + " reported cases without a plan (1..N)\n";
    planned = -1;
    seen = 0;
  };
  std::istringstream lines(console);
  for (std::string line; std::getline(lines, line);) {
    while (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.starts_with("# program ")) {
      end_program();
      program = line.substr(10);
    } else if (line.starts_with("1..") && line.size() > 3 &&
               std::isdigit(static_cast<unsigned char>(line[3]))) {
      if (planned >= 0) end_program();
      planned = std::atoi(line.c_str() + 3);
    } else if (line.starts_with("ok ")) {
      ++tap.passed;
      ++seen;
    } else if (line.starts_with("not ok ")) {
      ++tap.failed;
      ++seen;
      tap.failures += program + ": " + line + "\n";
    } else if (line.starts_with("Bail out!")) {
      problem += program + ": " + line + "\n";
    }
  }
  end_program();
  return tap;
}

}  // namespace test
