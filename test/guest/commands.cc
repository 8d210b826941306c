// The Makefile's own commands, as a person gives them, on odd days: two at once, no input, a folder
// that is not there, a tree that cannot be written.
#include "catch.hh"
#include "guest/guest.hh"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <string>
#include <thread>

namespace test {
namespace {

// A call of make that knows nothing of the one that runs these tests, and is ended after a while.
std::string make(const std::string& arguments) {
  return "env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u MAKEOVERRIDES timeout 120 "
         "make --no-print-directory DEPS=no BUSYBOX=no " +
         arguments;
}

// What it prints, and in a last line its exit status.
std::string said_by(const std::string& command) {
  return output_of("{ " + command + "; } 2>&1; echo status $?");
}

std::string contents(const std::string& path) {
  std::ifstream file(path);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// The initial files of each `make qemu` that runs.
std::set<std::string> files_of_machines() {
  std::istringstream names(output_of("ls build/release | grep '^qemu-'"));
  return {std::istream_iterator<std::string>(names), {}};
}

// Waits until a file has the text; a machine that shares the host with others needs its time.
bool comes_to_say(const std::string& path, std::string_view text) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(100);
  while (contents(path).find(text) == std::string::npos) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return true;
}

// A `make qemu` with a pipe for its keyboard; what it says goes to a file.
class Session {
 public:
  explicit Session(const std::string& log) : log_("build/logs/" + log + ".log") {
    unlink(log_.c_str());  // an earlier run's has a prompt
    keys_ = popen((make("qemu CPUS=1") + " > " + log_ + " 2>&1").c_str(), "w");
  }
  ~Session() {
    if (keys_) end("poweroff 1\n");
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  bool is_at_prompt() const { return comes_to_say(log_, prompt); }
  // Types the last line; returns the exit status of make.
  int end(const std::string& line) {
    std::fputs(line.c_str(), keys_);
    const int status = pclose(keys_);
    keys_ = nullptr;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  std::string log_;
  std::FILE* keys_ = nullptr;
};

// A folder of its own that is gone at the end.
struct Folder {
  std::string path;
  Folder() {
    char name[] = "/tmp/tine-commands-XXXXXX";
    if (!mkdtemp(name)) throw NotJudged("no folder in /tmp");
    path = name;
  }
  ~Folder() { output_of("chmod -R u+w " + path + "; rm -rf " + path); }
};

}  // namespace

TEST_CASE("two `make qemu` at once have files of their own, and leave none", "[commands]") {
  const std::set<std::string> before = files_of_machines();
  {
    Session first("commands-first"), second("commands-second");
    CHECK(first.is_at_prompt());
    CHECK(second.is_at_prompt());
    CHECK(files_of_machines().size() == before.size() + 2);
    CHECK(first.end("poweroff\n") == 0);
    CHECK(second.end("poweroff\n") == 0);
  }
  CHECK(files_of_machines() == before);
}

TEST_CASE("`make qemu` ends with its input", "[commands]") {
  for (const char* input : {"< /dev/null", "<&-"}) {
    const std::string said = said_by(make("qemu CPUS=1") + " " + input);
    CHECK_THAT(said, contains("run-qemu: the input has ended\nstatus 0\n"));
    CHECK(said.find("Traceback") == std::string::npos);
  }
}

TEST_CASE("`make qemu` has the files of ROOTFS, or says in one line why it has not", "[commands]") {
  Folder folder;
  std::ofstream(folder.path + "/note") << "from the host\n";
  CHECK_THAT(said_by("echo cat /note | " + make("qemu CPUS=1 ROOTFS=" + folder.path)),
             contains("from the host\r\n"));
  const struct {
    const char* rootfs;
    const char* why;
  } rows[] = {{"'two words'",
               "ROOTFS=two words: its name has a space, which make cannot handle. "
               "Cure: a link to it.  Stop.\nstatus 2\n"},
              {"/no/such", "ROOTFS=/no/such is no folder.  Stop.\nstatus 2\n"}};
  for (const auto& row : rows) {
    const std::string said = said_by(make(std::string("qemu ROOTFS=") + row.rootfs));
    CHECK_THAT(said, contains(row.why));
    CHECK(std::count(said.begin(), said.end(), '\n') == 2);
  }
}

// Root may write anywhere, so it becomes another user for this.
TEST_CASE("a tree that cannot be written is told in one line, and still has its help",
          "[commands]") {
  Folder folder;
  output_of("cp Makefile " + folder.path + " && ln -s $PWD/* " + folder.path +
            " 2> /dev/null; rm " + folder.path + "/build; mkdir " + folder.path +
            "/build; chmod 555 " + folder.path + " " + folder.path + "/build");
  const std::string as_other =
      getuid() == 0 ? "setpriv --reuid=65534 --regid=65534 --clear-groups " : "";
  const std::string there = "cd " + folder.path + " && " + as_other;
  for (const char* target : {"all", "qemu", "test", "lint", "clean"}) {
    const std::string said = said_by(there + make(target));
    CHECK_THAT(said, contains("build cannot be written (a read-only folder?): copy the tree to "
                              "where you may write.  Stop.\nstatus 2\n"));
    CHECK(std::count(said.begin(), said.end(), '\n') == 2);
  }
  const std::string help = said_by(there + make("help"));
  CHECK_THAT(help, contains("  make qemu "));
  CHECK_THAT(help, contains("status 0\n"));
}

TEST_CASE("a part of the tests that does not end is ended and has failed, with what it started",
          "[commands]") {
  const auto start = std::chrono::steady_clock::now();
  const std::string said = said_by(
      "test/tools/run-tests 'endless:1=sleep 300 & sleep 300' "
      "'quick:100=echo 3 passed, 0 failed'");
  CHECK_THAT(said, contains("endless: no end within 1 s\n"));
  CHECK_THAT(said, contains("3 passed, 1 failed\nstatus 1\n"));
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(100));
}

TEST_CASE("a student's tree gets a newer kernel by a merge, and keeps the work", "[commands]") {
  Folder folder;
  const std::string mine = folder.path + "/mine", newer = folder.path + "/newer";
  const std::string git = "git -C " + mine + " -c user.name=x -c user.email=x ";
  const auto upgrade = [&] {
    return said_by("cd " + mine +
                   " && GIT_AUTHOR_NAME=x GIT_AUTHOR_EMAIL=x GIT_COMMITTER_NAME=x "
                   "GIT_COMMITTER_EMAIL=x " +
                   make("upgrade NEW=" + newer));
  };
  REQUIRE_THAT(said_by(make("lab LAB=fork DIR=" + mine)), contains("status 0\n"));
  REQUIRE_THAT(said_by("cp -r " + mine + " " + newer), contains("status 0\n"));
  CHECK_THAT(upgrade(), contains("This tree has that kernel already.\nstatus 0\n"));

  output_of("echo '// mine' >> " + mine + "/kernel/proc/fork.cc");
  CHECK_THAT(upgrade(),
             contains("there is work that git does not have; cure: git add -A, git commit"));
  output_of(git + "commit -qam mine; echo '// newer' >> " + newer + "/kernel/proc/exit.cc");
  CHECK_THAT(upgrade(), contains("your work is in it. Run make grade.\nstatus 0\n"));
  CHECK_THAT(contents(mine + "/kernel/proc/fork.cc"), contains("\n// mine\n"));
  CHECK_THAT(contents(mine + "/kernel/proc/exit.cc"), contains("\n// newer\n"));

  output_of("echo '// theirs' >> " + newer + "/kernel/proc/fork.cc");
  for (int twice = 0; twice < 2; twice++) {
    const std::string said = upgrade();
    CHECK_THAT(said, contains("the same lines, in:\n  kernel/proc/fork.cc\n"));
    CHECK_THAT(said, contains("status 2\n"));
    output_of(git + "merge --abort");
  }
  CHECK_THAT(contents(mine + "/kernel/proc/fork.cc"), contains("\n// mine\n"));
}

TEST_CASE("submissions that resemble each other are named, under other names too", "[commands]") {
  if (output_of("command -v sim_c++").empty()) {
    WARN("there is no sim_c++ (package similarity-tester), so this was not tried");
    return;
  }
  Folder folder;
  output_of("cd " + folder.path +
            " && mkdir -p all/ada/kernel/proc all/bob/kernel/proc all/eve/kernel/proc");
  output_of("cp kernel/proc/fork.cc " + folder.path +
            "/all/ada/kernel/proc/; "
            "sed 's/child/kid/g; s/parent/mother/g' kernel/proc/fork.cc > " +
            folder.path + "/all/bob/kernel/proc/fork.cc; cp kernel/proc/exit.cc " + folder.path +
            "/all/eve/kernel/proc/fork.cc");
  const std::string said = said_by(make("similar LAB=fork SUBMISSIONS=" + folder.path + "/all"));
  CHECK_THAT(said, contains("100 % of all.ada is in all.bob"));
  CHECK(said.find("all.eve") == std::string::npos);
}

}  // namespace test
