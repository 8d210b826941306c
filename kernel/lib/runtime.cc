// What compiled code and the freestanding C++ library call behind the programmer's back when there
// is no way on: the value of an empty optional, a pure virtual call. Only a bug leads here. It
// stops at a trap instruction, which the kernel reports with a backtrace.
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

}  // extern "C"
