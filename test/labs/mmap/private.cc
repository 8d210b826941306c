// The grader of the lab `mmap`, part 1: files that a process maps for itself.
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string>

#include "catch.hh"
#include "labs/files.hh"

namespace test {
namespace {

TEST_CASE("part 1, 6 points: a private mapping shows the pages of the file", "[mmap][part1]") {
  WithFile start("mmap-private", 3 * page + 1234);
  auto& [m, p, file] = start;
  const std::uint64_t all = map_file(m, p, file.fd, 5, prot_both, map_private);
  for (std::uint64_t i : {2, 0, 3, 1})
    expect_page(m, p, all + i * page, file.page_of(i),
                "A page does not show the file's bytes, and zeros after its end.");
  const std::uint64_t part = map_file(m, p, file.fd, 2, prot_read, map_private, 2 * page);
  for (std::uint64_t i : {0, 1})
    expect_page(m, p, part + i * page, file.page_of(2 + i),
                "The mapping ignores the offset that mmap was given.");
  expect_death(m, p, all + 4 * page, SIGBUS, "A page after the file's end is touched: no SIGBUS.");
  expect_death(m, p, part, SIGSEGV, "The mapping may only be read, and can be written.");
}

TEST_CASE("part 1, 6 points: pages are mapped when they are touched, and reading copies none",
          "[mmap][part1]") {
  WithFile start("mmap-lazy", 8 * page);
  auto& [m, p, file] = start;
  const std::uint64_t at = map_file(m, p, file.fd, 8, prot_both, map_private);
  const std::uint64_t other = map_file(m, p, file.fd, 8, prot_both, map_private);
  for (std::uint64_t i = 0; i < 8; i++)
    expect(!m.walk(p, at + i * page), "mmap has mapped a page that was not touched yet.");
  for (std::uint64_t i : {6, 3}) {
    expect_page(m, p, at + i * page, file.page_of(i), "A page is not the file's.");
    expect(!m.walk(p, at + i * page)->writable, "A page was only read, and is writable.");
    expect(!m.walk(p, at + (i - 1) * page), "One page was read, and the one before it is mapped.");
    expect(frame_at(m, p, other + i * page) == frame_at(m, p, at + i * page),
           "Two mappings of a file read one page, and use two frames for it.");
  }
  const std::uint64_t own = map_file(m, p, open_something(m, p), 8, prot_read, map_private);
  bool found = false;
  for (std::uint64_t i = 0; i < 8 && !found; i++)
    found = frame_at(m, p, own + i * page) == m.walk(p, m.label("rest"))->frame;
  expect(found, "The code that a program runs should be its file's own frame, and is a copy.");
}

TEST_CASE("part 1, 5 points: a store changes one mapping, and nothing else", "[mmap][part1]") {
  WithFile start("mmap-store", 2 * page);
  auto& [m, p, file] = start;
  const std::uint64_t one = map_file(m, p, file.fd, 2, prot_both, map_private);
  const std::uint64_t two = map_file(m, p, file.fd, 2, prot_both, map_private);
  m.load(p, one), m.load(p, two);
  for (std::uint64_t i : {0, 1}) {  // a page that was read before, and one that was not
    Bytes wanted = file.page_of(i);
    const std::uint64_t value = m.draw(), at = one + i * page;
    std::memcpy(&wanted[64], &value, sizeof value);
    m.store(p, at + 64, value);
    expect_page(m, p, at, wanted, "A word was stored: it is not there, or more has changed.");
    expect(m.walk(p, at)->writable, "After a store the page cannot be written without a fault.");
    expect_page(m, p, two + i * page, file.page_of(i), "A private store is in another mapping.");
    expect(read_at(m, p, file.fd, i * page, page) == file.page_of(i),
           "A private store is in the file.");
  }
  const std::uint64_t before = m.load(p, one);
  const Birth birth = fork_of(m, p);
  expect(m.load(*birth.child, one) == before, "A child does not see its parent's private page.");
  m.store(*birth.child, one, m.draw());
  expect(m.load(p, one) == before, "A child's store to a private mapping is seen by its parent.");
}

TEST_CASE("part 1, 3 points: pages that are read in order are mapped ahead", "[mmap][part1]") {
  constexpr std::uint64_t reach = 512 * page;  // of one page table
  WithFile start("mmap-ahead", 12 * page);
  auto& [m, p, file] = start;
  const std::uint64_t at = (map_pages(m, p, 1024) + reach - 1) & ~(reach - 1);
  map_file(m, p, file.fd, 12, prot_both, map_private, 0, at);
  m.load(p, at + 4 * page);
  expect(!m.walk(p, at + 5 * page), "One page was read, and the next one is mapped already.");
  m.load(p, at + 5 * page);
  for (std::uint64_t i = 6; i < 12; i++) {
    const auto ahead = m.walk(p, at + i * page);
    expect(ahead && !ahead->writable && m.peek(p, at + i * page, page) == file.page_of(i),
           "Two pages were read in order, and those after them are not there yet.");
  }
}

TEST_CASE("part 1, 3 points: what may be mapped, and what not", "[mmap][part1]") {
  WithFile start("mmap-rights", page);
  auto& [m, p, file] = start;
  const std::uint64_t at = map_file(m, p, open_file(m, p, file.path), 1, prot_both, map_private);
  expect_page(m, p, at, file.bytes, "A page is not the file's.");
  m.store(p, at, 1);  // to a copy: reading is all that the descriptor must allow
  expect_refused(m, p, make_pipe(m, p).from, ENODEV, "a pipe");
  expect_refused(m, p, open_file(m, p, "/tmp"), ENODEV, "a directory");
  expect_refused(m, p, open_file(m, p, file.path, open_write), EACCES, "a file only for writing");
  expect_refused(m, p, 99, EBADF, "a descriptor that is not open");
}

TEST_CASE("part 1, 2 points: a write to the file changes the pages that were not touched, alone",
          "[mmap][part1]") {
  WithFile start("mmap-later", 2 * page);
  auto& [m, p, file] = start;
  const std::uint64_t at = map_file(m, p, file.fd, 2, prot_both, map_private);
  m.load(p, at);
  const Bytes first = file.page_of(0);
  file.bytes = m.draw_bytes(2 * page);
  write_at(m, p, file.fd, 0, file.bytes);
  m.call(p, call_close, file.fd);
  m.call(p, call_unlinkat, -100, put_text(m, p, file.path), 0);
  expect_page(m, p, at, first, "A write to the file changes a page that was touched before.");
  expect_page(m, p, at + page, file.page_of(1),
              "A page that was not touched does not show what was written.");
}

TEST_CASE("part 1, 3 points: mappings that are gone have given everything back", "[mmap][part1]") {
  constexpr std::uint64_t pages = 8;
  SmallMachine small("mmap-give-back", 2000);
  Machine& m = small.m;
  Process& p = m.first();
  const std::uint64_t room = map_pages(m, p, pages), from = map_pages(m, p, pages);
  for (std::uint64_t round = 1; round <= 60; round++) {
    m.touch(p, from, pages, round);
    const std::uint64_t fd = open_file(m, p, "/tmp/small", open_both | open_create | open_cut);
    if (m.call(p, call_write, fd, from, pages * page) != pages * page)
      m.give_up("Files were mapped and are gone, and now memory is missing.");
    map_file(m, p, fd, pages, prot_both, map_private, 0, room);
    for (std::uint64_t i = 0; i < pages; i += 3)
      expect(m.load(p, room + i * page) == round, "A page is not the file's.");
    m.touch(p, room, pages, 0);
    m.call(p, call_munmap, room, pages * page);
    m.call(p, call_close, fd);
  }
  map_file(m, p, open_file(m, p, "/tmp/small"), pages, prot_both, map_private, 0, room);
  repeat_mmap(m, p, 6000, room);
  small.expect_eater();
}

}  // namespace
}  // namespace test
