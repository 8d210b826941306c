#include "lib/elf.hh"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>
#include <vector>

#include "catch.hh"
#include "random.hh"

using namespace tine;

namespace {

// A program file as a linker writes it, written by hand: each test spoils one thing. Names as in
// elf.h.
struct Ehdr {
  unsigned char e_ident[16] = {0x7f, 'E', 'L', 'F', 2, 1, 1};
  std::uint16_t e_type = 2, e_machine = 243;
  std::uint32_t e_version = 1;
  std::uint64_t e_entry = 0x10100, e_phoff = 64, e_shoff = 0;
  std::uint32_t e_flags = 5;
  std::uint16_t e_ehsize = 64, e_phentsize = 56, e_phnum = 2, e_shentsize = 0, e_shnum = 0,
                e_shstrndx = 0;
};
struct Phdr {
  std::uint32_t p_type = 1, p_flags = 0;
  std::uint64_t p_offset = 0, p_vaddr = 0, p_paddr = 0, p_filesz = 0, p_memsz = 0, p_align = 4096;
};

constexpr std::size_t file_size = 0x3000;
constexpr VirtAddr base{0x1000000000};  // of position-independent programs

// A file in memory, of exactly these bytes.
struct Contents final : FileBytes {
  test::Bytes bytes;

  explicit Contents(test::Bytes b) : bytes(std::move(b)) { bytes.shrink_to_fit(); }
  Result<> copy(std::uint64_t offset, std::span<std::byte> to) const override {
    if (offset > bytes.size() || to.size() > bytes.size() - offset) return Errno::noexec;
    std::copy_n(bytes.begin() + offset, to.size(), to.begin());
    return {};
  }
};

// What the kernel does with a file before it maps the segments.
struct Read {
  Contents file;
  Result<ElfImage> image;
  std::vector<ElfSegment> segments;

  explicit Read(test::Bytes bytes) : file(std::move(bytes)), image(read_elf(file, 243)) {
    if (!image) return;
    if (image->is_movable) image->move_to(base);
    ElfSegments some;
    for (unsigned first = 0; first < image->header_count; first += some.size()) {
      auto found = read_segments(file, *image, first, some);
      if (!found) {
        image = found.error();
        return;
      }
      segments.insert(segments.end(), found->begin(), found->end());
    }
  }
  bool lies_in_user_half() const {
    return image->start >= user_base && image->start < image->end && image->end <= user_top;
  }
};

struct Program {
  Ehdr header;
  Phdr text{1, 5, 0, 0x10000, 0, 0x1234, 0x1234, 4096};
  Phdr data{1, 6, 0x2010, 0x13010, 0, 0x100, 0x5000, 4096};

  test::Bytes bytes() const {
    test::Bytes result(sizeof header + sizeof text + sizeof data);
    std::memcpy(result.data(), &header, sizeof header);
    std::memcpy(result.data() + 64, &text, sizeof text);
    std::memcpy(result.data() + 120, &data, sizeof data);
    result.resize(file_size);
    return result;
  }
  Read read() const { return Read(bytes()); }
};

bool refused(const Program& program) {
  Read read = program.read();
  return read.image ? !read.lies_in_user_half() : read.image.error() == Errno::noexec;
}

}  // namespace

TEST_CASE("a static executable is described segment by segment") {
  Read read = Program().read();
  REQUIRE(read.image.has_value());
  CHECK(read.image->entry == VirtAddr(0x10100));
  CHECK(read.image->start == VirtAddr(0x10000));
  CHECK(read.image->end == VirtAddr(0x18010));
  CHECK(read.image->interpreter_size == 0);
  CHECK(!read.image->wants_executable_stack);
  REQUIRE(read.segments.size() == 2);
  const ElfSegment& text = read.segments[0];
  CHECK(text.start == VirtAddr(0x10000));
  CHECK(text.end() == VirtAddr(0x11234));
  CHECK(text.flags == (elf_read | elf_exec));
  const ElfSegment& data = read.segments[1];
  CHECK(data.start == VirtAddr(0x13010));
  CHECK(data.file_offset == 0x2010);
  CHECK(data.file_size == 0x100);
  CHECK(data.memory_size == 0x5000);
  CHECK(data.flags == (elf_read | elf_write));
}

TEST_CASE("the program headers are found in memory if a segment has them") {
  Program program;
  CHECK(program.read().image->program_headers == VirtAddr(0x10040));
  CHECK(program.read().image->header_count == 2);
  program.text.p_offset = 0x1000;
  CHECK(program.read().image->program_headers == VirtAddr());
}

TEST_CASE("segments of other types, and empty ones, are passed over") {
  Program program;
  program.data.p_type = 4;  // PT_NOTE
  CHECK(program.read().segments.size() == 1);
  program.data = {1, 6, 0, 0, 0, 0, 0, 4096};
  CHECK(program.read().segments.size() == 1);
}

TEST_CASE("a segment of no memory may not have bytes in the file") {
  Program program;
  program.data.p_memsz = 0;
  CHECK(refused(program));
}

TEST_CASE("PT_GNU_STACK says whether the stack is executable") {
  Program program;
  program.data = {0x6474e551, 7, 0, 0, 0, 0, 0, 16};
  CHECK(program.read().image->wants_executable_stack);
  program.data.p_flags = 6;
  CHECK(!program.read().image->wants_executable_stack);
}

TEST_CASE("PT_INTERP says where the interpreter's name is in the file") {
  Program program;
  program.data = {3, 4, 0x200, 0x10200, 0, 20, 20, 1};
  Read read = program.read();
  REQUIRE(read.image.has_value());
  CHECK(read.image->interpreter_at == 0x200);
  CHECK(read.image->interpreter_size == 20);
  SECTION("a name without a byte") { program.data.p_filesz = 1; }
  SECTION("a longer one than any path") { program.data.p_filesz = 4097; }
  CHECK((program.data.p_filesz == 20 || refused(program)));
}

TEST_CASE("a position-independent program is moved to the base, whole") {
  Program program;
  program.header.e_type = 3;
  program.header.e_entry = 0x100;
  program.text.p_vaddr = 0;
  program.data.p_vaddr = 0x3010;
  Read read = program.read();
  REQUIRE(read.image.has_value());
  CHECK(read.image->entry == base + 0x100);
  CHECK(read.segments[0].start == base);
  CHECK(read.segments[1].start == base + 0x3010);
  CHECK(read.image->program_headers == base + 64);
  CHECK(read.image->moved == base.value());
  SECTION("also if it is linked elsewhere") {
    program.header.e_entry = 0x400100;
    program.text.p_vaddr = 0x400000;
    program.data.p_vaddr = 0x403010;
    CHECK(program.read().image->entry == base + 0x100);
    CHECK(program.read().image->moved == base.value() - 0x400000);
  }
  SECTION("by multiples of its largest alignment, downwards") {
    program.data.p_align = 0x200000;
    program.text.p_vaddr = 0x1000;
    Read aligned = program.read();
    CHECK(aligned.image->moved % 0x200000 == 0);
    CHECK(aligned.image->start <= base);
    CHECK(base - aligned.image->start < 0x200000);
  }
  SECTION("an alignment that is no power of two says nothing") {
    program.data.p_align = 0x3000;
    CHECK(program.read().image->alignment == page_size);
  }
  SECTION("one that reaches beyond all addresses leaves it where nothing may be") {
    program.data.p_align = std::uint64_t{1} << 63;
    CHECK(refused(program));
  }
  SECTION("a span that is larger than the user's half is refused") {
    program.data.p_vaddr = USER_TOP + 0x10;
    CHECK(refused(program));
  }
  SECTION("so is a segment whose end wraps") {
    program.data.p_vaddr = 0ul - 0xff0;
    CHECK(refused(program));
  }
}

TEST_CASE("memory far beyond the file is allowed here") {
  Program program;
  program.data.p_memsz = std::uint64_t{1} << 36;
  CHECK(!refused(program));
}

TEST_CASE("many headers, at any place in the file") {
  Program program;
  test::Bytes bytes = program.bytes();
  unsigned count = 0;
  std::size_t at = 0;
  SECTION("17") { count = 17, at = 64; }
  SECTION("across the border of a page") { count = 2, at = page_size - 60; }
  SECTION("at an odd offset") { count = 2, at = 0x1001; }
  SECTION("as many as Linux takes") { count = 1170, at = 64; }
  bytes.resize(std::max(bytes.size(), at + count * sizeof(Phdr)));
  for (unsigned i = 0; i < count; i++) {
    Phdr empty;
    const Phdr& each = i == 0           ? program.text
                       : i == count - 1 ? program.data
                                        : (empty.p_type = 0, empty);
    std::memcpy(bytes.data() + at + i * sizeof(Phdr), &each, sizeof each);
  }
  program.header.e_phoff = at;
  program.header.e_phnum = static_cast<std::uint16_t>(count);
  std::memcpy(bytes.data(), &program.header, sizeof program.header);
  Read read(bytes);
  REQUIRE(read.image.has_value());
  CHECK(read.segments.size() == 2);
}

TEST_CASE("what is not an executable for this machine is refused") {
  Program program;
  SECTION("another magic") { program.header.e_ident[0] = '#'; }
  SECTION("32-bit") { program.header.e_ident[4] = 1; }
  SECTION("x86-64") { program.header.e_machine = 62; }
  SECTION("an object file") { program.header.e_type = 1; }
  SECTION("a memory dump") { program.header.e_type = 4; }
  CHECK(refused(program));
}

TEST_CASE("program headers that are missing, odd or out of reach are refused") {
  Program program;
  SECTION("none") { program.header.e_phnum = 0; }
  SECTION("too many") { program.header.e_phnum = 1171; }
  SECTION("another size") { program.header.e_phentsize = 32; }
  SECTION("partly behind the end of the file") { program.header.e_phoff = file_size - 111; }
  SECTION("far behind the end") { program.header.e_phoff = ~std::uint64_t{0} - 55; }
  CHECK(refused(program));
}

TEST_CASE("segments that lie about the file are refused") {
  Program program;
  SECTION("more in the file than in memory") { program.text.p_memsz = 0x1233; }
  SECTION("an end in the file that wraps") {
    program.data.p_offset = ~std::uint64_t{0} - 0xfef;
    program.data.p_filesz = 0xff1;
  }
  SECTION("offset and address in different places of a page") { program.data.p_offset = 0x2000; }
  CHECK(refused(program));
}

TEST_CASE("segments outside of the user's addresses are refused") {
  Program program;
  SECTION("below") { program.text.p_vaddr = 0xf000; }
  SECTION("at null") { program.text.p_vaddr = 0; }
  SECTION("above") { program.data.p_vaddr = USER_TOP + 0x10; }
  SECTION("across the top") { program.data.p_memsz = USER_TOP - 0x13010 + 1; }
  SECTION("in the kernel's half") { program.data.p_vaddr = 0xffffffc000000010; }
  SECTION("an end that wraps") { program.data.p_memsz = ~std::uint64_t{0} - 0x10; }
  CHECK(refused(program));
}

TEST_CASE("a segment may end exactly at the top") {
  Program program;
  program.data.p_memsz = USER_TOP - 0x13010;
  CHECK(!refused(program));
}

TEST_CASE("segments may share pages, overlap, and come in any order") {
  Program program;
  SECTION("the same page") {
    program.data.p_vaddr = 0x11810;
    program.data.p_offset = 0x1810;
  }
  SECTION("descending") { program.text.p_vaddr = 0x20000; }
  SECTION("overlapping") { program.data.p_vaddr = 0x10010; }
  CHECK(!refused(program));
}

TEST_CASE("zeros alone need no place in the file") {
  Program program;
  program.data.p_filesz = 0;
  program.data.p_offset = ~std::uint64_t{0} - 7;
  CHECK(!refused(program));
}

TEST_CASE("a program without segments is refused") {
  Program program;
  program.text.p_type = program.data.p_type = 0;
  CHECK(refused(program));
}

TEST_CASE("a file cut short in its headers is refused") {
  test::Bytes whole = Program().bytes();
  for (std::size_t size = 0; size < 64 + 2 * sizeof(Phdr); size++) {
    CHECK(!Read(test::Bytes(whole.begin(), whole.begin() + size)).image);
  }
}

TEST_CASE("a file that changes after its first reading cannot leave the image's bounds") {
  Program program;
  Contents file(program.bytes());
  ElfImage image = *read_elf(file, 243);
  SECTION("larger") { program.data.p_memsz = 0x6000; }
  SECTION("lower") { program.data.p_vaddr = 0xf010; }
  SECTION("elsewhere") { program.data.p_vaddr = 0x100010; }
  SECTION("wrapping") { program.data.p_memsz = ~std::uint64_t{0} - 0x20000; }
  file.bytes = program.bytes();
  ElfSegments some;
  image.header_count = 1;
  CHECK(read_segments(file, image, 0, some).has_value());
  image.header_count = 2;
  CHECK(!read_segments(file, image, 0, some).has_value());
}

namespace {

// What whoever maps the segments relies on.
void check_promises(const Read& read) {
  for (const ElfSegment& segment : read.segments) {
    REQUIRE(segment.start >= read.image->start);
    REQUIRE(segment.end() > segment.start);
    REQUIRE(segment.end() <= read.image->end);
    REQUIRE(segment.file_size <= segment.memory_size);
    REQUIRE(segment.file_offset <= segment.file_offset + segment.file_size);
    if (segment.file_size == 0) continue;
    REQUIRE(segment.start.page_offset() == segment.file_offset % page_size);
  }
  REQUIRE(!read.segments.empty());
  REQUIRE(read.image->start.is_page_aligned());
}

// Two fields of 2, 4 or 8 bytes, somewhere in the headers, change places.
void swap_fields(test::Bytes& bytes, std::size_t headers, test::Random& random) {
  std::size_t size = std::size_t{2} << test::below(random, 3);
  if (headers > bytes.size()) headers = bytes.size();
  if (headers < 2 * size) return;
  std::size_t a = test::below(random, headers / size) * size;
  std::size_t b = test::below(random, headers / size) * size;
  if (a != b) std::swap_ranges(bytes.begin() + a, bytes.begin() + a + size, bytes.begin() + b);
}

// A file, damaged in its headers. Answers how many of the rounds were accepted.
int damage(const test::Bytes& file, int rounds, unsigned seed) {
  test::Random random(seed);
  std::size_t headers = 64 + 56 * std::to_integer<std::size_t>(file[56]);
  test::Bytes head(file.begin(), file.begin() + std::min(file.size(), std::size_t{page_size}));
  int accepted = 0;
  for (int round = 0; round < rounds; round++) {
    test::Bytes start(file.begin(), file.begin() + headers);
    if (test::below(random, 4) == 0) swap_fields(start, headers, random);
    if (test::below(random, 4) != 0) start = test::mutated(start, random);
    if (start.size() == headers) start.insert(start.end(), head.begin() + headers, head.end());
    Read read(start);
    if (!read.image) {
      REQUIRE(read.image.error() == Errno::noexec);
    } else if (read.lies_in_user_half()) {
      accepted++;
      check_promises(read);
    }
  }
  return accepted;
}

test::Bytes contents(const char* path) {
  std::ifstream file(path, std::ios::binary);
  std::vector<char> text(std::istreambuf_iterator<char>(file), {});
  test::Bytes bytes(text.size());
  if (!text.empty()) std::memcpy(bytes.data(), text.data(), text.size());
  return bytes;
}

}  // namespace

TEST_CASE("whatever a damaged header says, what is accepted keeps its promises") {
  CHECK(damage(Program().bytes(), 20000, 10) > 1000);  // the damage is not always where it matters
}

TEST_CASE("so do programs as linkers make them") {
  // The last is made when all tests are; a clean tree may have none of them.
  for (const char* path : {"build/release/bin/hello.elf", "build/release/foreign/program",
                           "build/release/foreign/moved"}) {
    DYNAMIC_SECTION(path) {
      test::Bytes file = contents(path);
      if (file.empty()) return;
      REQUIRE(Read(file).image.has_value());
      int accepted = damage(file, 20000, 11);
      CHECK(accepted > 500);
      CHECK(accepted < 19000);
    }
  }
}
