// From a member back to the object that it lies in: what intrusive lists and trees need.
#pragma once

#include <cstdint>

namespace tine {

// `part` is the member `member` of the object that is returned. The member's offset is computed
// from a made-up address, at which nothing is read; the compiler makes it a constant.
template <class T, class Part>
T* object_around(Part* part, Part T::* member) {
  constexpr std::uintptr_t somewhere = 1 << 16;
  auto offset =
      reinterpret_cast<std::uintptr_t>(&(reinterpret_cast<T*>(somewhere)->*member)) - somewhere;
  return reinterpret_cast<T*>(reinterpret_cast<std::uintptr_t>(part) - offset);
}

}  // namespace tine
