// The grader of the lab `syscall`, part 3: each student's own call.
#include <cerrno>
#include <cstring>
#include <string>

#include "catch.hh"
#include "labs/steps.hh"

namespace test {
namespace {

// ---- Part 3: each student's own ----

constexpr std::size_t own_words = 8;

std::vector<std::uint64_t> own_call(Machine& m, Process& process) {
  const std::uint64_t at = fresh_place(m, process, own_words * 8);
  const std::uint64_t result = m.call(process, task("number"), at);
  const std::string name = "The call " + std::to_string(task("number"));
  if (failed(result)) m.give_up(name + " fails with " + error_name(result) + ".");
  expect(result == 0, name + " should return 0, and returns " + std::to_string(result) + ".");
  std::vector<std::uint64_t> words(own_words);
  std::memcpy(words.data(), m.peek(process, at, own_words * 8).data(), own_words * 8);
  return words;
}

void expect_word(const std::vector<std::uint64_t>& words, const std::string& name,
                 std::uint64_t least, std::uint64_t most) {
  const std::uint64_t at = task(name), seen = words[at % own_words];
  expect(seen >= least && seen <= most, "Word " + std::to_string(at) + " should be the " + name +
                                            ", " + std::to_string(least) + ", and is " +
                                            std::to_string(seen) + ".");
}

TEST_CASE("part 3, 10 points: your own call fills its structure, and only that",
          "[syscall][part3]") {
  Machine m({"own-call"});
  Process& process = m.first();
  const std::vector<std::uint64_t> words = own_call(m, process);
  for (std::size_t i = 0; i < own_words; i++) {
    bool used = false;
    for (const char* name : {"pid", "parent", "memory", "uptime"}) used |= task(name) == i;
    expect(used || words[i] == 0, "Word " + std::to_string(i) + " should be 0.");
  }
  expect_word(words, "pid", 1, 1);
  const std::uint64_t at = map_pages(m, process, 2);
  m.touch(process, at, 2, 1);
  m.call(process, call_munmap, at + page, page);
  for (std::uint64_t bad : {0ul, at + page, at + page - 32, 0xffff'ffc0'8020'0000ul}) {
    expect(m.call(process, task("number"), bad) == minus(EFAULT),
           "With a bad pointer your call should return EFAULT.");
  }
}

TEST_CASE("part 3, 10 points: your own call knows the caller and its parent", "[syscall][part3]") {
  Machine m({"own-pids"});
  Process& process = m.first();
  const Birth first = fork_of(m, process), second = fork_of(m, *first.child);
  const Birth third = fork_of(m, *second.child);
  const std::vector<std::uint64_t> words = own_call(m, *third.child);
  expect_word(words, "pid", third.pid, third.pid);
  expect_word(words, "parent", second.pid, second.pid);
  expect_word(own_call(m, *first.child), "parent", 1, 1);
  end_child(m, *second.child, third);
  end_child(m, *first.child, second);
  end_child(m, process, first);
}

TEST_CASE("part 3, 10 points: your own call knows the machine's memory and time",
          "[syscall][part3]") {
  for (const char* memory : {"64M", "96M"}) {
    Machine m({std::string("own-machine-") + memory, 100, 1, memory});
    Process& process = m.first();
    m.call(process, call_nanosleep, put_words(m, process, {1 + m.draw() % 5, 0}), 0);
    const std::uint64_t seconds = m.time() / 10'000'000;
    const std::vector<std::uint64_t> words = own_call(m, process);
    expect_word(words, "memory", m.machine_memory() / 1024 * 4 / 5, m.machine_memory() / 1024);
    expect_word(words, "uptime", seconds, seconds + 1);
  }
}

}  // namespace
}  // namespace test
