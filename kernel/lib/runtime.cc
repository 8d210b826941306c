// What compiled code and the freestanding C++ library call behind the programmer's back. The first
// half can only be reached through a bug (the value of an empty optional, a pure virtual call): it
// stops at a trap instruction, which the kernel reports with a backtrace. The second half are the
// bit operations that rv64imac has no instructions for.
#include <cstddef>
#include <cstdint>

namespace std {

[[noreturn]] void __throw_bad_optional_access() { __builtin_trap(); }
[[noreturn]] void __throw_bad_variant_access(const char*) { __builtin_trap(); }
[[noreturn]] void __throw_bad_array_new_length() { __builtin_trap(); }
[[noreturn]] void __throw_length_error(const char*) { __builtin_trap(); }
[[noreturn]] void __throw_logic_error(const char*) { __builtin_trap(); }
[[noreturn]] void __throw_out_of_range(const char*) { __builtin_trap(); }
[[noreturn]] void __throw_out_of_range_fmt(const char*, ...) { __builtin_trap(); }
[[noreturn]] void __throw_bad_function_call() { __builtin_trap(); }

// A failed assertion of the library itself (_GLIBCXX_ASSERTIONS).
[[noreturn]] void __glibcxx_assert_fail(const char*, int, const char*, const char*) noexcept {
  __builtin_trap();
}

}  // namespace std

extern "C" {

[[noreturn]] void abort() noexcept { __builtin_trap(); }
[[noreturn]] void __cxa_pure_virtual() { __builtin_trap(); }
[[noreturn]] void __cxa_deleted_virtual() { __builtin_trap(); }

// Ones are added up side by side: in pairs, fours, bytes; the multiplication adds the bytes.
int __popcountdi2(std::uint64_t value) {
  value -= (value >> 1) & 0x5555555555555555;
  value = (value & 0x3333333333333333) + ((value >> 2) & 0x3333333333333333);
  value = (value + (value >> 4)) & 0x0f0f0f0f0f0f0f0f;
  return static_cast<int>((value * 0x0101010101010101) >> 56);
}

// The highest one is smeared downwards; the zeros that are left lie above it. (Asked about 0, which
// the compiler never does, this and the next one answer 64.)
int __clzdi2(std::uint64_t value) {
  for (unsigned shift = 1; shift < 64; shift *= 2) value |= value >> shift;
  return __popcountdi2(~value);
}

// The bits below the lowest set one, counted.
int __ctzdi2(std::uint64_t value) { return __popcountdi2(~value & (value - 1)); }

}  // extern "C"
