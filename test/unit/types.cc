#include "lib/types.hh"

#include <type_traits>

#include "arch/layout.hh"
#include "catch.hh"
#include "lib/result.hh"

using namespace tine;

static_assert(!std::is_convertible_v<PhysAddr, VirtAddr>);
static_assert(!std::is_constructible_v<VirtAddr, PhysAddr>);
static_assert(!std::is_convertible_v<std::uint64_t, PhysAddr>);
static_assert(!std::is_convertible_v<PhysAddr, std::uint64_t>);

TEST_CASE("an address rounds to the page it is in and to the next") {
  VirtAddr inside(0x12345);
  CHECK(inside.page_down() == VirtAddr(0x12000));
  CHECK(inside.page_up() == VirtAddr(0x13000));
  CHECK(inside.page_offset() == 0x345);
  CHECK(!inside.is_page_aligned());
  CHECK(VirtAddr(0x12000).page_up() == VirtAddr(0x12000));
  CHECK(VirtAddr(0x12000).is_page_aligned());
}

TEST_CASE("the distance of two addresses is a number, their sum with a number an address") {
  PhysAddr start(0x80000000);
  CHECK((start + 0x1000) - start == 0x1000);
  CHECK(start + 0x1000 - 0x1000 == start);
  CHECK((start += 8) == PhysAddr(0x80000008));
  CHECK(PhysAddr(1) < PhysAddr(2));
}

TEST_CASE("direct and physical are each other's inverse") {
  PhysAddr at = simulated_start + 0x1234;
  CHECK(physical(direct(at)) == at);
}

namespace {

Result<int> half(int number) {
  if (number % 2) return Errno::inval;
  return number / 2;
}
Result<> check_even(int number) {
  TRY(half(number));
  return {};
}
Result<int> quarter(int number) {
  int once = TRY(half(number));
  TRY(check_even(once));
  return TRY(half(once));
}

}  // namespace

TEST_CASE("TRY hands on the value, or returns the error from the function around") {
  CHECK(quarter(8).value() == 2);
  CHECK(quarter(6).error() == Errno::inval);
  CHECK(quarter(7).error() == Errno::inval);
  CHECK(check_even(2).has_value());
}

TEST_CASE("TRY moves out of a Result that has a name") {
  Result<std::string> named("text");
  auto taken = [&]() -> Result<std::string> { return TRY(std::move(named)); }();
  CHECK(taken.value() == "text");
}
