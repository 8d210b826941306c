#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <functional>
#include <random>
#include <thread>
#include <vector>

#include "arch/layout.hh"
#include "catch.hh"
#include "machine.hh"
#include "vm/user_memory.hh"

using namespace tine;

namespace {

constexpr VirtAddr base{0x2000000000};
constexpr std::size_t pages = 8;
constexpr Prot read_write = Prot::read | Prot::write;

bool map_again(AddressSpace& space, VirtAddr at, std::uint64_t size) {
  return space
      .map({.wanted = at,
            .size = size,
            .place = Mapping::Place::fixed,
            .contents = {.prot = read_write}})
      .has_value();
}

RefPtr<AddressSpace> space_with_pages() {
  auto space = AddressSpace::create().value();
  REQUIRE(map_again(*space, base, pages * page_size));
  return space;
}

Errno error_of(Result<> result) { return result ? Errno{} : result.error(); }

}  // namespace

TEST_CASE("bytes come back from where they were put, across pages that come as they are touched") {
  test::Machine machine;
  auto space = space_with_pages();
  std::array<char, 5000> out, in{};
  for (std::size_t i = 0; i < out.size(); i++) out[i] = char(i * 7);
  VirtAddr at = base + page_size - 100;
  CHECK(space->resident_pages() == 0);
  REQUIRE(copy_to_user(*space, at, out.data(), out.size()));
  CHECK(space->resident_pages() == 3);
  REQUIRE(copy_from_user(*space, in.data(), at, in.size()));
  CHECK(in == out);
}

TEST_CASE("a hole, a permission and the end of the address space are a fault, in no other space") {
  test::Machine machine;
  auto space = space_with_pages();
  std::array<char, 64> bytes{};
  auto to = [&](VirtAddr at) { return error_of(copy_to_user(*space, at, bytes.data(), 64)); };
  auto from = [&](VirtAddr at) { return error_of(copy_from_user(*space, bytes.data(), at, 64)); };
  REQUIRE(space->unmap(base + page_size, page_size));
  REQUIRE(space->protect(base + 2 * page_size, page_size, Prot::read));
  REQUIRE(space->protect(base + 3 * page_size, page_size, Prot::none));
  CHECK(to(base) == Errno{});
  CHECK(to(base + page_size - 32) == Errno::fault);
  CHECK(to(base + 2 * page_size) == Errno::fault);
  CHECK(from(base + 2 * page_size) == Errno{});
  CHECK(from(base + 3 * page_size) == Errno::fault);
  for (std::uint64_t bad :
       {0ul, 0xffful, USER_TOP - 32ul, 1ul << 38, ~0ul << 38, ~0ul - 31, ~0ul}) {
    CHECK(to(VirtAddr(bad)) == Errno::fault);
    CHECK(from(VirtAddr(bad)) == Errno::fault);
  }
  IoBuffer buffer(*space, base + page_size - 32, 64);
  CHECK(buffer.put(std::as_bytes(std::span(bytes))).value() == 32);
  CHECK(buffer.left() == 32);
  CHECK(buffer.put(std::as_bytes(std::span(bytes))).error() == Errno::fault);
  CHECK(buffer.left() == 32);
}

TEST_CASE("without memory a copy moves what it can, and can be made again") {
  test::Machine machine;
  auto space = space_with_pages();
  std::array<std::byte, 3 * page_size> bytes{};
  for (long n = 1;; n++) {
    REQUIRE(space->unmap(base, pages * page_size));
    REQUIRE(map_again(*space, base, pages * page_size));
    fail_allocation(nullptr, n);
    IoBuffer buffer(*space, base, bytes.size());
    Result<std::size_t> moved = buffer.put(bytes);
    if (fail_allocation(nullptr, 0) != 0) break;
    if (!moved) CHECK(moved.error() == Errno::nomem);
    CHECK(buffer.left() == bytes.size() - (moved ? *moved : 0));
    CHECK(buffer.put(bytes).value() == bytes.size() - (moved ? *moved : 0));
  }
}

// ---- Two harts, one address space ----

namespace {

// What the copier writes is known by its address alone. So whatever it reads must be that or 0: any
// other byte is of a frame that belongs to somebody else by now, or was written to a wrong place.
std::byte stamp(VirtAddr at) { return std::byte(1 + at.value() % 251); }
constexpr std::byte foreign{0xfe};

struct Counts {
  std::atomic<unsigned long> whole = 0, part = 0, fault = 0, wrong = 0;

  unsigned long copies() const { return whole + part + fault + wrong; }

  // A copy of `size` bytes, of which `moved` were; `rest`: what the buffer says is left.
  void add(const Result<std::size_t>& moved, std::size_t size, std::size_t rest) {
    if (moved && *moved == size && rest == 0) {
      whole++;
    } else if (moved && *moved < size && rest == size - *moved) {
      part++;
    } else if (!moved && moved.error() == Errno::fault && rest == size) {
      fault++;
    } else {
      wrong++;
    }
  }
};

void copy_to_and_fro(AddressSpace& space, Counts& counts, std::atomic<bool>& done) {
  simulated_hart = 1;
  std::mt19937 random(1);
  std::array<std::byte, 3 * page_size> bytes;
  while (!done) {
    VirtAddr at = base + random() % (pages * page_size);
    std::size_t size = 1 + random() % bytes.size();
    size = std::min(size, base + pages * page_size - at);
    IoBuffer buffer(space, at, size);
    Result<std::size_t> moved;
    if (random() % 2) {
      for (std::size_t i = 0; i < size; i++) bytes[i] = stamp(at + i);
      moved = buffer.put(std::span(bytes).first(size));
    } else {
      bytes.fill(foreign);
      moved = buffer.take(std::span(bytes).first(size));
      std::size_t count = moved ? *moved : 0;
      for (std::size_t i = 0; i < bytes.size(); i++) {
        bool good =
            i < count ? bytes[i] == std::byte{} || bytes[i] == stamp(at + i) : bytes[i] == foreign;
        counts.wrong += !good;
      }
    }
    counts.add(moved, size, buffer.left());
    if (random() % 8 == 0)
      std::this_thread::yield();  // with no lock: on one core, too, both get on
  }
}

// Frames that were given back are soon somebody else's, who finds in them what he wrote.
std::atomic<unsigned long> spoiled = 0;
void use_frames() {
  std::array<Result<PhysAddr>, 3> frames{Errno::nomem, Errno::nomem, Errno::nomem};
  for (auto& frame : frames) {
    frame = frame_allocate(FrameKind::kernel);
    if (frame) std::memset(direct(*frame), int(foreign), page_size);
  }
  std::this_thread::yield();
  for (auto& frame : frames) {
    if (!frame) continue;
    const std::byte* bytes = direct(*frame);
    spoiled +=
        static_cast<unsigned long>(page_size - std::count(bytes, bytes + page_size, foreign));
    frame_unref(*frame);
  }
}

void unmap_and_map(AddressSpace& space, std::mt19937& random) {
  VirtAddr at = base + random() % pages * page_size;
  std::size_t size = (1 + random() % 3) * page_size;
  if (at + size > base + pages * page_size) size = page_size;
  (void)space.unmap(at, size);
  use_frames();
  (void)map_again(space, at, size);
}

void change_permissions(AddressSpace& space, std::mt19937& random) {
  constexpr Prot prots[] = {Prot::none, Prot::read, read_write, read_write};
  (void)space.protect(base + random() % pages * page_size, page_size, prots[random() % 4]);
}

// As fork does; the child writes something else, and it must not be seen here.
void clone_and_write(AddressSpace& space, std::mt19937& random) {
  auto child = space.clone();
  if (!child) return;
  std::array<std::byte, 64> bytes;
  bytes.fill(foreign);
  VirtAddr at = base + random() % (pages * page_size - bytes.size());
  (void)copy_to_user(**child, at, bytes.data(), bytes.size());
}

void race(const std::function<void(AddressSpace&, std::mt19937&)>& change, Counts& counts) {
  test::Machine machine;
  auto space = space_with_pages();
  spoiled = 0;
  std::atomic<bool> done{false};
  std::thread copier([&] { copy_to_and_fro(*space, counts, done); });
  std::mt19937 random(2);
  // Until both have come to their turn often, however busy the host is.
  for (int i = 0; i < 2000 || counts.copies() < 2000; i++) change(*space, random);
  done = true;
  copier.join();
  CHECK(spoiled == 0);
}

}  // namespace

TEST_CASE("a copy whose pages are unmapped meanwhile is whole, short or a fault") {
  Counts counts;
  race(unmap_and_map, counts);
  CHECK(counts.wrong == 0);
  CHECK(counts.whole > 0);
}

TEST_CASE("a copy whose pages change their permissions meanwhile is whole, short or a fault") {
  Counts counts;
  race(change_permissions, counts);
  CHECK(counts.wrong == 0);
  CHECK((counts.whole > 0 && counts.part > 0 && counts.fault > 0));
}

TEST_CASE("a copy amid forks goes to the parent's pages alone") {
  Counts counts;
  race(clone_and_write, counts);
  CHECK(counts.wrong == 0);
  CHECK(counts.whole > 0);
  CHECK(counts.part + counts.fault == 0);
}

// One core of the host for this thread and those that it starts, as under `taskset -c 0`. What only
// ends because two threads run at the same time does not end here: SIGALRM tells it.
class OneCore {
 public:
  OneCore() {
    sched_getaffinity(0, sizeof before_, &before_);
    int core = 0;
    while (!CPU_ISSET(core, &before_)) core++;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(core, &one);
    REQUIRE(sched_setaffinity(0, sizeof one, &one) == 0);
    alarm(100);
  }
  ~OneCore() {
    alarm(0);
    sched_setaffinity(0, sizeof before_, &before_);
  }

 private:
  cpu_set_t before_;
};

// The same with a user of the page that takes its time.
void unmap_beside_a_user() {
  Counts counts;
  test::Machine machine;
  auto space = space_with_pages();
  std::atomic<bool> done{false};
  spoiled = 0;
  std::thread user([&] {
    simulated_hart = 1;
    while (!done) {
      Result<> used = space->with_page(Access{base, Prot::write}, [&](std::byte* page) {
        std::fill_n(page, page_size, std::byte{7});
        std::this_thread::yield();
        counts.wrong += static_cast<unsigned long>(
            page_size - std::count(page, page + page_size, std::byte{7}));
      });
      counts.whole += bool(used);
      std::this_thread::yield();  // without the space's mutex, which the other one waits for
    }
  });
  std::mt19937 random(4);
  for (int i = 0; i < 300 || counts.whole < 300; i++) unmap_and_map(*space, random);
  done = true;
  user.join();
  CHECK(counts.wrong == 0);
  CHECK(spoiled == 0);
}

TEST_CASE("a page that is unmapped meanwhile stays until its user has done") {
  unmap_beside_a_user();
}

TEST_CASE("a page that is unmapped meanwhile stays, on one core too") {
  OneCore one;
  unmap_beside_a_user();
}

TEST_CASE("a string whose pages go meanwhile ends, or is a fault") {
  test::Machine machine;
  auto space = space_with_pages();
  std::atomic<bool> done{false};
  std::atomic<unsigned long> wrong = 0, ended = 0;
  std::thread copier([&] {
    simulated_hart = 1;
    std::vector<char> text(page_size);
    while (!done) {
      std::fill(text.begin(), text.end() - 1, 'x');
      text.back() = 0;
      (void)copy_to_user(*space, base + 100, text.data(), text.size());
      auto length = copy_string_from_user(*space, text, base + 100);
      if (length) {
        ended++;
        wrong += text[*length] != 0;
        for (std::size_t i = 0; i < *length; i++) wrong += text[i] != 'x';
      } else {
        wrong += length.error() != Errno::fault && length.error() != Errno::toobig;
      }
    }
  });
  std::mt19937 random(3);
  for (int i = 0; i < 1000 || ended < 100; i++) unmap_and_map(*space, random);
  done = true;
  copier.join();
  CHECK(wrong == 0);
  CHECK(ended > 0);
}
