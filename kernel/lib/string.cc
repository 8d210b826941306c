// The memory functions. Words of eight bytes are moved where both sides allow it, of four where
// both are aligned to four alike (the files of a cpio archive are), and single bytes elsewhere: not
// every CPU can misalign. (Downwards, memmove moves single bytes always.)
#include "lib/string.hh"

#include "lib/types.hh"

// The compiler knows loops that copy or fill as memcpy and memset. Here they must stay loops.
#pragma GCC optimize("no-tree-loop-distribute-patterns")

namespace {

// Words through which any object may be read and written.
using Word8 [[gnu::may_alias]] = std::uint64_t;
using Word4 [[gnu::may_alias]] = std::uint32_t;
using Byte = unsigned char;

template <class Word>
[[gnu::always_inline]] inline bool aligned(const void* at) {
  return reinterpret_cast<std::uintptr_t>(at) % sizeof(Word) == 0;
}

// Can both sides reach a word boundary at the same time?
template <class Word>
[[gnu::always_inline]] inline bool aligned_alike(const void* a, const void* b) {
  auto difference = reinterpret_cast<std::uintptr_t>(a) - reinterpret_cast<std::uintptr_t>(b);
  return difference % sizeof(Word) == 0;
}

// Moves all whole words that [from, from + size) has behind its first boundary; what is left stays
// in `size`. Every word is read before the next one is written, upwards: right for overlapping
// areas too, if `to` is the lower one.
template <class Word>
[[gnu::always_inline]] inline void copy_words(Byte*& to, const Byte*& from, std::size_t& size) {
  while (size > 0 && !aligned<Word>(to)) {
    *to++ = *from++;
    size--;
  }
  auto* out = reinterpret_cast<Word*>(to);
  auto* in = reinterpret_cast<const Word*>(from);
  for (; size >= 8 * sizeof(Word); size -= 8 * sizeof(Word), out += 8, in += 8) {
#pragma GCC unroll 8
    for (unsigned i = 0; i < 8; i++) out[i] = in[i];
  }
  for (; size >= sizeof(Word); size -= sizeof(Word)) *out++ = *in++;
  to = reinterpret_cast<Byte*>(out);
  from = reinterpret_cast<const Byte*>(in);
}

}  // namespace

extern "C" {

void* memcpy(void* to, const void* from, std::size_t size) noexcept {
  auto* out = static_cast<Byte*>(to);
  auto* in = static_cast<const Byte*>(from);
  if (size >= sizeof(Word8)) {
    if (aligned_alike<Word8>(out, in)) {
      copy_words<Word8>(out, in, size);
    } else if (aligned_alike<Word4>(out, in)) {
      copy_words<Word4>(out, in, size);
    }
    for (; size >= 4; size -= 4, out += 4, in += 4) {
#pragma GCC unroll 4
      for (unsigned i = 0; i < 4; i++) out[i] = in[i];
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
  for (Word8* end = out + words_per_page; out != end; out += 32, in += 32) {
#pragma GCC unroll 32
    for (unsigned i = 0; i < 32; i++) out[i] = in[i];
  }
}

void copy_text(char* to, std::size_t size, std::string_view text) {
  std::size_t length = text.size() < size ? text.size() : size - 1;
  memcpy(to, text.data(), length);
  memset(to + length, 0, size - length);
}

}  // namespace tine
