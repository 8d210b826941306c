#include "machine.hh"

#include <cstdlib>
#include <vector>

#include "arch/csr.hh"
#include "arch/sbi.hh"
#include "catch.hh"
#include "mm/heap.hh"
#include "mm/table_pool.hh"
#include "sync/hart.hh"
#include "sync/panic.hh"

// What the linker gathers on the machine: who keeps frames.
asm(".pushsection .data.rel.ro, \"aw\"\n"
    ".globl frame_keepers_start, frame_keepers_end\n"
    "frame_keepers_start:\n"
    ".quad _ZN4tine22give_back_spare_tablesEv, _ZN4tine14heap_give_backEv\n"
    "frame_keepers_end:\n"
    ".popsection");

namespace tine {

alignas(page_size) std::byte simulated_memory[simulated_size];

// ---- What the tested files call in rooms that are not linked ----

void kernel_map_activate() { csr::write_satp(0); }

void panic_args(std::string_view format, std::span<const FormatArg> args, const TrapFrame*) {
  char text[200];
  BufferSink sink(text);
  print_args(sink, format, args);
  throw test::Panic(std::string(sink.text()));
}

namespace sbi {
void send_ipi(std::uint64_t) {}
void remote_sfence_vma(std::uint64_t mask, std::uint64_t, std::uint64_t) {
  test::firmware.sfences++;
  test::firmware.last_mask = mask >> test::first_hart_id;
}
void remote_fence_i(std::uint64_t mask) {
  test::firmware.fence_is++;
  test::firmware.last_mask = mask >> test::first_hart_id;
}
}  // namespace sbi

}  // namespace tine

// ---- new and delete: an object is freed where it came from ----

void* operator new(std::size_t size) {
  if (void* place = std::malloc(size)) return place;
  throw std::bad_alloc();
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return std::malloc(size); }
void operator delete(void* object) noexcept {
  auto* at = static_cast<std::byte*>(object);
  if (at >= tine::simulated_memory && at < tine::simulated_memory + tine::simulated_size) {
    tine::heap_free(object);
  } else {
    std::free(object);
  }
}
void operator delete(void* object, std::size_t) noexcept { operator delete(object); }

namespace test {
namespace {

using namespace tine;

void boot() {
  hart_count = max_harts;
  for (unsigned i = 0; i < max_harts; i++) {
    harts[i].index = i;
    harts[i].id = i + first_hart_id;
  }
  PhysAddr end = simulated_start + simulated_size;
  // The firmware's first frames are not memory that is given out, as on the real machine.
  PhysAddr rest = frames_init(simulated_start, end, simulated_start + 4 * page_size);
  frames_add(rest, end);
  kernel_root = *frame_allocate_zeroed(FrameKind::table);
}

}  // namespace

Firmware firmware;

Machine::Machine() {
  [[maybe_unused]] static bool booted = (boot(), true);
  fail_allocation(nullptr, 0);
  give_back_spare_tables();
  heap_give_back();
  before_ = frame_counts();
  heap_before_ = heap_bytes_in_use();
  firmware = {};
  csr::recorded = {};
  simulated_hart = 0;
}

Machine::~Machine() {
  give_back_spare_tables();
  heap_give_back();
  CHECK(heap_bytes_in_use() == heap_before_);
  CHECK(frame_counts().of_kind == before_.of_kind);
}

std::uint64_t Machine::free_frames() const {
  return frame_counts().of_kind[unsigned(FrameKind::free)];
}

void Machine::with_memory_exhausted(void (*action)()) {
  std::vector<PhysAddr> all;
  all.reserve(simulated_size / page_size);
  while (auto frame = frame_allocate(FrameKind::kernel)) all.push_back(*frame);
  action();
  for (PhysAddr frame : all) frame_unref(frame);
}

}  // namespace test
