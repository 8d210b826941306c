// The compiler and the freestanding C++ library add calls of this function where execution cannot
// continue: a substring that begins after the end of its string, a pure virtual call. Only a bug
// leads here. The trap instruction makes the kernel report it, with a backtrace. Versions of the
// library call different names: linker/kernel.ld makes all of them mean this function.
extern "C" [[noreturn]] void abort() noexcept { __builtin_trap(); }
