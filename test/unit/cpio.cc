#include "fs/cpio.hh"

#include <cstdio>
#include <string>

#include "catch.hh"

#include "fs/initrd.hh"
#include "machine.hh"
#include "random.hh"
#include "tree.hh"

using namespace tine;
using test::Bytes;

namespace {

class ArchiveBuilder {
 public:
  ArchiveBuilder& file(const std::string& name, unsigned mode, const std::string& contents,
                       unsigned inode = 1, unsigned links = 1) {
    char header[111];
    std::snprintf(header, sizeof header,
                  "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x", inode, mode, 0, 0,
                  links, 0x65920080, unsigned(contents.size()), 0, 0, 0, 0,
                  unsigned(name.size() + 1), 0);
    archive_ += header;
    archive_ += name;
    archive_ += '\0';
    pad();
    archive_ += contents;
    pad();
    return *this;
  }
  Bytes bytes() const {
    auto* first = reinterpret_cast<const std::byte*>(archive_.data());
    return Bytes(first, first + archive_.size());
  }
  Bytes finish() { return file("TRAILER!!!", 0, "").bytes(); }

 private:
  std::string archive_;
  void pad() {
    while (archive_.size() % 4) archive_ += '\0';
  }
};

Bytes small_archive() {
  return ArchiveBuilder()
      .file(".", 040755, "")
      .file("bin", 040755, "")
      .file("bin/hello", 0100755, "\177ELF and so on")
      .file("etc/motd", 0100644, "welcome\n")
      .finish();
}

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

TEST_CASE("an archive's files come in order, then nothing") {
  Bytes archive = small_archive();
  CpioReader reader(archive);
  auto next = [&] { return reader.next().value().value(); };
  CHECK(next().name == "");
  CpioEntry bin = next();
  CHECK(bin.name == "bin");
  CHECK(bin.mode == 040755);
  CpioEntry hello = next();
  CHECK(hello.name == "bin/hello");
  CHECK(hello.mode == 0100755);
  CHECK(text_of(hello.contents) == "\177ELF and so on");
  CHECK(text_of(next().contents) == "welcome\n");
  CHECK(!reader.next().value());
  CHECK(!reader.next().value());
}

TEST_CASE("names lose what leads to the root") {
  Bytes archive = ArchiveBuilder()
                      .file("./a", 0, "")
                      .file("/b", 0, "")
                      .file(".//./c/d", 0, "")
                      .file(".e", 0, "")
                      .finish();
  CpioReader reader(archive);
  for (auto expected : {"a", "b", "c/d", ".e"}) CHECK(reader.next().value()->name == expected);
}

TEST_CASE("sizes that need filling up, and those that do not, are stepped over alike") {
  for (std::size_t size = 0; size < 9; size++) {
    Bytes archive = ArchiveBuilder()
                        .file(std::string(size + 1, 'n'), 0, std::string(size, 'c'))
                        .file("after", 0, "x")
                        .finish();
    CpioReader reader(archive);
    CHECK(reader.next().value()->contents.size() == size);
    CHECK(reader.next().value()->name == "after");
  }
}

TEST_CASE("what follows the trailer is not looked at") {
  Bytes archive = small_archive();
  archive.resize(archive.size() + 512, std::byte{0xee});
  CpioReader reader(archive);
  for (int i = 0; i < 4; i++) CHECK(reader.next().value());
  CHECK(!reader.next().value());
}

TEST_CASE("an archive without trailer is damaged") {
  Bytes archive = ArchiveBuilder().file("a", 0, "contents").bytes();
  CpioReader reader(archive);
  CHECK(reader.next().value());
  CHECK(reader.next().error() == Errno::inval);
  CHECK(reader.next().error() == Errno::inval);
  CHECK(CpioReader({}).next().error() == Errno::inval);
}

TEST_CASE("a wrong magic, a wrong digit, a name without its 0 are refused") {
  Bytes archive = small_archive();
  SECTION("the magic of another format") { archive[5] = std::byte{'2'}; }
  SECTION("a digit that is none") { archive[6 + 8] = std::byte{'g'}; }
  SECTION("a name of no bytes") { archive[6 + 11 * 8 + 7] = std::byte{'0'}; }
  SECTION("a name that ends too late") { archive[6 + 11 * 8 + 7] = std::byte{'3'}; }
  CHECK(CpioReader(archive).next().error() == Errno::inval);
}

TEST_CASE("an archive cut short anywhere ends in an error") {
  Bytes whole = small_archive();
  for (std::size_t size = 0; size < whole.size() - 3; size++) {
    Bytes part(whole.begin(), whole.begin() + size);
    CpioReader reader(part);
    auto entry = reader.next();
    while (entry && *entry) entry = reader.next();
    CHECK(!entry);
  }
}

TEST_CASE("a damaged archive ends, and shows nothing outside of itself") {
  test::Random random(30);
  Bytes original = small_archive();
  int accepted = 0;
  for (int round = 0; round < 20000; round++) {
    Bytes archive = test::mutated(original, random);
    CpioReader reader(archive);
    int files = 0;
    std::size_t read = 0;
    auto entry = reader.next();
    for (; entry && *entry; entry = reader.next()) {
      REQUIRE(++files < 100);
      for (std::byte each : (*entry)->contents) read += std::size_t(each);
      for (char each : (*entry)->name) read += each != 0;
    }
    accepted += entry.has_value() && read > 0;
  }
  CHECK(accepted > 1000);
}

TEST_CASE("a file of several names is one file, whichever of them comes with its contents") {
  test::Machine machine;
  test::FileTree tree;
  Bytes archive = ArchiveBuilder()
                      .file("new/one", 0104755, "", 7, 3)
                      .file("other", 0104755, "other", 8, 2)
                      .file("single", 0100644, "single", 7)
                      .file("new/two", 0104755, "", 7, 3)
                      .file("elsewhere", 0104755, "elsewhere", 7, 2)
                      .file("three", 0104755, "contents", 7, 3)
                      .finish();
  REQUIRE(unpack_initrd(tree.context.root, archive).has_value());
  for (auto path : {"new/one", "new/two", "three"}) {
    CHECK(tree.at(path) == tree.at("three"));
    CHECK(test::read_all(*tree.at(path), 100) == "contents");
  }
  CHECK(tree.at("three")->stat().st_nlink == 3);
  CHECK(tree.at("three")->permissions() == 04755);
  for (auto path : {"other", "single", "elsewhere"}) {
    CHECK(test::read_all(*tree.at(path), 100) == path);
    CHECK(tree.at(path)->stat().st_nlink == 1);
  }
}
