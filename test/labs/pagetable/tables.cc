// The grader of the lab `pagetable`, part 1: the tables of processes, as the host walks them.
#include <cstdio>
#include <cstring>
#include <sstream>
#include <string>
#include <vector>

#include "catch.hh"
#include "labs/files.hh"

namespace test {
namespace {

constexpr std::uint64_t reach[] = {page, page << 9, page << 18};  // of an entry, by level
constexpr std::uint64_t dont_need = 4, flags = map_private | map_anonymous | map_fixed;

// An address whose three indices are drawn, in a GiB where no program has anything.
std::uint64_t draw_place(Machine& m) {
  std::uint64_t at = (40 + m.draw() % 60) * reach[2];
  for (unsigned level : {0, 1}) at += (100 + m.draw() % 300) * reach[level];
  return at;
}

void map_at(Machine& m, Process& p, std::uint64_t at, std::uint64_t pages = 1) {
  if (m.call(p, call_mmap, at, pages * page, prot_both, flags, -1, 0) != at)
    m.give_up("mmap fails in the observer, which is not this lab's.");
}

void unmap(Machine& m, Process& p, std::uint64_t at, std::uint64_t pages = 1) {
  expect(m.call(p, call_munmap, at, pages * page) == 0, "munmap fails.");
}

TEST_CASE("part 1, 8 points: a page is where its three indices say", "[pagetable][part1]") {
  Machine m({"pagetable-walk"});
  Process& p = m.first();
  const File file = make_file(m, p, "/tmp/walk", 8);
  const std::uint64_t base = draw_place(m);
  std::vector<std::uint64_t> at = {base}, values;
  for (std::uint64_t n : {1ul, 2ul, 40ul}) {
    for (const std::uint64_t each : reach) at.push_back(base + n * each);
    at.push_back(base + n * (reach[0] + reach[1] + reach[2]));
  }
  for (const std::uint64_t each : at) {
    map_at(m, p, each);
    m.call(p, call_madvise, each, page, dont_need);
    expect(!m.walk(p, each), "A page is in the table before it is touched.");
  }
  expect(m.tables(p, base) == 1, "There are tables on the way to a page that was not touched.");
  for (const std::uint64_t each : at) {
    values.push_back(m.draw());
    m.store(p, each, values.back());
  }
  for (std::size_t i = 0; i < at.size(); i++) {
    const auto mapping = m.walk(p, at[i]);
    expect(mapping && mapping->writable && !mapping->executable,
           "A page that was stored to is not in the table, or with other rights.");
    expect(word_at(m, p, at[i]) == values[i], "A page's frame does not hold what was stored.");
    expect(m.load(p, at[i]) == values[i], "A load finds something else than what was stored.");
    m.call(p, call_lseek, file.fd, 0, 0);
    m.call(p, call_write, file.fd, at[i], 8);  // the kernel reads the page
    expect(read_word(m, p, file.fd, 0) == values[i],
           "The kernel finds another page than the hart.");
    expect(m.walk(p, at[i]) == mapping, "A page has another frame when the kernel has read it.");
  }
}

TEST_CASE("part 1, 4 points: without memory for a table nothing changes", "[pagetable][part1]") {
  Machine m({"pagetable-no-memory"});
  Process& p = m.first();
  const std::uint64_t at = draw_place(m);
  unsigned refused = 0;
  for (std::uint64_t n = 1; n <= 12; n++) {
    map_at(m, p, at);
    m.call(p, call_fail_alloc, n);
    const std::uint64_t result = m.call(p, call_clock_gettime, 1, at);
    m.call(p, call_fail_alloc, 0);
    if (failed(result)) {
      refused++;
      expect(m.tables(p, at) == 1, "There was no memory, and a table that holds nothing is left.");
    }
    m.store(p, at, n);
    expect(m.load(p, at) == n && m.tables(p, at) == 3, "A page cannot be used after a shortage.");
    unmap(m, p, at);
  }
  expect(refused >= 3, "A page needs a frame and two tables, and there is memory without end.");
}

TEST_CASE("part 1, 8 points: what is unmapped is gone, and nothing else", "[pagetable][part1]") {
  Machine m({"pagetable-unmap"});
  Process& p = m.first();
  constexpr std::uint64_t pages = 200;
  const std::uint64_t border = draw_place(m) / reach[1] * reach[1], at = border - 100 * page;
  map_at(m, p, at, pages);
  for (std::uint64_t i = 0; i < pages; i++) m.store(p, at + i * page, i + 1);
  const auto before = m.pages(p);
  unmap(m, p, border - 2 * page, 5);
  for (std::uint64_t i = 0; i < pages; i++) {
    const std::uint64_t each = at + i * page;
    const bool gone = i >= 98 && i < 103;
    expect(m.walk(p, each).has_value() != gone,
           gone ? "A page was unmapped, and is still there." : "A page beside those is gone, too.");
    if (!gone) expect(*m.walk(p, each) == before.at(each), "A page beside those has changed.");
  }
  const Birth birth = fork_of(m, p);
  m.call(*birth.child, call_madvise, at, 90 * page, dont_need);
  expect(m.load(p, at) == 1, "A child drops its pages, and its parent's are gone.");
  end_child(m, p, birth);
  for (std::uint64_t i = 0; i < 90; i++) {
    expect(m.load(p, at + i * page) == i + 1, "A child drops its pages, its parent's change.");
  }
  m.call(p, call_madvise, at, 90 * page, dont_need);
  for (std::uint64_t i = 0; i < 90; i++) {
    expect(m.load(p, at + i * page) == 0,
           "A page was dropped, and the hart still finds what it held.");
  }
  expect(m.load(p, at + 90 * page) == 91, "A page after those that were dropped has changed.");
}

TEST_CASE("part 1, 6 points: a table that holds nothing is gone", "[pagetable][part1]") {
  SmallMachine small("pagetable-empty", 2000);
  Machine& m = small.m;
  Process& p = m.first();
  const std::uint64_t base = draw_place(m);
  const std::vector<std::uint64_t> at = {base, base + page, base + reach[1], base + reach[2]};
  for (const std::uint64_t each : at) map_at(m, p, each), m.store(p, each, each);
  for (std::size_t gone = 0; gone < at.size(); gone++) {
    constexpr unsigned left[] = {3, 2, 1, 1};
    unmap(m, p, at[gone]);
    expect(m.tables(p, at[gone]) <= left[gone], "A table is left that holds nothing.");
    expect(m.tables(p, at[gone]) == left[gone], "A table is gone that another page needs.");
    for (std::size_t i = gone + 1; i < at.size(); i++)
      expect(m.load(p, at[i]) == at[i], "A page is unmapped, and another one is gone.");
  }
  for (std::uint64_t gib = 2; gib < 120; gib++) {
    map_at(m, p, gib * reach[2]);
    m.store(p, gib * reach[2], gib);
    unmap(m, p, gib * reach[2]);
  }
  small.expect_eater();
}

TEST_CASE("part 1, 4 points: a process that ends gives everything back", "[pagetable][part1]") {
  constexpr std::uint64_t times = 400, pages = 4;
  SmallMachine small("pagetable-end", 2000);
  Machine& m = small.m;
  Process& p = m.first();
  const std::uint64_t at = draw_place(m);
  map_at(m, p, at, pages), map_at(m, p, at + reach[1]);
  m.touch(p, at, pages, 1);
  m.store(p, at + reach[1], 2);
  expect(m.load(p, at) == 1, "Two addresses are one.");
  Registers with = p.at_rest;
  with.x[8] = times, with.x[9] = SIGCHLD, with.x[18] = at, with.x[19] = pages, with.x[20] = 0;
  with.x[21] = status_at(m);
  const Registers after = m.step(p, "step_many", with);
  expect(after.x[8] == 0, "Processes were made and have ended, and now memory is missing (" +
                              error_name(after.x[reg_a0]) + ").");
  expect(m.load(p, at) == 1, "Children have ended, and their parent's memory has changed.");
  for (std::uint64_t i = 0; i < pages; i++) {
    expect(m.tables(p, at + i * page) == 3, "Children have ended, and their parent lacks a table.");
  }
  small.expect_eater();
}

// ---- /proc/PID/pagetable ----

std::string whole_text(Machine& m, Process& p, const std::string& path, std::uint64_t room) {
  const std::uint64_t fd = open_file(m, p, path);
  if (failed(fd)) m.give_up(path + " cannot be opened.");
  std::string text;
  for (;;) {
    const std::uint64_t size = m.call(p, call_read, fd, room, page);
    if (failed(size) || size > page) m.give_up(path + " cannot be read.");
    if (size == 0) break;
    text += text_at(m, p, room, size);
    if (text.size() > 100'000) m.give_up(path + " has no end.");
  }
  m.call(p, call_close, fd);
  return text;
}

// The line of a page, but for the references at its end.
std::string line_of(Machine& m, Process& p, std::uint64_t at) {
  const std::uint64_t entry = *m.leaf(p, at);
  auto flag = [&](unsigned bit, char letter) { return entry >> bit & 1 ? letter : '-'; };
  char line[80];
  std::snprintf(line, sizeof line, "%08lx %lu %c%c%c%c ", at, entry >> 10 & ((1ul << 44) - 1),
                flag(1, 'r'), flag(2, 'w'), flag(3, 'x'), flag(8, 'c'));
  return line;
}

TEST_CASE("part 1, 6 points: /proc/PID/pagetable shows what is there", "[pagetable][part1]") {
  Machine m({"pagetable-print"});
  Process& p = m.first();
  const std::uint64_t at = draw_place(m), room = map_pages(m, p, 1);
  map_at(m, p, at, 600);
  m.touch(p, room, 1, 1);
  m.touch(p, at, 70, 1);
  m.touch(p, at + 590 * page, 3, 1);
  m.call(p, call_mprotect, at + 20 * page, 10 * page, prot_read);
  const Birth birth = fork_of(m, p);
  m.touch(*birth.child, at, 10, 2);
  m.call(*birth.child, call_munmap, at + 60 * page, 5 * page);
  const std::string own = "/proc/self/pagetable";
  for (const std::string& path : {own, "/proc/" + std::to_string(birth.pid) + "/pagetable"}) {
    Process& shown = path == own ? p : *birth.child;
    m.store(p, room, 1);
    put_text(m, p, path);
    std::istringstream lines(whole_text(m, p, path, room));
    for (const auto& [address, mapping] : m.pages(shown)) {
      std::string line, wanted = line_of(m, shown, address);
      std::getline(lines, line);
      if (address >= at && address < at + 600 * page) {  // the file cache has none of these
        const auto other = m.walk(path == own ? *birth.child : p, address);
        wanted += other && other->frame == mapping.frame ? "2" : "1";
      }
      expect(line.starts_with(wanted), "For the page that the host finds as `" + wanted + "`, " +
                                           path + " has the line `" + line + "`.");
    }
    std::string more;
    expect(!std::getline(lines, more), "A page is shown that there is not: `" + more + "`.");
  }
}

}  // namespace
}  // namespace test
