// Addresses that cannot be mixed up. A PhysAddr names a byte of the machine's memory, a VirtAddr a
// byte of some address space; neither turns into the other, or into a number, unless the code says
// so.
#pragma once

#include <tine/limits.h>

#include <compare>
#include <cstddef>
#include <cstdint>

namespace tine {

constexpr std::size_t page_size = TINE_PAGE_SIZE;
constexpr unsigned page_shift = 12;

// An address of one kind (Tag makes the kinds different types). Arithmetic keeps the kind; the
// distance of two is a number.
template <class Tag>
class Address {
 public:
  constexpr Address() = default;
  explicit constexpr Address(std::uint64_t value) : value_(value) {}

  constexpr std::uint64_t value() const { return value_; }
  constexpr std::uint64_t page_offset() const { return value_ & (page_size - 1); }
  constexpr Address page_down() const { return Address(value_ & ~(page_size - 1)); }
  // Wraps to 0 in the last page of the 64-bit space: check untrusted values first.
  constexpr Address page_up() const { return Address((value_ + page_size - 1) & ~(page_size - 1)); }
  constexpr bool is_page_aligned() const { return page_offset() == 0; }

  constexpr Address operator+(std::uint64_t bytes) const { return Address(value_ + bytes); }
  constexpr Address operator-(std::uint64_t bytes) const { return Address(value_ - bytes); }
  constexpr std::uint64_t operator-(Address other) const { return value_ - other.value_; }
  constexpr Address& operator+=(std::uint64_t bytes) { return *this = *this + bytes; }
  constexpr auto operator<=>(const Address&) const = default;

 private:
  std::uint64_t value_ = 0;
};

using PhysAddr = Address<struct PhysTag>;
using VirtAddr = Address<struct VirtTag>;

constexpr VirtAddr user_base{USER_BASE};
constexpr VirtAddr user_top{USER_TOP};

}  // namespace tine
