// Reads the headers of a program file: a static riscv64 ELF executable ("System V ABI", chapters 4
// and 5; RISC-V ELF psABI, "ELF Object Files"). Nothing is loaded here; the answer says what to
// load where, and every number in it has been checked, so that whoever maps the segments needs no
// checks of its own.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "lib/result.hh"
#include "lib/types.hh"

namespace tine {

// Permissions of a segment (p_flags).
constexpr std::uint32_t elf_exec = 1, elf_write = 2, elf_read = 4;

constexpr unsigned elf_max_headers = 16;
constexpr std::size_t elf_header_entry_size = 56;  // AT_PHENT

// A piece of the file and the memory it goes to. What the file does not fill is zero. start and
// file_offset are equal modulo the page size.
struct ElfSegment {
  VirtAddr start;
  std::uint64_t memory_size = 0;  // > 0
  std::uint64_t file_offset = 0;
  std::uint64_t file_size = 0;  // <= memory_size
  std::uint32_t flags = 0;

  VirtAddr end() const { return start + memory_size; }
};

struct ElfImage {
  VirtAddr entry;
  VirtAddr program_headers;  // where they are in memory (AT_PHDR); 0 if no segment has them
  unsigned header_count = 0;
  // Ascending; no two share a page; all between USER_BASE and USER_TOP.
  std::array<ElfSegment, elf_max_headers> segments{};
  unsigned segment_count = 0;
  VirtAddr highest;  // the first byte behind all segments

  std::span<const ElfSegment> loads() const { return {segments.data(), segment_count}; }
};

// `head` is the beginning of the file, whose whole size is `file_size`; the program headers must
// lie in it. A position-independent program (ET_DYN, linked at 0) is moved to `base`, which is page
// aligned. Errors: noexec for whatever is wrong, and for programs that want a dynamic linker.
Result<ElfImage> read_elf(std::span<const std::byte> head, std::uint64_t file_size, VirtAddr base);

}  // namespace tine
