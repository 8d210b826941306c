// The kernel heap: objects of up to one page, in slabs of one size each. `make` and `make_ref` are
// the way to build an object, because every allocation may fail; there is no plain `new`.
//
// Lock: `heap`, inside. Never sleeps. The caller may hold any lock that ranks before `stack pool`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>

#include "lib/own.hh"
#include "lib/ref.hh"
#include "lib/result.hh"

namespace tine {

constexpr std::size_t heap_max = 4096;

// `size` bytes (at most heap_max), aligned to 16, contents undefined; nullptr when memory has run
// out.
void* heap_allocate(std::size_t size);
void heap_free(void* object);  // nullptr is allowed

std::uint64_t heap_bytes_in_use();  // in the sizes of the slabs

// Frees the slabs that are kept empty, and returns how many. A row of the frame allocator's table
// (FRAME_KEEPER).
std::size_t heap_give_back();

// A new object. Errors: nomem; then nothing was allocated.
template <class T, class... Args>
Result<OwnPtr<T>> make(Args&&... args) {
  static_assert(sizeof(T) <= heap_max);
  void* place = heap_allocate(sizeof(T));
  if (!place) return Errno::nomem;
  return OwnPtr<T>(new (place) T(std::forward<Args>(args)...));
}
template <class T, class... Args>
Result<RefPtr<T>> make_ref(Args&&... args) {
  static_assert(sizeof(T) <= heap_max);
  void* place = heap_allocate(sizeof(T));
  if (!place) return Errno::nomem;
  return RefPtr<T>::adopt(new (place) T(std::forward<Args>(args)...));
}

}  // namespace tine
