#include "mm/frames.hh"

#include <algorithm>
#include <vector>

#include "catch.hh"
#include "machine.hh"

using namespace tine;

TEST_CASE("an allocated frame has one reference, and is free again without it") {
  test::Machine machine;
  std::uint64_t free = machine.free_frames();
  auto frame = frame_allocate(FrameKind::user);
  REQUIRE(frame.has_value());
  CHECK(frame->is_page_aligned());
  CHECK(frame_references(*frame) == 1);
  CHECK(frame_record(*frame).kind == FrameKind::user);
  CHECK(frame_address(frame_record(*frame)) == *frame);
  CHECK(machine.free_frames() == free - 1);
  frame_unref(*frame);
  CHECK(machine.free_frames() == free);
}

TEST_CASE("a frame stays as long as anybody holds a reference") {
  test::Machine machine;
  PhysAddr frame = frame_allocate(FrameKind::file).value();
  frame_ref(frame);
  frame_unref(frame);
  CHECK(frame_record(frame).kind == FrameKind::file);
  CHECK(frame_references(frame) == 1);
  frame_unref(frame);
  CHECK(frame_record(frame).kind == FrameKind::free);
}

TEST_CASE("a zeroed frame is all zeros, whatever was there before") {
  test::Machine machine;
  PhysAddr dirty = frame_allocate(FrameKind::user).value();
  std::fill_n(direct(dirty), page_size, std::byte{0xff});
  frame_unref(dirty);
  auto frame = FrameRef::adopt(frame_allocate_zeroed(FrameKind::user).value());
  CHECK(frame.address() == dirty);
  auto bytes = frame.bytes();
  CHECK(std::count(bytes.begin(), bytes.end(), std::byte{0}) == page_size);
}

TEST_CASE("no frame is given out twice") {
  test::Machine machine;
  std::vector<PhysAddr> all;
  while (auto frame = frame_allocate(FrameKind::user)) all.push_back(*frame);
  CHECK(machine.free_frames() == 0);
  std::sort(all.begin(), all.end());
  CHECK(std::adjacent_find(all.begin(), all.end()) == all.end());
  for (PhysAddr frame : all) {
    REQUIRE(frame >= simulated_start);
    REQUIRE(frame < simulated_start + simulated_size);
    frame_unref(frame);
  }
}

TEST_CASE("the counts by kind add up to the total") {
  test::Machine machine;
  auto user = FrameRef::adopt(frame_allocate(FrameKind::user).value());
  FrameCounts counts = frame_counts();
  std::uint64_t sum = 0;
  for (std::uint64_t each : counts.of_kind) sum += each;
  CHECK(sum == counts.total);
  CHECK(counts.total == simulated_size / page_size);
}

TEST_CASE("a FrameRef gives its reference back, moves it, or releases it") {
  test::Machine machine;
  PhysAddr frame = frame_allocate(FrameKind::user).value();
  {
    auto first = FrameRef::adopt(frame);
    FrameRef second = std::move(first);
    CHECK(!first);
    CHECK(second.address() == frame);
    CHECK(second.release() == frame);
    CHECK(!second);
  }
  CHECK(frame_references(frame) == 1);
  {
    auto last = FrameRef::adopt(frame);
  }
  CHECK(frame_record(frame).kind == FrameKind::free);
}

TEST_CASE("the n-th allocation fails once when it is told to") {
  test::Machine machine;
  CHECK(fail_allocation(nullptr, 2) == 0);
  auto first = frame_allocate(FrameKind::user);
  REQUIRE(first.has_value());
  CHECK(frame_allocate(FrameKind::user).error() == Errno::nomem);
  auto third = frame_allocate(FrameKind::user);
  REQUIRE(third.has_value());
  CHECK(fail_allocation(nullptr, 0) == 0);
  frame_unref(*first);
  frame_unref(*third);
}

TEST_CASE("a failure that did not strike is told when it is disarmed") {
  test::Machine machine;
  fail_allocation(nullptr, 5);
  frame_unref(frame_allocate(FrameKind::user).value());
  CHECK(fail_allocation(nullptr, 0) == 4);
}

TEST_CASE("only the thread that was named is made to fail") {
  test::Machine machine;
  int somebody_else = 0;
  fail_allocation(&somebody_else, 1);
  frame_unref(frame_allocate(FrameKind::user).value());
  CHECK(fail_allocation(nullptr, 0) == 1);
}
