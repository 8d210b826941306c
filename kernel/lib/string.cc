// The memory functions. Words of eight bytes are moved, always on their boundaries: not every CPU
// can load and store misaligned words. Where only one side can be on a boundary, words are put
// together from two. (Downwards, memmove moves single bytes.)
#include "lib/string.hh"

#include "lib/types.hh"

// The compiler knows loops that copy or fill as memcpy and memset. Here they must stay loops.
#pragma GCC optimize("no-tree-loop-distribute-patterns")

namespace {

// Words through which any object may be read and written.
using Word8 [[gnu::may_alias]] = std::uint64_t;
using Byte = unsigned char;

template <class Word>
[[gnu::always_inline]] inline bool aligned(const void* at) {
  return reinterpret_cast<std::uintptr_t>(at) % sizeof(Word) == 0;
}

// Moves blocks of `words` words until fewer than that many of the `size` bytes are left; the rest
// stays in `size`. It goes upwards, and reads every word before it writes the next one: right for
// overlapping areas too, if `out` is the lower one.
template <unsigned words>
[[gnu::always_inline]] inline void copy_blocks(Word8*& out, const Word8*& in, std::size_t& size) {
  constexpr std::size_t bytes = words * sizeof(Word8);
  for (; size >= bytes; size -= bytes, out += words, in += words) {
#pragma GCC unroll 32
    for (unsigned i = 0; i < words; i++) out[i] = in[i];
  }
}

// The same where both sides are on a boundary.
void copy_words(Byte*& to, const Byte*& from, std::size_t& size) {
  auto* out = reinterpret_cast<Word8*>(to);
  auto* in = reinterpret_cast<const Word8*>(from);
  copy_blocks<32>(out, in, size);
  copy_blocks<8>(out, in, size);
  copy_blocks<1>(out, in, size);
  to = reinterpret_cast<Byte*>(out);
  from = reinterpret_cast<const Byte*>(in);
}

// The same where `from` is not on a boundary: `early` of its bytes lie before the next boundary.
// `carry` keeps them until the rest of their word of `to` is read. No byte outside of [from, from +
// size) is read.
void copy_shifted(Byte*& to, const Byte*& from, std::size_t& size) {
  std::size_t early = -reinterpret_cast<std::uintptr_t>(from) % sizeof(Word8);
  Word8 carry = 0;
  for (std::size_t i = 0; i < early; i++) carry |= Word8(from[i]) << 8 * i;
  auto* out = reinterpret_cast<Word8*>(to);
  auto* in = reinterpret_cast<const Word8*>(from + early);
#pragma GCC unroll 4
  for (; size >= early + sizeof(Word8); size -= sizeof(Word8)) {
    Word8 word = *in++;
    *out++ = carry | word << 8 * early;
    carry = word >> (64 - 8 * early);
  }
  to = reinterpret_cast<Byte*>(out);
  from = reinterpret_cast<const Byte*>(in) - early;
}

// Is one of the eight bytes 0? Subtracting 1 from each byte leaves its top bit set only if the byte
// was 0 or had that bit set before; `& ~word` leaves out the second kind. (Only a byte that is 0
// borrows from the next one.)
bool has_zero(Word8 word) {
  constexpr Word8 ones = 0x0101010101010101, tops = 0x8080808080808080;
  return ((word - ones) & ~word & tops) != 0;
}

}  // namespace

extern "C" {

void* memcpy(void* to, const void* from, std::size_t size) noexcept {
  auto* out = static_cast<Byte*>(to);
  auto* in = static_cast<const Byte*>(from);
  if (size >= sizeof(Word8)) {
    for (; !aligned<Word8>(out); size--) *out++ = *in++;
    if (aligned<Word8>(in)) {
      copy_words(out, in, size);
    } else if (size >= 2 * sizeof(Word8)) {
      copy_shifted(out, in, size);
    }
  }
  for (; size > 0; size--) *out++ = *in++;
  return to;
}

void* memmove(void* to, const void* from, std::size_t size) noexcept {
  // Copying upwards destroys what is yet to be read only if `to` lies inside [from, from + size).
  auto distance = reinterpret_cast<std::uintptr_t>(to) - reinterpret_cast<std::uintptr_t>(from);
  if (distance >= size) return memcpy(to, from, size);
  Byte* out = static_cast<Byte*>(to) + size;
  const Byte* in = static_cast<const Byte*>(from) + size;
  for (; size > 0; size--) *--out = *--in;
  return to;
}

void* memset(void* at, int byte, std::size_t size) noexcept {
  auto* out = static_cast<Byte*>(at);
  auto value = static_cast<Byte>(byte);
  if (size >= sizeof(Word8)) {
    for (; !aligned<Word8>(out); size--) *out++ = value;
    Word8 word = value * 0x0101010101010101ul;
    auto* words = reinterpret_cast<Word8*>(out);
    for (; size >= 8 * sizeof(Word8); size -= 8 * sizeof(Word8), words += 8) {
#pragma GCC unroll 8
      for (unsigned i = 0; i < 8; i++) words[i] = word;
    }
    for (; size >= sizeof(Word8); size -= sizeof(Word8)) *words++ = word;
    out = reinterpret_cast<Byte*>(words);
  }
  for (; size > 0; size--) *out++ = value;
  return at;
}

int memcmp(const void* a, const void* b, std::size_t size) noexcept {
  auto* left = static_cast<const Byte*>(a);
  auto* right = static_cast<const Byte*>(b);
  if (aligned<Word8>(left) && aligned<Word8>(right)) {
    // Equal words are skipped; the bytes of the first unequal one decide below.
    while (size >= sizeof(Word8) &&
           *reinterpret_cast<const Word8*>(left) == *reinterpret_cast<const Word8*>(right)) {
      left += sizeof(Word8);
      right += sizeof(Word8);
      size -= sizeof(Word8);
    }
  }
  for (; size > 0; size--, left++, right++) {
    if (*left != *right) return *left - *right;
  }
  return 0;
}

void* memchr(const void* at, int byte, std::size_t size) noexcept {
  auto* in = static_cast<const Byte*>(at);
  for (; size > 0; size--, in++) {
    if (*in == static_cast<Byte>(byte)) return const_cast<Byte*>(in);
  }
  return nullptr;
}

std::size_t strlen(const char* text) noexcept {
  std::size_t length = 0;
  while (text[length] != 0) length++;
  return length;
}

std::size_t strnlen(const char* text, std::size_t limit) noexcept {
  std::size_t length = 0;
  for (; length < limit && !aligned<Word8>(text + length); length++) {
    if (text[length] == 0) return length;
  }
  while (limit - length >= sizeof(Word8) &&
         !has_zero(*reinterpret_cast<const Word8*>(text + length))) {
    length += sizeof(Word8);
  }
  while (length < limit && text[length] != 0) length++;
  return length;
}

}  // extern "C"

namespace tine {

constexpr std::size_t words_per_page = page_size / sizeof(Word8);

void zero_page(void* page) {
  auto* word = static_cast<Word8*>(page);
  for (Word8* end = word + words_per_page; word != end; word += 32) {
#pragma GCC unroll 32
    for (unsigned i = 0; i < 32; i++) word[i] = 0;
  }
}

void copy_page(void* to, const void* from) {
  auto* out = static_cast<Word8*>(to);
  auto* in = static_cast<const Word8*>(from);
  std::size_t size = page_size;
  copy_blocks<32>(out, in, size);
}

void copy_text(char* to, std::size_t size, std::string_view text) {
  std::size_t length = text.size() < size ? text.size() : size - 1;
  memcpy(to, text.data(), length);
  memset(to + length, 0, size - length);
}

}  // namespace tine
