// The grader of the lab `fork`, part 3: each student's own.
#include <csignal>
#include <string>

#include "catch.hh"
#include "labs/steps.hh"

namespace test {
namespace {

// A parent with everything that a fenced child must not have, and two children: the fenced one, and
// one with another exit signal.
struct Fenced {
  Machine m;
  Process& parent;
  std::uint64_t others;  // what the parent blocks
  Birth plain, fenced;

  explicit Fenced(const std::string& name) : m({name}), parent(m.first()) {
    const auto signal = static_cast<int>(task("signal"));
    const std::uint64_t fd = open_something(m, parent);
    for (std::uint64_t to : {task("descriptor") - 1, task("descriptor"), task("descriptor") + 1})
      m.call(parent, call_dup3, fd, to, 0);
    m.call(parent, call_chdir, put_text(m, parent, "/tmp"));
    others = m.draw() & 0x7fff'ffff & ~bit_of(SIGKILL) & ~bit_of(SIGSTOP);
    if (others == bit_of(static_cast<int>(task("blocked")))) others = 0;
    block(m, parent, others);
    for (int each = 34; each <= 64; each++) set_handler(m, parent, each, ignore_signal);
    plain = fork_of(m, parent, signal == 63 ? 34 : static_cast<std::uint64_t>(signal) + 1);
    fenced = fork_of(m, parent, static_cast<std::uint64_t>(signal));
  }

  bool has(Process& process, std::uint64_t fd) {
    return !failed(m.call(process, call_lseek, fd, 0, 1));
  }
  bool is_in(Process& process, const std::string& path) {
    const std::uint64_t at = put_text(m, process, "no path at all");
    return m.call(process, call_getcwd, at, 64) == path.size() + 1 &&
           text_at(m, process, at, path.size()) == path;
  }
  void end() {
    end_child(m, parent, fenced);
    end_child(m, parent, plain);
  }
};

TEST_CASE("part 3, 10 points: a fenced child lacks one descriptor", "[fork][part3]") {
  Fenced f("fork-own-descriptor");
  const std::uint64_t which = task("descriptor");
  const std::string name = "the descriptor " + std::to_string(which);
  expect(!f.has(*f.fenced.child, which), "A fenced child has " + name + ".");
  expect(f.has(*f.fenced.child, which - 1) && f.has(*f.fenced.child, which + 1),
         "A fenced child lacks more than " + name + ".");
  expect(f.has(*f.plain.child, which), "A child with another exit signal lacks " + name + ".");
  expect(f.has(f.parent, which), "The parent of a fenced child lacks " + name + ".");
  f.end();
}

TEST_CASE("part 3, 10 points: a fenced child blocks one signal", "[fork][part3]") {
  Fenced f("fork-own-signal");
  const auto which = static_cast<int>(task("blocked"));
  expect(blocked(f.m, *f.fenced.child) == bit_of(which),
         "A fenced child should block the signal " + std::to_string(which) + " and no other.");
  expect(blocked(f.m, *f.plain.child) == f.others,
         "A child with another exit signal should block what its parent blocks.");
  expect(blocked(f.m, f.parent) == f.others, "The parent of a fenced child blocks other signals.");
  f.end();
}

TEST_CASE("part 3, 10 points: a fenced child begins in the root directory", "[fork][part3]") {
  Fenced f("fork-own-directory");
  expect(f.is_in(*f.fenced.child, "/"), "A fenced child's current directory is not \"/\".");
  expect(f.is_in(*f.plain.child, "/tmp"),
         "A child with another exit signal is not in its parent's directory.");
  expect(f.is_in(f.parent, "/tmp"), "The parent of a fenced child is in another directory.");
  f.end();
}

}  // namespace
}  // namespace test
