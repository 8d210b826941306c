// The kernel's memory functions under other names, so that the host keeps its own.
#include <cstddef>
#include <cstdint>
#include <string_view>

#define memcpy tine_memcpy
#define memmove tine_memmove
#define memset tine_memset
#define memcmp tine_memcmp
#define memchr tine_memchr
#define strlen tine_strlen
#define strnlen tine_strnlen
#include "../../kernel/lib/string.cc"
