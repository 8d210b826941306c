#include "dev/fdt.hh"

namespace tine {
namespace {

constexpr std::uint32_t magic = 0xd00dfeed;
constexpr std::uint32_t version =
    17;  // the version that this reads; newer blobs say if they are compatible

// Words of the header (section 5.2).
enum HeaderWord : std::size_t {
  word_magic,
  word_total_size,
  word_structure,
  word_strings,
  word_reservations,
  word_version,
  word_last_compatible_version,
  word_boot_cpu,
  word_strings_size,
  word_structure_size,
  header_words,
};

constexpr std::size_t round_up(std::size_t at) { return (at + 3) & ~std::size_t{3}; }

// Big-endian numbers at any address.
std::optional<std::uint64_t> big_endian(std::span<const std::byte> from, std::size_t at,
                                        std::size_t size) {
  if (at > from.size() || size > from.size() - at) return {};
  std::uint64_t value = 0;
  for (std::byte byte : from.subspan(at, size)) value = value << 8 | std::uint8_t(byte);
  return value;
}

std::optional<std::uint32_t> word(std::span<const std::byte> from, std::size_t at) {
  auto value = big_endian(from, at, 4);
  if (!value) return {};
  return static_cast<std::uint32_t>(*value);
}

// The string that begins at `at`, without its 0, which must be there.
std::optional<std::string_view> string_at(std::span<const std::byte> from, std::size_t at) {
  if (at >= from.size()) return {};
  std::string_view rest(reinterpret_cast<const char*>(from.data()) + at, from.size() - at);
  std::size_t length = rest.find('\0');
  if (length == std::string_view::npos) return {};
  return rest.substr(0, length);
}

}  // namespace

// ---- Properties ----

std::optional<std::uint32_t> FdtProperty::cell(std::size_t n) const {
  return n < value.size() / 4 ? word(value, n * 4) : std::nullopt;
}

std::optional<std::uint64_t> FdtProperty::number() const {
  if (value.size() != 4 && value.size() != 8) return {};
  return big_endian(value, 0, value.size());
}

std::string_view FdtProperty::text() const { return string_at(value, 0).value_or(""); }

bool FdtProperty::contains(std::string_view wanted) const {
  std::size_t at = 0;
  while (auto each = string_at(value, at)) {
    if (*each == wanted) return true;
    at += each->size() + 1;
  }
  return false;
}

// ---- The blob ----

std::size_t Fdt::size_of(std::span<const std::byte> beginning) {
  if (word(beginning, word_magic * 4) != magic) return 0;
  return word(beginning, word_total_size * 4).value_or(0);
}

Result<Fdt> Fdt::open(std::span<const std::byte> blob) {
  std::size_t total = size_of(blob);
  if (total < header_words * 4 || total > blob.size()) return Errno::inval;
  blob = blob.first(total);
  std::array<std::uint32_t, header_words> header;
  for (std::size_t i = 0; i < header_words; i++) header[i] = *word(blob, i * 4);
  if (header[word_version] < version || header[word_last_compatible_version] > version) {
    return Errno::inval;
  }
  std::size_t structure = header[word_structure], strings = header[word_strings];
  std::size_t reservations = header[word_reservations];
  if (structure > total || header[word_structure_size] > total - structure) return Errno::inval;
  if (strings > total || header[word_strings_size] > total - strings) return Errno::inval;
  if (reservations > total || structure % 4 != 0) return Errno::inval;

  Fdt tree;
  tree.structure_ = blob.subspan(structure, header[word_structure_size]);
  tree.strings_ = blob.subspan(strings, header[word_strings_size]);
  tree.reservations_ = blob.subspan(reservations);
  // There is one root and nothing after it, every node ends, and properties come before children.
  auto look = [](const FdtNode&) {};
  if (tree.read(TRY(tree.walk(0, nullptr, look))).kind != TokenKind::finish) return Errno::inval;
  return tree;
}

Fdt::Token Fdt::read(std::size_t at) const {
  TokenKind kind;
  do {
    kind = TokenKind(word(structure_, at).value_or(0));
    at += 4;
  } while (kind == TokenKind::nop);
  switch (kind) {
    case TokenKind::begin: {
      auto name = string_at(structure_, at);
      if (!name) return {};
      return {kind, *name, {}, round_up(at + name->size() + 1)};
    }
    case TokenKind::property: {
      auto size = word(structure_, at);
      auto name_at = word(structure_, at + 4);
      at += 8;
      if (!size || !name_at || *size > structure_.size() - at) return {};
      auto name = string_at(strings_, *name_at);
      if (!name) return {};
      return {kind, *name, structure_.subspan(at, *size), round_up(at + *size)};
    }
    case TokenKind::end:
    case TokenKind::finish: return {kind, {}, {}, at};
    default: return {};
  }
}

std::optional<MemoryRange> Fdt::reservation(std::size_t n) const {
  auto address = big_endian(reservations_, n * 16, 8);
  auto size = big_endian(reservations_, n * 16 + 8, 8);
  if (!address || !size || (*address == 0 && *size == 0)) return {};
  return MemoryRange{PhysAddr(*address), *size};
}

// ---- Nodes ----

std::optional<FdtProperty> FdtNode::property(std::string_view wanted) const {
  for (auto token = tree_.read(body_); token.kind == Fdt::TokenKind::property;
       token = tree_.read(token.next)) {
    if (token.name == wanted) return FdtProperty{token.value};
  }
  return {};
}

std::uint64_t FdtNode::number(std::string_view wanted) const {
  auto found = property(wanted);
  return found ? found->number().value_or(0) : 0;
}

bool FdtNode::is_a(std::string_view device_type) const {
  auto type = property("device_type");
  return type && type->text() == device_type;
}

bool FdtNode::is_compatible(std::string_view with) const {
  auto compatible = property("compatible");
  return compatible && compatible->contains(with);
}

bool FdtNode::is_enabled() const {
  auto status = property("status");
  return !status || status->text() == "okay" || status->text() == "ok";
}

// The parent says how many cells make an address and a size (section 2.3.5).
std::optional<MemoryRange> FdtNode::region(std::size_t n) const {
  auto reg = property("reg");
  if (!reg || !parent) return {};
  auto cells = parent->property("#address-cells"), more = parent->property("#size-cells");
  std::size_t address_cells = cells ? cells->cell().value_or(0) : 2;
  std::size_t size_cells = more ? more->cell().value_or(0) : 1;
  if (address_cells == 0 || address_cells > 2 || size_cells > 2) return {};
  std::size_t pair = (address_cells + size_cells) * 4;
  if (n >= reg->value.size() / pair) return {};
  return MemoryRange{PhysAddr(*big_endian(reg->value, n * pair, address_cells * 4)),
                     *big_endian(reg->value, n * pair + address_cells * 4, size_cells * 4)};
}

}  // namespace tine
