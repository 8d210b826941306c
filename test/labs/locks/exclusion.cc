// The grader of the lab `locks`, part 1: what two harts do at the same time, one instruction of the
// one between whole calls of the other. A test's name says its part and its points.
#include <set>
#include <string>

#include "catch.hh"
#include "labs/harts.hh"
#include "labs/steps.hh"

namespace test {
namespace {

constexpr std::uint64_t pages = 5000, first = 100;

constexpr int tries = 16;  // page faults, until one takes a frame that another hart might take
const std::string never_waits = "A hart takes frames, and another hart never has to wait for it.";

// Two processes, each with pages of its own that it has not touched yet. Their tables are there.
struct Touching {
  Machine m;
  Process &p, &q;
  std::uint64_t at[2];
  std::uint64_t next[2] = {first, first};
  Duet duet;

  explicit Touching(const std::string& name)
      : m({name, 2000, 2}),
        p(m.first()),
        q(*fork_of(m, p).child),
        at{room(p), room(q)},
        duet(m, p, q) {}
  // Some of these pages are touched already, so that a hart that has frames of its own takes other
  // ones soon.
  std::uint64_t room(Process& process) {
    const std::uint64_t start = map_pages(m, process, pages);
    m.touch(process, start, first, 1);
    return start;
  }
  void start(int who) {
    expect(next[who] < pages, "A hart does thousands of page faults while another one does a few.");
    duet.start_store(who, at[who] + next[who]++ * page, m.draw());
  }
  // `who` is in the middle of something; the other one touches pages meanwhile, as often as it
  // can. Returns how often it had to wait.
  unsigned overlap(int who) {
    const int other = 1 - who;
    unsigned waited = 0;
    const bool ends = duet.interleave(who, [&] {
      if (!duet.busy(other)) start(other);
      waited += !duet.run(other, 300);
    });
    expect(ends, "A hart waits in the kernel for ever, though no other hart holds what it wants.");
    duet.finish(other, "A hart has left the kernel, and another one still waits for it.");
    return waited;
  }
  void expect_separate() {
    std::set<std::uint64_t> frames;
    for (int who : {0, 1}) {
      for (std::uint64_t i = 0; i < next[who]; i++) {
        const auto mapping = m.walk(duet.process(who), at[who] + i * page);
        expect(mapping.has_value(), "A page that was touched is not in its page table.");
        expect(frames.insert(mapping->frame).second,
               "Two harts have taken a frame at the same time, and both have the same one.");
      }
    }
  }
};

TEST_CASE("part 1, 12 points: two harts never have the same frame", "[locks][part1]") {
  Touching t("locks-frames");
  for (int who : {0, 1}) {
    unsigned waited = 0;
    for (int i = 0; i < tries && waited == 0; i++) {
      t.start(who);
      waited += t.overlap(who);
    }
    expect(waited > 0, never_waits);
    t.expect_separate();
  }
  // The same while a frame is given back.
  t.duet.start_call(0, call_madvise, {t.at[0] + page, page, 4});
  t.overlap(0);
  t.duet.store(0, t.at[0] + page, 1);
  t.expect_separate();
}

// `who` takes frames, and goes on until the other one has to wait for it.
void until_other_waits(Touching& t, int who) {
  for (int i = 0; i < tries; i++) {
    t.start(who);
    for (bool left = false; !left || t.duet.in_kernel(who); left |= t.duet.in_kernel(who)) {
      if (t.duet.worth_a_look(who)) {
        if (!t.duet.busy(1 - who)) t.start(1 - who);
        if (!t.duet.run(1 - who, 300)) return;
      }
      t.duet.step(who);
    }
    t.duet.finish(who, "A store does not end, though no other hart is in the kernel.");
  }
  lose(never_waits);
}

TEST_CASE("part 1, 10 points: a hart that has waited holds the lock", "[locks][part1]") {
  Touching t("locks-waited");
  until_other_waits(t, 0);
  t.duet.finish(0, "A hart that holds a lock does not come back when another one waits for it.");
  // Now the other one takes what it has waited for.
  expect(t.overlap(1) > 0,
         "A hart has waited for a lock and holds it, and another one does not wait.");
  t.expect_separate();
}

TEST_CASE("part 1, 6 points: a hart that waits does not write", "[locks][part1]") {
  Touching t("locks-reads");
  until_other_waits(t, 0);
  for (int i = 0; i < 300; i++) {
    expect(t.duet.in_kernel(1), "A hart that waits for a lock is not in the kernel.");
    expect(!t.duet.changes_memory(1),
           "A hart waits for a lock, and each of its attempts writes to memory.");
    t.duet.step(1);
  }
  t.duet.finish(0, "A hart that holds a lock does not come back when another one waits for it.");
  t.duet.finish(1, "A hart has left the kernel, and another one still waits for it.");
  t.expect_separate();
}

}  // namespace
}  // namespace test
