#include "mm/heap.hh"

#include <algorithm>
#include <atomic>
#include <barrier>
#include <cstring>
#include <thread>
#include <vector>

#include "catch.hh"
#include "machine.hh"
#include "random.hh"
#include "sync/hart.hh"

using namespace tine;

namespace {

struct Object {
  int number;
  static inline int alive = 0;
  explicit Object(int n) : number(n) { alive++; }
  ~Object() { alive--; }
};

struct Shared : RefCounted {
  std::uint64_t words[20] = {};
};

struct Block {
  std::byte* at;
  std::size_t size;
  std::byte value;
};

}  // namespace

TEST_CASE("objects of all sizes are aligned, and do not overlap") {
  test::Machine machine;
  test::Random random(40);
  std::vector<Block> blocks;
  auto free_one = [&](std::size_t index) {
    Block block = blocks[index];
    blocks.erase(blocks.begin() + index);
    REQUIRE(std::count(block.at, block.at + block.size, block.value) == long(block.size));
    heap_free(block.at);
  };
  for (int round = 0; round < 20000; round++) {
    if (blocks.size() > 100 || (!blocks.empty() && random() % 3 == 0)) {
      free_one(test::below(random, blocks.size()));
      continue;
    }
    std::size_t size = 1 + test::below(random, round % 10 ? 300 : heap_max);
    auto* at = static_cast<std::byte*>(heap_allocate(size));
    REQUIRE(at);
    REQUIRE(reinterpret_cast<std::uintptr_t>(at) % 16 == 0);
    blocks.push_back({at, size, std::byte(round)});
    std::fill_n(at, size, std::byte(round));
  }
  while (!blocks.empty()) free_one(0);
}

TEST_CASE("of the slabs that become empty, one of each class keeps its frame") {
  test::Machine machine;
  std::uint64_t free = machine.free_frames();
  std::vector<void*> objects;
  for (int i = 0; i < 129; i++) objects.push_back(heap_allocate(64));
  CHECK(machine.free_frames() == free - 3);
  for (void* each : objects) heap_free(each);
  CHECK(machine.free_frames() == free - 1);
  heap_free(heap_allocate(64));
  CHECK(machine.free_frames() == free - 1);
}

TEST_CASE("objects that come and go take no frame each time, though another slab has room") {
  test::Machine machine;
  std::vector<void*> stay;
  for (int i = 0; i < 63; i++) stay.push_back(heap_allocate(64));
  auto come_and_go = [] {
    void* last_in_slab = heap_allocate(64);
    void* first_in_another = heap_allocate(64);
    heap_free(last_in_slab);
    heap_free(first_in_another);
  };
  come_and_go();
  std::uint64_t free = machine.free_frames();
  fail_allocation(nullptr, 3);
  come_and_go();
  CHECK(fail_allocation(nullptr, 0) == 1);  // two objects, and no frame
  CHECK(machine.free_frames() == free);
  CHECK(heap_give_back());
  CHECK(machine.free_frames() == free + 1);
  CHECK_FALSE(heap_give_back());
  for (void* each : stay) heap_free(each);
}

TEST_CASE("slabs that are kept empty are given back, and only these") {
  test::Machine machine;
  std::uint64_t free = machine.free_frames();
  void* used = heap_allocate(64);
  for (std::size_t size : {16, 2048, 4096}) heap_free(heap_allocate(size));
  CHECK(machine.free_frames() == free - 4);
  CHECK(heap_give_back());
  CHECK(machine.free_frames() == free - 1);
  CHECK_FALSE(heap_give_back());
  heap_free(used);
}

TEST_CASE("when no frame is left, those of empty slabs are taken") {
  test::Machine machine;
  heap_free(heap_allocate(2048));
  machine.with_memory_exhausted([] { CHECK(heap_allocate(2048) == nullptr); });
}

// Two harts find no slab with room, and each makes one: of the two none may be forgotten.
TEST_CASE("slabs that two harts make at the same time are given back, too") {
  constexpr int rounds = 20000;
  test::Machine machine;
  std::uint64_t free = machine.free_frames();
  std::barrier together(2);
  std::atomic<int> lost{0};
  auto allocate = [&](unsigned hart) {
    simulated_hart = hart;
    for (int round = 0; round < rounds; round++) {
      together.arrive_and_wait();
      heap_free(heap_allocate(4096));
      together.arrive_and_wait();
      if (hart != 0) continue;
      heap_give_back();
      lost += machine.free_frames() != free;
      while (heap_give_back()) continue;
    }
  };
  std::thread other(allocate, 1);
  allocate(0);
  other.join();
  CHECK(lost == 0);
}

TEST_CASE("bytes in use are counted in the sizes of the slabs") {
  test::Machine machine;
  std::uint64_t before = heap_bytes_in_use();
  void* small = heap_allocate(1);
  void* large = heap_allocate(2049);
  CHECK(heap_bytes_in_use() == before + 16 + 4096);
  heap_free(small);
  heap_free(large);
  CHECK(heap_bytes_in_use() == before);
}

TEST_CASE("nothing can be freed, and what is too large is not given") {
  test::Machine machine;
  heap_free(nullptr);
  CHECK(heap_allocate(heap_max + 1) == nullptr);
}

TEST_CASE("make builds an object that its OwnPtr destroys") {
  test::Machine machine;
  {
    auto object = make<Object>(7);
    REQUIRE(object.has_value());
    CHECK((*object)->number == 7);
    CHECK(Object::alive == 1);
  }
  CHECK(Object::alive == 0);
}

TEST_CASE("make_ref builds an object with one reference, freed with the last") {
  test::Machine machine;
  RefPtr<Shared> first = make_ref<Shared>().value();
  RefPtr<Shared> second = first;
  CHECK(first->references() == 2);
}

TEST_CASE("without memory make answers nomem and nothing is built") {
  test::Machine machine;
  machine.with_memory_exhausted([] {
    CHECK(make<Object>(1).error() == Errno::nomem);
    CHECK(make_ref<Shared>().error() == Errno::nomem);
    CHECK(Object::alive == 0);
  });
}

TEST_CASE("each allocation that make does can fail alone") {
  test::Machine machine;
  for (long n = 1; n <= 2; n++) {  // the object, and the frame behind a new slab
    fail_allocation(nullptr, n);
    CHECK(make<Object>(1).error() == Errno::nomem);
  }
  fail_allocation(nullptr, 3);
  CHECK(make<Object>(1).has_value());
}

TEST_CASE("an object freed twice or in its middle is a panic") {
  test::Machine machine;
  auto* object = static_cast<std::byte*>(heap_allocate(64));
  CHECK_THROWS_AS(heap_free(object + 8), test::Panic);
  heap_free(object);
  CHECK_THROWS_AS(heap_free(object), test::Panic);
}
