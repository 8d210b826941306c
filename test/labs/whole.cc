// The last part of each lab: the whole system on the student's kernel. The programs that students
// have for `make run-all`, and a user at the shell. What they say is what the kernel lets them say,
// so this part counts only when part 1 has all its points (tools/grade).
#include <filesystem>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "catch.hh"
#include "guest/guest.hh"
#include "labs/observer.hh"

namespace test {
namespace {

Options whole_system(const std::string& log) {
  Options options;
  options.log = "whole-" + log;
  options.smp = 1;
  options.cpu_seconds = 60;  // all programs together take less than 30
  options.quiet_seconds = 10;
  return options;
}

std::string first_lines(const std::string& text, std::size_t lines) {
  std::size_t end = 0;
  for (; lines > 0 && end != std::string::npos; lines--) end = text.find('\n', end + 1);
  return text.substr(0, end);
}

void run_programs(const std::string& log, const std::string& programs) {
  Options options = whole_system(log);
  options.initrd = setting("TINE_TEST_INITRD", "build/release/test.cpio");
  options.init_args = "/test/all " + programs;
  try {
    Guest guest(options);
    const Tap tap = guest.finish_tap();
    if (tap.failed > 0) {
      lose(std::to_string(tap.failed) + " of " + std::to_string(tap.passed + tap.failed) +
           " cases fail (make run-all):\n" + first_lines(tap.failures, 8));
    }
    SUCCEED();
  } catch (const Failed& failed) {
    lose("The programs of make run-all do not come to their end: " +
         std::string(failed.what()).substr(0, 4000));
  }
}

// The programs of the core that there are of these, and those of wings whose names begin so.
std::string programs(const std::string& core, const std::vector<std::string>& beginnings) {
  const std::filesystem::path folder = "test/guest/bin";
  std::istringstream words(core);
  std::string all;
  for (std::string word; words >> word;) {
    if (std::filesystem::exists(folder / (word.substr(0, word.find('=')) + ".c")))
      all += word + " ";
  }
  std::set<std::string> wings;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().stem();
    for (const std::string& beginning : beginnings) {
      if (name.starts_with(beginning)) wings.insert(name);
    }
  }
  for (const std::string& name : wings) all += name + " ";
  return all;
}

TEST_CASE("part 4, 4 points: programs about processes and signals",
          "[fork][syscall][mmap][signals][sched][exec][traps][pagetable][boot][locks][part4]") {
  run_programs(
      "processes",
      programs("test_getpid test_fork test_fork_wait_cycle test_fork_return_value "
               "test_exec_hello test_fork_exec_wait process fork_more vfork shared_space "
               "registers wait_kill sched signals signals_told sigreturn interrupted",
               {"wing-rtsignals", "wing-trace", "wing-linux-futex", "wing-linux-inherit"}));
}

TEST_CASE("part 4, 4 points: programs about memory",
          "[fork][syscall][mmap][signals][sched][exec][traps][pagetable][boot][locks][part4]") {
  run_programs("memory", programs("cow memory badargs badptr exhaust faults oom oom_calls "
                                  "stress=1000",
                                  {"wing-mmap", "wing-oom", "wing-linux-limits"}));
}

TEST_CASE("part 4, 3 points: programs about files",
          "[fork][syscall][mmap][signals][sched][exec][traps][pagetable][boot][locks][part4]") {
  run_programs("files", programs("files directories directory_races pipes paths names descriptors "
                                 "exec_files busy_files library",
                                 {"wing-locks", "wing-tty", "wing-linux-files", "wing-linux-nodes",
                                  "wing-linux-storage", "wing-linux-statx", "wing-linux-poll"}));
}

TEST_CASE("part 4, 3 points: programs about users, and what wings tell",
          "[fork][syscall][mmap][signals][sched][exec][traps][pagetable][boot][locks][part4]") {
  run_programs("users", programs("", {"wing-linux-credentials", "wing-linux-permissions",
                                      "wing-linux-rights", "wing-linux-set-id", "wing-linux-small",
                                      "wing-linux-devices", "wing-linux-script", "wing-procfs",
                                      "wing-dmesg", "wing-random"}));
}

// ---- A user at the shell ----

// Types a line at the user's shell; what comes must be exactly that.
void expect_output(Guest& guest, const std::string& line, const std::string& wanted) {
  const std::string seen = guest.run(line);
  if (seen != wanted)
    lose("At a user's shell, the line `" + line + "` prints\n" + seen + "instead of\n" + wanted);
  SUCCEED();
}

void expect_within(Guest& guest, const std::string& line, const std::string& wanted) {
  const std::string seen = guest.run(line);
  if (seen.find(wanted) == std::string::npos)
    lose("At a user's shell, the line `" + line + "` prints\n" + seen + "without " + wanted);
  SUCCEED();
}

TEST_CASE("part 4, 4 points: a session at the shell as an ordinary user",
          "[fork][syscall][mmap][signals][sched][exec][traps][pagetable][boot][locks][part4]") {
  Options options = whole_system("session");
  options.init_args = "/test/lab_user";
  std::random_device device;
  const std::string word = "w" + std::to_string(device() % 100000);
  try {
    Guest guest(options);
    guest.expect(prompt);
    expect_output(guest, "pwd", "/home/student\n");
    expect_output(guest, "echo " + word + " > a; echo two >> a; cat a", word + "\ntwo\n");
    expect_output(guest, "cat a | grep " + word + " | tee b", word + "\n");
    expect_within(guest, "ls -l b", "1000 1000");
    expect_output(guest, "mkdir d; cd d; pwd; cd ..", "/home/student/d\n");
    expect_within(guest, "echo x > /etc/passwd", "Permission denied");
    expect_within(guest, "rm /etc/passwd", "Permission denied");
    expect_within(guest, "kill 1", "Operation not permitted");
    expect_output(guest, "false || echo no; true && echo yes", "no\nyes\n");
    guest.run("sleep 100 &");
    expect_within(guest, "kill $!; wait", "SIGTERM");
    expect_within(guest, "fork_test", "PASS");
    expect_within(guest, "cow_test", "PASS");
    expect_within(guest, "crash", "crash: PASS");
    expect_within(guest, "strace true", "exit_group(0) = ?");
    expect_output(guest, "rm a b; rmdir d; ls", "");
    guest.send("exit\r");
    guest.wait_exit();
  } catch (const Failed& failed) {
    lose("A user's session at the shell does not come to its end: " +
         std::string(failed.what()).substr(0, 4000));
  }
}

}  // namespace
}  // namespace test
