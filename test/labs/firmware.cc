#include "labs/firmware.hh"

#include <algorithm>
#include <fstream>
#include <iterator>

#include "guest/guest.hh"

namespace test {
namespace {

constexpr std::uint32_t magic = 0xd00dfeed, version = 17, compatible = 16;
constexpr std::uint32_t token_begin = 1, token_end = 2, token_property = 3, token_nop = 4,
                        token_finish = 9;
constexpr std::size_t header_size = 40;

void pad(std::string& text) { text.resize((text.size() + 3) / 4 * 4); }

struct Reader {
  const std::string& blob;
  std::size_t at, strings;

  std::uint64_t big_endian(std::size_t size) {
    if (at + size > blob.size()) throw NotJudged("QEMU's device tree is damaged");
    std::uint64_t value = 0;
    for (; size > 0; size--) value = value << 8 | static_cast<unsigned char>(blob[at++]);
    return value;
  }
  std::uint32_t word() { return static_cast<std::uint32_t>(big_endian(4)); }
  DeviceTree::Node node() {
    DeviceTree::Node found;
    found.name = blob.c_str() + at;
    at = (at + found.name.size() + 4) / 4 * 4;
    for (;;) {
      switch (word()) {
        case token_begin: found.children.push_back(node()); break;
        case token_property: {
          const std::size_t size = word(), name = strings + word();
          found.properties.emplace_back(blob.c_str() + name, blob.substr(at, size));
          at = (at + size + 3) / 4 * 4;
          break;
        }
        case token_nop: break;
        case token_end: return found;
        default: throw NotJudged("QEMU's device tree is damaged");
      }
    }
  }
};

void put(const DeviceTree::Node& node, std::string& structure, std::string& strings) {
  structure += DeviceTree::cell(token_begin) + DeviceTree::text(node.name);
  pad(structure);
  for (const auto& [name, value] : node.properties) {
    structure += DeviceTree::cell(token_property) + DeviceTree::cell(value.size()) +
                 DeviceTree::cell(strings.size()) + value;
    pad(structure);
    strings += DeviceTree::text(name);
  }
  for (const DeviceTree::Node& child : node.children) put(child, structure, strings);
  structure += DeviceTree::cell(token_end);
}

}  // namespace

DeviceTree::Node& DeviceTree::Node::child(const std::string& wanted) {
  const auto found = std::find_if(children.begin(), children.end(),
                                  [&](const Node& each) { return each.name == wanted; });
  if (found != children.end()) return *found;
  children.push_back({wanted, {}, {}});
  return children.back();
}

void DeviceTree::Node::set(const std::string& property, const std::string& value) {
  for (auto& [name, old] : properties) {
    if (name != property) continue;
    old = value;
    return;
  }
  properties.emplace_back(property, value);
}

DeviceTree::DeviceTree(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string blob(std::istreambuf_iterator<char>(file), {});
  Reader header{blob, 0, 0};
  if (header.word() != magic) throw NotJudged("QEMU writes no device tree to " + path);
  header.word();
  const std::size_t structure = header.word();
  header.strings = header.word();
  header.at = structure + 4;
  root = header.node();
}

void DeviceTree::write(const std::string& path) const {
  std::string structure, strings, reserved;
  put(root, structure, strings);
  structure += cell(token_finish);
  for (const auto& [address, size] : reservations) reserved += number(address) + number(size);
  reserved += number(0) + number(0);
  const std::size_t structure_at = header_size + reserved.size();
  const std::size_t strings_at = structure_at + structure.size();
  const std::string header = cell(magic) + cell(strings_at + strings.size()) + cell(structure_at) +
                             cell(strings_at) + cell(header_size) + cell(version) +
                             cell(compatible) + cell(0) + cell(strings.size()) +
                             cell(structure.size());
  std::ofstream(path, std::ios::binary) << header << reserved << structure << strings;
}

std::string DeviceTree::cell(std::uint64_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift);
  return bytes;
}

std::string DeviceTree::number(std::uint64_t value) { return cell(value >> 32) + cell(value); }

}  // namespace test
