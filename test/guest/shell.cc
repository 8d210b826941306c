// What a person sees: power on to the prompt, the shell's keys, the programs of the first chapters
// by their markers.
#include "catch.hh"
#include "guest/guest.hh"

#include <unistd.h>

#include <chrono>
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

TEST_CASE("the machine boots to the prompt with 1 to 8 harts, and with more", "[boot]") {
  for (int harts : {1, 2, 3, 4, 5, 6, 7, 8, 12}) {
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

// An instruction takes 1024 ns, so a tick comes every 150 instructions, and the kernel needs more
// than that for one tick.
TEST_CASE("programs get ahead when ticks come faster than the kernel is done with them", "[boot]") {
  Options options = shell("ticks-too-fast", 1);
  options.shift = 10;
  options.hz = 6500;
  options.init_args = "/bin/fork_test";
  options.cpu_seconds = 20;  // it takes less than one
  CHECK(Guest(options).wait_exit() == 0);
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

TEST_CASE("lines can be edited", "[shell][wing-tty]") {
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

TEST_CASE("quotes, variables, && and ||", "[shell]") {
  Guest guest(shell("words", 1));
  guest.expect(prompt);
  CHECK(guest.run(R"(echo 'a  $b' "c  d" e\ f)") == "a  $b c  d e f\n");
  CHECK(guest.run(R"(A='x  y'; echo $A "$A" '$A' [$NONE])") == "x y x  y $A []\n");
  CHECK(guest.run("A=7 env | grep ^A=; export A=8; env | grep ^A=") == "A=7\nA=8\n");
  CHECK(guest.run("true && echo and || echo or") == "and\n");
  CHECK(guest.run("false && echo and || echo or # echo comment") == "or\n");
  CHECK(guest.run("sh -c 'exit 3'; echo status $?") == "[exit 3]\nstatus 3\n");
  CHECK(guest.run("sh -c 'kill -TERM $$'; echo status $?") ==
        "[killed by signal 15: SIGTERM]\nstatus 143\n");
  CHECK(guest.run("echo 'open") == "sh: a quote is not closed\n");
  CHECK(guest.run("echo | | cat") == "sh: a command is missing\n");
}

TEST_CASE("pipes and redirections", "[shell]") {
  for (int harts : {1, 4}) {
    DYNAMIC_SECTION(harts << " harts") {
      Guest guest(shell("pipes-" + std::to_string(harts), harts));
      guest.expect(prompt);
      CHECK(guest.run("echo one two | wc") == "1 2 8\n");
      CHECK(guest.run("ls /bin | grep '^fork' | wc -l") == "2\n");
      CHECK(guest.run("echo x | cat | cat | cat | cat | cat | cat | cat | cat | wc -c") == "2\n");
      CHECK(guest.run("false | true && echo the last one counts") == "the last one counts\n");
      // More than a pipe holds: all of it, and then only its beginning.
      const std::string size = guest.run("wc -c < /bin/sh");
      CHECK(guest.run("cat /bin/sh | tee /tmp/copy | wc -c; wc -c < /tmp/copy") == size + size);
      CHECK(guest.run("cat /bin/sh /bin/sh /bin/sh | head -n 1 | wc -l") == "1\n");
      CHECK(guest.run("echo a > /tmp/r; echo b >> /tmp/r; cat < /tmp/r") == "a\nb\n");
      CHECK(guest.run("ls /none > /tmp/r 2>&1; wc -l < /tmp/r; echo c 2> /tmp/r") ==
            "[exit 1]\n1\nc\n");
      CHECK(guest.run("echo lost > /none/r; echo status $?") ==
            "sh: /none/r: No such file or directory\n[exit 1]\nstatus 1\n");
      CHECK(guest.run("pwd > /none/r > /tmp/r; pwd") ==
            "sh: /none/r: No such file or directory\n[exit 1]\n/\n");
      CHECK(guest.run("pwd > /tmp/r; cat /tmp/r; pwd") == "/\n/\n");
      CHECK_THAT(guest.run("sigtest"), contains("sigtest: PASS"));
    }
  }
}

TEST_CASE("folders and files from the shell", "[shell]") {
  Guest guest(shell("folders", 1));
  guest.expect(prompt);
  CHECK(guest.run("cd /tmp; pwd; cd -; cd /bin; cd; pwd") == "/tmp\n/\n/\n");
  CHECK(guest.run("cd /none") == "sh: cd: /none: No such file or directory\n[exit 1]\n");
  CHECK(guest.run("mkdir -p /tmp/d/e; cd /tmp/d; echo text > f; cp f g; mv g e").empty());
  CHECK(guest.run("ln -s e/g s; ln f h; touch n").empty());
  CHECK(guest.run("ls; cat s h") == "e\nf\nh\nn\ns\ntext\ntext\n");
  CHECK_THAT(guest.run("ls -l"), contains("-rw-r--r--   2 0 0        5 f\n"));
  CHECK_THAT(guest.run("ls -l"), contains(" s -> e/g\n"));
  CHECK(guest.run("rmdir e") == "rmdir: e: Directory not empty\n[exit 1]\n");
  CHECK(guest.run("cd ..; rm -r d; ls d") == "ls: d: No such file or directory\n[exit 1]\n");
}

TEST_CASE("slashes behind a name, and what rm refuses", "[shell]") {
  Guest guest(shell("slashes", 1));
  guest.expect(prompt);
  guest.run("cd /tmp; mkdir a b p p/q; touch a/in p/file");
  CHECK(guest.run("mv a/ b; ls b b/a").ends_with("in\n"));
  CHECK(guest.run("ln -s none// b//; cp b/a/in// b; ls b") ==
        "cp: b/a/in// to b/in: Not a directory\n[exit 1]\na\nnone\n");
  CHECK(guest.run("cd p/q; rm -r ../ ./ .. . /") ==
        "rm: ../: Invalid argument\nrm: ./: Invalid argument\nrm: ..: Invalid argument\n"
        "rm: .: Invalid argument\nrm: /: Invalid argument\n[exit 1]\n");
  CHECK(guest.run("rm -rf ..//; ls /tmp/p") == "rm: ..//: Invalid argument\n[exit 1]\nfile\nq\n");
  CHECK(guest.run("cd /tmp; rm -r p/q// b/; ls p; rm -r p; ls p") ==
        "file\nls: p: No such file or directory\n[exit 1]\n");
}

TEST_CASE("ls sorts files before folders, and -l shows a link itself", "[shell]") {
  Guest guest(shell("ls", 1));
  guest.expect(prompt);
  guest.run("cd /tmp; mkdir d; touch d/x d/.y f; ln -s d s; ln -s none t");
  CHECK(guest.run("ls -a d") == ".\n..\n.y\nx\n");
  CHECK(guest.run("ls s") == "x\n");
  CHECK_THAT(guest.run("ls -l s"), contains(" s -> d\n"));
  CHECK(guest.run("ls -l s/ d").ends_with(" x\n"));
  CHECK(guest.run("ls d t s none f") ==
        "f\nls: none: No such file or directory\nt\n\nd:\nx\n\ns:\nx\n[exit 1]\n");
}

TEST_CASE("grep's patterns and options", "[shell]") {
  Guest guest(shell("grep", 1));
  guest.expect(prompt);
  guest.run("cd /tmp; echo abc > g; echo a.c >> g; echo ac >> g; echo aabc >> g");
  guest.run("echo 'a*c' >> g; echo ABC >> g; echo 'x$y' >> g");
  CHECK(guest.run("grep a.c g") == "abc\na.c\naabc\na*c\n");
  CHECK(guest.run(R"(grep 'a\.c' g; grep 'a\*c' g; grep '\$y' g)") == "a.c\na*c\nx$y\n");
  CHECK(guest.run("grep '^ab*c$' g") == "abc\nac\n");
  CHECK(guest.run("grep '^a.*b' g") == "abc\naabc\n");
  CHECK(guest.run("grep '*c' g; grep 'x$y' g") == "a*c\nx$y\n");  // no special place
  CHECK(guest.run("grep -c a g; grep -c a g g; grep '' g | wc -l") == "5\ng:5\ng:5\n7\n");
  CHECK(guest.run("grep -i aBc g") == "abc\naabc\nABC\n");
  CHECK(guest.run("grep -n B g; grep -v a g; grep -inv a g") == "6:ABC\nABC\nx$y\n7:x$y\n");
  CHECK(guest.run("grep z g") == "[exit 1]\n");
  CHECK(guest.run("grep x g none") == "g:x$y\ngrep: none: No such file or directory\n[exit 2]\n");
  CHECK(guest.run("echo one | grep -n o -") == "1:one\n");
}

TEST_CASE("programs with several files", "[shell]") {
  Guest guest(shell("several", 1));
  guest.expect(prompt);
  guest.run("cd /tmp; echo one two > a; echo 'three ' > b; echo four >> b");
  CHECK(guest.run("wc a b; wc -w a; wc -lc a; wc -w < b") ==
        "1 2 8 a\n2 2 12 b\n3 4 20 total\n2 a\n1 8 a\n2\n");
  CHECK(guest.run("cat a none b; cat a - < b") ==
        "one two\ncat: none: No such file or directory\nthree \nfour\n[exit 1]\n"
        "one two\nthree \nfour\n");
  CHECK(guest.run("head -n 1 a b") == "==> a <==\none two\n\n==> b <==\nthree \n");
  CHECK(guest.run("echo x | tee p q; echo y | tee -a p q; cat p q") == "x\ny\nx\ny\nx\ny\n");
  CHECK(guest.run("mkdir d e; cp a b d; mv p q e; ln -s x y e; ls d e") ==
        "d:\na\nb\n\ne:\np\nq\nx\ny\n");
  CHECK(guest.run("cp a b none") == "usage: cp OLD NEW, or cp OLD... FOLDER\n[exit 2]\n");
  CHECK(guest.run("rm none a") == "rm: none: No such file or directory\n[exit 1]\n");
  CHECK(guest.run("rm -f none b; rm -f; ls a b d/a").ends_with("d/a\n[exit 1]\n"));
  CHECK(guest.run("rm d/a d/b; rm d") == "rm: d: Is a directory\n[exit 1]\n");
  CHECK(guest.run("rmdir d e") == "rmdir: e: Directory not empty\n[exit 1]\n");
}

TEST_CASE("a text file is a script", "[shell]") {
  Guest guest(shell("script", 1));
  guest.expect(prompt);
  // The copy of true has the permission to be run, which nothing else can give a file.
  guest.run("cp /bin/true /tmp/s; echo '#!/bin/sh' > /tmp/s");
  guest.run("echo 'echo \"$#: $0 $1\" && exit 5' >> /tmp/s");
  CHECK(guest.run("sh /tmp/s 'a b' c; echo status $?") == "2: /tmp/s a b\n[exit 5]\nstatus 5\n");
  CHECK(guest.run("/tmp/s x | cat") == "1: /tmp/s x\n");
  CHECK(guest.run("PATH=/none:/tmp:/bin; s y | cat; PATH=/bin") == "1: /tmp/s y\n");
  CHECK(guest.run("sh /none; echo $?") ==
        "sh: /none: No such file or directory\n[exit 127]\n127\n");
}

TEST_CASE("^C ends what runs in the foreground, and nothing else", "[shell]") {
  for (int harts : {1, 4}) {
    DYNAMIC_SECTION(harts << " harts") {
      Guest guest(shell("interrupt-" + std::to_string(harts), harts));
      guest.expect(prompt);
      guest.send("echo not this\x03");
      guest.expect(prompt);
      CHECK(guest.run("echo but this") == "but this\n");

      guest.run("sleep 1000 &");
      for (int i = 0; i < 20; ++i) {
        // The typed line does not hold the word that is waited for. Once the program has said it,
        // the terminal is no longer the editor's, so that ^C is a signal.
        guest.send("sh -c 'echo star\"\"ted; sleep 1000'; echo never\r");
        guest.expect("started\r");
        guest.send("\x03");
        CHECK_THAT(guest.expect(prompt), contains("\n[killed by signal 2: SIGINT]\r\ntine$ "));
        CHECK(guest.run("echo status $?") == "status 130\n");
      }
      CHECK_THAT(guest.run("ps"), contains("APP=sleep 1000"));
      CHECK_THAT(guest.run("kill $!; wait"), contains("done: sleep [killed by signal 15"));
    }
  }
}

TEST_CASE("programs read what is typed, until ^D or ^C", "[shell]") {
  Guest guest(shell("typing", 4));
  guest.expect(prompt);
  guest.send("echo star\"\"ted; cat | wc -l\r");
  guest.expect("started\r");
  guest.send("one\rtwo\r\x04");
  CHECK_THAT(guest.expect(prompt), contains("\n2\r\ntine$ "));
  guest.send("sh -c 'echo star\"\"ted; cat | cat'\r");
  guest.expect("started\r");
  guest.send("typed\r");
  guest.expect("typed\r\ntyped\r\n");  // by the terminal, and by cat
  guest.send("\x03");
  CHECK_THAT(guest.expect(prompt), contains("[killed by signal 2: SIGINT]"));
  CHECK(guest.run("sleep 0.1 | cat & wait; echo free").ends_with("free\n"));
}

TEST_CASE("^U takes back what was typed of a line, and nothing of an empty one", "[shell]") {
  Guest guest(shell("erase-line", 1));
  guest.expect(prompt);
  guest.send("echo star\"\"ted; cat | cat\r");
  guest.expect("started\r\n");
  guest.send(
      "abc\x15"
      "def\r");
  CHECK_THAT(guest.expect("\r\ndef\r\n"), contains("abc\b \b\b \b\b \bdef\r\n"));
  guest.send("one\r");
  guest.expect("\r\none\r\n");
  guest.send("\x15two\r");
  CHECK(guest.expect("\r\ntwo\r\n") == "two\r\ntwo\r\n");
  guest.send("\x04");
  guest.expect(prompt);
}

// Ten kilobytes, more than the kernel's ring and the shell's buffers hold.
TEST_CASE("command lines that are pasted while a program runs are all run", "[shell]") {
  for (int harts : {1, 4}) {
    DYNAMIC_SECTION(harts << " harts") {
      Guest guest(shell("paste-" + std::to_string(harts), harts));
      guest.expect(prompt);
      guest.send("echo star\"\"ted; sleep 2\r");
      guest.expect("started\r");
      std::string lines;
      for (int i = 0; i < 160; i++) {
        lines += "echo line" + std::to_string(i) + std::string(40, 'x') + " >> /tmp/lines\r";
      }
      guest.paste(lines);
      guest.send("echo d''one\r");
      guest.expect("done\r");
      guest.expect(prompt);
      CHECK(guest.run("grep -c '^line.*x*$' /tmp/lines; wc < /tmp/lines") == "160\n160 160 7570\n");
      CHECK(guest.run("grep -c '^line159x' /tmp/lines") == "1\n");
    }
  }
}

TEST_CASE("a line that is too long is cut, and ^D ends the input after it", "[shell]") {
  Guest guest(shell("long-line", 1));
  guest.expect(prompt);
  guest.send("echo star\"\"ted; sleep 2; wc\r");
  guest.expect("started\r\n");
  guest.paste(std::string(5000, 'k') + "\rshort\r\x04");
  CHECK_THAT(guest.expect(prompt), contains("\a"));
  CHECK_THAT(guest.console(), contains("\r\n2 2 4102\r\n"));
}

TEST_CASE("^C drops the lines that were typed ahead of it", "[shell]") {
  Guest guest(shell("typed-ahead", 4));
  guest.expect(prompt);
  guest.send("sh -c 'echo star\"\"ted; sleep 1000'\r");
  guest.expect("started\r\n");
  guest.send("echo ne\"\"ver\recho nei\"\"ther\rhalf\x03");
  guest.expect("[killed by signal 2: SIGINT]");
  guest.expect(prompt);
  CHECK(guest.run("echo but this") == "but this\n");
  CHECK(guest.console().find("never") == std::string::npos);
  CHECK(guest.console().find("neither") == std::string::npos);
}

TEST_CASE("a program that leaves O_NONBLOCK behind does not end the shell", "[shell]") {
  Guest guest(shell("nonblock", 1));
  guest.expect(prompt);
  CHECK(guest.run("A=same; /test/nonblock").empty());
  CHECK(guest.run("echo the $A shell") == "the same shell\n");
}

TEST_CASE("a shell that ends at once is not started again at once", "[shell]") {
  Guest guest(shell("short-shells", 1));
  guest.expect(prompt);
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 2; ++i) {
    guest.send("exit\r");
    guest.expect("init: the shell ended, here is another");
    guest.expect(prompt);
  }
  CHECK(std::chrono::steady_clock::now() - start >= std::chrono::seconds(2));
}

TEST_CASE("an idle machine uses less than 5% of a host core", "[boot]") {
  Guest guest(shell("idle"));
  guest.expect(prompt);
  sleep(1);
  const double before = guest.cpu_time();
  sleep(3);
  CHECK((guest.cpu_time() - before) / 3 < 0.05);
}

}  // namespace test
