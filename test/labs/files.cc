#include "labs/files.hh"

#include <algorithm>
#include <cstring>

#include "catch.hh"

namespace test {
namespace {

constexpr std::size_t piece = 2048;  // fits where `put` puts it

void seek(Machine& m, Process& process, std::uint64_t fd, std::uint64_t offset) {
  if (m.call(process, call_lseek, fd, offset, 0) != offset)
    m.give_up("lseek fails in the observer, which is not this lab's.");
}

}  // namespace

std::uint64_t open_file(Machine& m, Process& process, const std::string& path,
                        std::uint64_t flags) {
  return m.call(process, call_openat, -100, put_text(m, process, path), flags, 0644);
}

Bytes File::page_of(std::uint64_t index) const {
  Bytes wanted(page, 0);
  const std::size_t start = std::min(bytes.size(), index * page);
  std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(start),
              std::min(bytes.size() - start, page), wanted.begin());
  return wanted;
}

File make_file(Machine& m, Process& process, const std::string& path, std::size_t size) {
  const std::uint64_t fd = open_file(m, process, path, open_both | open_create | open_cut);
  if (failed(fd)) m.give_up("A process cannot make the file " + path + ".");
  File file{path, m.draw_bytes(size), fd};
  write_at(m, process, fd, 0, file.bytes);
  return file;
}

void write_at(Machine& m, Process& process, std::uint64_t fd, std::uint64_t offset,
              std::span<const std::uint8_t> bytes) {
  seek(m, process, fd, offset);
  for (std::size_t done = 0; done < bytes.size(); done += piece) {
    const auto part = bytes.subspan(done, std::min(piece, bytes.size() - done));
    if (m.call(process, call_write, fd, put(m, process, part), part.size()) != part.size())
      m.give_up("A process cannot write to its own file.");
  }
}

Bytes read_at(Machine& m, Process& process, std::uint64_t fd, std::uint64_t offset,
              std::size_t size) {
  seek(m, process, fd, offset);
  Bytes all;
  while (all.size() < size) {
    const std::uint64_t at = put_words(m, process, {0});
    const std::uint64_t got =
        m.call(process, call_read, fd, at, std::min(piece, size - all.size()));
    if (failed(got) || got == 0 || got > piece) m.give_up("A process cannot read its own file.");
    const Bytes part = m.peek(process, at, got);
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

std::uint64_t read_word(Machine& m, Process& process, std::uint64_t fd, std::uint64_t offset) {
  std::uint64_t word = 0;
  std::memcpy(&word, read_at(m, process, fd, offset, sizeof word).data(), sizeof word);
  return word;
}

void write_word(Machine& m, Process& process, std::uint64_t fd, std::uint64_t offset,
                std::uint64_t word) {
  write_at(m, process, fd, offset, {reinterpret_cast<const std::uint8_t*>(&word), sizeof word});
}

std::uint64_t map_file(Machine& m, Process& process, std::uint64_t fd, std::uint64_t pages,
                       std::uint64_t prot, std::uint64_t flags, std::uint64_t offset,
                       std::uint64_t at) {
  const std::uint64_t got =
      m.call(process, call_mmap, at, pages * page, prot, flags | (at ? map_fixed : 0), fd, offset);
  if (failed(got)) m.give_up("mmap of a file fails with " + error_name(got) + ".");
  if (got % page || (at && got != at)) m.give_up("mmap of a file returns a wrong address.");
  return got;
}

void expect_refused(Machine& m, Process& process, std::uint64_t fd, std::uint64_t error,
                    const std::string& what, std::uint64_t prot, std::uint64_t flags) {
  expect(m.call(process, call_mmap, 0, page, prot, flags, fd, 0) == minus(error),
         "mmap of " + what + " should fail with errno " + std::to_string(error) + ".");
}

void repeat_mmap(Machine& m, Process& process, std::uint64_t times, std::uint64_t at) {
  Registers with = process.at_rest;  // the other arguments are still in the registers
  with.x[8] = times, with.x[9] = call_mmap, with.x[18] = at;
  if (m.step(process, "step_repeat", with).x[8] != 0)
    m.give_up("The same place was mapped thousands of times, and now mmap fails.");
}

std::uint64_t frame_at(Machine& m, Process& process, std::uint64_t at) {
  m.load(process, at);
  const auto mapping = m.walk(process, at);
  if (!mapping) lose("A page that a process has used is not in its page table.");
  return mapping->frame;
}

void expect_page(Machine& m, Process& process, std::uint64_t at, const Bytes& wanted,
                 const std::string& reason) {
  m.load(process, at);
  expect(m.peek(process, at, page) == wanted, reason);
}

void expect_death(Machine& m, Process& process, std::uint64_t at, int signal,
                  const std::string& reason) {
  const Birth victim = fork_of(m, process);
  m.store_and_die(*victim.child, at);
  m.let_run(2);  // if it has not died it is at rest now, and new to the machine
  expect(m.newcomers().empty(), reason);
  expect(wait_for(m, process, victim.pid) == unsigned(signal), reason);
}

}  // namespace test
