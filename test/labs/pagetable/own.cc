// The grader of the lab `pagetable`, part 3: each student's own way to turn memory.
#include <cerrno>
#include <optional>
#include <string>
#include <vector>

#include "catch.hh"
#include "labs/files.hh"

namespace test {
namespace {

// Groups around a place where one leaf table ends and the next begins, in the middle of group 2.
struct Turned {
  static constexpr std::uint64_t groups = 8;
  using Frames = std::vector<std::optional<Mapping>>;
  Machine m;
  Process& p;
  std::uint64_t count = task("group"), by = task("by"), group = count * page;
  std::uint64_t mapped, border, start;

  explicit Turned(const std::string& name) : m({name, 200}), p(m.first()) {
    constexpr std::uint64_t table = 512 * page;
    mapped = map_pages(m, p, 2600);
    border = (mapped + 2 * table - 1) / table * table;
    while (border % group == 0) border += table;
    start = border / group * group - 2 * group;
  }
  std::uint64_t place(std::uint64_t of, std::uint64_t i) const {
    return start + of * group + i % count * page;
  }
  std::uint64_t advise(std::uint64_t at, std::uint64_t bytes, std::uint64_t more = 0) {
    return m.call(p, call_madvise, at, bytes, task("number") + more);
  }
  void turn(std::uint64_t at, std::uint64_t bytes) {
    const std::uint64_t result = advise(at, bytes);
    if (result != 0) m.give_up("Your advice fails with " + error_name(result) + ".");
  }
  void store_all() {
    for (std::uint64_t of = 0; of < groups; of++) {
      for (std::uint64_t i = 0; i < count; i++) m.store(p, place(of, i), 1000 * of + i);
    }
  }
  Frames frames(Process& process, std::uint64_t of) {
    Frames all;
    for (std::uint64_t i = 0; i < count; i++) all.push_back(m.walk(process, place(of, i)));
    return all;
  }
  // The group is as it was, but turned so many times.
  void expect_turned(Process& process, std::uint64_t of, const Frames& before, std::uint64_t times,
                     const std::string& where) {
    for (std::uint64_t i = 0; i < count; i++) {
      expect(m.walk(process, place(of, i + times * by)) == before[i],
             "A page is not where it should be, or not with its frame and rights: " + where + ".");
    }
    for (std::uint64_t i = 0; i < count; i++) {
      const std::uint64_t value = before[i] ? 1000 * of + i : 0;
      expect(m.load(process, place(of, i + times * by)) == value,
             "A page does not hold what it held before it was moved: " + where + ".");
    }
  }
};

TEST_CASE("part 3, 12 points: the pages of a group change their places", "[pagetable][part3]") {
  Turned t("pagetable-turn");
  t.store_all();
  t.m.call(t.p, call_madvise, t.place(2, 0), page, 4);  // these have no frame any more
  t.m.call(t.p, call_madvise, t.place(3, 1), page, 4);
  std::vector<Turned::Frames> before;
  for (std::uint64_t of = 0; of < Turned::groups; of++) before.push_back(t.frames(t.p, of));
  t.turn(t.place(3, 0) - page, page + 1);  // one page of group 2, and one byte of group 3
  for (std::uint64_t of = 0; of < Turned::groups; of++) {
    const bool turned = of == 2 || of == 3;
    t.expect_turned(t.p, of, before[of], turned, turned ? "in a group" : "beside the groups");
  }
  const Turned::Frames again = t.frames(t.p, 4);
  t.turn(t.place(4, 0), 1), t.turn(t.place(4, 1), 1);
  t.expect_turned(t.p, 4, again, 2, "in a group that was turned twice");
  const std::uint64_t value = t.m.draw();
  t.m.store(t.p, t.place(4, 0), value);
  expect(t.m.load(t.p, t.place(4, 0)) == value, "A store to a moved page is not there.");
}

TEST_CASE("part 3, 6 points: what cannot be turned stays as it is", "[pagetable][part3]") {
  Turned t("pagetable-turn-errors");
  Machine& m = t.m;
  t.store_all();
  const File file = make_file(m, t.p, "/tmp/turn", page);
  const std::uint64_t hole = t.place(4, 0), mapped = t.place(6, t.count - 1);
  m.call(t.p, call_munmap, hole, page);
  map_file(m, t.p, file.fd, 1, prot_both, map_private | map_fixed, 0, mapped);
  const std::uint64_t shared = map_pages(m, t.p, 3 * t.count, prot_both, map_shared);
  std::vector<Turned::Frames> before;
  for (std::uint64_t of = 0; of < Turned::groups; of++) before.push_back(t.frames(t.p, of));
  for (std::uint64_t at :
       {hole - page, hole + page, mapped - page, shared + t.group, m.label("initialised")}) {
    expect(t.advise(at, page + 1) == minus(task("error")),
           "A page of the groups cannot be turned, and your advice does not fail with errno " +
               std::to_string(task("error")) + ".");
  }
  expect(t.advise(t.start + 8, 8) == minus(EINVAL), "A start inside a page is no EINVAL.");
  for (std::uint64_t other : {1ul, -1ul}) {
    expect(t.advise(t.start, page, other) == minus(EINVAL),
           "Your kernel knows an advice that it should not know.");
  }
  for (std::uint64_t of = 0; of < Turned::groups; of++)
    expect(t.frames(t.p, of) == before[of], "An advice that failed has moved pages.");
  t.turn(t.start, 1);
  t.expect_turned(t.p, 0, before[0], 1, "after advice that failed");
}

TEST_CASE("part 3, 6 points: a group may lie in two tables", "[pagetable][part3]") {
  Turned t("pagetable-turn-tables");
  Machine& m = t.m;
  std::uint64_t i = 0;  // a page of group 2 that comes to the other side of the border
  while ((t.place(2, i) < t.border) == (t.place(2, i + t.by) < t.border)) i++;
  const std::uint64_t from = t.place(2, i), to = t.place(2, i + t.by), value = m.draw();
  const bool upwards = from < to;
  const std::uint64_t beside = upwards ? t.place(1, 0) : t.place(3, 0);  // in the table of `from`
  const std::uint64_t both = upwards ? t.place(1, 0) : t.place(2, 0);
  m.store(t.p, from, value), m.store(t.p, beside, 7);
  const auto frame = m.walk(t.p, from), other = m.walk(t.p, beside);
  expect(!m.has_table(t.p, to), "There is a table without an entry.");
  std::uint64_t refused = 0;
  for (;; refused++) {
    m.call(t.p, call_fail_alloc, refused + 1);
    const std::uint64_t result = t.advise(both, t.group + 1);
    m.call(t.p, call_fail_alloc, 0);
    if (result == 0) break;
    if (result != minus(ENOMEM)) m.give_up("Your advice fails with " + error_name(result) + ".");
    expect(m.walk(t.p, from) == frame && m.walk(t.p, beside) == other && !m.has_table(t.p, to),
           "There was no memory for a table, and something has changed.");
    if (refused > 20) m.give_up("There is no end to the allocations of your advice.");
  }
  expect(refused > 0, "A page moves to where no table was, and your advice needed no memory.");
  expect(m.walk(t.p, to) == frame && m.load(t.p, to) == value, "A page is not in its new table.");
  expect(!m.walk(t.p, from) && !m.walk(t.p, beside), "A page is still where it was.");
  m.call(t.p, call_munmap, beside / t.group * t.group, t.group);
  expect(!m.has_table(t.p, from), "All pages of a table have moved, and the table is left.");
  expect(m.load(t.p, to) == value, "A page was unmapped, and another one is gone.");
  m.call(t.p, call_munmap, t.mapped, 2600 * page);
  expect(!m.has_table(t.p, to), "All is unmapped, and a table is left.");
}

TEST_CASE("part 3, 6 points: parent and child turn their own memory", "[pagetable][part3]") {
  Turned t("pagetable-turn-fork");
  Machine& m = t.m;
  t.store_all();
  const Birth birth = fork_of(m, t.p);
  const Turned::Frames before = t.frames(t.p, 2);
  t.turn(t.place(2, 0), 1);
  t.expect_turned(*birth.child, 2, before, 0, "in a child whose parent has turned its memory");
  t.expect_turned(t.p, 2, before, 1, "in a parent");
  m.store(t.p, t.place(2, 0), m.draw());
  t.expect_turned(*birth.child, 2, before, 0, "in a child whose parent has stored to its memory");
  expect(m.call(*birth.child, call_madvise, t.place(2, 1), 1, task("number")) == 0,
         "A child cannot turn its memory.");
  t.expect_turned(*birth.child, 2, before, 1, "in a child");
  end_child(m, t.p, birth);
  const Turned::Frames group = t.frames(t.p, 5);
  for (std::uint64_t i = 0; i < t.count; i++) t.turn(t.place(5, 0), t.group);
  t.expect_turned(t.p, 5, group, t.count, "in a group that was turned until it is as before");
}

}  // namespace
}  // namespace test
