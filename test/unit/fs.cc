#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "catch.hh"

#include "fs/file_pages.hh"
#include "fs/open_file.hh"
#include "fs/path.hh"
#include "fs/tmpfs.hh"
#include "machine.hh"
#include "mm/heap.hh"
#include "random.hh"

using namespace tine;

namespace {

// A small tree: /bin/sh, /bin/link -> sh, /abs -> /bin, /loop -> loop, /dangling -> bin/new, /d/e
struct Tree {
  PathContext context;

  Tree() {
    context.root = context.cwd = make_tmpfs().value();
    Node& root = *context.root;
    auto bin = root.make_directory("bin", 0755).value();
    bin->create("sh", 0755).value();
    bin->make_symlink("link", "sh", 0777).value();
    root.make_symlink("abs", "/bin", 0777).value();
    root.make_symlink("loop", "loop", 0777).value();
    root.make_symlink("dangling", "bin/new", 0777).value();
    root.make_directory("d", 0755).value()->make_directory("e", 0755).value();
  }
  RefPtr<Node> at(std::string_view path, bool follow = true) {
    return resolve(context, path, follow).value();
  }
  Errno error(std::string_view path) { return resolve(context, path).error(); }
  Errno open_error(std::string_view path, unsigned flags) {
    return open(context, path, flags, 0666).error();
  }
};

std::string read_all(Node& node, std::size_t size, std::uint64_t offset = 0) {
  std::string text(size, '?');
  IoBuffer to({reinterpret_cast<std::byte*>(text.data()), size});
  text.resize(node.read({.offset = offset}, to).value());
  return text;
}

std::size_t write_text(OpenFile& file, std::string text) {
  IoBuffer from({reinterpret_cast<std::byte*>(text.data()), text.size()});
  return file.write(from).value();
}

}  // namespace

TEST_CASE("a path leads through directories, dots and slashes") {
  test::Machine machine;
  Tree tree;
  RefPtr<Node> sh = tree.at("/bin/sh");
  CHECK(tree.at("bin/sh") == sh);
  CHECK(tree.at("//bin///./sh") == sh);
  CHECK(tree.at("/d/e/../../bin/sh") == sh);
  CHECK(tree.at("/../../bin/sh") == sh);
  CHECK(tree.at("/") == tree.context.root);
  CHECK(tree.at("/d/e/") == tree.at("d/e"));
  tree.context.cwd = tree.at("/d/e");
  CHECK(tree.at("../../bin/sh") == sh);
  CHECK(tree.at(".") == tree.context.cwd);
  CHECK(tree.at("..") == tree.at("/d"));
}

TEST_CASE("a path that leads nowhere says why") {
  test::Machine machine;
  Tree tree;
  CHECK(tree.error("") == Errno::noent);
  CHECK(tree.error("/none") == Errno::noent);
  CHECK(tree.error("/none/sh") == Errno::noent);
  CHECK(tree.error("/bin/sh/") == Errno::notdir);
  CHECK(tree.error("/bin/sh/x") == Errno::notdir);
  CHECK(tree.error("/bin/sh/..") == Errno::notdir);
  CHECK(tree.error("/loop") == Errno::loop);
  CHECK(tree.error("/loop/x") == Errno::loop);
  CHECK(tree.error("/" + std::string(256, 'x')) == Errno::nametoolong);
  CHECK(tree.error("/" + std::string(255, 'x')) == Errno::noent);
  CHECK(tree.error(std::string(4096, '/')) == Errno::nametoolong);
  CHECK(tree.at(std::string(4095, '/')) == tree.context.root);
}

TEST_CASE("symbolic links are followed, the last one on request") {
  test::Machine machine;
  Tree tree;
  RefPtr<Node> sh = tree.at("/bin/sh");
  CHECK(tree.at("/bin/link") == sh);
  CHECK(tree.at("/abs/link") == sh);
  CHECK(tree.at("/abs/../abs/./link") == sh);
  CHECK(tree.at("/bin/link", false)->kind() == NodeKind::symlink);
  CHECK(tree.at("/abs", false)->kind() == NodeKind::symlink);
  CHECK(tree.at("/abs/", false) == tree.at("/bin"));
  CHECK(tree.error("/dangling") == Errno::noent);
  CHECK(tree.error("/bin/link/") == Errno::notdir);
  // Forty in a row are allowed, one more is not.
  std::string target = "bin";
  for (int i = 1; i <= 41; i++) {
    std::string name = "l" + std::to_string(i);
    tree.context.root->make_symlink(name, target, 0777).value();
    target = name;
  }
  CHECK(tree.at("l40/sh") == sh);
  CHECK(tree.error("l41/sh") == Errno::loop);
}

TEST_CASE("links may not make a path longer than a path may be") {
  test::Machine machine;
  Tree tree;
  tree.context.root->make_symlink("long", std::string(4000, '/') + "bin", 0777).value();
  CHECK(tree.at("long/sh") == tree.at("bin/sh"));
  CHECK(tree.error("long/" + std::string(100, '/') + "sh") == Errno::nametoolong);
}

TEST_CASE("resolve_parent names the place of something that is to be made") {
  test::Machine machine;
  Tree tree;
  auto end = resolve_parent(tree.context, "/abs/new/").value();
  CHECK(end.parent == tree.at("/bin"));
  CHECK(end.last == "new");
  CHECK(end.must_be_dir);
  CHECK(resolve_parent(tree.context, "x").value().parent == tree.context.root);
  CHECK(resolve_parent(tree.context, "/").value().last == ".");
  CHECK(resolve_parent(tree.context, "/d/..").value().last == "..");
  CHECK(resolve_parent(tree.context, "/bin/sh/x").error() == Errno::notdir);
}

TEST_CASE("open honours its flags") {
  test::Machine machine;
  Tree tree;
  CHECK(tree.open_error("/none", O_RDONLY) == Errno::noent);
  CHECK(tree.open_error("/bin", O_RDWR) == Errno::isdir);
  CHECK(tree.open_error("/bin", O_RDONLY | O_TRUNC) == Errno::isdir);
  CHECK(tree.open_error("/bin", O_RDONLY | O_CREAT) == Errno::isdir);
  CHECK(tree.open_error("/bin/sh", O_RDONLY | O_DIRECTORY) == Errno::notdir);
  CHECK(tree.open_error("/bin/link", O_RDONLY | O_NOFOLLOW) == Errno::loop);
  CHECK(tree.open_error("/bin/sh", O_WRONLY | O_CREAT | O_EXCL) == Errno::exist);
  CHECK(tree.open_error("/dangling", O_WRONLY | O_CREAT | O_EXCL) == Errno::exist);
  CHECK(tree.open_error("/new/", O_WRONLY | O_CREAT) == Errno::isdir);
  CHECK(tree.open_error("/none/..", O_WRONLY | O_CREAT) == Errno::noent);
  CHECK(tree.open_error("/bin/sh", O_ACCMODE) == Errno::inval);
  CHECK(open(tree.context, "/bin", O_RDONLY | O_DIRECTORY).has_value());

  auto made = open(tree.context, "/dangling", O_RDWR | O_CREAT, 0666).value();
  CHECK(made->node() == tree.at("/bin/new"));
  CHECK(made->node()->permissions() == 0644);
  CHECK(write_text(*made, "hello") == 5);
  auto other = open(tree.context, "/bin/new", O_WRONLY | O_APPEND).value();
  CHECK(write_text(*other, "!") == 1);
  CHECK(read_all(*made->node(), 100) == "hello!");
  std::byte byte;
  IoBuffer to({&byte, 1});
  CHECK(other->read(to).error() == Errno::badf);
  CHECK(made->seek(-1, Whence::end).value() == 5);
  CHECK(made->read(to).value() == 1);
  CHECK(byte == std::byte{'!'});
  CHECK(made->seek(-7, Whence::current).error() == Errno::inval);
  open(tree.context, "/bin/new", O_WRONLY | O_TRUNC).value();
  CHECK(made->node()->size() == 0);
  CHECK(made->node()->stat().st_blocks == 0);
}

TEST_CASE("stat counts links and blocks") {
  test::Machine machine;
  Tree tree;
  CHECK(tree.context.root->stat().st_nlink == 4);
  CHECK(tree.at("/d")->stat().st_nlink == 3);
  CHECK(tree.at("/bin/sh")->stat().st_nlink == 1);
  CHECK(tree.at("/bin/sh")->stat().st_mode == (S_IFREG | 0755));
  CHECK(tree.at("/bin/sh")->stat().st_ino != tree.at("/bin")->stat().st_ino);
  auto file = open(tree.context, "/bin/sh", O_WRONLY).value();
  CHECK(file->seek(100000, Whence::start).value() == 100000);
  write_text(*file, "x");
  CHECK(file->node()->stat().st_size == 100001);
  CHECK(file->node()->stat().st_blocks == 8);
}

TEST_CASE("a page that others hold is not changed by a write, nor by cutting the file") {
  test::Machine machine;
  Tree tree;
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
  Tree tree;
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
  Tree tree;
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
  Tree tree;
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

TEST_CASE("the first class that fits decides what may be done with a file") {
  test::Machine machine;
  Tree tree;
  Node& node = *tree.context.root->create("classes", {0, 10, 20}).value();
  Credentials owner, group, member, other;
  owner.user.effective = 10;
  owner.group.effective = 20;
  group.user.effective = 11;
  group.group.effective = 20;
  member.user.effective = other.user.effective = 12;
  member.groups[2] = 20;
  member.group_count = 3;
  other.groups[2] = 20;  // not one of the two that count
  other.group_count = 2;
  for (unsigned mode = 0; mode < 0777; mode++) {
    node.set_permissions(mode);
    for (unsigned wanted = 0; wanted < 8; wanted++) {
      CAPTURE(mode, wanted);
      CHECK(node.check_access(owner, wanted).has_value() == ((mode >> 6 & wanted) == wanted));
      CHECK(node.check_access(group, wanted).has_value() == ((mode >> 3 & wanted) == wanted));
      CHECK(node.check_access(member, wanted).has_value() == ((mode >> 3 & wanted) == wanted));
      CHECK(node.check_access(other, wanted).has_value() == ((mode & wanted) == wanted));
      bool runs = !(wanted & may_execute) || (mode & 0111);
      CHECK(node.check_access(superuser, wanted).has_value() == runs);
    }
  }
}

TEST_CASE("the real and effective user may signal whose real or saved user they are") {
  Credentials sender, target;
  sender.user = {1, 2, 3};
  for (std::uint32_t real = 0; real < 5; real++) {
    for (std::uint32_t saved = 0; saved < 5; saved++) {
      target.user = {real, 2, saved};
      bool one_of_two = real == 1 || real == 2 || saved == 1 || saved == 2;
      CHECK(may_signal(sender, target) == one_of_two);
      CHECK(may_signal(superuser, target));
      CHECK(!may_signal(target, superuser) == (real != 0));
    }
  }
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
  Tree tree;
  auto file = open(tree.context, "/bin/sh", O_RDWR).value();
  write_text(*file, "abc");
  auto source = file->node()->pages().value();
  source->when_cut(note_cut);
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
  Tree tree;
  auto file = open(tree.context, "/bin/sh", O_RDWR).value();
  write_text(*file, std::string(3 * page_size, 'a'));
  auto source = file->node()->pages().value();
  cut_file = nullptr;
  REQUIRE(file->node()->truncate(3 * page_size - 1).has_value());
  CHECK(cut_file == nullptr);  // nobody shares it
  source->when_cut(note_cut);
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

TEST_CASE("a file ends at 1 GiB, and a hole takes no memory") {
  test::Machine machine;
  std::uint64_t free = machine.free_frames();
  {
    auto pages = make_ref<FilePages>().value();
    std::byte bytes[2] = {};
    IoBuffer last({bytes, 2});
    IoPlace at{.offset = (1ul << 30) - 1};
    CHECK(pages->write(at, last).value() == 1);
    CHECK(pages->write(at, last).value() == 1);
    IoPlace behind{.offset = 1ul << 30};
    IoBuffer more({bytes, 2});
    CHECK(pages->write(behind, more).error() == Errno::fbig);
    CHECK(pages->truncate((1ul << 30) + 1).error() == Errno::fbig);
    CHECK(pages->pages_held() == 1);
    CHECK(machine.free_frames() > free - 6);
  }
  heap_give_back();
  CHECK(machine.free_frames() == free);
}

TEST_CASE("whichever allocation of open and write fails, nothing is lost and nothing stays") {
  test::Machine machine;
  Tree tree;
  heap_give_back();
  std::uint64_t free = machine.free_frames(), heap = heap_bytes_in_use();
  std::uint64_t files = open_file_count();
  bool failed = true;
  for (long n = 1; failed; n++) {
    REQUIRE(n < 50);
    fail_allocation(nullptr, n);
    auto file = open(tree.context, "/dangling", O_RDWR | O_CREAT, 0666);
    failed = fail_allocation(nullptr, 0) == 0;
    if (!failed) break;
    CHECK(file.error() == Errno::nomem);
    CHECK(tree.error("/bin/new") == Errno::noent);
    heap_give_back();
    CHECK(machine.free_frames() == free);
    CHECK(heap_bytes_in_use() == heap);
    CHECK(open_file_count() == files);
  }
  auto file = open(tree.context, "/bin/new", O_RDWR).value();
  failed = true;
  heap = heap_bytes_in_use();
  for (long n = 1; failed; n++) {
    REQUIRE(n < 50);
    std::string text(10000, 'x');
    IoBuffer from({reinterpret_cast<std::byte*>(text.data()), text.size()});
    IoPlace at;
    fail_allocation(nullptr, n);
    auto written = file->node()->write(at, from);
    failed = fail_allocation(nullptr, 0) == 0;
    std::uint64_t count = written ? *written : 0;
    CHECK(file->node()->size() == count);
    CHECK(count == (failed ? count / page_size * page_size : 10000));
    REQUIRE(file->node()->truncate(0).has_value());
    CHECK(file->node()->stat().st_blocks == 0);
    CHECK(heap_bytes_in_use() == heap);
  }
}

namespace {

std::string names_in(Node& directory) {
  std::string names;
  DirectoryEntry entry;
  for (std::uint64_t position = 2; directory.entry_from(position, entry);
       position = entry.position + 1) {
    names += std::string(entry.name()) + " ";
  }
  return names;
}

std::string path_to(Tree& tree, std::string_view path) {
  char room[TINE_PATH_MAX];
  return std::string(path_of(tree.context, tree.at(path), room).value());
}

}  // namespace

TEST_CASE("a mounted file system takes the place of a directory, and leads out again") {
  test::Machine machine;
  Tree tree;
  RefPtr<Node> other = make_tmpfs().value();
  other->make_directory("in", 0755).value()->create("file", 0644).value();
  RefPtr<Node> covered = tree.at("/d/e");
  covered->mount(other);
  CHECK(tree.at("/d/e") == other);
  CHECK(tree.at("/d/e/.") == other);
  CHECK(tree.at("/d/e/..") == tree.at("/d"));
  CHECK(tree.at("/d/e/in/../../..") == tree.context.root);
  CHECK(tree.at("/d/e/in/file")->file_system() != tree.at("/d")->file_system());
  CHECK(path_to(tree, "/d/e/in") == "/d/e/in");
  CHECK(path_to(tree, "/d/e") == "/d/e");
  CHECK(path_to(tree, "/") == "/");
  Node& d = *tree.at("/d");
  CHECK(d.remove("e", true, superuser).error() == Errno::busy);
  CHECK(d.rename("e", d, "f", 0, superuser).error() == Errno::busy);
  CHECK(tree.context.root->make_directory("empty", 0755).has_value());
  CHECK(tree.context.root->rename("empty", d, "e", 0, superuser).error() == Errno::busy);
  CHECK(tree.context.root->rename("empty", *other, "x", 0, superuser).error() == Errno::xdev);
  CHECK(other->link("x", tree.at("/bin/sh")).error() == Errno::xdev);
  covered->unref();  // a mount is for good, but the books of this machine are not
  other->unref();
}

TEST_CASE("a directory is read by positions that outlive changes") {
  test::Machine machine;
  Tree tree;
  Node& d = *tree.at("/d");
  for (const char* name : {"a", "b", "c"}) d.create(name, 0644).value();
  CHECK(names_in(d) == "e a b c ");
  REQUIRE(d.remove("b", false, superuser).has_value());
  d.create("b", 0644).value();
  CHECK(names_in(d) == "e a c b ");
  REQUIRE(d.rename("a", d, "z", 0, superuser).has_value());
  REQUIRE(d.rename("c", d, "b", 0, superuser).has_value());
  CHECK(names_in(d) == "e b z ");
  CHECK(names_in(*tree.at("/bin")) == "sh link ");
}

TEST_CASE("a tree of any depth dies without recursion, whoever still holds a part") {
  test::Machine machine;
  std::uint64_t heap = heap_bytes_in_use();
  {
    RefPtr<Node> root = make_tmpfs().value(), at = root, held;
    for (int i = 0; i < 20000; i++) {
      at = at->make_directory("d", 0755).value();
      if (i == 10000) held = at;
    }
    at = nullptr;
    root = nullptr;
    CHECK(held->parent().error() == Errno::noent);
    CHECK(held->create("new", 0644).error() == Errno::noent);
  }
  CHECK(heap_bytes_in_use() == heap);
}

TEST_CASE("whichever allocation of link and rename fails, both names are as before") {
  test::Machine machine;
  Tree tree;
  Node& bin = *tree.at("/bin");
  Node& d = *tree.at("/d");
  std::uint64_t heap = heap_bytes_in_use();
  fail_allocation(nullptr, 1);
  CHECK(bin.rename("sh", d, "sh", 0, superuser).error() == Errno::nomem);
  fail_allocation(nullptr, 1);
  CHECK(d.link("sh", tree.at("/bin/sh")).error() == Errno::nomem);
  fail_allocation(nullptr, 0);
  CHECK(names_in(bin) == "sh link ");
  CHECK(names_in(d) == "e ");
  CHECK(tree.at("/bin/sh")->stat().st_nlink == 1);
  CHECK(heap_bytes_in_use() == heap);
}
