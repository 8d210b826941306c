// What a person sees: power on to the prompt, the shell's keys, the programs of the first chapters
// by their markers.
#include "catch.hh"
#include "guest/guest.hh"

#include <unistd.h>

#include <string>

namespace test {
namespace {

Options shell(const std::string& log, int smp = 4) {
  Options options;
  options.log = log;
  options.smp = smp;
  return options;
}

}  // namespace

TEST_CASE("the machine boots to the prompt with 1 to 8 harts", "[boot]") {
  for (int harts = 1; harts <= 8; ++harts) {
    DYNAMIC_SECTION(harts << " harts") {
      Guest guest(shell("boot-" + std::to_string(harts), harts));
      guest.expect(prompt);
      guest.send("poweroff\r");
      CHECK(guest.wait_exit() == 0);
    }
  }
}

TEST_CASE("small and large memories will do, and a CPU without Sstc", "[boot]") {
  for (const char* memory : {"32M", "64M", "4G"}) {
    DYNAMIC_SECTION(memory) {
      Options options = shell(std::string("memory-") + memory);
      options.memory = memory;
      options.init_args = "/bin/fork_test";
      CHECK(Guest(options).wait_exit() == 0);
    }
  }
  SECTION("the firmware keeps the time") {
    Options options = shell("without-sstc");
    options.cpu = "rv64,sstc=false";
    options.init_args = "/test/sched";
    CHECK(Guest(options).finish_tap().failed == 0);
  }
}

TEST_CASE("poweroff hands its code to the host", "[boot]") {
  Guest guest(shell("exit-code"));
  guest.expect(prompt);
  guest.send("poweroff 42\r");
  CHECK(guest.wait_exit() == 42);
}

TEST_CASE("a command given to init decides the exit status of the machine", "[boot]") {
  Options options = shell("init-command");
  options.init_args = "args one two";
  Guest guest(options);
  CHECK(guest.wait_exit() == 0);
  CHECK_THAT(guest.console(), contains("two"));
}

TEST_CASE("fork_test, exec_test and cow_test pass in the shell", "[shell]") {
  for (int harts : {1, 2, 4}) {
    DYNAMIC_SECTION(harts << " harts") {
      Guest guest(shell("programs-" + std::to_string(harts), harts));
      guest.expect(prompt);
      const std::string fork = guest.run("fork_test");
      CHECK_THAT(fork, contains("fork() returned 0"));
      CHECK_THAT(fork, contains("fork_test: PASS"));
      const std::string exec = guest.run("exec_test");
      CHECK_THAT(exec, contains("APP=ipc_rx"));
      CHECK_THAT(exec, contains("exec_test: PASS"));
      CHECK_THAT(guest.run("cow_test"), contains("cow_test: PASS"));
      const std::string ps = guest.run("ps");
      CHECK_THAT(ps, contains("APP=init"));
      CHECK_THAT(ps, contains("APP=sh"));
      CHECK_THAT(ps, contains("child"));  // the shell waits for ps
      CHECK_THAT(guest.run("hello.elf"), contains("Hello from execve!"));
      CHECK_THAT(guest.run("/tmp/hello.elf"), contains("Hello from execve!"));
    }
  }
}

TEST_CASE("every way of dying ends the program and not the kernel", "[shell]") {
  Guest guest(shell("crash"));
  guest.expect(prompt);
  CHECK_THAT(guest.run("crash"), contains("crash: PASS"));
  CHECK_THAT(guest.run("echo alive"), contains("alive"));
}

TEST_CASE("a fork bomb ends in a clean error, and the shell lives on", "[shell]") {
  Guest guest(shell("forkbomb"));
  guest.expect(prompt);
  CHECK_THAT(guest.run("forkbomb"), contains("forkbomb: PASS"));
  CHECK_THAT(guest.run("fork_test"), contains("fork_test: PASS"));
}

TEST_CASE("lines can be edited", "[shell]") {
  Guest guest(shell("editing", 1));
  guest.expect(prompt);
  SECTION("backspace takes back a character") {
    CHECK_THAT(guest.run("echo onx\x7f"
                         "e"),
               contains("one\n"));
  }
  SECTION("^A goes to the start, ^E to the end") {
    CHECK_THAT(guest.run("o middle\x01"
                         "ech\x05"
                         " last"),
               contains("middle last\n"));
  }
  SECTION("^U empties the line, ^W takes a word") {
    CHECK_THAT(guest.run("rubbish\x15"
                         "echo good bad\x17"
                         "better"),
               contains("good better\n"));
  }
  SECTION("left and right move") {
    CHECK_THAT(guest.run("echo ac\x1b[D"
                         "b\x1b[C"
                         "d"),
               contains("abcd\n"));
  }
  SECTION("up brings back the last line") {
    CHECK_THAT(guest.run("echo again"), contains("again\n"));
    CHECK_THAT(guest.run("\x1b[A"), contains("again\n"));
  }
  SECTION("an unknown program is named, and its status shown") {
    CHECK_THAT(guest.run("no_such_program"), contains("no_such_program"));
  }
  SECTION("; runs one after another") {
    CHECK_THAT(guest.run("echo first; echo second"), contains("first\nsecond\n"));
  }
  SECTION("& leaves the prompt free") {
    guest.run("sleep 1 &");
    CHECK_THAT(guest.run("ps"), contains("APP=sleep"));
  }
}

TEST_CASE("an idle machine uses less than 5% of a host core", "[boot]") {
  Guest guest(shell("idle"));
  guest.expect(prompt);
  sleep(1);
  const double before = guest.cpu_time();
  sleep(3);
  CHECK((guest.cpu_time() - before) / 3 < 0.05);
}

TEST_CASE("the harness's own reader of TAP counts and doubts", "[tap]") {
  std::string problem;
  SECTION("lines are counted") {
    const Tap tap = parse_tap("# program a\n1..2\r\nok 1 - x\nnot ok 2 - y # why\n", problem);
    CHECK(tap.passed == 1);
    CHECK(tap.failed == 1);
    CHECK(tap.failures == "a: not ok 2 - y # why\n");
    CHECK(problem.empty());
  }
  SECTION("a plan that was not kept is a problem") {
    parse_tap("# program a\n1..2\nok 1 - x\n# program b\n1..1\nok 1 - z\n", problem);
    CHECK(problem == "a promised 2 cases and reported 1\n");
  }
  SECTION("cases without a plan are a problem") {
    parse_tap("ok 1 - x\n", problem);
    CHECK(!problem.empty());
  }
}

}  // namespace test
