// The wing `ubsan`: functions that code compiled with -fsanitize=undefined calls before it does
// something undefined. Each gets a record that begins with the place in the source; the rest
// (types, operands) is not needed to find the bug. The compiler defines names and records.
#include <cstdint>

#include "sync/panic.hh"

namespace {

struct SourceLocation {
  const char* file;
  std::uint32_t line;
  std::uint32_t column;
};

[[noreturn]] void report(const char* kind, const SourceLocation* where) {
  tine::panic("undefined behaviour: {} at {}:{}:{}", kind, where->file, where->line, where->column);
}

}  // namespace

// The operands after the record differ between handlers, and are not read.
#define TINE_UBSAN_HANDLER(name, kind)                                              \
  extern "C" [[noreturn]] void __ubsan_handle_##name(const SourceLocation* where) { \
    report(kind, where);                                                            \
  }

TINE_UBSAN_HANDLER(add_overflow, "signed addition overflows")
TINE_UBSAN_HANDLER(sub_overflow, "signed subtraction overflows")
TINE_UBSAN_HANDLER(mul_overflow, "signed multiplication overflows")
TINE_UBSAN_HANDLER(negate_overflow, "negation overflows")
TINE_UBSAN_HANDLER(divrem_overflow, "division by zero or overflow")
TINE_UBSAN_HANDLER(shift_out_of_bounds, "shift by too many bits")
TINE_UBSAN_HANDLER(out_of_bounds, "array index out of bounds")
TINE_UBSAN_HANDLER(pointer_overflow, "pointer arithmetic overflows")
TINE_UBSAN_HANDLER(load_invalid_value, "value that its type does not have")
TINE_UBSAN_HANDLER(builtin_unreachable, "unreachable code reached")
TINE_UBSAN_HANDLER(missing_return, "end of a function without return")
TINE_UBSAN_HANDLER(vla_bound_not_positive, "array of negative length")
TINE_UBSAN_HANDLER(invalid_builtin, "zero given to a bit count")
TINE_UBSAN_HANDLER(nonnull_arg, "null given as an argument that must not be")
TINE_UBSAN_HANDLER(float_cast_overflow, "floating point value does not fit")

// The pointer is null, or misaligned, or its object too small.
extern "C" [[noreturn]] void __ubsan_handle_type_mismatch_v1(const SourceLocation* where,
                                                             std::uintptr_t pointer) {
  report(pointer == 0 ? "null pointer used" : "misaligned pointer, or object too small", where);
}

// The location is a second argument here.
extern "C" [[noreturn]] void __ubsan_handle_nonnull_return_v1(const void*,
                                                              const SourceLocation* where) {
  report("null returned where it must not be", where);
}
