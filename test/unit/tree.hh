// A small file system to test with, and its files as text.
#pragma once

#include <string>

#include "fs/tmpfs.hh"
#include "vfs/open_file.hh"
#include "vfs/path.hh"

namespace test {

using namespace tine;

// A small tree: /bin/sh, /bin/link -> sh, /abs -> /bin, /loop -> loop, /dangling -> bin/new, /d/e
struct FileTree {
  PathContext context;

  FileTree() {
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

inline std::string read_all(Node& node, std::size_t size, std::uint64_t offset = 0) {
  std::string text(size, '?');
  IoBuffer to({reinterpret_cast<std::byte*>(text.data()), size});
  text.resize(node.read({.offset = offset}, to).value());
  return text;
}

inline std::size_t write_text(OpenFile& file, std::string text) {
  IoBuffer from({reinterpret_cast<std::byte*>(text.data()), text.size()});
  return file.write(from).value();
}

}  // namespace test
