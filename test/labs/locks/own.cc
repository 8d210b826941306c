// The grader of the lab `locks`, part 3: each student's own store of frames for each hart. Which
// frame a hart takes next is known to the host, because it has seen all that were given back.
#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "catch.hh"
#include "labs/harts.hh"
#include "labs/steps.hh"

namespace test {
namespace {

using Frames = std::vector<std::uint64_t>;
constexpr std::uint64_t some = 0;  // a frame that the host has not seen yet

// Stores and list as the task wants them, each with the frame to be taken next at its end.
struct Model {
  Frames store[2], list;

  std::uint64_t take(int hart) {
    Frames& own = store[hart];
    if (own.empty()) {
      for (std::uint64_t i = 0; i < task("take"); i++) {
        own.push_back(list.empty() ? some : list.back());
        if (!list.empty()) list.pop_back();
      }
    }
    const std::uint64_t frame = own.back();
    own.pop_back();
    return frame;
  }
  void free(int hart, std::uint64_t frame) {
    Frames& own = store[hart];
    if (own.size() == task("size")) give(own);
    own.push_back(frame);
  }
  void give(Frames& own) {
    for (std::uint64_t i = 0; i < task("give"); i++) {
      list.push_back(own.back());
      own.pop_back();
    }
  }
};

// Two harts, and all that they have taken and given back.
struct Stores {
  struct Event {
    int hart;
    bool taken;
    std::uint64_t frame;
  };
  Machine m;
  Process& p;
  std::uint64_t old;  // a page that both have
  Process& q;
  std::uint64_t at[2], all;  // `all`: more pages than there are frames
  Duet duet;
  std::vector<Event> events;

  explicit Stores(const std::string& name)
      : m({name, 4000, 2}),
        p(m.first()),
        old(map_pages(m, p, 1)),
        q(child()),
        at{room(p), room(q)},
        all(map_pages(m, q, 16000)),
        duet(filled(), p, q) {
    for (int who : {0, 1}) {  // the calls are known, and all that they need is there
      touch(who, 1), drop(who, 1);
    }
    events.clear();
  }
  Process& child() {
    m.store(p, old, 1);
    return *fork_of(m, p).child;
  }
  // The first frames that become free after the boot are root's reserve.
  Machine& filled() {
    constexpr std::uint64_t many = 3000;
    const std::uint64_t start = map_pages(m, p, many);
    m.touch(p, start, many, 1);
    m.call(p, call_munmap, start, many * page);
    return m;
  }
  std::uint64_t room(Process& process) {
    constexpr std::uint64_t table = 512 * page;
    const std::uint64_t start = (map_pages(m, process, 1024) + table - 1) / table * table;
    m.store(process, start, 1);
    return start;
  }
  std::uint64_t frame_at(int who, std::uint64_t index) {
    const auto mapping = m.walk(duet.process(who), at[who] + index * page);
    expect(mapping.has_value(), "A page that was touched is not in its page table.");
    return mapping->frame;
  }
  void touch(int who, std::uint64_t index) {
    duet.store(who, at[who] + index * page, m.draw());
    events.push_back({who, true, frame_at(who, index)});
  }
  void drop(int who, std::uint64_t index) {
    events.push_back({who, false, frame_at(who, index)});
    expect(duet.call(who, call_madvise, {at[who] + index * page, page, 4}) == 0, "madvise fails.");
  }
  // One gives back all of its pages, then both take turns, then it gives back a part and the other
  // one takes.
  void work() {
    const std::uint64_t size = task("size"), many = 2 * size + 40;
    for (std::uint64_t i = 1; i <= many; i++) touch(0, i);
    for (std::uint64_t i = 1; i <= many; i++) drop(0, i);
    for (std::uint64_t i = 1; i <= many; i++) {
      touch(0, i);
      if (i % 3 == 0) touch(1, i);
    }
    for (std::uint64_t i = 1; i <= size + 20; i++) drop(0, i);
    for (std::uint64_t i = many + 1; i <= many + 60; i++) touch(1, i);
    for (std::uint64_t i = 1; i <= 20; i++) touch(0, i);
  }
  // Returns how many of the events are as the task wants them if the stores held so many frames at
  // the beginning.
  std::size_t explained(std::uint64_t first, std::uint64_t second) const {
    Model model;
    model.store[0].assign(first, some), model.store[1].assign(second, some);
    std::set<std::uint64_t> seen;
    for (std::size_t i = 0; i < events.size(); i++) {
      const Event& event = events[i];
      if (!event.taken) {
        model.free(event.hart, event.frame);
        seen.insert(event.frame);
        continue;
      }
      const std::uint64_t wanted = model.take(event.hart);
      if (wanted == some ? seen.contains(event.frame) : wanted != event.frame) return i;
      seen.erase(event.frame);
    }
    return events.size();
  }
  // The points are lost unless the harts take frames as the task says.
  void expect_rules() {
    std::size_t best = 0;
    for (std::uint64_t i = 0; i <= task("size"); i++) {
      for (std::uint64_t j = 0; j <= task("size"); j++) best = std::max(best, explained(i, j));
    }
    if (best == events.size()) return;
    m.give_up("Two harts take and give back " + std::to_string(events.size()) +
              " frames in turn. From number " + std::to_string(best) +
              " on these are not the frames that your task wants, however many were in the "
              "stores before.");
  }
};

TEST_CASE("part 3, 12 points: each hart takes and gives back as your task says", "[locks][part3]") {
  Stores t("locks-store");
  t.work();
  t.expect_rules();
}

TEST_CASE("part 3, 8 points: a frame is in the store of the hart that gave it back last",
          "[locks][part3]") {
  Stores t("locks-store-last");
  t.work();
  t.expect_rules();
  const auto mapping = t.m.walk(t.p, t.old);
  expect(mapping && mapping == t.m.walk(t.q, t.old), "Parent and child do not have the same page.");
  for (int who : {0, 1})
    expect(t.duet.call(who, call_madvise, {t.old, page, 4}) == 0, "madvise fails.");
  t.touch(0, 480), t.touch(1, 480);
  expect(t.frame_at(0, 480) != mapping->frame,
         "A hart took a frame that another one had given back, and has some of its own.");
  expect(t.frame_at(1, 480) == mapping->frame,
         "One hart took a frame, another one gave it back, and does not take it next.");
}

TEST_CASE("part 3, 10 points: no frame is out of another hart's reach", "[locks][part3]") {
  constexpr std::uint64_t most = 16000, chunk = 200;
  Stores t("locks-store-last-frame");
  t.work();
  t.expect_rules();
  const std::uint64_t last = 20, frame = t.frame_at(0, last);
  t.drop(0, last);
  for (std::uint64_t done = 0; done < most; done += chunk) {
    Registers with = t.q.at_rest;
    with.x[reg_a0] = t.all + done * page, with.x[reg_a0 + 1] = 1, with.x[reg_a0 + 2] = chunk;
    t.duet.start(1, "step_touch", with, "stores to many pages");
    expect(t.duet.run(1, 200'000),
           "Memory ends for one hart, though there are frames in another hart's store.");
    for (std::uint64_t i = 0; i < chunk; i++) {
      const auto mapping = t.m.walk(t.q, t.all + (done + i) * page);
      expect(mapping.has_value(), "A page that was touched is not in its page table.");
      if (mapping->frame == frame) return;
    }
  }
  lose("A hart has touched more pages than there are frames, and none of another hart's store.");
}

}  // namespace
}  // namespace test
