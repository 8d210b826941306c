// The grader of the lab `fork` (docs/labs/fork.md). A test's name says its part and its points.
#include <cerrno>
#include <csignal>
#include <string>

#include "catch.hh"
#include "labs/lab.hh"

namespace test {
namespace {

constexpr std::uint64_t cow_flags = 1 | 8, own_flags = 1 | 2;  // TINE_PAGE_* in tine/abi.h
constexpr const char* area_names[] = {"initialised data", "uninitialised data",
                                      "the heap",         "the stack",
                                      "mapped memory",    "mapped memory, far away"};
constexpr std::size_t page = 4096;
constexpr std::size_t area_bytes[] = {8192, 16384, 3 * page, 9600, 5 * page, 3 * page};

Observed fork_case(const char* name, std::uint64_t million = 100, const std::string& more = {},
                   int smp = 1, int hz = 100) {
  Observed seen({"lab_fork", name, million, more, smp, hz});
  if (seen.count("fork-errno")) {
    const std::uint64_t error = seen.value("fork-errno");
    seen.check(false, "fork itself fails, with errno " + std::to_string(error) +
                          (error == ENOSYS ? " (ENOSYS: not written yet)" : ""));
  }
  return seen;
}

void expect_areas(const Observed& seen, const std::string& who, std::uint64_t first,
                  const std::string& reason) {
  for (std::size_t i = 0; i < std::size(area_bytes); i++) {
    seen.expect(who + "-" + std::to_string(i), seen.hash_of_stream(first + i, area_bytes[i]),
                reason + " (" + area_names[i] + ")");
  }
}

std::uint64_t exited(std::uint64_t code) { return code << 8; }

std::string different_registers(std::uint64_t bits) {
  std::string text;
  for (unsigned i = 1; i < 32; i++) {
    if (bits >> i & 1) text += " x" + std::to_string(i);
  }
  return text;
}

// ---- Part 1: a copy of everything ----

TEST_CASE("part 1, 6 points: fork answers a pid, and that process is the caller's child",
          "[fork][part1]") {
  const Observed seen = fork_case("answer");
  seen.expect("listed", 1, "the pid that fork answers is that of no process");
  seen.expect("parent", 1, "the child's parent is not the process that forked");
  seen.expect("same-name", 1, "the child runs the parent's program, but has another name (ps)");
  seen.expect("same-args", 1, "the child's arguments (getargs, ps) are not the parent's");
  seen.expect("status", exited(1 + seen.number(1) % 100),
              "the child's exit status does not arrive at the parent's wait");
  seen.expect("gone", 1, "after wait the child is still in the table of processes");
  seen.expect_end();
}

TEST_CASE("part 1, 8 points: the child's memory is what the parent's was", "[fork][part1]") {
  const Observed seen = fork_case("memory");
  expect_areas(seen, "child", 1, "the child does not read what the parent has written before");
  seen.expect("resident", 0, "the child has another number of resident pages (ps)");
  seen.expect("untouched", 0, "a page that nobody has touched is not zero in the child");
  seen.expect("page-of-nothing", 0, "the child has a frame where the parent had none");
  seen.expect("write-to-sealed", SIGSEGV,
              "the child can write to a page that the parent may only read (mprotect)");
  seen.expect("status", 0, "the child did not come to its end");
  expect_areas(seen, "parent", 1, "fork has changed the parent's own memory");
  seen.expect_end();
}

void check_separate(int smp) {
  const Observed seen = fork_case("separate", 300, {}, smp);
  expect_areas(seen, "child-before", 1,
               "the parent writes right after fork, and the child sees it");
  seen.expect("kernel-wrote", 12345,
              "a system call writes into the parent's memory after fork, and the child sees it");
  expect_areas(seen, "parent", 10, "the child writes, and the parent sees it");
  seen.check(seen.value("hz") != 54321, "the child writes, and the parent sees it");
  expect_areas(seen, "child", 20, "the child does not read back what it wrote itself");
  seen.expect("rounds", 3, "a child did not come to its end");
  seen.expect_end();
}

TEST_CASE("part 1, 8 points: neither sees what the other writes after fork", "[fork][part1]") {
  check_separate(1);
  check_separate(2);
}

TEST_CASE("part 1, 4 points: parent and child may each change their own code", "[fork][part1]") {
  const Observed seen = fork_case("code");
  seen.expect("child", 0, "the child does not run the code that it has just written");
  seen.expect("parent", 0, "the parent runs code that the child has written");
  seen.expect_end();
}

TEST_CASE("part 1, 7 points: files, directory, signals and break are inherited", "[fork][part1]") {
  const Observed seen = fork_case("inherit");
  seen.expect("getppid", 1, "getppid in the child is not the parent");
  seen.expect("offset", 0, "the child's descriptor is not where the parent's was");
  seen.expect("read", 1, "the child cannot read from the parent's open file");
  seen.expect("cwd", 1, "the child is not in the parent's current directory");
  seen.expect("handled", SIGUSR2, "the child has not the parent's signal handler");
  seen.expect("break", 0, "the child's break (sbrk(0)) is not the parent's");
  seen.expect("break-grown", 2 * page, "the child cannot move its break");
  seen.expect("status", exited(7),
              "the child did not come to its end: ignored and blocked signals stay so over fork");
  seen.expect("parent-offset", 1,
              "an open file is shared by parent and child, and so is its position");
  seen.expect("parent-read", 1, "the child closes a descriptor, and the parent's is closed");
  seen.expect("parent-break", 0, "the child moves its break, and the parent's moves");
  seen.expect_end();
}

TEST_CASE("part 1, 7 points: what a child had, and what a failed fork made, is given back",
          "[fork][part1]") {
  const Observed seen = fork_case("give_back", 400);
  auto which = [](std::uint64_t bits) {
    constexpr const char* names[] = {"user frames", "page tables", "kernel heap", "kernel stacks",
                                     "processes",   "threads",     "open files",  "pages of files"};
    std::string text;
    for (unsigned i = 0; i < std::size(names); i++) {
      if (bits >> i & 1) text += (text.empty() ? "" : ", ") + std::string(names[i]);
    }
    return text;
  };
  const std::uint64_t leak = seen.value("leak");
  seen.check(leak == 0, "after 30 times fork, exit, wait there are more of: " + which(leak));
  for (std::uint64_t bits : seen.all("not-given-back")) {
    seen.check(bits == 0, "memory ran out in the middle of fork, and it kept: " + which(bits));
  }
  seen.check(seen.count("still-held") == 0,
             "memory ran out in the middle of fork, and a page of the parent is held twice");
  seen.expect("wrong-errors", 0, "memory runs out in the middle of fork: it must fail with ENOMEM");
  seen.check(seen.value("failures") >= 4, "no allocation of fork was seen to fail");
  expect_areas(seen, "parent", 4, "after a failed fork the parent's memory is wrong");
  seen.expect_end();
}

// ---- Part 2: the trap frame and the switch context ----

TEST_CASE("part 2, 10 points: fork is 0 in the child", "[fork][part2]") {
  const Observed seen = fork_case("zero");
  seen.check(seen.value("child-result") == 0,
             "the call has answered " + std::to_string(seen.value("child-result")) +
                 " in the child: so it takes itself for the parent");
  seen.expect("parent-result", 0, "the call has not answered the child's pid in the parent");
  seen.expect("status", 0, "the child did not come to its end");
  seen.expect_end();
}

TEST_CASE("part 2, 10 points: one fork makes one child", "[fork][part2]") {
  const Observed seen = fork_case("once", 60);
  const std::size_t out = seen.count("out");
  seen.check(out <= 2, "two processes should come out of one fork; there came " +
                           std::to_string(out) + ": which instruction does a child begin with?");
  seen.expect("status", exited(5), "the child did not come to its end");
  seen.expect("processes", 1, "there are processes left that nobody made");
  seen.check(out == 2, "the child never came out of fork");
  seen.expect_end();
}

TEST_CASE("part 2, 9 points: all other registers are the parent's", "[fork][part2]") {
  const Observed seen = fork_case("registers");
  const std::uint64_t child = seen.value("child-differs"), parent = seen.value("parent-differs");
  seen.check(child == 0, "in the child these differ:" + different_registers(child));
  seen.check(parent == 0, "fork has changed the parent's:" + different_registers(parent));
  const std::uint64_t fp = seen.hash_of_stream(2, 256);
  seen.expect("child-fp", fp, "the child's floating-point registers are not the parent's");
  seen.expect("parent-fp", fp, "fork has changed the parent's floating-point registers");
  seen.expect("status", 0, "the child did not come to its end");
  seen.expect_end();
}

TEST_CASE("part 2, 4 points: clone's stack, thread pointer and signal at the end",
          "[fork][part2]") {
  const Observed seen = fork_case("stack");
  seen.check(seen.value("sp") == seen.value("wanted-sp"),
             "clone names a stack for the child, and it runs on another");
  seen.expect("tp", seen.number(2), "CLONE_SETTLS gives a thread pointer, and tp is another");
  seen.expect("status", exited(3), "the child did not come to its end");
  seen.expect("handled", SIGUSR2, "the signal that clone names did not come at the child's end");
  seen.expect("second-handled", 0, "clone names no signal, and one came at the child's end");
  seen.expect("third-handled", SIGCHLD, "SIGCHLD did not come at the child's end");
  seen.expect_end();
}

TEST_CASE("part 2, 4 points: generations, and many children at a time", "[fork][part2]") {
  for (int smp : {1, 2}) {
    const Observed seen = fork_case("many", 200, {}, smp, 1000);
    seen.expect("generations", 21, "a child of a child of a child: a status was lost on the way");
    seen.expect("sum", 10, "five children at a time: a status is wrong");
    seen.check(seen.count("work") == 5, "five children at a time: not all have done their work");
    for (std::uint64_t i = 0; i < 5; i++) {
      std::uint64_t hash = seen.number(i);
      for (std::uint64_t n = 0; n < 60000; n++) hash = lab_hash(hash, n);
      bool found = false;
      for (std::uint64_t value : seen.all("work")) found |= value == hash;
      seen.check(found, "five children at a time: one has computed nonsense");
    }
    seen.expect("nobody", 1, "after all children are waited for, wait still finds one");
    seen.expect_end();
  }
}

TEST_CASE("part 2, 3 points: a child with CLONE_VM uses the parent's memory itself",
          "[fork][part2]") {
  const Observed seen = fork_case("vfork");
  seen.expect("shared", seen.number(1), "the parent does not see what the child has written");
  seen.expect("references", 1, "a page has more than one holder, though nothing was copied");
  seen.expect("status", 0, "the child did not come to its end");
  seen.expect_end();
}

// ---- Part 3: copy-on-write ----

TEST_CASE("part 3, 6 points: a page is shared until one of them writes", "[fork][part3]") {
  const Observed seen = fork_case("share");
  seen.check(seen.value("parent-frames") == seen.value("child-frames"),
             "parent and child should have the same frames after fork");
  seen.expect("parent-shared", 60, "after fork, each of the parent's frames has two holders");
  seen.expect("child-shared", 60, "after fork, each of the child's frames has two holders");
  seen.expect("parent-cow", 60, "the parent's pages are not marked: readable, copy on write");
  seen.expect("child-cow", 60, "the child's pages are not marked: readable, copy on write");
  seen.check(seen.value("parent-sealed-frame") == seen.value("child-sealed-frame"),
             "a page that may only be read is shared, too");
  seen.expect("child-sealed-flags", 1, "a page that may only be read stays as it is");
  seen.check(seen.value("before-frame") != seen.value("after-frame"),
             "the child writes, and stays on the shared frame");
  seen.expect("after-holders", 1, "the child's copy is its own: one holder");
  seen.expect("after-flags", own_flags, "the child's copy can be read and written");
  seen.expect("left-holders", 1, "the child has left the shared frame, but still counts for it");
  seen.expect("left-flags", cow_flags, "the child's copying has changed the parent's entry");
  seen.expect("left-value", 1, "the parent sees what the child has written");
  seen.expect_end();
}

TEST_CASE("part 3, 5 points: the last holder of a frame takes it without a copy", "[fork][part3]") {
  const Observed seen = fork_case("last");
  seen.expect("heir-before-holders", 1, "the parent has its copy: the child is the only holder");
  seen.check(seen.value("heir-before-frame") == seen.value("heir-after-frame"),
             "the child is the only holder of a frame, writes, and gets another frame");
  seen.expect("heir-after-flags", own_flags, "the last holder's page can be read and written");
  seen.check(seen.value("alone-frame") == seen.value("own-frame"),
             "the child has ended; the parent writes, and gets another frame");
  seen.expect("alone-flags", cow_flags, "the page is marked until it is written");
  seen.expect("own-flags", own_flags, "the last holder's page can be read and written");
  seen.expect("more-frames", 0, "a frame was allocated though nobody shares the page any more");
  seen.expect("value", 9, "what was written is not there");
  seen.expect_end();
}

TEST_CASE("part 3, 4 points: fork of 1000 pages costs next to no frames and little time",
          "[fork][part3]") {
  const Observed seen = fork_case("cheap");
  // Two or three pages are written by both at once: the stack, the library's data.
  seen.check(seen.value("frames") < 30, "fork took " + std::to_string(seen.value("frames")) +
                                            " frames; shared pages need none");
  const std::uint64_t written = seen.value("frames-written") - seen.value("frames");
  seen.check(written >= 100 && written < 110,
             "the child wrote to 100 pages, and that took " + std::to_string(written) + " frames");
  seen.check(seen.value("instructions") < 200'000, "fork took " +
                                                       std::to_string(seen.value("instructions")) +
                                                       " instructions, 200,000 are plenty");
  seen.expect_end();
}

// ---- Part 4: each student's own ----

TEST_CASE("part 4, 5 points: your own number, measured", "[fork][part4]") {
  const unsigned pages = 200 + variant(400);
  const std::string answer = student("fork_cost");
  Observed none_yet = fork_case("measure", 100, std::to_string(pages));
  none_yet.check(!student("id").empty(), "the file STUDENT has no line `id = ...`");
  const double measured = double(none_yet.value("instructions"));
  none_yet.check(!answer.empty(),
                 "no line `fork_cost = ...` in the file STUDENT: how many "
                 "instructions more does fork take with " +
                     std::to_string(pages) + " touched pages more?");
  const double said = std::atof(answer.c_str());
  none_yet.check(said > 0.9 * measured && said < 1.1 * measured,
                 "the number in STUDENT is not what your kernel takes for " +
                     std::to_string(pages) + " pages (10% to either side would do)");
  none_yet.expect_end();
}

// For who wants to know the number without writing a program for it: test/labs/tools.
TEST_CASE("the answer of part 4", "[.answer-fork]") {
  const Observed seen = fork_case("measure", 100, std::to_string(200 + variant(400)));
  WARN("fork_cost = " << seen.value("instructions"));
}

TEST_CASE("the machine boots, whatever is missing", "[.boot-fork]") {
  const Observed seen({"lab_fork", "boot", 50});
  seen.check(seen.count("fork-errno") == 1, "the first process did not come to fork");
  seen.expect_end();
}

}  // namespace
}  // namespace test
