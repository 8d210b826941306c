/* new and delete for C++ programs. There are no exceptions: who gets no memory ends by abort(). */
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

/* What the compiler calls when a pure virtual function is reached. */
extern "C" void __cxa_pure_virtual() { abort(); }
