#include <stdexcept>
#include <string>

#include "catch.hh"

#include "machine.hh"
#include "mm/heap.hh"
#include "tree.hh"
#include "vfs/directory_records.hh"

using namespace tine;
using test::read_all, test::FileTree, test::write_text;

TEST_CASE("a path leads through directories, dots and slashes") {
  test::Machine machine;
  FileTree tree;
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
  FileTree tree;
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
  FileTree tree;
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
  FileTree tree;
  tree.context.root->make_symlink("long", std::string(4000, '/') + "bin", 0777).value();
  CHECK(tree.at("long/sh") == tree.at("bin/sh"));
  CHECK(tree.error("long/" + std::string(100, '/') + "sh") == Errno::nametoolong);
}

TEST_CASE("resolve_parent names the place of something that is to be made") {
  test::Machine machine;
  FileTree tree;
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
  FileTree tree;
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
  FileTree tree;
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

TEST_CASE("whichever allocation of open and write fails, nothing is lost and nothing stays") {
  test::Machine machine;
  FileTree tree;
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
  alignas(tine_dirent64) std::byte room[4096];
  DirectoryRecords records(room);
  (void)directory.list(2, records);
  std::span<const std::byte> left = records.bytes();
  while (!left.empty()) {
    auto* record = reinterpret_cast<const tine_dirent64*>(left.data());
    names += std::string(record->d_name) + " ";
    left = left.subspan(record->d_reclen);
  }
  return names;
}

std::string path_to(FileTree& tree, std::string_view path) {
  char room[TINE_PATH_MAX];
  return std::string(path_of(tree.context, tree.at(path), room).value());
}

}  // namespace
TEST_CASE("a mounted file system takes the place of a directory, and leads out again") {
  test::Machine machine;
  FileTree tree;
  RefPtr<Node> other = make_tmpfs().value();
  other->make_directory("in", 0755).value()->create("file", 0644).value();
  RefPtr<Node> covered = tree.at("/d/e");
  REQUIRE(covered->mount(other).has_value());
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

TEST_CASE("nothing is mounted on a directory that was removed") {
  test::Machine machine;
  FileTree tree;
  RefPtr<Node> gone = tree.at("/d/e");
  REQUIRE(tree.at("/d")->remove("e", true, superuser).has_value());
  CHECK(gone->mount(make_tmpfs().value()).error() == Errno::noent);
  CHECK(gone->parent().value() == tree.at("/d"));
  tree.context.cwd = gone;
  char room[100];
  CHECK(path_of(tree.context, gone, room).error() == Errno::noent);
}

TEST_CASE("a directory is read by positions that outlive changes") {
  test::Machine machine;
  FileTree tree;
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
    CHECK(held->parent().value() == held);
    CHECK(held->create("new", 0644).error() == Errno::noent);
  }
  CHECK(heap_bytes_in_use() == heap);
}

TEST_CASE("whichever allocation of link and rename fails, both names are as before") {
  test::Machine machine;
  FileTree tree;
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
