// The grader of the lab `locks`, part 2: two locks that two harts take at the same time.
#include <cerrno>
#include <string>

#include "catch.hh"
#include "labs/files.hh"
#include "labs/harts.hh"
#include "labs/steps.hh"

namespace test {
namespace {

constexpr std::uint64_t call_mkdirat = 34, call_futex = 98, here = -100ul, remove_directory = 0x200;
constexpr std::uint64_t futex_requeue = 3;
const std::string both = "Two harts wait for each other, each in the middle of its call.";

TEST_CASE("part 2, 12 points: a directory is removed while another hart adds to it",
          "[locks][part2]") {
  Machine m({"locks-retire", 2000, 2});
  Process& p = m.first();
  Process& q = *fork_of(m, p).child;
  for (bool made_first : {false, true}) {
    const std::string path = "/tmp/d" + std::to_string(m.draw());
    expect(m.call(p, call_mkdirat, here, put_text(m, p, path), 0777) == 0,
           "A directory cannot be made.");
    expect(m.call(q, call_chdir, put_text(m, q, path)) == 0, "chdir fails.");
    const std::uint64_t name = put_text(m, q, "x"), whole = put_text(m, p, path);
    bool there = false;
    if (made_first) there = m.call(q, call_mkdirat, here, name, 0777) == 0;
    Duet duet(m, p, q);
    unsigned waited = 0;
    // Makes x when it is not there, and removes it when it is.
    auto change = [&] {
      if (!duet.busy(1)) {
        if (there)
          duet.start_call(1, call_unlinkat, {here, name, remove_directory});
        else
          duet.start_call(1, call_mkdirat, {here, name, 0777});
      }
      const bool ends = duet.run(1, 300);
      waited += !ends;
      if (ends) {
        const std::uint64_t result = q.at_rest.x[reg_a0];
        if (result == 0) there = !there;
        expect(result == 0 || (!there && result == minus(ENOENT)),
               "A call in the directory fails with " + error_name(result) + ".");
      }
    };
    duet.start_call(0, call_unlinkat, {here, whole, remove_directory});
    expect(duet.interleave(0, change), both);
    if (duet.busy(1)) {
      expect(duet.run(1), both);
      if (q.at_rest.x[reg_a0] == 0) there = !there;
    }
    expect(waited > 0, "A hart removes a directory, and another hart never has to wait for it.");
    const std::uint64_t removed = p.at_rest.x[reg_a0];
    expect(removed == 0 || removed == minus(ENOTEMPTY),
           "rmdir fails with " + error_name(removed) + ".");
    expect(removed != 0 || !there, "A directory was removed, and there is still a name in it.");
    const bool exists = duet.call(1, call_mkdirat, {here, name, 0777}) == minus(ENOENT);
    expect(exists == (removed == 0), "A directory was removed, and a name can be added to it.");
  }
}

TEST_CASE("part 2, 12 points: two harts move waiters, each to where the other one's come from",
          "[locks][part2]") {
  Machine m({"locks-requeue", 2000, 2});
  Process& p = m.first();
  const std::uint64_t at = map_pages(m, p, 2, prot_read | prot_write, map_shared);
  m.store(p, at, 0), m.store(p, at + page, 0);
  Process& q = *fork_of(m, p).child;
  m.load(q, at), m.load(q, at + page);
  for (int round = 0; round < 2; round++) {
    const std::uint64_t one = at + m.draw() % 1000 * 4, other = at + page + m.draw() % 1000 * 4;
    Duet duet(m, p, q);
    unsigned waited = 0;
    duet.start_call(0, call_futex, {one, futex_requeue, 0, 1, other, 0});
    const bool ends = duet.interleave(0, [&] {
      if (!duet.busy(1)) duet.start_call(1, call_futex, {other, futex_requeue, 0, 1, one, 0});
      waited += !duet.run(1, 300);
    });
    expect(ends && duet.run(1), both);
    expect(p.at_rest.x[reg_a0] == 0 && q.at_rest.x[reg_a0] == 0, "A call of futex fails.");
    expect(waited > 0, "A hart moves waiters, and another hart never has to wait for it.");
  }
}

}  // namespace
}  // namespace test
