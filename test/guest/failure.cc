// Whole programs while memory fails: a shell session with the N-th allocation after boot refused,
// for every N; and the shell next to programs that take all there is.
#include "catch.hh"
#include "guest/guest.hh"

#include <unistd.h>

#include <cstdlib>
#include <string>
#include <vector>

namespace test {
namespace {

struct Session {
  const char* log;
  const char* initrd_setting;  // where its initial files are: a variable of the environment, and
  const char* initrd;          // what it is without one
  const char* count;           // tells what is left of failalloc=N
  std::vector<const char*> lines;
};

// What somebody might do: pipes, redirections, a script, a trace, a program that is not there.
const Session own_shell = {"failalloc",
                           "TINE_INITRD",
                           "build/release/test.cpio",
                           "/test/exhaust --left",
                           {
                               "echo one two | cat | wc > /tmp/counts; cat /tmp/counts",
                               "echo echo from a script > /tmp/script; sh /tmp/script",
                               "ls /bin | grep e > /tmp/list; rm /tmp/list",
                               "strace /bin/true",
                               "no_such_program; mkdir /tmp/folder; rmdir /tmp/folder",
                           }};

// The same with Debian's busybox, whose applets start each other through /proc/self/exe. Its rm
// asks the terminal, without -f, when it cannot find out whether it may write.
const Session busybox = {
    "failalloc-busybox",
    "TINE_FOREIGN",
    "build/release/foreign.cpio",
    "/foreign/exhaust --left",
    {
        "busybox sh -c 'x=$(ls /bin | grep e | wc -l); echo $x > /tmp/counts; cat /tmp/counts'",
        "busybox sh -c 'cd /tmp; mkdir a; echo b > a/b; cp -a a c; find . | sort; tar cf d c; rm "
        "-rf a c d'",
        "busybox sh -c 'sleep 0 & wait $!; trap : USR1; kill -USR1 $$; no_such_program; ps | head "
        "-n 2'",
    }};

// Boots with failalloc=N and types the session. Any of its commands may fail; what may not happen
// is a panic (which ends every wait), silence, and a machine without a shell: init makes another.
// Answers whether the session came as far as the N-th allocation.
bool passes_without(long n, const Session& session) {
  Options options;
  options.log = session.log;
  options.initrd = setting(session.initrd_setting, session.initrd);
  options.smp = 1;
  options.kernel_args = "failalloc=" + std::to_string(n);
  INFO("failalloc=" << n);
  Guest guest(options);
  guest.expect(prompt);
  for (const char* line : session.lines) guest.run(line);
  std::string left = guest.run(session.count);
  if (left.find("left ") == std::string::npos) left = guest.run(session.count);
  CHECK_THAT(left, contains("left "));
  CHECK_THAT(guest.run("echo alive"), contains("alive\n"));  // nothing fails any more
  CHECK_THAT(guest.run("echo one two | wc"), contains("1 2 8"));
  guest.send("poweroff\r");
  CHECK(guest.wait_exit() == 0);
  return left.find("left 0\n") != std::string::npos;
}

bool has_busybox() { return access("build/userland/bin/busybox", R_OK) == 0; }

}  // namespace

TEST_CASE("a shell session survives the failure of an allocation here and there", "[failure]") {
  long n = 1;
  while (passes_without(n, own_shell)) n += n / 4 + 10;
  CHECK(n > 500);
}

TEST_CASE("a session of busybox survives the failure of an allocation here and there",
          "[failure][busybox][wing-linux][wing-procfs]") {
  if (!has_busybox()) return;
  long n = 1;
  while (passes_without(n, busybox)) n += n / 8 + 5;
  CHECK(n > 800);
}

TEST_CASE("a shell session survives the failure of any one allocation", "[.long][failure]") {
  long n = 1;
  while (passes_without(n, own_shell)) n++;
  CHECK(n > 500);
}

TEST_CASE("a session of busybox survives the failure of any one allocation", "[.long][failure]") {
  if (!has_busybox()) return;
  long n = 1;
  while (passes_without(n, busybox)) n++;
  CHECK(n > 800);
}

TEST_CASE("the shell lives on next to programs that take all memory", "[failure]") {
  Options options;
  options.log = "hogs";
  options.memory = "64M";
  Guest guest(options);
  guest.expect(prompt);
  guest.run("/test/exhaust --hog");
  CHECK_THAT(guest.run("echo alive"), contains("alive\n"));
  guest.run("/test/exhaust --hog & /test/exhaust --hog & forkbomb; wait");
  CHECK_THAT(guest.run("echo alive; fork_test"), contains("fork_test: PASS"));
}

TEST_CASE("a program of 64 MiB forks on a machine of 96 MiB: one of the two goes, by name",
          "[failure][wing-oom]") {
  for (int harts : {1, 4}) {
    DYNAMIC_SECTION(harts << " harts") {
      Options options;
      options.log = "fork-64-" + std::to_string(harts);
      options.smp = harts;
      options.memory = "96M";
      Guest guest(options);
      guest.expect(prompt);
      const std::string said = guest.run("/test/wing-oom --fork");
      CHECK_THAT(said, contains("out of memory: wing-oom["));
      CHECK_THAT(said, contains(" KiB\n"));
      guest.run("sleep 0.5");  // an orphan may still be at it
      const std::string books = guest.run("meminfo > /tmp/books; grep programs /tmp/books");
      INFO(books);
      CHECK(std::atoi(books.c_str() + books.find_first_of("123456789")) < 30);  // of 16,384
      CHECK_THAT(guest.run("echo alive"), contains("alive\n"));
    }
  }
}

TEST_CASE("when there are no process ids left fork says so, and works again later", "[.long]") {
  Options options;
  options.log = "pids";
  options.memory = "4G";
  options.init_args = "/test/exhaust --pids";
  Guest guest(options);
  CHECK(guest.wait_exit() == 0);
  CHECK_THAT(guest.console(), contains("exhaust: PASS"));
}

TEST_CASE("ten thousand files in one folder", "[.long]") {
  Options options;
  options.log = "many-files";
  options.init_args = "/test/exhaust 10000";
  CHECK(Guest(options).finish_tap().failed == 0);
}

TEST_CASE("a line typed is not lost to a bad address, nor to want of memory", "[failure]") {
  Options options;
  options.log = "console-read";
  options.smp = 2;
  Guest guest(options);
  guest.expect(prompt);
  guest.send("/test/typed\r");
  guest.expect("a bad address: ");
  guest.send("first line\r");
  guest.expect("a hole: ");
  guest.send("second line\r");
  for (int n = 1; n < 20; n++) {
    const std::string said = guest.expect(": ");
    if (said.find("the end") != std::string::npos) break;
    guest.send("line again\r");
  }
  CHECK_THAT(guest.expect(prompt), contains("typed: PASS"));
}

}  // namespace test
