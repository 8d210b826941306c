// The grader of the lab `fork`, part 1: the child, and what it inherits. A test's name says its
// part and its points.
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string>

#include "catch.hh"
#include "labs/areas.hh"

namespace test {
namespace {

constexpr std::uint64_t clone_vm = 0x100, clone_vfork = 0x4000, clone_settls = 0x80000;

TEST_CASE("part 1, 5 points: fork returns twice: the child's pid, and 0", "[fork][part1]") {
  Machine m({"fork-twice"});
  Process& parent = m.first();
  const std::uint64_t parent_pid = m.call(parent, call_getpid);
  const Birth birth = fork_of(m, parent);
  Process& child = *birth.child;
  expect(child.at_rest.x[reg_a0] == 0, "fork returns " + std::to_string(child.at_rest.x[reg_a0]) +
                                           " in the child, which so takes itself for the parent.");
  expect(birth.pid != 0 && birth.pid != parent_pid, "fork does not return a new pid.");
  expect(m.call(child, call_getpid) == birth.pid,
         "What fork returns in the parent is not the child's pid.");
  expect(m.call(child, call_getppid) == parent_pid,
         "The child's parent is not the process that forked.");
  expect(m.call(parent, call_wait4, birth.pid, 0, 1, 0) == 0,
         "wait4 with WNOHANG finds an end of the child, which has not ended.");
  end_child(m, parent, birth);
  expect(m.call(parent, call_wait4, birth.pid, 0, 1, 0) == -std::uint64_t(ECHILD),
         "After wait4 the child is still there.");
}

TEST_CASE("part 1, 3 points: one fork makes one child, which begins after the ecall",
          "[fork][part1]") {
  Machine m({"fork-once"});
  Process& parent = m.first();
  const Birth birth = fork_of(m, parent);
  m.let_run(60);
  const std::size_t more = m.newcomers().size();
  expect(more == 0, "Two processes should come out of one fork, and " + std::to_string(more + 2) +
                        " did: which instruction does a child begin with?");
  end_child(m, parent, birth);
  expect(m.call(parent, call_wait4, -1, 0, 1, 0) == -std::uint64_t(ECHILD),
         "After the only child's end wait4 finds another.");
}

std::string different_registers(const Registers& wanted, const Registers& seen) {
  std::string text;
  for (unsigned i = 1; i < 32; i++) {
    if (i != reg_a0 && wanted.x[i] != seen.x[i]) text += " x" + std::to_string(i);
  }
  return text;
}

TEST_CASE("part 1, 4 points: all other registers are the parent's", "[fork][part1]") {
  Machine m({"fork-registers"});
  Process& parent = m.first();
  const std::uint64_t stack = parent.at_rest.x[reg_sp];
  const Area data = {"data", m.label("initialised"), 1};
  fill(m, parent, data);
  const auto floats = m.peek(parent, data.address, 256);
  Registers all = parent.at_rest;
  all.x[reg_a0] = data.address;
  m.step(parent, "step_load_fp", all);
  for (unsigned i = 1; i < 32; i++) all.x[i] = m.draw();
  all.x[reg_a0] = SIGCHLD, all.x[reg_a0 + 1] = 0, all.x[reg_a7] = call_clone;
  m.newcomers();
  m.step(parent, "step_call", all);
  const Birth birth = birth_of(m, parent, parent.at_rest.x[reg_a0]);
  const std::string child_differs = different_registers(all, birth.child->at_rest);
  expect(child_differs.empty(), "These registers differ in the child:" + child_differs + ".");
  const std::string parent_differs = different_registers(all, parent.at_rest);
  expect(parent_differs.empty(),
         "fork changed these registers of the parent:" + parent_differs + ".");
  for (Process* process : {birth.child, &parent}) {
    Registers with = process->at_rest;
    with.x[reg_a0] = data.address + 1024;
    m.step(*process, "step_store_fp", with);
    expect(m.peek(*process, data.address + 1024, 256) == floats,
           process == &parent ? "fork changed the parent's floating-point registers."
                              : "The child's floating-point registers are not the parent's.");
    process->at_rest.x[reg_sp] = stack;
  }
  end_child(m, parent, birth);
}

std::uint64_t read_link(Machine& m, Process& process, const std::string& path) {
  const std::uint64_t at = put_text(m, process, path);
  return m.call(process, call_readlinkat, -100, at, at, 500);
}

std::string linked_text(Machine& m, Process& process, const std::string& path) {
  const std::uint64_t size = read_link(m, process, path);
  return failed(size) ? "" : text_at(m, process, m.label("uninitialised") + 3 * page, size);
}

// What the rest of the system takes the child for: name, arguments, program, pages, limits.
void expect_same_program(Machine& m, Process& parent, Process& child) {
  for (const std::string name : {"comm", "cmdline"}) {
    expect(file_text(m, child, "/proc/self/" + name) == file_text(m, parent, "/proc/self/" + name),
           "The child's /proc/self/" + name + " is not the parent's.");
  }
  expect(linked_text(m, child, "/proc/self/exe") == linked_text(m, parent, "/proc/self/exe"),
         "The child's /proc/self/exe does not lead to the parent's program.");
  const std::string counts = file_text(m, child, "/proc/self/statm");
  const std::size_t pages = m.pages(child).size();
  expect(counts.find(" " + std::to_string(pages) + " ") != std::string::npos,
         "The child has " + std::to_string(pages) + " pages, and its /proc/self/statm says " +
             counts.substr(0, counts.find('\n')) + ".");
}

TEST_CASE("part 1, 3 points: files, directory, signals and break are inherited", "[fork][part1]") {
  Machine m({"fork-inherit"});
  Process& parent = m.first();
  const std::uint64_t start = 100 + m.draw() % 1000;
  const std::uint64_t fd = open_something(m, parent);
  m.call(parent, call_lseek, fd, start, 0);
  m.call(parent, call_chdir, put_text(m, parent, "/tmp"));
  set_handler(m, parent, SIGUSR1, ignore_signal);
  set_handler(m, parent, SIGUSR2, m.label("handler"));
  const std::uint64_t mask = bit_of(SIGTERM) | bit_of(1 + static_cast<int>(m.draw() % 8));
  block(m, parent, mask);
  const std::uint64_t end = m.call(parent, call_brk, 0) + 3 * page + m.draw() % page;
  m.call(parent, call_brk, end);
  constexpr std::uint64_t limit_of_files = 7;
  const std::uint64_t files = 100 + m.draw() % 100;
  m.call(parent, call_prlimit, 0, limit_of_files, put_words(m, parent, {files, files}), 0);

  const Birth birth = fork_of(m, parent);
  Process& child = *birth.child;
  expect_same_program(m, parent, child);
  const std::uint64_t limits = put_words(m, child, {0, 0});
  m.call(child, call_prlimit, 0, limit_of_files, 0, limits);
  expect(word_at(m, child, limits) == files, "The child's limits are not the parent's.");
  const std::uint64_t there = put_text(m, child, "nothing");
  expect(m.call(child, call_lseek, fd, 0, 1) == start,
         "The child's descriptor is not where the parent's was.");
  expect(m.call(child, call_read, fd, there, 1) == 1,
         "The child cannot read from the parent's open file.");
  expect(m.call(child, call_close, fd) == 0, "The child cannot close a descriptor.");
  expect(m.call(child, call_getcwd, there, 64) == 5 &&
             word_at(m, child, there) << 24 >> 24 == 0x00'706d'742f,
         "The child is not in the parent's current directory.");
  const std::uint64_t self = m.call(child, call_getpid);
  m.call(child, call_kill, self, SIGUSR1);
  m.call(child, call_kill, self, SIGUSR2);
  expect(m.handled_signals(child) == std::vector<std::uint64_t>{SIGUSR2},
         "The child does not have the parent's signal handlers.");
  expect(blocked(m, child) == mask, "The child's set of blocked signals is not the parent's.");
  expect(m.call(child, call_brk, 0) == end, "The child's break (brk) is not the parent's.");
  expect(m.call(child, call_brk, end + 2 * page) == end + 2 * page,
         "The child cannot move its break.");
  expect(m.call(parent, call_lseek, fd, 0, 1) == start + 1,
         "An open file is shared by parent and child, and so should be its position.");
  expect(m.call(parent, call_brk, 0) == end, "The child moves its break, and the parent's moves.");
  expect(map_pages(m, child, 1) == map_pages(m, parent, 1),
         "With the same regions, mmap finds other room in the child than in the parent.");
  end_child(m, parent, birth);
}

TEST_CASE("part 1, 2 points: user, umask and alternate stack are inherited, pending signals not",
          "[fork][part1]") {
  Machine m({"fork-rights"});
  Process& root = m.first();
  const Birth first = fork_of(m, root);
  Process& parent = *first.child;
  const std::uint64_t user = 1000 + m.draw() % 1000, mask = m.draw() % 512;
  m.call(parent, call_umask, mask);
  const std::uint64_t stack = map_pages(m, parent, 16);
  m.call(parent, call_sigaltstack, put_words(m, parent, {stack, 0, 16 * page}), 0);
  m.call(parent, call_setuid, user);
  block(m, parent, bit_of(SIGUSR1));
  m.call(parent, call_kill, m.call(parent, call_getpid), SIGUSR1);

  const Birth birth = fork_of(m, parent);
  Process& child = *birth.child;
  expect(m.call(child, call_getuid) == user, "The child of a user's process is another user's.");
  expect(m.call(child, call_setuid, 0) == -std::uint64_t(EPERM),
         "The child of a user's process can become root.");
  expect(failed(read_link(m, parent, "/proc/" + std::to_string(birth.pid) + "/exe")),
         "root's process became a user's, so the user must not look into it, nor into its child.");
  expect(m.call(child, call_umask, 0) == mask, "The child's umask is not the parent's.");
  const std::uint64_t at = put_words(m, child, {1, 1, 1});
  m.call(child, call_sigaltstack, 0, at);
  expect(word_at(m, child, at) == stack, "The child has lost the alternate stack for signals.");
  m.call(child, call_sigpending, at, 8);
  expect(word_at(m, child, at) == 0,
         "A signal that waits for the parent waits for the child, too.");
  end_child(m, parent, birth);
  end_child(m, root, first);
}

TEST_CASE("part 1, 2 points: clone's stack, thread pointer and signal at the end",
          "[fork][part1]") {
  Machine m({"fork-clone"});
  Process& parent = m.first();
  const std::uint64_t top = m.label("uninitialised") + 8192 - 16 * (1 + m.draw() % 50);
  const std::uint64_t tls = m.draw();
  set_handler(m, parent, SIGUSR2, m.label("handler"));
  set_handler(m, parent, SIGCHLD, m.label("handler"));
  m.newcomers();
  const Birth birth =
      birth_of(m, parent, m.call(parent, call_clone, clone_settls | SIGUSR2, top, 0, tls, 0));
  expect(birth.child->at_rest.x[reg_sp] == top,
         "clone names a stack for the child, and the child runs on another.");
  expect(birth.child->at_rest.x[reg_tp] == tls,
         "CLONE_SETTLS gives a thread pointer, and the child's tp is another.");
  end_child(m, parent, birth);
  expect(m.handled_signals(parent) == std::vector<std::uint64_t>{SIGUSR2},
         "The signal that clone names does not come at the child's end.");
  const Birth second = fork_of(m, parent, 0);
  end_child(m, parent, second);
  expect(m.handled_signals(parent).size() == 1,
         "clone names no signal, and one comes at the child's end.");
  const Birth third = fork_of(m, parent);
  end_child(m, parent, third);
  expect(m.handled_signals(parent).size() == 2 && m.handled_signals(parent)[1] == SIGCHLD,
         "SIGCHLD does not come at the child's end.");
}

void generations(Machine& m, Process& parent, int depth) {
  if (depth == 0) return;
  const Birth birth = fork_of(m, parent);
  generations(m, *birth.child, depth - 1);
  end_child(m, parent, birth);
}

TEST_CASE("part 1, 2 points: generations, and many children at a time", "[fork][part1]") {
  for (int smp : {1, 2}) {
    Machine m({"fork-many-" + std::to_string(smp), 300, smp, "64M", 1000});
    Process& parent = m.first();
    generations(m, parent, 6);
    std::vector<Birth> births;
    std::vector<std::uint64_t> wanted;
    for (int i = 0; i < 5; i++) {
      births.push_back(fork_of(m, parent));
      Registers with = births.back().child->at_rest;
      std::uint64_t value = with.x[reg_a0 + 1] = m.draw();
      with.x[reg_a0] = 100'000;
      for (int n = 0; n < 100'000; n++) value = value * 6364136223846793005 + 1;
      wanted.push_back(value);
      m.start(*births.back().child, "step_work", with, "arithmetic");
    }
    for (std::size_t i = 0; i < births.size(); i++) {
      m.finish(*births[i].child);
      expect(births[i].child->at_rest.x[reg_a0 + 1] == wanted[i],
             "Of five children that compute at a time, one has computed nonsense.");
    }
    for (const Birth& birth : births) end_child(m, parent, birth);
    expect(m.call(parent, call_wait4, -1, 0, 0, 0) == -std::uint64_t(ECHILD),
           "After all children have been waited for, wait4 still finds one.");
  }
}

// A child on another stack in the same memory has no alternate stack, or two would use one.
void check_alternate_stack(Machine& m, Process& parent) {
  const std::uint64_t stack = map_pages(m, parent, 16), top = map_pages(m, parent, 1) + page;
  m.call(parent, call_sigaltstack, put_words(m, parent, {stack, 0, 16 * page}), 0);
  for (std::uint64_t flags : {clone_vm, clone_vm | clone_vfork}) {
    Registers with = parent.at_rest;
    with.x[reg_a0] = flags | SIGCHLD, with.x[reg_a0 + 1] = top, with.x[reg_a7] = call_clone;
    with.x[18] = put_words(m, parent, {0, 0, 0});
    const std::uint64_t pid = m.step(parent, "step_child_stack", with).x[reg_a0];
    expect(wait_for(m, parent, pid) == 0, "The child of clone with CLONE_VM does not end with 0.");
    const std::uint64_t seen = word_at(m, parent, with.x[18]);
    expect(seen == (flags & clone_vfork ? stack : 0),
           flags & clone_vfork ? "The child of vfork has lost the alternate stack for signals."
                               : "With CLONE_VM, and without CLONE_VFORK, the child should have no "
                                 "alternate stack: its parent uses that.");
  }
}

TEST_CASE("part 1, 1 point: a child with CLONE_VM uses the parent's memory itself",
          "[fork][part1]") {
  Machine m({"fork-vm"});
  Process& parent = m.first();
  end_child(m, parent, fork_of(m, parent));  // a parent that only plays its child has none
  const std::uint64_t at = m.label("initialised"), mine = m.draw();
  m.store(parent, at, 1);
  const auto frame = m.walk(parent, at);
  const std::uint64_t result =
      m.call(parent, call_clone, clone_vm | clone_vfork | SIGCHLD, 0, 0, 0, 0);
  if (failed(result)) m.give_up("vfork fails with " + error_name(result) + ".");
  // Both have one page table, so both are this Process; the parent waits for the child's end.
  expect(result == 0, "With CLONE_VFORK the parent goes on before the child has ended.");
  const std::uint64_t pid = m.call(parent, call_getpid);
  m.store(parent, at, mine);
  m.start_call(parent, call_exit, 9);
  expect(m.finish(parent) == pid, "With CLONE_VFORK the parent does not get the child's pid.");
  expect(m.load(parent, at) == mine, "The parent does not see what the child has written.");
  expect(m.walk(parent, at) == frame, "With CLONE_VM a page was copied.");
  expect(wait_for(m, parent, pid) == 9 << 8, "The child's status does not arrive.");
  check_alternate_stack(m, parent);
}

}  // namespace
}  // namespace test
