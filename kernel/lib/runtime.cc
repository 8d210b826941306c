// What compiled code and the freestanding C++ library call behind the programmer's back when there
// is no way on: a substring that begins behind the end, a pure virtual call. Only a bug leads here.
// It stops at a trap instruction, which the kernel reports with a backtrace. The library's versions
// differ in the name that they call: linker/kernel.ld leads them all here.
extern "C" [[noreturn]] void abort() noexcept { __builtin_trap(); }
