#include "lib/result.hh"

#include <cstdint>
#include <memory>

#include "catch.hh"
#include "lib/types.hh"

using namespace tine;

namespace {

template <class T>
Result<T> handed_on(Result<T> from) {
  T value = TRY(std::move(from));
  return value;
}

}  // namespace

TEST_CASE("Result: a value or an errno, handed on by TRY") {
  CHECK(*handed_on(Result<int>(-5)) == -5);
  CHECK(handed_on(Result<std::uint64_t>(~0ul)).value() == ~0ul);
  CHECK(*handed_on(Result<PhysAddr>(PhysAddr(4096))) == PhysAddr(4096));
  CHECK(handed_on(Result<std::uint64_t>(Errno::fault)).error() == Errno::fault);
  CHECK_FALSE(handed_on(Result<bool>(Errno::nomem)).has_value());
  CHECK(handed_on(Result<bool>(false)).has_value());

  auto owned = handed_on(Result<std::unique_ptr<int>>(std::make_unique<int>(7)));
  CHECK(**owned == 7);
  CHECK(handed_on(Result<std::unique_ptr<int>>(Errno::io)).error() == Errno::io);
}

TEST_CASE("Result: zero, no value and no error are told apart") {
  CHECK(Result<int>().has_value());
  CHECK(*Result<int>() == 0);
  CHECK(Result<int>(0) != Result<int>(Errno::perm));
  CHECK(Result<int>(0) == Result<int>());
  CHECK(Result<>().has_value());
  CHECK(Result<>(Errno::again).error() == Errno::again);
}

TEST_CASE("Result: what fits a register is returned in two") {
  STATIC_REQUIRE(std::is_trivially_copyable_v<Result<std::size_t>>);
  STATIC_REQUIRE(sizeof(Result<std::size_t>) == 16);
  STATIC_REQUIRE(sizeof(Result<VirtAddr>) == 16);
  STATIC_REQUIRE(sizeof(Result<>) == sizeof(Errno));
}
