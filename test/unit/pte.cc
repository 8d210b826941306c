#include "arch/pte.hh"

#include "catch.hh"

using namespace tine;

namespace {
constexpr PhysAddr frame{0x87654000};
constexpr std::uint64_t frame_field = 0x87654ul << 10;
}  // namespace

TEST_CASE("the bits of an entry are where the specification has them") {
  // V R W X U G A D: bits 0 to 7 (Privileged Architecture, figure "Sv39 page table entry")
  CHECK(Pte().bits() == 0);
  CHECK(Pte::table(frame).bits() == (frame_field | 0x01));
  CHECK(Pte::user(frame, Prot::read).bits() == (frame_field | 0x53));
  CHECK(Pte::user(frame, Prot::read | Prot::write).bits() == (frame_field | 0xd7));
  CHECK(Pte::user(frame, Prot::read | Prot::exec).bits() == (frame_field | 0x5b));
  CHECK(Pte::kernel(frame, Prot::read | Prot::write).bits() == (frame_field | 0xe7));
  CHECK(Pte::user(frame, Prot::read | Prot::write).copy_on_write().bits() == (frame_field | 0x153));
}

TEST_CASE("a page that can be written can be read: W alone is reserved") {
  Pte entry = Pte::user(frame, Prot::write);
  CHECK(entry.writable());
  CHECK(entry.readable());
}

TEST_CASE("a table is valid and no leaf") {
  CHECK(Pte::table(frame).valid());
  CHECK(!Pte::table(frame).is_leaf());
  CHECK(Pte::user(frame, Prot::exec).is_leaf());
  CHECK(!Pte().valid());
}

TEST_CASE("the address comes back, up to the highest of 56 bits") {
  CHECK(Pte::user(frame, Prot::read).address() == frame);
  PhysAddr highest{0xfffffffffff000};
  CHECK(Pte::user(highest, Prot::read | Prot::write).copy_on_write().address() == highest);
  CHECK(Pte::table(highest).bits() >> 54 == 0);
}

TEST_CASE("user code may do what the entry permits, and nothing in the kernel's pages") {
  Pte data = Pte::user(frame, Prot::read | Prot::write);
  CHECK(data.permits(Prot::read));
  CHECK(data.permits(Prot::write));
  CHECK(!data.permits(Prot::exec));
  Pte cow = Pte::user(frame, Prot::read | Prot::write).copy_on_write();
  CHECK(cow.permits(Prot::read));
  CHECK(!cow.permits(Prot::write));
  CHECK(!Pte::kernel(frame, Prot::read).permits(Prot::read));
  CHECK(!Pte().permits(Prot::read));
}

TEST_CASE("sharing takes W and D away from what can be written, and leaves the rest alone") {
  Pte shared = Pte::user(frame, Prot::read | Prot::write).copy_on_write();
  CHECK(!shared.writable());
  CHECK(shared.readable());
  CHECK(shared.is_cow());
  CHECK(shared.copy_on_write() == shared);
  Pte text = Pte::user(frame, Prot::read | Prot::exec);
  CHECK(text.copy_on_write() == text);
  CHECK(!text.is_cow());
}

TEST_CASE("an address is split into nine bits a level") {
  VirtAddr address(1ul << 30 | 2ul << 21 | 3ul << 12 | 0x123);
  CHECK(pte_index(address, 2) == 1);
  CHECK(pte_index(address, 1) == 2);
  CHECK(pte_index(address, 0) == 3);
  CHECK(pte_index(VirtAddr(0xffffffc000000000), 2) == 256);
  CHECK(pte_span(0) == 4096);
  CHECK(pte_span(1) == 2 << 20);
  CHECK(pte_span(2) == 1 << 30);
}
