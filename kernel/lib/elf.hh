// Reads the headers of a program file: an ELF executable of 64 bits, static or dynamic ("System V
// ABI", chapters 4 and 5). Nothing is loaded here. What is accepted is what Linux accepts; every
// sum is formed only after it is known not to wrap.
//
// A file may change while it is read. So nothing that was read first is relied on later:
// read_segments checks each segment again, against the bounds of the image.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "lib/result.hh"
#include "lib/types.hh"

namespace tine {

// Permissions of a segment (p_flags).
constexpr std::uint32_t elf_exec = 1, elf_write = 2, elf_read = 4;

constexpr std::size_t elf_header_entry_size = 56;  // AT_PHENT
// The most program headers that a file may have: as many as Linux accepts.
constexpr std::size_t elf_max_headers = 65536 / elf_header_entry_size;

// The bytes of a file.
class FileBytes {
 public:
  // Copies as many bytes as `to` has, from `offset` on. Errors: noexec when the file ends too
  // early, and those of reading it.
  virtual Result<> copy(std::uint64_t offset, std::span<std::byte> to) const = 0;

 protected:
  ~FileBytes() = default;
};

// A piece of the file and the memory that it goes to. What the file does not fill is zero.
struct ElfSegment {
  VirtAddr start;
  std::uint64_t memory_size = 0;  // > 0
  std::uint64_t file_offset = 0;
  std::uint64_t file_size = 0;  // <= memory_size; if > 0: file_offset % page_size is start's
  std::uint32_t flags = 0;

  VirtAddr end() const { return start + memory_size; }
};

// How many headers are read at a time.
constexpr unsigned elf_headers_at_once = 8;
using ElfSegments = std::array<ElfSegment, elf_headers_at_once>;

struct ElfImage {
  VirtAddr entry;            // anywhere
  VirtAddr start, end;       // all segments lie between; `start` is page aligned
  VirtAddr program_headers;  // where they are in memory (AT_PHDR); 0 if no segment has them
  std::uint64_t moved = 0;   // how far everything has been moved from where it was linked
  std::uint64_t alignment = page_size;  // a power of two: the image may be moved by multiples of it
  bool is_movable = false;              // position-independent (ET_DYN)
  bool wants_executable_stack = false;
  std::uint64_t headers_at = 0;  // in the file
  unsigned header_count = 0;
  std::uint64_t interpreter_at = 0, interpreter_size = 0;  // its path, in the file; size 0: none

  // Moves the image so that it starts at `at`, which is page aligned. If its alignment is larger
  // than a page, it starts below `at`, by less than the alignment.
  void move_to(VirtAddr at);
};

// Errors of both: noexec when the file's contents are wrong, and those of reading the file.
// `machine`: the number of the machine that the file must be for (e_machine), which also says in
// which order the bytes of a number lie.
Result<ElfImage> read_elf(const FileBytes& file, std::uint16_t machine);
// The loaded segments among elf_headers_at_once program headers, from header `first` on, moved as
// the image was. They lie inside the image. The result is a part of `room`.
Result<std::span<ElfSegment>> read_segments(const FileBytes& file, const ElfImage& image,
                                            unsigned first, ElfSegments& room);

}  // namespace tine
