#include "fs/initrd.hh"

#include "fs/cpio.hh"

namespace tine {
namespace {

bool is_proper_name(std::string_view name) {
  return !name.empty() && name != "." && name != ".." && name.size() <= TINE_NAME_MAX;
}

// Returns the directory of the archive's file `path`, and leaves its last component in `path`.
Result<RefPtr<Node>> enter_parent(const RefPtr<Node>& root, std::string_view& path) {
  RefPtr<Node> at = root;
  while (true) {
    std::size_t slash = path.find('/');
    std::string_view name = path.substr(0, slash);
    if (!is_proper_name(name)) return Errno::inval;
    if (slash == path.npos) return at;
    at = TRY(find_or_make_directory(*at, name));
    path.remove_prefix(slash + 1);
  }
}

Result<> write_all(Node& file, std::span<const std::byte> contents) {
  // An IoBuffer serves both directions; as the source of a write it is only read.
  IoBuffer from(std::span(const_cast<std::byte*>(contents.data()), contents.size()));
  IoPlace at;
  std::size_t written = TRY(file.write(at, from));
  // Memory has run out, or the file would be too large.
  if (written < contents.size()) return Errno::nomem;
  return {};
}

// `entry` is one name of a file with several names: returns the file if an earlier entry made it,
// or else nothing. Searches the archive from its start, because such files are few and a table of
// all of them would take memory. Joined archives may use one number for different files, so the
// owner is compared too.
Result<RefPtr<Node>> made_earlier(const RefPtr<Node>& root, CpioReader archive,
                                  const CpioEntry& entry) {
  CpioEntry other = *TRY(archive.next());
  while (other.inode != entry.inode || other.links != entry.links || other.user != entry.user) {
    other = *TRY(archive.next());
  }
  if (other.name.data() == entry.name.data()) return RefPtr<Node>();
  RefPtr<Node> parent = TRY(enter_parent(root, other.name));
  return parent->lookup(other.name);
}

Result<> unpack(const RefPtr<Node>& root, CpioReader archive, const CpioEntry& entry) {
  if (entry.name.empty()) return {};  // the root itself
  std::string_view name = entry.name;
  RefPtr<Node> parent = TRY(enter_parent(root, name));
  Attributes attributes(entry.mode, entry.user, entry.group);
  switch (entry.mode & S_IFMT) {
    case S_IFDIR: TRY(find_or_make_directory(*parent, name, attributes)); return {};
    case S_IFREG: {
      RefPtr<Node> file;
      if (entry.links > 1) file = TRY(made_earlier(root, archive, entry));
      if (file) TRY(parent->link(name, file));
      if (!file) file = TRY(parent->create(name, attributes));
      TRY(write_all(*file, entry.contents));
      // The write has cleared the set-ID bits.
      return file->change_attributes([&](Attributes& now) -> Result<> {
        now.permissions = entry.mode;
        return {};
      });
    }
    case S_IFLNK: {
      auto* target = reinterpret_cast<const char*>(entry.contents.data());
      TRY(parent->make_symlink(name, {target, entry.contents.size()}, attributes));
      return {};
    }
    default: return {};
  }
}

}  // namespace

Result<RefPtr<Node>> find_or_make_directory(Node& parent, std::string_view name,
                                            const Attributes& attributes) {
  Result<RefPtr<Node>> found = parent.lookup(name);
  if (!found && found.error() == Errno::noent) return parent.make_directory(name, attributes);
  if (found && !(*found)->is_directory()) return Errno::notdir;
  return found;
}

Result<> unpack_initrd(const RefPtr<Node>& root, std::span<const std::byte> archive) {
  CpioReader reader(archive);
  while (true) {
    std::optional<CpioEntry> entry = TRY(reader.next());
    if (!entry) return {};
    TRY(unpack(root, CpioReader(archive), *entry));
  }
}

}  // namespace tine
