// Formatted print to a sink. `{}` stands for the next argument; `{:x}` prints it in hexadecimal; a
// width before the `x` (or alone) pads on the left: with zeros if the width begins with 0, else
// with blanks; `{:-8}` pads on the right. `{{` and `}}` print a brace. A wrong number of arguments
// does not compile.
//
//   print(console, "fork: {} -> {} at {:016x}\n", parent, child, frame.sepc);
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "lib/types.hh"

namespace tine {

// Where printed characters go.
class Sink {
 public:
  virtual void write(std::string_view text) = 0;
  // The same for the text of an argument, which a log does not trust (write_escaped).
  virtual void write_argument(std::string_view text) { write(text); }

 protected:
  ~Sink() = default;
};

// A sink into a caller's buffer: text that does not fit is dropped, and `overflowed` becomes true.
class BufferSink final : public Sink {
 public:
  explicit BufferSink(std::span<char> buffer) : buffer_(buffer) {}
  void write(std::string_view text) override;
  std::string_view text() const { return {buffer_.data(), length_}; }
  bool overflowed() const { return overflowed_; }

 private:
  std::span<char> buffer_;
  std::size_t length_ = 0;
  bool overflowed_ = false;
};

// Writes text that comes from a program so that it cannot look like something else: a backslash as
// two, a control character in octal (backslash 033).
void write_escaped(Sink& sink, std::string_view text);

// One argument of print, reduced to the few kinds that are printed differently.
class FormatArg {
 public:
  enum class Kind { number, negative, text, character, address };

  template <std::integral T>
  constexpr FormatArg(T value)
      : kind_(value < T{} ? Kind::negative : Kind::number),
        number_(value < T{} ? 0 - static_cast<std::uint64_t>(value)
                            : static_cast<std::uint64_t>(value)) {}
  constexpr FormatArg(char value)
      : kind_(Kind::character), number_(static_cast<unsigned char>(value)) {}
  constexpr FormatArg(bool value) : kind_(Kind::text), text_(value ? "true" : "false") {}
  constexpr FormatArg(std::string_view value) : kind_(Kind::text), text_(value) {}
  constexpr FormatArg(const char* value) : kind_(Kind::text), text_(value) {}
  // Addresses are printed in hexadecimal with 0x in front.
  template <class Tag>
  constexpr FormatArg(Address<Tag> value) : kind_(Kind::address), number_(value.value()) {}

  Kind kind() const { return kind_; }
  std::uint64_t number() const { return number_; }
  std::string_view text() const { return text_; }

 private:
  Kind kind_;
  std::uint64_t number_ = 0;
  std::string_view text_;
};

// A format string whose placeholders were counted by the compiler.
template <class... Args>
class FormatString {
 public:
  template <std::size_t N>
  consteval FormatString(const char (&text)[N]) : text_(text, N - 1) {
    if (count_placeholders(text_) != sizeof...(Args)) wrong_number_of_arguments();
  }
  constexpr std::string_view text() const { return text_; }

 private:
  std::string_view text_;

  static void wrong_number_of_arguments() {}  // not consteval: calling it stops the compilation

  static constexpr std::size_t count_placeholders(std::string_view text) {
    std::size_t count = 0;
    for (std::size_t i = 0; i < text.size(); i++) {
      if (text[i] != '{') continue;
      if (i + 1 < text.size() && text[i + 1] == '{') {
        i++;
      } else {
        count++;
      }
    }
    return count;
  }
};

void print_args(Sink& sink, std::string_view format, std::span<const FormatArg> args);

template <class... Args>
void print(Sink& sink, FormatString<std::type_identity_t<Args>...> format, Args... args) {
  const FormatArg list[] = {FormatArg(args)..., FormatArg(0)};  // no array is empty
  print_args(sink, format.text(), {list, sizeof...(Args)});
}

}  // namespace tine
