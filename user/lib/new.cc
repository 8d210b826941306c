/* new and delete for C++ programs. There are no exceptions: without memory, abort() is called. */
#include <stdlib.h>

void* operator new(size_t size) {
  void* block = malloc(size);
  if (block == nullptr) abort();
  return block;
}

void* operator new[](size_t size) { return operator new(size); }

void operator delete(void* block) noexcept { free(block); }
void operator delete[](void* block) noexcept { free(block); }
void operator delete(void* block, size_t) noexcept { free(block); }
void operator delete[](void* block, size_t) noexcept { free(block); }

/* The compiler calls this when a pure virtual function is called. */
extern "C" void __cxa_pure_virtual() { abort(); }
