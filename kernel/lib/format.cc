#include "lib/format.hh"

#include <algorithm>

#include "lib/string.hh"

namespace tine {
namespace {

// What stands between the braces of a placeholder: [-][0][width][x]
struct Layout {
  bool hexadecimal = false;
  bool zeros = false;  // fill with zeros, not blanks
  bool left = false;   // fill after the text
  std::size_t width = 0;
};

Layout read_layout(std::string_view spec) {
  Layout layout;
  if (spec.starts_with(':')) spec.remove_prefix(1);
  if (spec.starts_with('-')) {
    layout.left = true;
    spec.remove_prefix(1);
  }
  layout.zeros = spec.starts_with('0') && !layout.left;
  for (; !spec.empty() && spec.front() >= '0' && spec.front() <= '9'; spec.remove_prefix(1)) {
    layout.width = layout.width * 10 + (spec.front() - '0');
  }
  layout.hexadecimal = spec.starts_with('x');
  return layout;
}

void fill(Sink& sink, bool zeros, std::size_t count) {
  constexpr std::string_view blanks = "                ", noughts = "0000000000000000";
  while (count > 0) {
    std::size_t now = std::min(count, blanks.size());
    sink.write((zeros ? noughts : blanks).substr(0, now));
    count -= now;
  }
}

// `prefix` (a sign, 0x) stays in front of filled-in zeros.
void write_padded(Sink& sink, const Layout& layout, std::string_view prefix,
                  std::string_view text) {
  std::size_t length = prefix.size() + text.size();
  std::size_t missing = layout.width > length ? layout.width - length : 0;
  if (!layout.left && !layout.zeros) fill(sink, false, missing);
  if (!prefix.empty()) sink.write(prefix);
  if (layout.zeros) fill(sink, true, missing);
  sink.write_argument(text);
  if (layout.left) fill(sink, false, missing);
}

void write_number(Sink& sink, const Layout& layout, std::string_view prefix, std::uint64_t number,
                  unsigned base) {
  char digits[20];  // 2^64 - 1 in decimal
  std::size_t start = sizeof digits;
  do {
    digits[--start] = "0123456789abcdef"[number % base];
    number /= base;
  } while (number != 0);
  write_padded(sink, layout, prefix, {digits + start, sizeof digits - start});
}

void print_one(Sink& sink, Layout layout, const FormatArg& arg) {
  switch (arg.kind()) {
    case FormatArg::Kind::text:
      layout.zeros = false;
      return write_padded(sink, layout, "", arg.text());
    case FormatArg::Kind::address: return write_number(sink, layout, "0x", arg.number(), 16);
    case FormatArg::Kind::character:
      if (!layout.hexadecimal) {
        char character = static_cast<char>(arg.number());
        layout.zeros = false;
        return write_padded(sink, layout, "", {&character, 1});
      }
      [[fallthrough]];
    case FormatArg::Kind::number:
    case FormatArg::Kind::negative:
      return write_number(sink, layout, arg.kind() == FormatArg::Kind::negative ? "-" : "",
                          arg.number(), layout.hexadecimal ? 16 : 10);
  }
}

}  // namespace

void write_escaped(Sink& sink, std::string_view text) {
  constexpr std::string_view special = "\\\177";
  for (char c : text) {
    bool plain = static_cast<unsigned char>(c) >= ' ' && special.find(c) == special.npos;
    char octal[] = {'\\', char('0' + (c >> 6 & 3)), char('0' + (c >> 3 & 7)), char('0' + (c & 7))};
    if (plain) {
      sink.write({&c, 1});
    } else {
      sink.write(c == '\\' ? "\\\\" : std::string_view(octal, sizeof octal));
    }
  }
}

void BufferSink::write(std::string_view text) {
  std::size_t fits = std::min(text.size(), buffer_.size() - length_);
  memcpy(buffer_.data() + length_, text.data(), fits);
  length_ += fits;
  if (fits < text.size()) overflowed_ = true;
}

// Text between placeholders goes out in one piece. The number of arguments was checked by
// FormatString; a format that was built in another way prints surplus placeholders unchanged.
void print_args(Sink& sink, std::string_view format, std::span<const FormatArg> args) {
  while (!format.empty()) {
    std::size_t brace = format.find_first_of("{}");
    if (brace == std::string_view::npos) return sink.write(format);
    if (brace > 0) sink.write(format.substr(0, brace));
    format.remove_prefix(brace);

    bool doubled = format.size() > 1 && format[1] == format[0];
    std::size_t close = format.find('}');
    if (!doubled && format[0] == '{' && close != std::string_view::npos && !args.empty()) {
      print_one(sink, read_layout(format.substr(1, close - 1)), args.front());
      args = args.subspan(1);
      format.remove_prefix(close + 1);
    } else {
      sink.write(format.substr(0, 1));
      format.remove_prefix(doubled ? 2 : 1);
    }
  }
}

}  // namespace tine
