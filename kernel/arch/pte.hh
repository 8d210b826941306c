// The Sv39 page table entry (Privileged Architecture, "Sv39: Page-Based 39-bit Virtual-Memory
// System").
//
//   63      54 53          10 9 8 7 6 5 4 3 2 1 0
//   | reserved | frame number | RSW|D|A|G|U|X|W|R|V|   bit 8, of RSW: copy-on-write
#pragma once

#include <cstdint>

#include "lib/types.hh"

namespace tine {

// The rights of a mapping, or the rights that an access needs.
enum class Prot : std::uint8_t { none = 0, read = 1, write = 2, exec = 4 };
constexpr Prot operator|(Prot a, Prot b) { return Prot(std::uint8_t(a) | std::uint8_t(b)); }
constexpr bool allows(Prot have, Prot wanted) {
  return (std::uint8_t(have) & std::uint8_t(wanted)) == std::uint8_t(wanted);
}

class Pte {
 public:
  static constexpr std::uint64_t v = 1 << 0, r = 1 << 1, w = 1 << 2, x = 1 << 3, u = 1 << 4,
                                 g = 1 << 5, a = 1 << 6, d = 1 << 7, cow_bit = 1 << 8;

  constexpr Pte() = default;  // not valid

  // A pointer to the next table.
  static constexpr Pte table(PhysAddr at) { return Pte(frame_bits(at) | v); }
  // A user page. A and D are set from the start: hardware that does not set them raises a page
  // fault instead. W without R is reserved, so a page that can be written can also be read.
  static constexpr Pte user(PhysAddr at, Prot prot) {
    return Pte(frame_bits(at) | v | u | a | prot_bits(prot));
  }
  // A page of the kernel: in every address space, hence G.
  static constexpr Pte kernel(PhysAddr at, Prot prot) {
    return Pte(frame_bits(at) | v | g | a | prot_bits(prot));
  }

  constexpr bool valid() const { return bits_ & v; }
  constexpr bool is_leaf() const { return bits_ & (r | w | x); }
  constexpr bool readable() const { return bits_ & r; }
  constexpr bool writable() const { return bits_ & w; }
  constexpr bool executable() const { return bits_ & x; }
  constexpr bool is_cow() const { return bits_ & cow_bit; }
  // Bits 54 and up are reserved, and 0 in every entry that is made here.
  constexpr PhysAddr address() const { return PhysAddr(bits_ >> 10 << 12); }
  constexpr std::uint64_t bits() const { return bits_; }

  // Does the entry, as it is now, allow user code this access?
  constexpr bool permits(Prot access) const {
    std::uint64_t needed = v | u | (prot_bits(access) & (r | w | x));
    return (bits_ & needed) == needed;
  }

  // A writable entry becomes copy-on-write; every other entry stays as it is.
  constexpr Pte copy_on_write() const {
    return writable() ? Pte((bits_ & ~(w | d)) | cow_bit) : *this;
  }

  bool operator==(const Pte&) const = default;

 private:
  std::uint64_t bits_ = 0;

  explicit constexpr Pte(std::uint64_t bits) : bits_(bits) {}
  static constexpr std::uint64_t frame_bits(PhysAddr at) { return at.value() >> 12 << 10; }
  static constexpr std::uint64_t prot_bits(Prot prot) {
    std::uint64_t bits = 0;
    if (allows(prot, Prot::read)) bits |= r;
    if (allows(prot, Prot::write)) bits |= r | w | d;
    if (allows(prot, Prot::exec)) bits |= x;
    return bits;
  }
};
static_assert(sizeof(Pte) == 8);

constexpr unsigned ptes_per_table = 512;
constexpr unsigned table_levels = 3;

// Index into the table of `level` (2: root, 0: leaf) for an address.
constexpr unsigned pte_index(VirtAddr address, unsigned level) {
  return (address.value() >> (page_shift + 9 * level)) & (ptes_per_table - 1);
}
// The half that programs have. Addresses between the two halves are valid in neither.
constexpr bool in_lower_half(VirtAddr address) { return address.value() >> 38 == 0; }
// Bytes that one entry of `level` maps.
constexpr std::uint64_t pte_span(unsigned level) { return page_size << (9 * level); }

}  // namespace tine
