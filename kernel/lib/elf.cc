#include "lib/elf.hh"

#include <algorithm>
#include <array>
#include <bit>

#include "lib/string.hh"

namespace tine {
namespace {

// e_ident: magic, and 64 bits.
constexpr std::array<unsigned char, 5> ident_start = {0x7f, 'E', 'L', 'F', 2};
constexpr std::uint16_t type_executable = 2;
constexpr std::uint16_t type_position_independent = 3;
constexpr std::uint64_t longest_file = ~std::uint64_t{0} >> 1;
constexpr std::uint32_t segment_load = 1;
constexpr std::uint32_t segment_interpreter = 3;
constexpr std::uint32_t segment_stack = 0x6474e551;  // PT_GNU_STACK: its flags are the stack's

struct FileHeader {
  std::array<unsigned char, 16> ident;
  std::uint16_t type, machine;
  std::uint32_t version;
  std::uint64_t entry, program_headers, section_headers;
  std::uint32_t flags;
  std::uint16_t header_size, program_header_size, program_header_count;
  std::uint16_t section_header_size, section_header_count, section_names;
};
static_assert(sizeof(FileHeader) == 64);

struct ProgramHeader {
  std::uint32_t type, flags;
  std::uint64_t offset, address, physical_address, file_size, memory_size, align;

  std::uint64_t end() const { return address + memory_size; }
  bool is_loaded() const { return type == segment_load && (file_size > 0 || memory_size > 0); }
};
static_assert(sizeof(ProgramHeader) == elf_header_entry_size);

// The headers from `first` on, as many as fit into `room`. Errors: those of reading.
using Headers = std::array<ProgramHeader, elf_headers_at_once>;
Result<std::span<ProgramHeader>> read_headers(const FileBytes& file, const ElfImage& image,
                                              unsigned first, Headers& room) {
  auto headers =
      std::span(room).first(std::min<std::size_t>(room.size(), image.header_count - first));
  std::uint64_t offset = image.headers_at + first * elf_header_entry_size;
  TRY(file.copy(offset, std::as_writable_bytes(headers)));
  return headers;
}

Result<> check_header(const FileHeader& header, std::uint16_t machine) {
  bool is_one =
      memcmp(header.ident.data(), ident_start.data(), ident_start.size()) == 0 &&
      header.machine == machine &&
      (header.type == type_executable || header.type == type_position_independent) &&
      header.program_header_size == elf_header_entry_size && header.program_header_count > 0 &&
      header.program_header_count <= elf_max_headers &&
      header.program_headers <= ~std::uint64_t{0} - elf_max_headers * elf_header_entry_size;
  return is_one ? Result<>() : Errno::noexec;
}

Result<> check_segment(const ProgramHeader& header) {
  // lab exec 1 {
  bool is_right =
      header.file_size <= header.memory_size &&
      header.memory_size <= ~header.address &&  // its end does not wrap
      (header.file_size == 0 ||
       (header.offset % page_size == header.address % page_size &&
        header.file_size <= longest_file && header.offset <= longest_file - header.file_size));
  return is_right ? Result<>() : Errno::noexec;
  // } lab
}

Result<> add_segment(ElfImage& image, const ProgramHeader& header) {
  TRY(check_segment(header));
  bool is_first = image.end == VirtAddr();
  image.start =
      std::min(is_first ? VirtAddr(~0ul) : image.start, VirtAddr(header.address).page_down());
  image.end = std::max(image.end, VirtAddr(header.end()));
  if (std::has_single_bit(header.align)) image.alignment = std::max(image.alignment, header.align);
  // The program finds its own headers through this, if the segment brings them into memory.
  std::uint64_t into = image.headers_at - header.offset;  // wraps if they lie before the segment
  if (into < header.file_size) image.program_headers = VirtAddr(header.address + into);
  return {};
}

Result<> add_header(ElfImage& image, const ProgramHeader& header) {
  if (header.type == segment_stack) image.wants_executable_stack = header.flags & elf_exec;
  if (header.type == segment_interpreter && image.interpreter_size == 0) {
    image.interpreter_at = header.offset;
    image.interpreter_size = header.file_size;
    if (header.file_size < 2 || header.file_size > TINE_PATH_MAX) return Errno::noexec;
  }
  return header.is_loaded() ? add_segment(image, header) : Result<>();
}

}  // namespace

Result<ElfImage> read_elf(const FileBytes& file, std::uint16_t machine) {
  FileHeader header;
  TRY(file.copy(0, std::as_writable_bytes(std::span(&header, 1))));
  TRY(check_header(header, machine));
  ElfImage image;
  image.entry = VirtAddr(header.entry);
  image.is_movable = header.type == type_position_independent;
  image.headers_at = header.program_headers;
  image.header_count = header.program_header_count;
  Headers some;
  for (unsigned first = 0; first < image.header_count; first += some.size()) {
    for (const ProgramHeader& each : TRY(read_headers(file, image, first, some))) {
      TRY(add_header(image, each));
    }
  }
  if (image.end - image.start > USER_TOP || image.end == VirtAddr()) return Errno::noexec;
  return image;
}

void ElfImage::move_to(VirtAddr at) {
  moved = (at - start) & ~(alignment - 1);  // sums may wrap here: they are checked later
  start += moved;
  end += moved;
  entry += moved;
  if (program_headers.value()) program_headers += moved;
}

Result<std::span<ElfSegment>> read_segments(const FileBytes& file, const ElfImage& image,
                                            unsigned first, ElfSegments& room) {
  Headers some;
  std::size_t count = 0;
  for (const ProgramHeader& each : TRY(read_headers(file, image, first, some))) {
    if (!each.is_loaded()) continue;
    TRY(check_segment(each));
    ElfSegment segment{VirtAddr(each.address + image.moved), each.memory_size, each.offset,
                       each.file_size, each.flags & (elf_read | elf_write | elf_exec)};
    bool is_inside = segment.start >= image.start && segment.start < image.end &&
                     segment.memory_size <= image.end - segment.start;
    if (!is_inside) return Errno::noexec;
    room[count++] = segment;
  }
  return std::span(room).first(count);
}

}  // namespace tine
