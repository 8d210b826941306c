#include <cstddef>

#include "mm/heap.hh"

// The functions that `delete` and virtual destructors call.
void operator delete(void* object) noexcept { tine::heap_free(object); }
void operator delete(void* object, std::size_t) noexcept { tine::heap_free(object); }
