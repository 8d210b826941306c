#include "lib/format.hh"

#include <limits>
#include <string>

#include "catch.hh"

using namespace tine;

namespace {

class StringSink final : public Sink {
 public:
  void write(std::string_view more) override { text += more; }
  std::string text;
};

template <class... Args>
std::string printed(FormatString<std::type_identity_t<Args>...> format, Args... args) {
  StringSink sink;
  print(sink, format, args...);
  return sink.text;
}

}  // namespace

TEST_CASE("text without placeholders is printed as it is") {
  CHECK(printed("") == "");
  CHECK(printed("plain\n") == "plain\n");
}

TEST_CASE("{} stands for the next argument, of whatever type") {
  CHECK(printed("{} -> {}", 1, 2) == "1 -> 2");
  CHECK(printed("{}{}{}", 'a', "bc", std::string_view("def")) == "abcdef");
  CHECK(printed("{} {}", true, false) == "true false");
  CHECK(printed("{}", std::uint8_t{200}) == "200");
}

TEST_CASE("numbers are printed from the lowest to the highest") {
  CHECK(printed("{}", 0) == "0");
  CHECK(printed("{}", std::numeric_limits<std::uint64_t>::max()) == "18446744073709551615");
  CHECK(printed("{}", std::numeric_limits<std::int64_t>::min()) == "-9223372036854775808");
  CHECK(printed("{}", std::numeric_limits<std::int8_t>::min()) == "-128");
}

TEST_CASE("{:x} prints in hexadecimal") {
  CHECK(printed("{:x}", 0xdeadbeef) == "deadbeef");
  CHECK(printed("{:x}", ~0ul) == "ffffffffffffffff");
  CHECK(printed("{:x}", -255) == "-ff");
  CHECK(printed("{:x}", 'A') == "41");
}

TEST_CASE("a width pads on the left with blanks, with zeros if it begins with 0") {
  CHECK(printed("[{:5}]", 42) == "[   42]");
  CHECK(printed("[{:5}]", "ab") == "[   ab]");
  CHECK(printed("[{:5}]", 'c') == "[    c]");
  CHECK(printed("[{:05}]", 42) == "[00042]");
  CHECK(printed("[{:05}]", -42) == "[-0042]");
  CHECK(printed("[{:5}]", -42) == "[  -42]");
  CHECK(printed("{:016x}", 0xabc) == "0000000000000abc");
  CHECK(printed("[{:4x}]", 0xa) == "[   a]");
}

TEST_CASE("a width with - in front pads on the right") {
  CHECK(printed("[{:-5}]", 42) == "[42   ]");
  CHECK(printed("[{:-5}]", "abc") == "[abc  ]");
  CHECK(printed("[{:-5x}]", 0xff) == "[ff   ]");
}

TEST_CASE("what is wider than its width is printed whole") {
  CHECK(printed("[{:2}]", 12345) == "[12345]");
  CHECK(printed("[{:-2}]", "abc") == "[abc]");
}

TEST_CASE("padding may be wider than one piece of it") {
  CHECK(printed("{:40}", 'x') == std::string(39, ' ') + "x");
  CHECK(printed("{:040}", 7) == std::string(39, '0') + "7");
}

TEST_CASE("text is never padded with zeros") { CHECK(printed("[{:05}]", "ab") == "[   ab]"); }

TEST_CASE("addresses are printed in hexadecimal with 0x in front") {
  CHECK(printed("{}", PhysAddr(0x80200000)) == "0x80200000");
  CHECK(printed("{:12}", VirtAddr(0x10000)) == "     0x10000");
  CHECK(printed("{:012}", VirtAddr(0x10000)) == "0x0000010000");
}

TEST_CASE("doubled braces print one") {
  CHECK(printed("{{}}") == "{}");
  CHECK(printed("{{{}}}", 5) == "{5}");
  CHECK(printed("a}} b{{ c") == "a} b{ c");
}

TEST_CASE("a format that promises more than it was given prints its placeholder") {
  StringSink sink;
  print_args(sink, "one {} two {} end {", {});
  CHECK(sink.text == "one {} two {} end {");
}

TEST_CASE("a BufferSink keeps what fits and says that there was more") {
  char buffer[8];
  BufferSink sink(buffer);
  print(sink, "{}", 12345);
  CHECK(sink.text() == "12345");
  CHECK(!sink.overflowed());
  print(sink, "{}", 678);
  CHECK(sink.text() == "12345678");
  CHECK(!sink.overflowed());
  print(sink, "9");
  CHECK(sink.text() == "12345678");
  CHECK(sink.overflowed());
}

TEST_CASE("a piece that fits in part is kept in part") {
  char buffer[4];
  BufferSink sink(buffer);
  print(sink, "abcdef");
  CHECK(sink.text() == "abcd");
  CHECK(sink.overflowed());
}
