#include "fs/cpio.hh"

namespace tine {
namespace {

constexpr std::size_t header_size = 110;
constexpr std::string_view magic = "070701";
constexpr std::string_view trailer = "TRAILER!!!";

// The header's numbers, eight digits each, after the magic.
enum Field : std::size_t {
  field_inode = 0,
  field_mode = 1,
  field_user = 2,
  field_group = 3,
  field_links = 4,
  field_size = 6,
  field_name_size = 11
};

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

constexpr std::size_t round_up(std::size_t at) { return (at + 3) & ~std::size_t{3}; }

Result<std::uint32_t> number(std::string_view header, Field field) {
  std::uint32_t value = 0;
  for (char c : header.substr(magic.size() + field * 8, 8)) {
    std::uint32_t digit = 0;
    if (c >= '0' && c <= '9') {
      digit = c - '0';
    } else if (c >= 'a' && c <= 'f') {
      digit = c - 'a' + 10;
    } else if (c >= 'A' && c <= 'F') {
      digit = c - 'A' + 10;
    } else {
      return Errno::inval;
    }
    value = value << 4 | digit;
  }
  return value;
}

std::string_view relative(std::string_view name) {
  while (true) {
    if (name.starts_with("/")) {
      name.remove_prefix(1);
    } else if (name.starts_with("./")) {
      name.remove_prefix(2);
    } else {
      return name == "." ? std::string_view() : name;
    }
  }
}

}  // namespace

// Sizes in the archive are below 2^32: their sums do not wrap.
Result<std::span<const std::byte>> CpioReader::take(std::size_t at, std::size_t size) const {
  if (at > archive_.size() || size > archive_.size() - at) return Errno::inval;
  return archive_.subspan(at, size);
}

Result<std::optional<CpioEntry>> CpioReader::next() {
  std::string_view header = text_of(TRY(take(at_, header_size)));
  if (!header.starts_with(magic)) return Errno::inval;
  std::size_t name_at = at_ + header_size;
  std::uint32_t name_size = TRY(number(header, field_name_size));
  std::string_view name = text_of(TRY(take(name_at, name_size)));
  if (name.empty() || name.find('\0') != name.size() - 1) return Errno::inval;  // one 0, at the end
  name.remove_suffix(1);
  if (name == trailer) return std::optional<CpioEntry>();

  std::size_t contents_at = round_up(name_at + name_size);
  std::uint32_t size = TRY(number(header, field_size));
  CpioEntry entry;
  entry.name = relative(name);
  entry.mode = TRY(number(header, field_mode));
  entry.user = TRY(number(header, field_user));
  entry.group = TRY(number(header, field_group));
  entry.links = TRY(number(header, field_links));
  entry.inode = TRY(number(header, field_inode));
  entry.contents = TRY(take(contents_at, size));
  at_ = round_up(contents_at + size);
  return std::optional<CpioEntry>(entry);
}

}  // namespace tine
