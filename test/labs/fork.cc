// The grader of the lab `fork` (docs/labs/fork.md). A test's name says its part and its points.
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string>

#include "catch.hh"
#include "labs/steps.hh"

namespace test {
namespace {

constexpr std::uint64_t clone_vm = 0x100, clone_vfork = 0x4000, clone_settls = 0x80000;
constexpr std::uint64_t ignore = 1;  // SIG_IGN

// ---- Memory of all kinds ----

struct Area {
  const char* name;
  std::uint64_t address;
  std::size_t pages;
};

// Each page is written by the process itself, then filled with what the host drew.
void fill(Machine& m, Process& process, const Area& area) {
  m.touch(process, area.address, area.pages, 1);
  m.poke(process, area.address, m.draw_bytes(area.pages * page));
}

std::vector<Area> make_areas(Machine& m, Process& process) {
  const std::uint64_t end = m.call(process, call_brk, 0);
  const std::uint64_t heap = (end + page - 1) & ~(page - 1);
  m.call(process, call_brk, heap + 3 * page);
  const std::uint64_t far = map_pages(m, process, 1100);
  const std::uint64_t stack = (process.at_rest.x[reg_sp] & ~(page - 1)) - 2 * page;
  std::vector<Area> areas = {{"initialised data", m.label("initialised"), 2},
                             {"uninitialised data", m.label("uninitialised"), 3},
                             {"the heap", heap, 3},
                             {"the stack", stack, 2},
                             {"mapped memory", far + 7 * page, 5},
                             {"mapped memory, far away", far + 1097 * page, 3}};
  for (const Area& area : areas) fill(m, process, area);
  return areas;
}

void touch_all(Machine& m, Process& process, const std::vector<Area>& areas, std::uint64_t value) {
  for (const Area& area : areas) m.touch(process, area.address, area.pages, value);
}

// The first word of each page, as the process itself loads it.
void expect_words(Machine& m, Process& process, const std::vector<Area>& areas, std::uint64_t value,
                  const std::string& reason) {
  for (const Area& area : areas) {
    for (std::size_t i = 0; i < area.pages; i++)
      expect(m.load(process, area.address + i * page) == value, reason + " (" + area.name + ").");
  }
}

void set_handler(Machine& m, Process& process, int signal, std::uint64_t handler) {
  const std::uint64_t action = put_words(m, process, {handler, 0, 0});
  m.call(process, call_sigaction, signal, action, 0, 8);
}

std::uint64_t bit_of(int signal) { return 1ul << (signal - 1); }

void block(Machine& m, Process& process, std::uint64_t mask) {
  m.call(process, call_sigprocmask, 2, put_words(m, process, {mask}), 0, 8);
}

std::uint64_t blocked(Machine& m, Process& process) {
  const std::uint64_t at = put_words(m, process, {0xa5a5a5a5});
  m.call(process, call_sigprocmask, 0, 0, at, 8);
  return word_at(m, process, at);
}

std::uint64_t open_something(Machine& m, Process& process) {
  const std::uint64_t path = put_text(m, process, "/test/observer");
  return m.call(process, call_openat, -100, path, 0, 0);
}

// ---- Part 1: a child ----

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

TEST_CASE("part 1, 4 points: the child's memory is what the parent's was", "[fork][part1]") {
  Machine m({"fork-memory"});
  Process& parent = m.first();
  const std::vector<Area> areas = make_areas(m, parent);
  const std::uint64_t sealed = areas[4].address + 2 * page;  // may only be read from now on
  m.call(parent, call_mprotect, sealed, page, prot_read);
  const std::uint64_t untouched = areas[4].address + 300 * page;
  m.load(parent, status_at(m));
  const auto before = m.pages(parent);
  std::map<std::uint64_t, std::vector<std::uint8_t>> bytes;
  for (const auto& [address, mapping] : before) bytes[address] = m.peek(parent, address, page);

  const Birth birth = fork_of(m, parent);
  Process& child = *birth.child;
  const auto inherited = m.pages(child);
  for (const auto& [address, mapping] : inherited) {
    const auto was = before.find(address);
    expect(was != before.end(), "The child has a page where the parent had none.");
    expect(m.peek(child, address, page) == bytes[address],
           "A page of the child does not hold what the parent's held.");
    expect(mapping.writable <= was->second.writable,
           "The child may write to a page that the parent could only read.");
    expect(mapping.executable == was->second.executable,
           "The child may not execute what the parent could, or the reverse.");
  }
  for (const Area& area : areas) {
    for (std::size_t i = 0; i < area.pages; i++) {
      const std::uint64_t at = area.address + i * page;
      m.load(child, at);
      expect(
          m.peek(child, at, page) == bytes[at],
          std::string("The child does not read what the parent had written (") + area.name + ").");
      expect(m.peek(parent, at, page) == bytes[at],
             std::string("fork changed the parent's own memory (") + area.name + ").");
    }
  }
  expect(m.load(child, untouched) == 0, "A page that was never used is not zero in the child.");

  const Birth victim = fork_of(m, child);
  m.store_and_die(*victim.child, sealed);
  expect(wait_for(m, child, victim.pid) == SIGSEGV,
         "A child can write to a page that its parent may only read (mprotect).");
  end_child(m, parent, birth);
}

void check_separate(int smp) {
  Machine m({"fork-separate-" + std::to_string(smp), 300, smp});
  Process& parent = m.first();
  const std::vector<Area> areas = make_areas(m, parent);
  const std::uint64_t many = map_pages(m, parent, 20);
  for (int round = 0; round < 3; round++) {
    const std::uint64_t old_value = m.draw(), at_once = m.draw();
    touch_all(m, parent, areas, old_value);
    Registers with = parent.at_rest;
    with.x[reg_a0] = SIGCHLD, with.x[reg_a0 + 1] = 0, with.x[reg_a7] = call_clone;
    with.x[8] = old_value, with.x[9] = at_once, with.x[18] = many, with.x[19] = 20;
    m.newcomers();
    m.start(parent, "step_fork_touch", with, "fork");
    const Birth birth = birth_of(m, parent, m.finish(parent));
    Process& child = *birth.child;
    for (std::uint64_t i = 0; i < 20; i++) {
      expect(m.load(child, many + i * page) == old_value,
             "The parent writes immediately after fork, and the child sees it.");
      expect(m.load(parent, many + i * page) == at_once,
             "What the parent writes immediately after fork is lost.");
    }
    m.call(parent, call_clock_gettime, 1, areas[0].address);
    expect(m.load(child, areas[0].address) == old_value,
           "A system call writes into the parent's memory after fork, and the child sees it.");
    const std::uint64_t parents = m.draw(), childs = m.draw();
    touch_all(m, parent, areas, parents);
    expect_words(m, child, areas, old_value, "The parent writes after fork, and the child sees it");
    touch_all(m, child, areas, childs);
    expect_words(m, parent, areas, parents, "The child writes, and the parent sees it");
    expect_words(m, child, areas, childs, "The child does not read back what it wrote");
    for (const Area& area : areas) {
      expect(m.walk(parent, area.address)->frame != m.walk(child, area.address)->frame,
             "Both have written to a page, and their page tables name the same frame.");
    }
    end_child(m, parent, birth);
  }
}

TEST_CASE("part 1, 4 points: neither sees what the other writes after fork", "[fork][part1]") {
  check_separate(1);
  check_separate(2);
}

// Two instructions: li a0, value; ret.
std::uint64_t code_for(std::uint64_t value) { return 0x0000'8067'0000'0513 | value << 20; }

std::uint64_t run_code(Machine& m, Process& process, std::uint64_t at) {
  Registers with = process.at_rest;
  with.x[reg_a0] = at;
  return m.step(process, "step_run", with).x[reg_a0];
}

TEST_CASE("part 1, 2 points: parent and child may each change their own code", "[fork][part1]") {
  Machine m({"fork-code"});
  Process& parent = m.first();
  const std::uint64_t at = map_pages(m, parent, 1, prot_read | prot_write | prot_exec);
  const std::uint64_t one = 1 + m.draw() % 1000, two = one + 1000;
  m.store(parent, at, code_for(one));
  if (run_code(m, parent, at) != one) m.give_up("The observer cannot run code that it wrote.");
  const Birth birth = fork_of(m, parent);
  m.store(*birth.child, at, code_for(two));
  expect(run_code(m, *birth.child, at) == two,
         "The child does not run the code that it has just written.");
  expect(run_code(m, parent, at) == one, "The parent runs code that the child has written.");
  end_child(m, parent, birth);
}

TEST_CASE("part 1, 3 points: files, directory, signals and break are inherited", "[fork][part1]") {
  Machine m({"fork-inherit"});
  Process& parent = m.first();
  const std::uint64_t start = 100 + m.draw() % 1000;
  const std::uint64_t fd = open_something(m, parent);
  m.call(parent, call_lseek, fd, start, 0);
  m.call(parent, call_chdir, put_text(m, parent, "/tmp"));
  set_handler(m, parent, SIGUSR1, ignore);
  set_handler(m, parent, SIGUSR2, m.label("handler"));
  const std::uint64_t mask = bit_of(SIGTERM) | bit_of(1 + static_cast<int>(m.draw() % 8));
  block(m, parent, mask);
  const std::uint64_t end = m.call(parent, call_brk, 0) + 3 * page + m.draw() % page;
  m.call(parent, call_brk, end);

  const Birth birth = fork_of(m, parent);
  Process& child = *birth.child;
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

TEST_CASE("part 1, 3 points: memory mapped with MAP_SHARED stays shared, and the stack grows",
          "[fork][part1]") {
  Machine m({"fork-shared"});
  Process& parent = m.first();
  const std::uint64_t shared = map_pages(m, parent, 3, prot_read | prot_write, map_shared);
  const std::uint64_t before = m.draw(), childs = m.draw(), parents = m.draw();
  m.store(parent, shared, before);
  const Birth birth = fork_of(m, parent);
  Process& child = *birth.child;
  expect(m.load(child, shared) == before, "The child does not see what is in shared memory.");
  m.store(child, shared, childs);
  expect(m.load(parent, shared) == childs,
         "The child writes to memory mapped with MAP_SHARED, and the parent does not see it.");
  m.store(parent, shared + page, parents);
  expect(m.load(child, shared + page) == parents,
         "The parent uses a new page of MAP_SHARED memory, and the child does not see it.");
  expect(m.walk(parent, shared)->frame == m.walk(child, shared)->frame,
         "A page of MAP_SHARED memory has two frames.");
  const std::uint64_t deep = (child.at_rest.x[reg_sp] - 300'000) & ~7ul;
  const std::uint64_t value = m.draw();
  m.store(child, deep, value);
  expect(m.load(child, deep) == value, "The child's stack cannot grow.");
  end_child(m, parent, birth);
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
}

// ---- What a child had is given back ----

TEST_CASE("part 1, 3 points: thousands of children need no more memory than one", "[fork][part1]") {
  SmallMachine small("fork-give-back", 2000);
  Machine& m = small.m;
  Process& parent = m.first();
  const std::uint64_t at = map_pages(m, parent, 8);
  m.touch(parent, at, 8, 1);
  for (int round = 0; round < 2; round++) {
    end_child(m, parent, fork_of(m, parent));
    Registers with = parent.at_rest;
    constexpr std::uint64_t times = 1500;
    with.x[8] = times, with.x[9] = SIGCHLD, with.x[18] = at, with.x[19] = 8, with.x[20] = 0;
    with.x[21] = status_at(m);
    const Registers after = m.step(parent, "step_many", with);
    if (after.x[8] != 0) {
      m.give_up("In a small machine " +
                std::to_string(static_cast<std::uint64_t>(round) * times + times - after.x[8]) +
                " times fork, exit and wait4 used up all memory (" + error_name(after.x[reg_a0]) +
                "): what is not given back?");
    }
    std::uint64_t sum = 0;
    for (std::uint64_t n = 1; n <= times; n++) sum += (n & 127) << 8;
    expect(after.x[20] == sum, "Of thousands of children one has ended with another status.");
  }
  small.expect_eater();
}

TEST_CASE("part 1, 2 points: a fork that finds no memory gives back what it has made",
          "[fork][part1]") {
  SmallMachine small("fork-no-memory", 2000);
  Machine& m = small.m;
  Process& parent = m.first();
  const std::vector<Area> areas = make_areas(m, parent);
  end_child(m, parent, fork_of(m, parent));
  std::uint64_t refused = 0;
  for (int round = 0; round < 40; round++) {
    Registers with = parent.at_rest;
    constexpr std::uint64_t allocations = 60;
    with.x[8] = allocations, with.x[9] = SIGCHLD, with.x[21] = status_at(m), with.x[22] = 0;
    with.x[23] = 0, with.x[24] = call_fail_alloc;
    const Registers after = m.step(parent, "step_fail", with);
    expect(after.x[23] == 0,
           "Memory runs out in the middle of fork, which should fail with ENOMEM.");
    refused += allocations - after.x[22];
  }
  expect(refused >= 160, "No allocation of fork was seen to fail.");
  touch_all(m, parent, areas, 7);
  expect_words(m, parent, areas, 7, "After a failed fork the parent cannot use its memory");
  end_child(m, parent, fork_of(m, parent));
  small.expect_eater();
}

// ---- Part 2: copy-on-write ----

TEST_CASE("part 2, 5 points: a page is shared until one of them writes", "[fork][part2]") {
  Machine m({"fork-share"});
  Process& parent = m.first();
  const Area area = {"mapped memory", map_pages(m, parent, 60), 60};
  fill(m, parent, area);
  const std::uint64_t sealed = map_pages(m, parent, 1);
  m.store(parent, sealed, 1);
  m.call(parent, call_mprotect, sealed, page, prot_read);
  const Birth birth = fork_of(m, parent);
  Process& child = *birth.child;
  for (std::size_t i = 0; i < area.pages; i++) {
    const auto ours = m.walk(parent, area.address + i * page);
    const auto theirs = m.walk(child, area.address + i * page);
    expect(ours && theirs && ours->frame == theirs->frame,
           "After fork a page of the parent and of the child should be the same frame.");
    expect(!ours->writable && !theirs->writable,
           "After fork neither may write to a shared frame without a page fault.");
    expect(ours->readable && theirs->readable, "After fork both may read a shared frame.");
  }
  const auto sealed_page = m.walk(child, sealed);
  expect(sealed_page && sealed_page == m.walk(parent, sealed),
         "A page that may only be read is shared, too, and stays as it is.");
  const std::uint64_t at = area.address + (10 + m.draw() % 40) * page;
  const auto before = m.peek(parent, at, page);
  const auto shared = m.walk(parent, at);
  m.store(child, at + 8, m.draw());
  const auto copy = m.walk(child, at);
  expect(copy && copy->frame != shared->frame, "The child writes, and stays on the shared frame.");
  expect(copy->writable, "The child's copy cannot be written without another page fault.");
  expect(m.walk(parent, at) == shared, "The child's copying has changed the parent's page table.");
  expect(m.peek(parent, at, page) == before, "The parent sees what the child has written.");
  expect(m.walk(child, at + page)->frame == m.walk(parent, at + page)->frame,
         "The child writes to one page, and another is copied.");
  end_child(m, parent, birth);
}

TEST_CASE("part 2, 3 points: the last holder of a frame takes it without a copy", "[fork][part2]") {
  Machine m({"fork-last"});
  Process& parent = m.first();
  const std::uint64_t at = map_pages(m, parent, 2);
  m.touch(parent, at, 2, 5);
  const Birth birth = fork_of(m, parent);
  Process& child = *birth.child;
  m.store(parent, at + page, 6);  // the parent has its copy now, and the child is the last
  const std::uint64_t heirs = m.walk(child, at + page)->frame;
  expect(m.walk(parent, at + page)->frame != heirs, "The parent writes to a frame of the child's.");
  m.store(child, at + page, 7);
  expect(m.walk(child, at + page)->frame == heirs,
         "The child is the only holder of a frame, writes, and gets another frame.");
  expect(m.walk(child, at + page)->writable, "The last holder cannot write to its page.");
  const std::uint64_t alone = m.walk(parent, at)->frame;
  expect(m.walk(child, at)->frame == alone, "A page that neither has written is not shared.");
  end_child(m, parent, birth);
  m.store(parent, at, 9);
  expect(m.walk(parent, at)->frame == alone,
         "The child has ended, the parent writes, and gets another frame.");
  expect(m.load(parent, at) == 9, "What was written is not there.");
}

TEST_CASE("part 2, 4 points: fork of 1000 pages copies nearly none, and takes little time",
          "[fork][part2]") {
  Machine m({"fork-cheap", 200});
  Process& parent = m.first();
  const std::uint64_t at = map_pages(m, parent, 1000);
  m.touch(parent, at, 1000, 1);
  std::uint64_t least = ~0ul;
  for (int i = 0; i < 3; i++) {
    Registers with = parent.at_rest;
    with.x[reg_a0] = SIGCHLD, with.x[reg_a0 + 1] = 0, with.x[reg_a7] = call_clone;
    m.newcomers();
    const Registers after = m.step(parent, "step_cost", with);
    const Birth birth = birth_of(m, parent, after.x[reg_a0]);
    least = std::min(least, after.x[9]);
    std::uint64_t copied = 0;
    for (const auto& [address, mapping] : m.pages(*birth.child)) {
      const auto ours = m.walk(parent, address);
      copied += !ours || ours->frame != mapping.frame;
    }
    expect(copied < 10, "After fork " + std::to_string(copied) +
                            " pages of the child are copies; shared pages need no frames.");
    end_child(m, parent, birth);
  }
  expect(least < 200'000,
         "fork of 1000 pages took " + std::to_string(least) + " instructions; 200,000 are plenty.");
}

// ---- Part 3: each student's own ----

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
    for (int each = 34; each <= 64; each++) set_handler(m, parent, each, ignore);
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
