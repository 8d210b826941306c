#include "mm/page_table.hh"
#include "mm/table_pool.hh"

#include <optional>
#include <utility>
#include <vector>

#include "arch/csr.hh"
#include "catch.hh"
#include "machine.hh"
#include "mm/table_pool.hh"
#include "sync/hart.hh"

using namespace tine;

namespace {

constexpr Prot read_write = Prot::read | Prot::write;
constexpr VirtAddr low{0x10000};
constexpr VirtAddr far{0x3000000000};  // shares no table but the root with `low`

// A page table that cleans up after itself.
struct Table : PageTable {
  Table() { REQUIRE(init().has_value()); }
  ~Table() { unmap(user_base, user_top); }

  // Maps a fresh page; its reference is the mapping's.
  PhysAddr add(VirtAddr at, Prot prot = read_write) {
    PhysAddr frame = frame_allocate(FrameKind::user).value();
    PageTable::set(find_or_make(at).value(), Pte::user(frame, prot));
    return frame;
  }
};

std::uint64_t frames_of(FrameKind kind) { return frame_counts().of_kind[unsigned(kind)]; }

}  // namespace

TEST_CASE("what was mapped is found, and nothing else") {
  test::Machine machine;
  Table table;
  CHECK(table.find(low) == nullptr);
  PhysAddr frame = table.add(low);
  CHECK(table.lookup(low) == Pte::user(frame, read_write));
  CHECK(!table.lookup(low + page_size).valid());
  CHECK(table.find(low + page_size) != nullptr);
  CHECK(table.find(far) == nullptr);
}

TEST_CASE("the first page of a region costs two tables, its neighbours none") {
  test::Machine machine;
  Table table;
  std::uint64_t before = frames_of(FrameKind::table);
  table.add(low);
  CHECK(frames_of(FrameKind::table) == before + 2);
  table.add(low + page_size);
  CHECK(frames_of(FrameKind::table) == before + 2);
  table.add(low + pte_span(1));
  CHECK(frames_of(FrameKind::table) == before + 3);
  table.add(far);
  CHECK(frames_of(FrameKind::table) == before + 5);
}

TEST_CASE("unmapping drops the frames and takes out the empty tables") {
  test::Machine machine;
  Table table;
  std::uint64_t tables = frames_of(FrameKind::table), user = frames_of(FrameKind::user);
  for (unsigned i = 0; i < 600; i++) table.add(low + i * page_size);  // across two leaf tables
  CHECK(table.unmap(low, low + 100 * page_size) == 100);
  CHECK(frames_of(FrameKind::user) == user + 500);
  CHECK(!table.lookup(low + 99 * page_size).valid());
  CHECK(table.lookup(low + 100 * page_size).valid());
  CHECK(table.unmap(user_base, user_top) == 500);
  CHECK(frames_of(FrameKind::user) == user);
  CHECK(table.find(low) == nullptr);
  give_back_spare_tables();
  CHECK(frames_of(FrameKind::table) == tables);
}

TEST_CASE("unmapping what is not mapped does nothing") {
  test::Machine machine;
  Table table;
  CHECK(table.unmap(user_base, user_top) == 0);
  table.add(low);
  CHECK(table.unmap(low + page_size, low + 2 * page_size) == 0);
  CHECK(table.lookup(low).valid());
}

TEST_CASE("the valid entries of each table are counted in its record") {
  test::Machine machine;
  Table table;
  for (unsigned i = 0; i < 3; i++) table.add(low + i * page_size);
  table.add(low + pte_span(1));
  auto valid_entries = [](const void* in_table) {
    return frame_record(physical(in_table).page_down()).valid_entries();
  };
  CHECK(valid_entries(table.find(low)) == 3);
  CHECK(valid_entries(table.find(low + pte_span(1))) == 1);
  PhysAddr again = frame_allocate(FrameKind::user).value();
  frame_unref(table.lookup(low).address());
  PageTable::replace(table.find(low), Pte::user(again, Prot::read));
  CHECK(valid_entries(table.find(low)) == 3);
  table.unmap(low, low + page_size);
  CHECK(valid_entries(table.find(low + page_size)) == 2);
}

TEST_CASE("for_each_run shows each stretch that has a table") {
  test::Machine machine;
  Table table;
  table.add(low);
  table.add(far);
  std::vector<std::pair<std::uint64_t, std::size_t>> runs;
  table.for_each_run(low, far + 2 * page_size, [&](VirtAddr first, std::span<Pte> run) {
    runs.emplace_back(first.value(), run.size());
  });
  REQUIRE(runs.size() == 2);
  CHECK(runs[0] == std::pair(low.value(), std::size_t{512 - 16}));
  CHECK(runs[1] == std::pair(far.value(), std::size_t{2}));
}

TEST_CASE("sharing gives both sides the page, copy on write") {
  test::Machine machine;
  Table parent, child;
  PhysAddr data = parent.add(low), text = parent.add(low + page_size, Prot::read | Prot::exec);
  CHECK(parent.share(low, low + 8 * page_size, child).value() == 2);
  for (Table* each : {&parent, &child}) {
    CHECK(each->lookup(low) == Pte::user(data, read_write).copy_on_write());
    CHECK(each->lookup(low + page_size) == Pte::user(text, Prot::read | Prot::exec));
  }
  CHECK(frame_references(data) == 2);
  CHECK(frame_references(text) == 2);
  child.unmap(user_base, user_top);
  CHECK(frame_references(data) == 1);
}

TEST_CASE("sharing nothing makes no table") {
  test::Machine machine;
  Table parent, child;
  parent.add(low);
  std::uint64_t before = frames_of(FrameKind::table);
  CHECK(parent.share(low + page_size, low + 4 * page_size, child).value() == 0);
  give_back_spare_tables();
  CHECK(frames_of(FrameKind::table) == before);
  CHECK(child.find(low) == nullptr);
}

TEST_CASE("every allocation of find_or_make can fail, and leaves no table behind") {
  test::Machine machine;
  Table table;
  std::uint64_t before = frames_of(FrameKind::table);
  PhysAddr frame = frame_allocate(FrameKind::user).value();
  long n = 1;
  for (;; n++) {
    fail_allocation(nullptr, n);
    auto made = table.find_or_make(far);
    fail_allocation(nullptr, 0);
    if (made) {
      PageTable::set(*made, Pte::user(frame, read_write));
      break;
    }
    CHECK(made.error() == Errno::nomem);
    CHECK(table.find(far) == nullptr);
    give_back_spare_tables();
    CHECK(frames_of(FrameKind::table) == before);
  }
  CHECK(n >= 3);
}

TEST_CASE("every allocation of share can fail, and the counts stay right") {
  test::Machine machine;
  Table parent;
  std::vector<PhysAddr> frames;
  for (VirtAddr at : {low, low + page_size, low + pte_span(1), far})
    frames.push_back(parent.add(at));
  bool done = false;
  for (long n = 1; !done; n++) {
    REQUIRE(n < 20);
    Table child;
    fail_allocation(nullptr, n);
    auto shared = parent.share(user_base, user_top, child);
    fail_allocation(nullptr, 0);
    done = shared.has_value();
    if (done) CHECK(*shared == frames.size());
    std::size_t in_child = child.unmap(user_base, user_top);
    CHECK(in_child <= frames.size());
    for (PhysAddr frame : frames) CHECK(frame_references(frame) == 1);
  }
}

TEST_CASE("with all memory gone, init and map answer nomem; spare tables are used up first") {
  test::Machine machine;
  static Table* table;
  Table made;
  table = &made;
  made.add(far);
  made.unmap(far, far + page_size);
  CHECK(spare_tables() == 2);
  machine.with_memory_exhausted([] {
    CHECK(spare_tables() == 0);  // they were given back and taken
    PageTable other;
    CHECK(other.init().error() == Errno::nomem);
    CHECK(table->find_or_make(low).error() == Errno::nomem);
  });
}

TEST_CASE("a spare table comes back all zeros, a spare root with the kernel's half") {
  test::Machine machine;
  PhysAddr table = table_allocate().value(), root = root_allocate().value();
  table_free(table);
  root_free(root);
  CHECK(spare_tables() == 2);
  CHECK(table_allocate().value() == table);
  CHECK(root_allocate().value() == root);
  auto* words = direct<std::uint64_t>(table);
  CHECK(std::all_of(words, words + ptes_per_table, [](std::uint64_t word) { return word == 0; }));
  table_free(table);
  root_free(root);
}

TEST_CASE("activating a table writes satp and flushes what was there") {
  test::Machine machine;
  Table table;
  PageTable::activate(&table);
  CHECK(csr::recorded.satp >> 60 == 8);
  CHECK(csr::recorded.sfence_all == 1);
  PageTable::activate(&table);
  CHECK(csr::recorded.sfence_all == 1);
  PageTable::activate(nullptr);
  CHECK(csr::recorded.satp == 0);
}

TEST_CASE("a flush goes to the harts that run on the table, and to no other") {
  test::Machine machine;
  Table table;
  for (unsigned hart : {0, 2, 5}) {
    simulated_hart = hart;
    PageTable::activate(&table);
  }
  simulated_hart = 0;
  csr::recorded = {};
  table.flush_page(low);
  CHECK(csr::recorded.sfence_page == 1);
  CHECK(test::firmware.last_mask == ((1 << 2) | (1 << 5)));
  for (unsigned hart : {2, 5}) {
    simulated_hart = hart;
    PageTable::activate(nullptr);
  }
  simulated_hart = 0;
  test::firmware = {};
  table.flush_all();
  CHECK(test::firmware.sfences == 0);
  PageTable::activate(nullptr);
  csr::recorded = {};
  table.flush_all();
  CHECK(csr::recorded.sfence_all == 0);
}

TEST_CASE("frames of a table that other harts run on are freed only behind the flush") {
  test::Machine machine;
  Table table;
  simulated_hart = 1;
  PageTable::activate(&table);
  simulated_hart = 0;
  for (unsigned i = 0; i < 70; i++) table.add(low + i * page_size);
  CHECK(table.unmap(low, low + 70 * page_size) == 70);
  CHECK(test::firmware.sfences >= 2);  // 64 frames wait at most
  simulated_hart = 1;
  PageTable::activate(nullptr);
  simulated_hart = 0;
}

TEST_CASE("new code makes every hart fetch anew: at once where it runs, else when it comes") {
  test::Machine machine;
  Table table;
  simulated_hart = 1;
  PageTable::activate(&table);
  simulated_hart = 0;
  table.note_new_code();
  CHECK(csr::recorded.fence_i == 1);
  CHECK(test::firmware.fence_is == 1);
  CHECK(test::firmware.last_mask == 1 << 1);
  simulated_hart = 3;
  PageTable::activate(&table);
  CHECK(csr::recorded.fence_i == 2);
  PageTable::activate(nullptr);
  PageTable::activate(&table);
  CHECK(csr::recorded.fence_i == 2);
  for (unsigned hart : {3, 1}) {
    simulated_hart = hart;
    PageTable::activate(nullptr);
  }
  simulated_hart = 0;
}

TEST_CASE("who has not fetched new code anew does so for a child that shares it") {
  test::Machine machine;
  Table table, child;
  table.add(low, Prot::read | Prot::exec);
  table.note_new_code();
  simulated_hart = 3;
  PageTable::activate(&table);
  simulated_hart = 0;
  REQUIRE(table.share(low, low + page_size, child).value() == 1);
  csr::recorded = {};
  // Hart 0 has made it, and hart 3 has fetched it for the parent.
  for (auto [hart, fences] : {std::pair{0u, 0u}, {2u, 1u}, {3u, 1u}}) {
    simulated_hart = hart;
    PageTable::activate(&child);
    CHECK(csr::recorded.fence_i == fences);
    PageTable::activate(nullptr);
  }
  simulated_hart = 0;
}
