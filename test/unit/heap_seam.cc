// The kernel's heap without its global `operator delete`; machine.cc has one that serves both
// sides.
#include <array>

#include "lib/string.hh"
#include "mm/frames.hh"
#include "mm/heap.hh"
#include "sync/panic.hh"
#include "sync/spinlock.hh"

#define operator
#define delete kernel_operator_delete
#include "../../kernel/mm/heap.cc"
