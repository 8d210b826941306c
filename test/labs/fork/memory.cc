// The grader of the lab `fork`: the child's memory (part 1), and copy-on-write (part 2).
#include <algorithm>
#include <csignal>
#include <map>
#include <string>

#include "catch.hh"
#include "labs/areas.hh"

namespace test {
namespace {

// ---- Part 1: memory of its own ----

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

// Where only shared memory has been used, which a child gets by page faults, it needs no table.
void expect_no_empty_table(Machine& m, Process& parent) {
  constexpr std::uint64_t reach = 512 * page;
  const std::uint64_t around = map_pages(m, parent, 1536), at = (around + reach - 1) & ~(reach - 1);
  m.call(parent, call_mmap, at, page, prot_read | prot_write,
         map_shared | map_anonymous | map_fixed, -1, 0);
  m.store(parent, at, 1);
  const Birth birth = fork_of(m, parent);
  expect(!m.has_table(*birth.child, at), "fork gives the child a page table in which is no page.");
  end_child(m, parent, birth);
}

// The kernel runs with interrupts off, so a long fork must let others run in between.
void expect_others_run() {
  constexpr std::uint64_t pages = 24'000;
  Machine m({"fork-large", 1000, 1, "128M", 10'000});
  Process& parent = m.first();
  const Birth other = fork_of(m, parent);
  const std::uint64_t at = map_pages(m, parent, pages);
  m.touch(parent, at, pages, 1);
  m.newcomers();
  m.start_call(parent, call_clone, SIGCHLD);
  m.load(*other.child, m.label("initialised"));
  // In the middle of it: a page is not shared yet, so its owner may write it.
  expect(parent.busy && m.walk(parent, at + (pages - 1) * page)->writable,
         "While a large process forks, no other process runs.");
  end_child(m, parent, birth_of(m, parent, m.finish(parent)));
  end_child(m, parent, other);
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
  expect_no_empty_table(m, parent);
  expect_others_run();
}

}  // namespace
}  // namespace test
