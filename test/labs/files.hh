// Files that a process of the observer makes, for graders of what can be done with files.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "labs/steps.hh"

namespace test {

using Bytes = std::vector<std::uint8_t>;

constexpr std::uint64_t prot_both = prot_read | prot_write;
constexpr std::uint64_t open_read = 0, open_write = 1, open_both = 2;
constexpr std::uint64_t open_create = 0100, open_cut = 01000;

// A descriptor of the file, or a failed result.
std::uint64_t open_file(Machine& m, Process& process, const std::string& path,
                        std::uint64_t flags = open_read);
// A new file of that many bytes, drawn now.
struct File {
  std::string path;
  Bytes bytes;
  std::uint64_t fd;  // for reading and writing

  // The bytes of a page, with zeros after the end of the file.
  Bytes page_of(std::uint64_t index) const;
};
File make_file(Machine& m, Process& process, const std::string& path, std::size_t size);
void write_at(Machine& m, Process& process, std::uint64_t fd, std::uint64_t offset,
              std::span<const std::uint8_t> bytes);
// At most a page, as read returns it.
Bytes read_at(Machine& m, Process& process, std::uint64_t fd, std::uint64_t offset,
              std::size_t size);
std::uint64_t read_word(Machine& m, Process& process, std::uint64_t fd, std::uint64_t offset);
void write_word(Machine& m, Process& process, std::uint64_t fd, std::uint64_t offset,
                std::uint64_t word);

// A machine whose first process has made a file.
struct WithFile {
  Machine m;
  Process& p;
  File file;

  WithFile(const std::string& name, std::size_t size)
      : m({name}), p(m.first()), file(make_file(m, p, "/tmp/" + name, size)) {}
};

// Where the file is mapped; the points are lost if mmap fails.
std::uint64_t map_file(Machine& m, Process& process, std::uint64_t fd, std::uint64_t pages,
                       std::uint64_t prot, std::uint64_t flags, std::uint64_t offset = 0,
                       std::uint64_t at = 0);
// mmap of a page of that descriptor must fail with the error.
void expect_refused(Machine& m, Process& process, std::uint64_t fd, std::uint64_t error,
                    const std::string& what, std::uint64_t prot = prot_read,
                    std::uint64_t flags = map_private);
// In a small machine: the mmap that was the last step, again and again at the same place.
void repeat_mmap(Machine& m, Process& process, std::uint64_t times, std::uint64_t at);

// The frame that the process uses there. It has loaded from it before.
std::uint64_t frame_at(Machine& m, Process& process, std::uint64_t at);
// Loads from the page; it must hold these bytes.
void expect_page(Machine& m, Process& process, std::uint64_t at, const Bytes& wanted,
                 const std::string& reason);
// A new child of the process stores there, which must end it with the signal.
void expect_death(Machine& m, Process& process, std::uint64_t at, int signal,
                  const std::string& reason);

}  // namespace test
