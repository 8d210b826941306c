// Programs that nobody here has built: Debian's busybox with a long script, and a static program of
// the C++ library's. What they print has to be, byte for byte, what they print on Linux.
#include "catch.hh"
#include "guest/guest.hh"

#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

namespace test {
namespace {

const std::string sources = "test/guest/foreign/";

std::string contents(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

bool exists(const std::string& path) { return access(path.c_str(), R_OK) == 0; }

// Runs a command of the guest's; answers what it printed between the two marks of the run scripts.
std::string run_in_guest(const std::string& log, int smp, const std::string& command) {
  Options options;
  options.log = log;
  options.smp = smp;
  options.initrd = setting("TINE_FOREIGN", "build/release/foreign.cpio");
  options.init_args = command;
  options.cpu_seconds = 300;
  options.quiet_seconds = 30;
  Guest guest(options);
  guest.expect("==== begin\r\n");
  const std::string end = "\n==== end\r\n";
  std::string output = guest.expect(end);
  output.resize(output.size() - end.size() + 1);
  guest.wait_exit();
  std::erase(output, '\r');
  return output;
}

// "" if they are equal; else the first line that is not.
std::string difference(const std::string& got, const std::string& expected) {
  std::istringstream a(got), b(expected);
  std::string line, wanted, part;
  for (int number = 1;; number++) {
    const bool more = bool(std::getline(a, line)), more_wanted = bool(std::getline(b, wanted));
    if (!more && !more_wanted) return got == expected ? "" : "the last line's end";
    if (more != more_wanted || line != wanted) {
      return "line " + std::to_string(number) + " (below \"" + part + "\"): expected \"" +
             (more_wanted ? wanted : "<end>") + "\", got \"" + (more ? line : "<end>") + "\"";
    }
    if (line.starts_with("====")) part = line;
  }
}

// A comment line says with which binary a file was made.
std::string without_first_line(const std::string& text) { return text.substr(text.find('\n') + 1); }

// busybox 1.37.0-6 says "sh: nope: is missing" where later packages say "sh: line 0: nope: ...".
std::string without_line_numbers(std::string text) {
  const std::string later = "sh: line 0: ", earlier = "sh: ";
  for (std::size_t at; (at = text.find(later)) != text.npos;) {
    text.replace(at, later.size(), earlier);
  }
  return text;
}

}  // namespace

TEST_CASE("Debian's busybox prints what it prints on Linux", "[busybox][wing-linux][wing-procfs]") {
  const std::string busybox = "build/userland/bin/busybox";
  if (!exists(busybox)) {
    WARN("skipped: this machine cannot have Debian's busybox (test/tools/fetch-busybox says why)");
    return;
  }
  const std::string expected = contents(sources + "busybox.expected");
  const bool same_binary =
      expected.find(output_of("sha256sum < " + busybox).substr(0, 64)) < expected.find('\n');
  for (int harts : {1, 4}) {
    DYNAMIC_SECTION(harts << " harts") {
      const std::string got = run_in_guest("busybox-" + std::to_string(harts), harts,
                                           "/bin/busybox sh /foreign/start-busybox.sh");
      const std::string differs =
          difference(without_line_numbers(got), without_line_numbers(without_first_line(expected)));
      if (!same_binary && !differs.empty()) {
        WARN(
            "skipped: this busybox is not the one of busybox.expected (`make busybox-expected` as "
            "root makes that anew): "
            << differs);
        return;
      }
      INFO("what it printed: build/logs/busybox-" << harts << ".log");
      CHECK(differs == "");
    }
  }
}

TEST_CASE("Debian's su makes another user of a shell", "[busybox][wing-linux][wing-procfs]") {
  if (!exists("build/userland/bin/busybox")) return;
  CHECK(run_in_guest("su", 2, "/bin/busybox sh /foreign/start-su.sh") ==
        "uid=0(root) gid=0(root)\n"
        "uid=1000(student) gid=1000(student) groups=1000(student)\n"
        "student\n"
        "cat: can't open '/root-only': Permission denied\n"
        "/tmp/as-student.sh: line 5: can't create /note: Permission denied\n"
        "sh: can't kill pid 1: Operation not permitted\n"
        "chown: /home/student/note: Operation not permitted\n"
        "-rw-r--r--    1 student  student          5 /home/student/note\n"
        "-rw-------    1 root     root             7 /root-only\n");
}

// Once linked plainly, and once, run twice, for pages of 2 MiB and with data at 64 KiB.
TEST_CASE("a static, position-independent program moves itself to where it was put",
          "[foreign][wing-linux]") {
  const std::string line = "a static program that moves itself\nexit 0\n";
  CHECK(run_in_guest("moved", 2, "/bin/sh /foreign/start-moved.sh") == line + line + line);
}

// test/tools/elf-table has the table, and what Linux does with each file.
TEST_CASE("ELF files of many shapes are executed or refused as on Linux", "[foreign][wing-linux]") {
  CHECK(difference(run_in_guest("elf", 2, "/bin/sh /foreign/start-elf.sh"),
                   output_of("test/tools/elf-table expected")) == "");
}

TEST_CASE("the table of ELF files is true under qemu-riscv64", "[foreign]") {
  if (std::system("command -v qemu-riscv64 > /dev/null") != 0) {
    WARN(
        "skipped: qemu-riscv64 is not installed (the package qemu-user); the table stays as it is");
    return;
  }
  const std::string folder = setting("TINE_ELF", "build/release/elf-table");
  const std::string said = output_of("test/tools/elf-table linux " + folder);
  if (output_of("qemu-riscv64 --version").find("version 7.2.") == std::string::npos &&
      said.find(" files, 0 not") == std::string::npos) {
    WARN("skipped: this qemu-riscv64 is not the one that the table names: " << said);
    return;
  }
  CHECK_THAT(said, contains(" files, 0 not as expected\n"));
}

// The libraries are those of the toolchain that built the programs: the Makefile puts them into
// /lib. Without a terminal (wing tty) the C library would print the lines later.
TEST_CASE("dynamic programs are started by the interpreter that they name",
          "[foreign][wing-linux][wing-mmap][wing-procfs][wing-tty]") {
  const std::string loaded =
      "AT_BASE is the interpreter's: 1\n"
      "AT_PHDR is the program's: 1, AT_ENTRY too: 1\n";
  const std::string plain = loaded +
                            "AT_SECURE: 0, user 0, effective 0\n"
                            "LD_LIBRARY_PATH is not there\n";
  const std::string rest =
      "cos(0) = 1.0\n"
      "errno: No such file or directory\n"
      "exit 42\n";
  const std::string program = "/proc/self/exe: 16 /foreign/dynamic\n";
  for (int harts : {1, 4}) {
    DYNAMIC_SECTION(harts << " harts") {
      CHECK(run_in_guest("dynamic-" + std::to_string(harts), harts,
                         "/bin/sh /foreign/start-dynamic.sh") ==
            "argv[0] = /foreign/dynamic\n"
            "argv[1] = one\n"
            "argv[2] = two words\n"
            "AT_EXECFN: /foreign/dynamic\n" +
                program + plain + rest +
                "argv[0] = /foreign/dynamic\n"
                "argv[1] = /foreign/reader.sh\n"
                "argv[2] = three\n"
                "AT_EXECFN: /foreign/reader.sh\n" +
                program + plain + rest +
                "argv[0] = /foreign/set-user-id\n"
                "AT_EXECFN: /foreign/set-user-id\n"
                "/proc/self/exe: 20 /foreign/set-user-id\n" +
                loaded +
                "AT_SECURE: 1, user 1000, effective 0\n"
                "LD_LIBRARY_PATH is not there\n" +
                rest +
                "argv[0] = /foreign/dynamic\n"
                "AT_EXECFN: /foreign/dynamic\n" +
                program + loaded +
                "AT_SECURE: 0, user 1000, effective 1000\n"
                "LD_LIBRARY_PATH is kept\n" +
                rest +
                "a 1\n"
                "bbb 3\n"
                "caught\n"
                "exit 0\n");
    }
  }
}

TEST_CASE("a static program runs code that it wrote onto its stack", "[foreign][wing-linux]") {
  CHECK(run_in_guest("nested", 2, "/bin/sh /foreign/start-nested.sh") ==
        "nearest to 11: 9\nexit 0\n");
}

TEST_CASE("a static C++ program prints what it prints on Linux", "[foreign][wing-linux]") {
  const std::string committed = contents(sources + "program.expected");
  const std::string got = run_in_guest("program", 2, "/bin/sh /foreign/start-program.sh");
  INFO("what it printed: build/logs/program.log");
  CHECK(difference(got, committed) == "");
  if (std::system("command -v qemu-riscv64 > /dev/null") != 0) return;
  CHECK(difference(got, output_of(setting("TINE_ORACLE", "true"))) == "");
}

}  // namespace test
