#include "lib/elf.hh"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>

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

constexpr std::uint64_t file_size = 0x3000;
constexpr VirtAddr base{0x1000000000};  // of position-independent programs

struct Program {
  Ehdr header;
  Phdr text{1, 5, 0, 0x10000, 0, 0x1234, 0x1234, 4096};
  Phdr data{1, 6, 0x2010, 0x13010, 0, 0x100, 0x5000, 4096};

  test::Bytes bytes() const {
    test::Bytes result(sizeof header + sizeof text + sizeof data);
    std::memcpy(result.data(), &header, sizeof header);
    std::memcpy(result.data() + 64, &text, sizeof text);
    std::memcpy(result.data() + 120, &data, sizeof data);
    return result;
  }
  Result<ElfImage> read() const { return read_elf(bytes(), file_size, base); }
};

bool refused(const Program& program) {
  auto image = program.read();
  return !image && image.error() == Errno::noexec;
}

}  // namespace

TEST_CASE("a static executable is described segment by segment") {
  auto image = Program().read();
  REQUIRE(image.has_value());
  CHECK(image->entry == VirtAddr(0x10100));
  REQUIRE(image->loads().size() == 2);
  const ElfSegment& text = image->loads()[0];
  CHECK(text.start == VirtAddr(0x10000));
  CHECK(text.end() == VirtAddr(0x11234));
  CHECK(text.flags == (elf_read | elf_exec));
  const ElfSegment& data = image->loads()[1];
  CHECK(data.start == VirtAddr(0x13010));
  CHECK(data.file_offset == 0x2010);
  CHECK(data.file_size == 0x100);
  CHECK(data.memory_size == 0x5000);
  CHECK(data.flags == (elf_read | elf_write));
  CHECK(image->loads().front().start == VirtAddr(0x10000));
  CHECK(image->highest == VirtAddr(0x18010));
}

TEST_CASE("the program headers are found in memory if a segment has them") {
  Program program;
  auto image = program.read();
  REQUIRE(image.has_value());
  CHECK(image->program_headers == VirtAddr(0x10040));
  CHECK(image->header_count == 2);
  program.text.p_offset = 0x1000;
  image = program.read();
  REQUIRE(image.has_value());
  CHECK(image->program_headers == VirtAddr());
}

TEST_CASE("headers may lie at any address in memory") {
  test::Bytes bytes = Program().bytes();
  bytes.insert(bytes.begin(), std::byte{0});
  CHECK(read_elf(std::span<const std::byte>(bytes).subspan(1), file_size, base).has_value());
}

TEST_CASE("segments of other types, and empty ones, are passed over") {
  Program program;
  program.data.p_type = 0x6474e551;  // PT_GNU_STACK
  auto image = program.read();
  REQUIRE(image.has_value());
  CHECK(image->loads().size() == 1);
  program.data = {1, 6, 0, 0, 0, 0, 0, 4096};
  CHECK(program.read().has_value());
}

TEST_CASE("a position-independent program is moved to the base, whole") {
  Program program;
  program.header.e_type = 3;
  program.header.e_entry = 0x100;
  program.text.p_vaddr = 0;
  program.data.p_vaddr = 0x3010;
  auto image = program.read();
  REQUIRE(image.has_value());
  CHECK(image->entry == base + 0x100);
  CHECK(image->loads().front().start == base);
  CHECK(image->loads()[1].start == base + 0x3010);
  CHECK(image->program_headers == base + 64);
  SECTION("addresses that wrap are refused") {
    program.data.p_vaddr = 0ul - base.value() + 0x20010;
    CHECK(refused(program));
  }
  SECTION("so are those behind the end of the user's half") {
    program.data.p_vaddr = USER_TOP - 0xff0;
    CHECK(refused(program));
  }
  SECTION("an entry that wraps lies in no segment") {
    program.header.e_entry = ~std::uint64_t{0};
    CHECK(refused(program));
  }
}

TEST_CASE("memory far beyond the file is allowed here") {
  Program program;
  program.data.p_memsz = std::uint64_t{1} << 36;
  CHECK(program.read().has_value());
}

TEST_CASE("what is not an executable for this machine is refused") {
  Program program;
  SECTION("another magic") { program.header.e_ident[0] = '#'; }
  SECTION("32-bit") { program.header.e_ident[4] = 1; }
  SECTION("big endian") { program.header.e_ident[5] = 2; }
  SECTION("another version") { program.header.e_ident[6] = 2; }
  SECTION("x86-64") { program.header.e_machine = 62; }
  SECTION("an object file") { program.header.e_type = 1; }
  SECTION("a memory dump") { program.header.e_type = 4; }
  SECTION("it wants an interpreter") { program.data.p_type = 3; }
  CHECK(refused(program));
}

TEST_CASE("program headers that are missing, odd or out of reach are refused") {
  Program program;
  SECTION("none") { program.header.e_phnum = 0; }
  SECTION("too many") { program.header.e_phnum = 17; }
  SECTION("another size") { program.header.e_phentsize = 32; }
  SECTION("partly behind the end of the head") { program.header.e_phoff = 65; }
  SECTION("far behind the end") { program.header.e_phoff = ~std::uint64_t{0} - 55; }
  CHECK(refused(program));
}

TEST_CASE("segments that lie about the file are refused") {
  Program program;
  SECTION("more in the file than in memory") { program.text.p_memsz = 0x1233; }
  SECTION("behind the end of the file") { program.data.p_offset = 0x3010; }
  SECTION("across the end of the file") { program.data.p_filesz = 0x1000; }
  SECTION("an end that wraps") { program.data.p_offset = ~std::uint64_t{0} - 0xfef; }
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
  CHECK(program.read().has_value());
}

TEST_CASE("segments that share a page or do not ascend are refused") {
  Program program;
  SECTION("the same page") {
    program.data.p_vaddr = 0x11810;
    program.data.p_offset = 0x1810;
  }
  SECTION("descending") { program.text.p_vaddr = 0x20000; }
  CHECK(refused(program));
}

TEST_CASE("an entry that is not in code is refused") {
  Program program;
  SECTION("nowhere") { program.header.e_entry = 0x12000; }
  SECTION("in data") { program.header.e_entry = 0x13020; }
  SECTION("just behind the code") { program.header.e_entry = 0x11234; }
  SECTION("no segment at all") { program.text.p_type = program.data.p_type = 0; }
  CHECK(refused(program));
}

TEST_CASE("a file cut short anywhere is refused") {
  test::Bytes whole = Program().bytes();
  for (std::size_t size = 0; size < whole.size(); size++) {
    test::Bytes part(whole.begin(), whole.begin() + size);
    CHECK(!read_elf(part, file_size, base));
  }
}

namespace {

// What whoever maps the segments relies on.
void check_promises(const ElfImage& image, std::uint64_t size_of_file) {
  VirtAddr free_from = user_base;
  for (const ElfSegment& segment : image.loads()) {
    REQUIRE(segment.start >= free_from);
    REQUIRE(segment.end() > segment.start);
    REQUIRE(segment.end() <= user_top);
    REQUIRE(segment.file_size <= segment.memory_size);
    REQUIRE(segment.file_offset <= size_of_file);
    REQUIRE(segment.file_size <= size_of_file - segment.file_offset);
    REQUIRE(segment.start.page_offset() == segment.file_offset % page_size);
    free_from = segment.end().page_up();
  }
  REQUIRE(!image.loads().empty());
  REQUIRE(image.highest == image.loads().back().end());
  REQUIRE(image.entry >= image.loads().front().start);
  REQUIRE(image.entry < image.highest);
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

// The first page of a file, which is all that the kernel looks at, damaged in its headers. Answers
// how many of the rounds were accepted.
int damage(const test::Bytes& file, int rounds, unsigned seed) {
  test::Random random(seed);
  std::size_t headers = 64 + 56 * std::to_integer<std::size_t>(file[56]);
  std::size_t head = std::min(file.size(), std::size_t{page_size});
  int accepted = 0;
  for (int round = 0; round < rounds; round++) {
    test::Bytes start(file.begin(), file.begin() + headers);
    if (test::below(random, 4) == 0) swap_fields(start, headers, random);
    if (test::below(random, 4) != 0) start = test::mutated(start, random);
    bool is_cut = start.size() < headers;
    if (!is_cut) start.insert(start.end(), file.begin() + headers, file.begin() + head);
    std::uint64_t size = is_cut ? start.size() : file.size() >> test::below(random, 3);
    if (start.size() > size) start.resize(size);
    start.shrink_to_fit();
    auto image = read_elf(start, size, base);
    if (!image) {
      REQUIRE(image.error() == Errno::noexec);
      continue;
    }
    accepted++;
    check_promises(*image, size);
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
  test::Bytes file = Program().bytes();
  file.resize(file_size);
  CHECK(damage(file, 20000, 10) > 1000);  // the damage is not always where it matters
}

TEST_CASE("so do programs as linkers make them") {
  // The last is made when all tests are; a clean tree may have none of them.
  for (const char* path : {"build/release/bin/hello.elf", "build/release/foreign/program",
                           "build/release/foreign/moved"}) {
    DYNAMIC_SECTION(path) {
      test::Bytes file = contents(path);
      if (file.empty()) return;
      REQUIRE(read_elf({file.data(), page_size}, file.size(), base).has_value());
      int accepted = damage(file, 20000, 11);
      CHECK(accepted > 500);
      CHECK(accepted < 19000);
    }
  }
}
