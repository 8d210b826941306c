// The grader of the lab `mmap`, part 2: memory that is the file's, or several processes'.
#include <cerrno>
#include <csignal>
#include <string>

#include "catch.hh"
#include "labs/files.hh"

namespace test {
namespace {

TEST_CASE("part 2, 6 points: a store reaches the file, and a write reaches the mapping",
          "[mmap][part2]") {
  WithFile start("mmap-shared", 2 * page);
  auto& [m, p, file] = start;
  m.call(p, call_ftruncate, file.fd, 4 * page);  // pages 2 and 3 are holes
  const std::uint64_t at = map_file(m, p, file.fd, 4, prot_both, map_shared);
  const std::uint64_t other = map_file(m, p, file.fd, 4, prot_read, map_shared);
  expect_page(m, p, at, file.page_of(0), "A shared mapping does not show what the file holds.");
  for (std::uint64_t place : {page + 8, 3 * page + 8, 2 * page + 8, 8ul}) {
    const std::uint64_t stored = m.draw(), written = m.draw();
    m.store(p, at + place, stored);
    expect(read_word(m, p, file.fd, place) == stored,
           "A store to a shared mapping is not in the file.");
    expect(m.load(p, other + place) == stored, "A store is not in another mapping of the file.");
    expect(frame_at(m, p, at + place) == frame_at(m, p, other + place), "One page has two frames.");
    write_word(m, p, file.fd, place + 8, written);
    expect(m.load(p, at + place + 8) == written, "A write to the file is not in the mapping.");
    expect(m.load(p, at + place) == stored, "A write to the file has changed bytes beside it.");
  }
  const std::uint64_t last = m.load(p, at + 8);
  m.call(p, call_munmap, at, 4 * page);
  expect(read_word(m, p, file.fd, 8) == last, "What was stored is lost when it is unmapped.");
}

// Each of three generations stores, and all must see it, in the same frame.
void expect_common(Machine& m, Process& p, std::uint64_t at, const std::string& what) {
  const std::uint64_t before = m.draw();
  m.store(p, at, before);
  const Birth birth = fork_of(m, p), second = fork_of(m, *birth.child);
  expect(m.load(*second.child, at) == before, "A grandchild does not see " + what + ".");
  for (Process* from : {&p, birth.child, second.child}) {
    for (std::uint64_t place : {at, at + page}) {  // the other page was not touched before fork
      const std::uint64_t value = m.draw();
      m.store(*from, place, value);
      for (Process* to : {second.child, birth.child, &p}) {
        expect(m.load(*to, place) == value,
               "One process stores to " + what + ", and another does not see it.");
        expect(frame_at(m, *to, place) == frame_at(m, *from, place),
               "Two processes have two frames for a page of " + what + ".");
      }
    }
  }
}

TEST_CASE("part 2, 5 points: processes that come from fork share the memory", "[mmap][part2]") {
  WithFile start("mmap-fork", 2 * page);
  auto& [m, p, file] = start;
  const std::uint64_t nameless = map_file(m, p, -1, 2, prot_both, map_shared | map_anonymous);
  expect_page(m, p, nameless, Bytes(page, 0), "New shared memory does not begin with zeros.");
  expect_common(m, p, nameless, "shared memory without a file");
  expect_common(m, p, map_file(m, p, file.fd, 2, prot_both, map_shared), "a shared file");
  const std::uint64_t more = map_file(m, p, -1, 2, prot_both, map_shared | map_anonymous);
  expect(m.load(p, more) == 0, "Two pieces of shared memory are one.");
}

TEST_CASE("part 2, 4 points: private and shared mappings of a page keep apart", "[mmap][part2]") {
  WithFile start("mmap-apart", page);
  auto& [m, p, file] = start;
  const std::uint64_t early = map_file(m, p, file.fd, 1, prot_both, map_private);
  m.load(p, early);
  const std::uint64_t shared = map_file(m, p, file.fd, 1, prot_both, map_shared);
  const std::uint64_t one = m.draw(), two = m.draw();
  m.store(p, shared, one);
  expect_page(m, p, early, file.bytes, "A store to the file changes a private page.");
  const std::uint64_t late = map_file(m, p, file.fd, 1, prot_both, map_private);
  expect(m.load(p, late) == one, "A new private mapping does not show what the file holds.");
  m.store(p, shared, two);
  expect(m.load(p, late) == one, "A private page was touched, and a store to the file changes it.");
  m.store(p, early, m.draw()), m.store(p, late, m.draw());
  expect(m.load(p, shared) == two && read_word(m, p, file.fd, 0) == two,
         "A store to a private mapping reaches the file.");
}

TEST_CASE("part 2, 5 points: the pages of a file that is cut go away everywhere", "[mmap][part2]") {
  WithFile start("mmap-cut", 4 * page);
  auto& [m, p, file] = start;
  const std::uint64_t all = map_file(m, p, file.fd, 4, prot_both, map_shared);
  const std::uint64_t end = map_file(m, p, file.fd, 2, prot_both, map_shared, 2 * page);
  const std::uint64_t own = map_file(m, p, file.fd, 4, prot_both, map_private);
  Process& child = *fork_of(m, p).child;
  const std::uint64_t kept = m.load(p, own + 3 * page);
  for (Process* each : {&p, &child}) {
    for (std::uint64_t i = 0; i < 4; i++) m.load(*each, all + i * page);
    for (std::uint64_t i = 0; i < 2; i++) m.load(*each, end + i * page);
  }
  expect(m.call(p, call_ftruncate, file.fd, page + 104) == 0, "ftruncate fails.");
  for (Process* each : {&p, &child}) {
    for (std::uint64_t at : {all + 2 * page, all + 3 * page, end, end + page})
      expect(!m.walk(*each, at), "The file was cut, and a page that was cut off is still mapped.");
    for (std::uint64_t at : {all, all + page})
      expect(m.walk(*each, at).has_value(), "A page before the new end is mapped no more.");
    expect(m.load(*each, all + page + 96) != 0 && m.load(*each, all + page + 104) == 0,
           "Bytes after the new end, in the last page, should be 0, and no others.");
  }
  expect(m.load(p, own + 3 * page) == kept, "The file was cut, and a private page has changed.");
  expect_death(m, p, end + page, SIGBUS, "A page that was cut off is touched: no SIGBUS comes.");
  m.call(p, call_ftruncate, file.fd, 4 * page);
  m.store(child, end + page, kept + 1);
  expect(m.load(p, all + 3 * page) == kept + 1 && m.load(p, all + 3 * page + 8) == 0,
         "The file has grown again: its new page should be shared, and begin with zeros.");
  m.call(p, call_ftruncate, file.fd, page);
  expect(!m.walk(child, end + page), "The file was cut before a mapping's start: a page is left.");
}

TEST_CASE("part 2, 2 points: a shared mapping may do what its descriptor may", "[mmap][part2]") {
  WithFile start("mmap-shared-rights", page);
  auto& [m, p, file] = start;
  const std::uint64_t reader = open_file(m, p, file.path), value = m.draw();
  expect_refused(m, p, reader, EACCES, "a file only for reading, to store to it", prot_both,
                 map_shared);
  expect_refused(m, p, open_file(m, p, "/tmp"), ENODEV, "a directory", prot_read, map_shared);
  const std::uint64_t at = map_file(m, p, reader, 1, prot_read, map_shared);
  const std::uint64_t own = map_file(m, p, file.fd, 1, prot_read, map_shared);
  m.load(p, at), m.load(p, own);
  expect(m.call(p, call_mprotect, at, page, prot_both) == minus(EACCES),
         "mprotect allows stores to a file that is open for reading alone.");
  expect(m.call(p, call_mprotect, own, page, prot_both) == 0, "mprotect of shared memory fails.");
  m.store(p, own, value);
  expect(m.load(p, at) == value, "A store to a shared mapping is not in another one.");
}

TEST_CASE("part 2, 2 points: shared memory that is gone has given everything back",
          "[mmap][part2]") {
  constexpr std::uint64_t pages = 8;
  SmallMachine small("mmap-shared-give-back", 2000);
  Machine& m = small.m;
  Process& p = m.first();
  const std::uint64_t room = map_pages(m, p, pages);
  const std::uint64_t fd = open_file(m, p, "/tmp/small", open_both | open_create | open_cut);
  for (std::uint64_t round = 1; round <= 40; round++) {
    map_file(m, p, -1, pages, prot_both, map_shared | map_anonymous, 0, room);
    expect(m.load(p, room) == 0, "New shared memory does not begin with zeros.");
    m.touch(p, room, pages, round);
    expect(m.call(p, call_ftruncate, fd, pages * page) == 0, "A file cannot grow.");
    map_file(m, p, fd, pages, prot_both, map_shared, 0, room);
    m.touch(p, room, pages, round);
    expect(read_word(m, p, fd, page) == round, "A store to a shared mapping is not in the file.");
    m.call(p, call_ftruncate, fd, 0);
  }
  map_file(m, p, -1, pages, prot_both, map_shared | map_anonymous, 0, room);
  repeat_mmap(m, p, 6000, room);
  small.expect_eater();
}

}  // namespace
}  // namespace test
