#include "lib/elf.hh"

#include "lib/string.hh"

namespace tine {
namespace {

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
};
static_assert(sizeof(ProgramHeader) == elf_header_entry_size);

// e_ident: magic, 64-bit, little endian, version. The rest (OS and its ABI) says nothing that
// matters here.
constexpr std::array<unsigned char, 7> ident_start = {0x7f, 'E', 'L', 'F', 2, 1, 1};
constexpr std::uint16_t type_executable = 2;
constexpr std::uint16_t type_position_independent = 3;
constexpr std::uint16_t machine_riscv = 243;
constexpr std::uint32_t segment_load = 1;
constexpr std::uint32_t segment_interpreter = 3;  // wants a dynamic linker

// Copies a structure out of the file, which may be at any address. `offset` was checked.
template <class T>
T copy_from(std::span<const std::byte> head, std::uint64_t offset) {
  T value;
  memcpy(&value, head.data() + offset, sizeof value);
  return value;
}

Result<> check_header(const FileHeader& header, std::size_t head_size) {
  if (memcmp(header.ident.data(), ident_start.data(), ident_start.size()) != 0) {
    return Errno::noexec;
  }
  if (header.type != type_executable && header.type != type_position_independent) {
    return Errno::noexec;
  }
  if (header.machine != machine_riscv) return Errno::noexec;
  if (header.program_header_size != sizeof(ProgramHeader)) return Errno::noexec;
  std::uint64_t count = header.program_header_count;
  if (count == 0 || count > elf_max_headers) return Errno::noexec;
  std::uint64_t size = count * sizeof(ProgramHeader);
  if (size > head_size || header.program_headers > head_size - size) return Errno::noexec;
  return {};
}

// Every sum is formed only after it is known not to wrap.
Result<ElfSegment> check_segment(ProgramHeader header, std::uint64_t file_size,
                                 std::uint64_t bias) {
  if (header.file_size > header.memory_size) return Errno::noexec;
  if (header.file_size > file_size || header.offset > file_size - header.file_size) {
    return Errno::noexec;
  }
  if (__builtin_add_overflow(header.address, bias, &header.address)) return Errno::noexec;
  if (header.address < USER_BASE || header.address >= USER_TOP) return Errno::noexec;
  if (header.memory_size > USER_TOP - header.address) return Errno::noexec;
  if (header.offset % page_size != header.address % page_size) return Errno::noexec;
  return ElfSegment{VirtAddr(header.address), header.memory_size, header.offset, header.file_size,
                    header.flags & (elf_read | elf_write | elf_exec)};
}

bool can_execute(const ElfImage& image, VirtAddr at) {
  for (const ElfSegment& segment : image.loads()) {
    if (at >= segment.start && at < segment.end()) return segment.flags & elf_exec;
  }
  return false;
}

// The program finds its own headers through this, if some segment brought them into memory.
VirtAddr headers_in_memory(const ElfImage& image, const FileHeader& header) {
  std::uint64_t size = header.program_header_count * sizeof(ProgramHeader);
  for (const ElfSegment& segment : image.loads()) {
    std::uint64_t start = header.program_headers - segment.file_offset;  // wraps if it is before
    if (segment.file_size >= size && start <= segment.file_size - size) {
      return segment.start + start;
    }
  }
  return VirtAddr();
}

}  // namespace

Result<ElfImage> read_elf(std::span<const std::byte> head, std::uint64_t file_size, VirtAddr base) {
  if (head.size() < sizeof(FileHeader)) return Errno::noexec;
  auto header = copy_from<FileHeader>(head, 0);
  TRY(check_header(header, head.size()));

  ElfImage image;
  std::uint64_t bias = header.type == type_position_independent ? base.value() : 0;
  image.entry = VirtAddr(header.entry + bias);  // wrapped or not: it must lie in a segment
  image.header_count = header.program_header_count;
  for (unsigned i = 0; i < header.program_header_count; i++) {
    auto each = copy_from<ProgramHeader>(head, header.program_headers + i * sizeof(ProgramHeader));
    if (each.type == segment_interpreter) return Errno::noexec;
    if (each.type != segment_load || each.memory_size == 0) continue;
    ElfSegment segment = TRY(check_segment(each, file_size, bias));
    // Ascending, and no two in one page, whose permissions would mix.
    if (segment.start.page_down() < image.highest.page_up()) return Errno::noexec;
    image.highest = segment.end();
    image.segments[image.segment_count++] = segment;
  }
  // An entry in no segment covers the file without segments, too.
  if (!can_execute(image, image.entry)) return Errno::noexec;
  image.program_headers = headers_in_memory(image, header);
  return image;
}

}  // namespace tine
