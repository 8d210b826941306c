// The grader of the lab `exec`, part 3: each student's own table of arguments.
#include <algorithm>
#include <string>

#include "catch.hh"
#include "labs/programs.hh"

namespace test {
namespace {

using Texts = std::vector<std::string>;

// A machine with a program that asks for the table, in two places.
struct WithTable {
  Machine m;
  Process& p;
  const std::uint64_t type = task("type"), tag = task("tag"), slots = task("slots"),
                      size = task("size");
  const std::string asks = "/tmp/asks";

  explicit WithTable(const std::string& name) : m({name, 300}), p(m.first()) {
    ProgramFile file(m);
    file.add_header(static_cast<std::uint32_t>(type));
    file.install(m, p, asks);
    file.install(m, p, "/bin/hello");
  }
  std::string text(std::size_t least = 0) { return draw_text(m, size - 1, least); }
  // The new program has this table; where it is.
  std::uint64_t expect_table(Process& now, const Texts& arguments) {
    const FirstStack stack = first_stack(m, now);
    expect(stack.auxv.contains(tag),
           "A program asks for the table, and its auxiliary vector does not have it.");
    const std::uint64_t at = stack.auxv.at(tag);
    Bytes wanted(slots * size, static_cast<std::uint8_t>(task("byte")));
    for (std::size_t i = 0; i < arguments.size(); i++) {
      const auto slot =
          wanted.begin() + static_cast<std::ptrdiff_t>((task("first") + i) % slots * size);
      *std::ranges::copy(arguments[i], slot).out = 0;
    }
    expect(at % 16 == 0 && m.peek(now, at, wanted.size()) == wanted,
           "The table is not as the task says.");
    return at;
  }
};

TEST_CASE("part 3, 12 points: a program that asks finds its arguments in a table",
          "[exec][part3]") {
  WithTable start("exec-table");
  auto& m = start.m;
  for (std::size_t count = 1; count <= start.slots; count++) {
    Texts argv = {start.text(start.size - 1)};
    while (argv.size() < count) argv.push_back(argv.size() % 3 == 2 ? "" : start.text());
    const Birth birth = run_path(m, start.p, start.asks, argv, {draw_text(m, 100)});
    expect(first_stack(m, *birth.child).arguments == argv, "argv is not what it should be, too.");
    start.expect_table(*birth.child, argv);
    end_child(m, start.p, birth);
  }
}

TEST_CASE("part 3, 9 points: what does not fit in the table is refused", "[exec][part3]") {
  WithTable start("exec-table-full");
  auto& m = start.m;
  const Texts full(start.slots, start.text(start.size - 1));
  const Birth birth = run_path(m, start.p, start.asks, full);
  start.expect_table(*birth.child, full);
  Process& now = *birth.child;
  auto refuse = [&](const std::string& what, const Texts& argv) {
    const Arguments with = arguments_of(m, now, start.asks, argv);
    expect_no_exec(m, now, task("error"), what, call_execve, with.path, with.argv, with.envp);
  };
  Texts more = full;
  more.push_back("");
  refuse("an argument more than the table has slots", more);
  more = {"", start.text()};
  more.back().resize(start.size, 'a');
  refuse("an argument of a character too much", more);
  more.back().resize(5000, 'a');
  refuse("a long argument", more);
  Process* next = try_exec(m, now, call_exec, app_hello);
  if (!next) m.give_up("After a program was refused, another one cannot be started.");
  start.expect_table(*next, {});
  end_child(m, start.p, {birth.pid, next});
}

TEST_CASE("part 3, 9 points: programs that do not ask, and what lies around the table",
          "[exec][part3]") {
  WithTable start("exec-table-place");
  auto& [m, p, type, tag, slots, size, asks] = start;
  const Texts argv = {start.text(), start.text()};
  Process& now = *run_path(m, p, asks, argv, {"e=f"}).child;
  const std::uint64_t at = start.expect_table(now, argv), end = at + slots * size;
  const FirstStack stack = first_stack(m, now);
  const std::uint64_t vectors = 8 * (1 + argv.size() + 1 + 2) + 16 * (stack.auxv.size() + 1);
  expect(at >= stack.sp + vectors, "The table lies where the vectors are, or below them.");
  for (const auto& [other, bytes] : {std::pair{stack.argv[0], argv[0].size() + argv[1].size() + 6},
                                     {stack.auxv.at(AT_RANDOM), 16ul},
                                     {stack.auxv.at(AT_EXECFN), asks.size() + 1}})
    expect(end <= other || other + bytes <= at, "The table lies where something else is.");
  m.store(now, at, 1), m.store(now, end - 8, 1);
  ProgramFile plain(m);
  for (std::uint32_t other : {1u, -1u}) plain.add_header(static_cast<std::uint32_t>(type) + other);
  plain.install(m, p, "/tmp/plain");
  const Texts many(slots + 3, draw_text(m, 90, 60));
  Process& other = *run_path(m, p, "/tmp/plain", many).child;
  expect(!first_stack(m, other).auxv.contains(tag) && first_stack(m, other).arguments == many,
         "A program did not ask for the table, and has it.");
  const std::string line = "#!" + asks + "\n", script = "/tmp/s";
  const std::uint64_t fd = open_file(m, p, script, open_both | open_create);
  write_at(m, p, fd, 0, Bytes(line.begin(), line.end()));
  m.call(p, call_close, fd);
  m.call(p, call_fchmodat, -100, put_text(m, p, script), 0755);
  start.expect_table(*run_path(m, p, script, {"x", "y"}).child, {asks, script, "y"});
}

}  // namespace
}  // namespace test
