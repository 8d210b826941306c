#include "vfs/file_pages.hh"

#include <map>
#include <random>
#include <string>
#include <vector>

#include "catch.hh"

#include "machine.hh"
#include "mm/heap.hh"
#include "random.hh"
#include "tree.hh"

using namespace tine;
using test::read_all, test::FileTree, test::write_text;

TEST_CASE("a page that others hold is not changed by a write, nor by cutting the file") {
  test::Machine machine;
  FileTree tree;
  auto file = open(tree.context, "/bin/sh", O_RDWR).value();
  write_text(*file, std::string(5000, 'a'));
  auto source = file->node()->pages().value();
  FrameRef held = source->page(0).value();
  CHECK(frame_references(held.address()) == 2);
  file->seek(10, Whence::start).value();
  write_text(*file, "b");
  CHECK(held.bytes()[10] == std::byte{'a'});
  CHECK(frame_references(held.address()) == 1);
  CHECK(read_all(*file->node(), 3, 9) == "aba");
  FrameRef second = source->page(1).value();
  CHECK(second.bytes()[5000 - 4096] == std::byte{0});
  REQUIRE(file->node()->truncate(4097).has_value());
  CHECK(second.bytes()[1] == std::byte{'a'});
  REQUIRE(file->node()->truncate(5000).has_value());
  CHECK(read_all(*file->node(), 10, 4096) == std::string("a") + std::string(9, '\0'));
  CHECK(source->page(2).error() == Errno::inval);
  CHECK(tree.at("/bin")->pages().error() == Errno::access);
}

TEST_CASE("a page that is mapped shared is written where it is; who maps it privately has a copy") {
  test::Machine machine;
  FileTree tree;
  auto file = open(tree.context, "/bin/sh", O_RDWR).value();
  write_text(*file, std::string(5000, 'a'));
  auto source = file->node()->pages().value();
  FrameRef early = source->page(0).value();
  FrameRef shared = source->shared_page(0).value();
  CHECK(shared.address() != early.address());
  CHECK(source->shared_page(0).value().address() == shared.address());
  file->seek(10, Whence::start).value();
  write_text(*file, "b");
  CHECK(shared.bytes()[10] == std::byte{'b'});
  CHECK(early.bytes()[10] == std::byte{'a'});
  shared.bytes()[11] = std::byte{'c'};
  CHECK(read_all(*file->node(), 4, 9) == "abca");
  FrameRef late = source->page(0).value();
  CHECK(late.address() != shared.address());
  CHECK(late.bytes()[11] == std::byte{'c'});
  file->seek(0, Whence::start).value();
  write_text(*file, std::string(4096, 'd'));  // a whole page
  CHECK(shared.bytes()[4095] == std::byte{'d'});
  REQUIRE(file->node()->truncate(20).has_value());
  CHECK(shared.bytes()[19] == std::byte{'d'});
  CHECK(shared.bytes()[20] == std::byte{0});
}

TEST_CASE("when nobody shares a page any more, it is replaced again and not changed") {
  test::Machine machine;
  FileTree tree;
  auto file = open(tree.context, "/bin/sh", O_RDWR).value();
  write_text(*file, "abc");
  auto source = file->node()->pages().value();
  {
    FrameRef shared = source->shared_page(0).value();
  }
  FrameRef own = source->page(0).value();
  file->seek(0, Whence::start).value();
  write_text(*file, "xyz");
  CHECK(own.bytes()[0] == std::byte{'a'});
}

TEST_CASE("a hole that is mapped shared becomes a page of the file; behind the end there is none") {
  test::Machine machine;
  FileTree tree;
  auto file = open(tree.context, "/bin/sh", O_RDWR).value();
  REQUIRE(file->node()->truncate(2 * page_size).has_value());
  auto source = file->node()->pages().value();
  CHECK(source->shared_page(2).error() == Errno::inval);
  for (long n = 1; n <= 2; n++) {  // a table, a frame
    heap_give_back();
    fail_allocation(nullptr, n);
    CHECK(source->shared_page(1).error() == Errno::nomem);
    fail_allocation(nullptr, 0);
  }
  FrameRef page = source->shared_page(1).value();
  CHECK(page.bytes()[0] == std::byte{0});
  page.bytes()[0] = std::byte{'h'};
  CHECK(read_all(*file->node(), 2, page_size - 1) == std::string("\0h", 2));
}

namespace {

const PageSource* cut_file;
std::uint64_t cut_from;
void note_cut(const PageSource& file, std::uint64_t first) {
  cut_file = &file;
  cut_from = first;
}

}  // namespace

TEST_CASE("what sharers store behind the end of a file never becomes a part of it") {
  test::Machine machine;
  FileTree tree;
  auto file = open(tree.context, "/bin/sh", O_RDWR).value();
  write_text(*file, "abc");
  auto source = file->node()->pages().value();
  source->on_truncate(note_cut);
  bool by_write = GENERATE(true, false);
  bool still_shared = GENERATE(true, false);
  FrameRef shared = source->shared_page(0).value();
  shared.bytes()[3] = shared.bytes()[100] = std::byte{'x'};
  if (!still_shared) shared = {};
  SECTION("when it grows") {
    if (by_write) {
      file->seek(5, Whence::start).value();
      write_text(*file, "d");
      CHECK(read_all(*file->node(), 10) == std::string("abc\0\0d", 6));
    }
    REQUIRE(file->node()->truncate(200).has_value());
    CHECK(read_all(*file->node(), 1, 3) == std::string(1, '\0'));
    CHECK(read_all(*file->node(), 1, 100) == std::string(1, '\0'));
  }
  SECTION("nor of a page that is mapped privately") {
    CHECK(source->page(0).value().bytes()[100] == std::byte{0});
  }
}

TEST_CASE("a file that is cut says so to who shares it, and has forgotten its pages by then") {
  test::Machine machine;
  FileTree tree;
  auto file = open(tree.context, "/bin/sh", O_RDWR).value();
  write_text(*file, std::string(3 * page_size, 'a'));
  auto source = file->node()->pages().value();
  cut_file = nullptr;
  REQUIRE(file->node()->truncate(3 * page_size - 1).has_value());
  CHECK(cut_file == nullptr);  // nobody shares it
  source->on_truncate(note_cut);
  FrameRef second = source->shared_page(1).value();
  REQUIRE(file->node()->truncate(page_size + 1).has_value());
  CHECK(cut_file == source.get());
  CHECK(cut_from == 2);
  CHECK(source->shared_page(1).value().address() == second.address());
  REQUIRE(file->node()->truncate(page_size).has_value());
  CHECK(cut_from == 1);
  CHECK(source->shared_page(1).error() == Errno::inval);
  CHECK(frame_references(second.address()) == 1);
  cut_file = nullptr;
  REQUIRE(file->node()->truncate(2 * page_size).has_value());
  CHECK(cut_file == nullptr);  // it has grown
  CHECK(source->shared_page(1).value().bytes()[0] == std::byte{0});
}

TEST_CASE("a file holds what a plain array would hold") {
  test::Machine machine;
  test::Random random(7);
  auto pages = make_ref<FilePages>().value();
  std::vector<unsigned char> model;
  std::vector<std::pair<FrameRef, std::vector<std::byte>>> held;
  for (int round = 0; round < 3000; round++) {
    std::uint64_t offset = test::below(random, 600'000), size = test::below(random, 9000);
    if (round % 10 == 0) {
      std::uint64_t length = test::below(random, 600'000);
      if (round % 300 == 0) length = 0;
      REQUIRE(pages->truncate(length).has_value());
      model.resize(length);
    } else if (round % 3 == 0) {
      std::vector<unsigned char> data(size, static_cast<unsigned char>(round));
      IoBuffer from({reinterpret_cast<std::byte*>(data.data()), size});
      IoPlace at{.offset = offset, .flags = round % 9 == 0 ? O_APPEND : 0u};
      if (at.append()) offset = model.size();
      REQUIRE(pages->write(at, from).value() == size);
      if (size) model.resize(std::max<std::size_t>(model.size(), offset + size));
      std::copy(data.begin(), data.end(), model.begin() + offset);
    } else {
      std::vector<unsigned char> data(size);
      IoBuffer to({reinterpret_cast<std::byte*>(data.data()), size});
      data.resize(pages->read(offset, to).value());
      std::size_t there = offset < model.size() ? std::min(size, model.size() - offset) : 0;
      REQUIRE(data.size() == there);
      if (there) REQUIRE(std::equal(data.begin(), data.end(), model.begin() + offset));
      if (held.size() > 20) held.erase(held.begin());
      if (auto frame = pages->page(offset / page_size)) {
        auto bytes = frame->bytes();
        held.emplace_back(std::move(*frame), std::vector<std::byte>(bytes.begin(), bytes.end()));
      }
    }
    REQUIRE(pages->size() == model.size());
    for (auto& [frame, bytes] : held) {
      REQUIRE(std::equal(bytes.begin(), bytes.end(), frame.bytes().begin()));
    }
  }
}

TEST_CASE("a file ends where offsets do, and a hole takes no memory") {
  test::Machine machine;
  std::uint64_t free = machine.free_frames();
  {
    auto pages = make_ref<FilePages>().value();
    std::byte bytes[2] = {};
    IoBuffer last({bytes, 2});
    IoPlace at{.offset = INT64_MAX - 1};
    CHECK(pages->write(at, last).value() == 1);
    CHECK(pages->write(at, last).value() == 1);
    IoPlace behind{.offset = INT64_MAX};
    IoBuffer more({bytes, 2});
    CHECK(pages->write(behind, more).error() == Errno::fbig);
    CHECK(pages->truncate(1ul << 63).error() == Errno::fbig);
    CHECK(pages->size() == INT64_MAX);
    CHECK(pages->pages_held() == 1);
    CHECK(machine.free_frames() > free - 6);
  }
  heap_give_back();
  CHECK(machine.free_frames() == free);
}

TEST_CASE("a file with holes of any size holds what was written, and cutting it gives all back") {
  test::Machine machine;
  std::uint64_t free = machine.free_frames(), used = storage_counts().bytes_used;
  test::Random random(11);
  {
    auto pages = make_ref<FilePages>().value();
    std::map<std::uint64_t, unsigned char> model;  // by page
    for (int round = 0; round < 2000; round++) {
      std::uint64_t index = std::uint64_t(random()) >> test::below(random, 32)
                                                           << test::below(random, 19);
      if (round % 100 == 99) {
        model.erase(model.lower_bound(index), model.end());
        REQUIRE(pages->truncate(index * page_size).has_value());
      } else {
        std::byte byte{static_cast<unsigned char>(round)};
        IoBuffer from({&byte, 1});
        IoPlace at{.offset = index * page_size};
        REQUIRE(pages->write(at, from).value() == 1);
        model[index] = static_cast<unsigned char>(round);
      }
      REQUIRE(pages->pages_held() == model.size());
    }
    for (auto [index, value] : model) {
      CHECK(pages->page(index).value().bytes()[0] == std::byte{value});
    }
    REQUIRE(pages->truncate(0).has_value());
    CHECK(pages->pages_held() == 0);
    CHECK(storage_counts().bytes_used == used);
  }
  heap_give_back();
  CHECK(machine.free_frames() == free);
}

TEST_CASE("what tmpfs holds is charged, and refused when storage is full") {
  test::Machine machine;
  StorageCounts before = storage_counts();
  {
    FileTree tree;
    auto file = open(tree.context, "/bin/sh", O_RDWR).value();
    std::uint64_t used = storage_counts().bytes_used;
    CHECK(storage_counts().nodes_used >= before.nodes_used + 9);
    CHECK(write_text(*file, std::string(5000, 'a')) == 5000);
    CHECK(storage_counts().bytes_used >= used + 2 * page_size);
    CHECK(storage_counts().bytes_used < used + 3 * page_size);
    limit_storage(100);
    ScopeExit unlimited([] { limit_storage(1 << 30); });
    std::string rest(storage_counts().bytes - storage_counts().bytes_used, 'b');
    std::size_t written = write_text(*file, rest);
    CHECK(written < rest.size());
    CHECK(written > rest.size() * 9 / 10);
    IoBuffer more({reinterpret_cast<std::byte*>(rest.data()), rest.size()});
    CHECK(file->write(more).error() == Errno::nospc);
    CHECK(open(tree.context, "/bin/sh", O_RDWR).value()->node()->size() == 5000 + written);
    // Whoever removes something has room again.
    REQUIRE(file->node()->truncate(0).has_value());
    CHECK(storage_counts().bytes_used == used);
    // Names end, too: by their number or by what they take.
    std::size_t names = 0;
    Result<RefPtr<Node>> made = Errno::nospc;
    while ((made = tree.at("/d")->create("n" + std::to_string(names), 0644)).has_value()) names++;
    CHECK(made.error() == Errno::nospc);
    CHECK(tree.at("/d")->make_directory("x", 0755).error() == Errno::nospc);
    CHECK(tree.at("/d")->make_symlink("x", "y", 0755).error() == Errno::nospc);
    while (names > 0) {
      REQUIRE(tree.at("/d")->remove("n" + std::to_string(--names), false, superuser).has_value());
    }
    CHECK(storage_counts().bytes_used == used);
  }
  CHECK(storage_counts().bytes_used == before.bytes_used);
  CHECK(storage_counts().nodes_used == before.nodes_used);
}
