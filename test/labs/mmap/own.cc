// The grader of the lab `mmap`, part 3: each student's own advice.
#include <algorithm>
#include <cerrno>
#include <string>

#include "catch.hh"
#include "labs/files.hh"

namespace test {
namespace {

constexpr std::uint64_t dont_need = 4;

// Memory around a border of groups, each page of it used: the process has something to lose.
struct Painted {
  Machine m;
  Process& p;
  std::uint64_t group = task("group") * page, start, size = 8 * group;
  Bytes paint = Bytes(page, static_cast<std::uint8_t>(task("byte")));

  explicit Painted(const std::string& name) : m({name}), p(m.first()) {
    start = (map_pages(m, p, 10 * task("group")) + group - 1) / group * group;
    m.touch(p, start, size / page, 1);
  }
  std::uint64_t advise(std::uint64_t at, std::uint64_t bytes, std::uint64_t more = 0) {
    return m.call(p, call_madvise, at, bytes, task("number") + more);
  }
  void paint_groups(std::uint64_t at, std::uint64_t bytes) {
    const std::uint64_t result = advise(at, bytes);
    if (result != 0) m.give_up("Your advice fails with " + error_name(result) + ".");
  }
  void expect_paint(Process& process, std::uint64_t at, const std::string& where) {
    expect_page(m, process, at, paint, "There should be paint, and there is none: " + where + ".");
  }
};

TEST_CASE("part 3, 12 points: painted pages are full of your byte, when they are touched",
          "[mmap][part3]") {
  Painted t("mmap-paint");
  Machine& m = t.m;
  const std::uint64_t from = t.start + 2 * t.group, to = t.start + 4 * t.group;
  t.paint_groups(t.start + 3 * t.group - page, page + 1);  // one byte of the second group
  for (std::uint64_t at = t.start; at < t.start + t.size; at += page) {
    const bool inside = at >= from && at < to;
    expect(m.walk(t.p, at).has_value() != inside,
           inside ? "A painted page has a frame before it is touched."
                  : "A page beside the groups was painted, too.");
  }
  for (std::uint64_t at = from; at < to; at += page) t.expect_paint(t.p, at, "in a group");
  const std::uint64_t value = m.draw();
  m.store(t.p, from, value);
  expect(m.load(t.p, from) == value, "A store to a painted page is not there.");
  expect(m.load(t.p, to) == 1 && m.load(t.p, from - page) == 1,
         "A page beside the groups has changed.");
  const File file = make_file(m, t.p, "/tmp/paint", 8);
  t.paint_groups(from, page);
  m.call(t.p, call_lseek, file.fd, 0, 0);
  m.call(t.p, call_write, file.fd, from, page);  // the kernel is the first to touch it
  expect(read_at(m, t.p, file.fd, 0, page) == t.paint,
         "The kernel reads a painted page first, and finds no paint.");
}

TEST_CASE("part 3, 6 points: what cannot be painted stays as it is", "[mmap][part3]") {
  Painted t("mmap-paint-errors");
  Machine& m = t.m;
  const std::uint64_t hole = t.start + 4 * t.group, shared = t.start + 6 * t.group;
  m.call(t.p, call_munmap, hole, page);
  const File file = make_file(m, t.p, "/tmp/paint", page);
  const std::uint64_t flags = map_private | map_fixed;
  const bool is_file =  // mmap of files is part 1
      m.call(t.p, call_mmap, shared, page, prot_both, flags, file.fd, 0) == shared;
  for (std::uint64_t at : {hole - t.group, hole + page, shared - t.group}) {
    if (at > hole + page && !is_file) continue;
    expect(t.advise(at, t.group + page) == minus(task("error")),
           "A page of the groups cannot be painted, and your advice does not fail with errno " +
               std::to_string(task("error")) + ".");
  }
  expect(t.advise(m.label("initialised"), 8) == minus(task("error")),
         "The data of a program belongs to its file, and can be painted.");
  expect(t.advise(t.start + 8, 8) == minus(EINVAL), "A start inside a page is no EINVAL.");
  for (std::uint64_t other : {1ul, -1ul}) {
    expect(t.advise(t.start, page, other) == minus(EINVAL),
           "Your kernel knows an advice that it should not know.");
  }
  for (std::uint64_t at = t.start; at < hole; at += page)
    expect(m.load(t.p, at) == 1, "An advice that failed has changed memory.");
  t.paint_groups(t.start, 1);
  t.expect_paint(t.p, t.start, "after advice that failed");
}

TEST_CASE("part 3, 6 points: paint stays over fork, mprotect and MADV_DONTNEED", "[mmap][part3]") {
  Painted t("mmap-paint-stays");
  Machine& m = t.m;
  t.paint_groups(t.start + t.group, 2 * t.group);
  const std::uint64_t at = t.start + t.group;
  m.store(t.p, at, m.draw());
  const Birth birth = fork_of(m, t.p);
  t.expect_paint(*birth.child, at + page, "in a child");
  expect(m.load(*birth.child, at) == m.load(t.p, at), "A child's painted page was not copied.");
  m.call(*birth.child, call_madvise, at, page, dont_need);
  t.expect_paint(*birth.child, at, "in a child, after MADV_DONTNEED");
  end_child(m, t.p, birth);
  m.call(t.p, call_mprotect, at - page, 2 * page, prot_read);
  m.call(t.p, call_mprotect, at - page, 2 * page, prot_both);
  m.call(t.p, call_madvise, at - page, 3 * page, dont_need);
  t.expect_paint(t.p, at, "after mprotect and MADV_DONTNEED");
  t.expect_paint(t.p, at + page, "after MADV_DONTNEED");
  expect_page(m, t.p, at - page, Bytes(page, 0), "There is paint in the page before the groups.");
}

TEST_CASE("part 3, 6 points: memory that is mapped later has no paint", "[mmap][part3]") {
  Painted t("mmap-paint-later");
  Machine& m = t.m;
  t.paint_groups(t.start, t.size);
  t.expect_paint(t.p, t.start + t.size - page, "at the end of the range");
  const std::uint64_t middle = t.start + 3 * t.group;
  m.call(t.p, call_mmap, middle, page, prot_both, map_private | map_anonymous | map_fixed, -1, 0);
  expect_page(m, t.p, middle, Bytes(page, 0), "New memory of mmap begins with paint.");
  t.expect_paint(t.p, middle - page, "before new memory");
  t.expect_paint(t.p, middle + page, "after new memory");
  const std::uint64_t end = m.call(t.p, call_brk, 0);
  const std::uint64_t heap = (end + t.group - 1) / t.group * t.group;
  m.call(t.p, call_brk, heap + t.group);
  t.paint_groups(heap, t.group);
  m.call(t.p, call_brk, heap + 2 * t.group);
  t.expect_paint(t.p, heap + t.group - page, "in the heap");
  expect_page(m, t.p, heap + t.group, Bytes(page, 0), "The heap grows, and begins with paint.");
}

}  // namespace
}  // namespace test
