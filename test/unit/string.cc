// The kernel's memory functions (string_seam.cc) against the host's, over every alignment that
// takes another path.
#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

#include "catch.hh"
#include "lib/types.hh"
#include "random.hh"

extern "C" {
void* tine_memcpy(void*, const void*, std::size_t) noexcept;
void* tine_memmove(void*, const void*, std::size_t) noexcept;
void* tine_memset(void*, int, std::size_t) noexcept;
int tine_memcmp(const void*, const void*, std::size_t) noexcept;
void* tine_memchr(const void*, int, std::size_t) noexcept;
std::size_t tine_strlen(const char*) noexcept;
std::size_t tine_strnlen(const char*, std::size_t) noexcept;
}
namespace tine {
void zero_page(void*);
void copy_page(void*, const void*);
void copy_text(char*, std::size_t, std::string_view);
}  // namespace tine

using test::below;

namespace {

constexpr std::size_t area = 512;

test::Bytes random_bytes(test::Random& random, std::size_t size) {
  test::Bytes bytes(size);
  for (std::byte& each : bytes) each = std::byte(random());
  return bytes;
}

int sign(int number) { return (number > 0) - (number < 0); }

// Calls body(to, from, size) with places inside an area: short sizes most often.
template <class Body>
void over_places(test::Random& random, Body body) {
  for (int round = 0; round < 20000; round++) {
    std::size_t size = below(random, round % 2 ? 33 : 300);
    body(below(random, area - size + 1), below(random, area - size + 1), size);
  }
}

}  // namespace

TEST_CASE("memcpy copies exactly what it is told, whatever the alignment") {
  test::Random random(1);
  over_places(random, [&](std::size_t to, std::size_t from, std::size_t size) {
    test::Bytes source = random_bytes(random, area), target = random_bytes(random, area);
    test::Bytes expected = target;
    std::memcpy(expected.data() + to, source.data() + from, size);
    REQUIRE(tine_memcpy(target.data() + to, source.data() + from, size) == target.data() + to);
    REQUIRE(target == expected);
  });
}

TEST_CASE("memmove copies areas that overlap, in both directions") {
  test::Random random(2);
  over_places(random, [&](std::size_t to, std::size_t from, std::size_t size) {
    test::Bytes bytes = random_bytes(random, area), expected = bytes;
    std::memmove(expected.data() + to, expected.data() + from, size);
    REQUIRE(tine_memmove(bytes.data() + to, bytes.data() + from, size) == bytes.data() + to);
    REQUIRE(bytes == expected);
  });
}

TEST_CASE("memset fills exactly what it is told") {
  test::Random random(3);
  over_places(random, [&](std::size_t to, std::size_t value, std::size_t size) {
    test::Bytes bytes = random_bytes(random, area), expected = bytes;
    std::memset(expected.data() + to, int(value), size);
    REQUIRE(tine_memset(bytes.data() + to, int(value), size) == bytes.data() + to);
    REQUIRE(bytes == expected);
  });
}

TEST_CASE("memcmp orders by the first byte that differs, as unsigned") {
  test::Random random(4);
  over_places(random, [&](std::size_t a, std::size_t b, std::size_t size) {
    test::Bytes left = random_bytes(random, area), right = random_bytes(random, area);
    std::memcpy(left.data() + a, right.data() + b, size);
    REQUIRE(tine_memcmp(left.data() + a, right.data() + b, size) == 0);
    if (size == 0) return;
    left[a + below(random, size)] = std::byte(random());
    int expected = std::memcmp(left.data() + a, right.data() + b, size);
    REQUIRE(sign(tine_memcmp(left.data() + a, right.data() + b, size)) == sign(expected));
  });
}

TEST_CASE("memchr finds the first such byte or nothing") {
  const char text[] = "abcabc";
  CHECK(tine_memchr(text, 'c', 6) == text + 2);
  CHECK(tine_memchr(text, 'c', 2) == nullptr);
  CHECK(tine_memchr(text, 'x', 6) == nullptr);
  CHECK(tine_memchr(text, 0x100 + 'a', 6) == text);
}

TEST_CASE("strlen counts up to the 0") {
  CHECK(tine_strlen("") == 0);
  CHECK(tine_strlen("abc\0def") == 3);
}

TEST_CASE("strnlen stops at the first 0 or at the limit, at every alignment, whatever the bytes") {
  test::Random random(6);
  over_places(random, [&](std::size_t start, std::size_t, std::size_t limit) {
    test::Bytes bytes = random_bytes(random, area);
    for (std::byte& each : bytes) {
      if (each == std::byte{0} || random() % 8 == 0) each = std::byte{0x80};
      if (random() % 64 == 0) each = std::byte{1};
    }
    limit = std::min(limit, area - start);
    std::size_t length = below(random, limit + 1);
    if (length < limit) bytes[start + length] = std::byte{0};
    auto text = std::make_unique<char[]>(limit);  // of that size, so that no byte more is read
    std::memcpy(text.get(), bytes.data() + start, limit);
    REQUIRE(tine_strnlen(text.get(), limit) == length);
    REQUIRE(tine_strnlen(reinterpret_cast<char*>(bytes.data()) + start, limit) == length);
  });
}

TEST_CASE("zero_page and copy_page change one page and nothing around it") {
  using tine::page_size;
  struct alignas(page_size) Pages {
    std::byte bytes[3 * page_size];
  };
  static Pages source, target;
  test::Random random(5);
  for (std::byte& each : source.bytes) each = std::byte(random());
  target = source;
  tine::zero_page(target.bytes + page_size);
  auto zeros = std::count(target.bytes + page_size, target.bytes + 2 * page_size, std::byte{0});
  CHECK(zeros == page_size);
  CHECK(std::memcmp(target.bytes, source.bytes, page_size) == 0);
  CHECK(std::memcmp(target.bytes + 2 * page_size, source.bytes + 2 * page_size, page_size) == 0);
  tine::copy_page(target.bytes + page_size, source.bytes + page_size);
  CHECK(std::memcmp(target.bytes, source.bytes, sizeof target.bytes) == 0);
}

TEST_CASE("copy_text always ends with a 0 and leaves nothing of what was there") {
  char name[8] = {'o', 'l', 'd', 'o', 'l', 'd', 'o', 'l'};
  tine::copy_text(name, sizeof name, "ab");
  CHECK(std::string_view(name, 8) == std::string_view("ab\0\0\0\0\0\0", 8));
  tine::copy_text(name, sizeof name, "much too long");
  CHECK(std::string_view(name, 8) == std::string_view("much to\0", 8));
}
