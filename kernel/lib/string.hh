// Bytes and pages. The memory functions that compilers call by name have C linkage.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

extern "C" {
void* memcpy(void* to, const void* from, std::size_t size) noexcept;
void* memmove(void* to, const void* from, std::size_t size) noexcept;
void* memset(void* at, int byte, std::size_t size) noexcept;
int memcmp(const void* a, const void* b, std::size_t size) noexcept;
void* memchr(const void* at, int byte, std::size_t size) noexcept;
std::size_t strlen(const char* text) noexcept;
// The length without the final 0; `limit` when none of the first `limit` bytes is 0.
std::size_t strnlen(const char* text, std::size_t limit) noexcept;
}

namespace tine {

// Whole pages (page_size bytes, page aligned): eight-byte loads and stores, 32 to a loop.
void zero_page(void* page);
void copy_page(void* to, const void* from);

// Copies as much of `text` as fits and ends it with a 0; the rest of the buffer becomes 0 too, so
// that nothing of what was there before can leak. `size` > 0.
void copy_text(char* to, std::size_t size, std::string_view text);

}  // namespace tine
