// Slabs: a page holds objects of one size class, its free ones linked through their own first
// bytes. All else about a slab is in its frame's record: size class, first free object, objects in
// use (the reference count), neighbours in the list of slabs that have room. An empty slab gives
// its frame back, unless it is the only empty one of its class. Without this, making and freeing
// one object again and again could build a slab each time.
#include "mm/heap.hh"

#include <array>
#include <utility>

#include "lib/string.hh"
#include "mm/frames.hh"
#include "sync/panic.hh"
#include "sync/spinlock.hh"

namespace tine {
namespace {

constexpr std::array<std::uint16_t, 10> class_sizes = {16,  32,  64,   128,  192,
                                                       256, 512, 1024, 2048, 4096};
constexpr std::uint32_t no_slab =
    0;  // frame 0 of memory belongs to the firmware, and is never a slab
constexpr std::uint16_t no_object = 0xffff;
constexpr std::uint8_t poison = 0x6b;

constinit Spinlock lock{Rank::heap, "heap"};
constinit std::array<std::uint32_t, class_sizes.size()> with_room GUARDED_BY(lock){};
constinit std::array<bool, class_sizes.size()> has_empty GUARDED_BY(lock){};  // one of with_room is
constinit std::uint64_t bytes_in_use GUARDED_BY(lock) = 0;

// The smallest class that is large enough, by the size in units of 16 bytes.
constexpr auto class_by_units = [] {
  std::array<std::uint8_t, heap_max / 16 + 1> classes{};
  for (std::size_t units = 0, c = 0; units < classes.size(); units++) {
    if (class_sizes[c] < units * 16) c++;
    classes[units] = static_cast<std::uint8_t>(c);
  }
  return classes;
}();

unsigned class_of(std::size_t size) { return class_by_units[(size + 15) / 16]; }

void link(FrameRecord& slab) REQUIRES(lock) {
  std::uint32_t& head = with_room[slab.size_class];
  slab.previous_slab = no_slab;
  slab.next() = head;
  if (head != no_slab) record_of_number(head).previous_slab = number_of(slab);
  head = number_of(slab);
}

void unlink(FrameRecord& slab) REQUIRES(lock) {
  std::uint32_t before = slab.previous_slab, after = slab.next();
  (before == no_slab ? with_room[slab.size_class] : record_of_number(before).next()) = after;
  if (after != no_slab) record_of_number(after).previous_slab = before;
}

// The free list inside the page: each free object begins with the offset of the next one.
std::uint16_t& next_object(std::byte* page, std::uint16_t offset) {
  return *reinterpret_cast<std::uint16_t*>(page + offset);
}

// A slab whose objects are all free, not yet in the list. Its frame's reference count counts
// objects.
Result<FrameRecord*> new_slab(unsigned size_class) {
  PhysAddr frame = TRY(frame_allocate(FrameKind::heap));
  FrameRecord& slab = frame_record(frame);
  std::byte* page = direct(frame);
  std::size_t size = class_sizes[size_class];
  std::uint16_t following = no_object;
  for (std::size_t offset = page_size / size * size; offset >= size;) {
    offset -= size;
    next_object(page, offset) = following;
    following = offset;
  }
  slab.size_class = size_class;
  slab.first_object = 0;
  slab.references.store(0, std::memory_order_relaxed);
  return &slab;
}

void* take_object(FrameRecord& slab) REQUIRES(lock) {
  std::byte* page = direct(frame_address(slab));
  std::uint16_t offset = slab.first_object;
  slab.first_object = next_object(page, offset);
  std::uint32_t others = slab.references.load(std::memory_order_relaxed);
  slab.references.store(others + 1, std::memory_order_relaxed);
  bytes_in_use += class_sizes[slab.size_class];
  if (slab.first_object == no_object) unlink(slab);
  return page + offset;
}

}  // namespace

void* heap_allocate(std::size_t size) {
  if (size > heap_max || allocation_must_fail()) return nullptr;
  unsigned size_class = class_of(size);
  {
    SpinGuard guard(lock);
    if (with_room[size_class] != no_slab) {
      FrameRecord& slab = record_of_number(with_room[size_class]);
      if (slab.references.load(std::memory_order_relaxed) == 0) has_empty[size_class] = false;
      return take_object(slab);
    }
  }
  Result<FrameRecord*> fresh = new_slab(size_class);
  if (!fresh) return nullptr;
  SpinGuard guard(lock);
  link(**fresh);
  return take_object(**fresh);  // if has_empty is set, another hart has emptied a slab meanwhile
}

void heap_free(void* object) {
  if (!object) return;
  PhysAddr at = physical(object);
  FrameRecord& slab = frame_record(at.page_down());
  std::size_t size = class_sizes[slab.size_class];
  if constexpr (TINE_DEBUG) {
    ASSERT(slab.kind == FrameKind::heap && at.page_offset() % size == 0);
    ASSERT(slab.references.load(std::memory_order_relaxed) > 0);
    memset(object, poison, size);
  }
  lock.lock();
  next_object(direct(at.page_down()), at.page_offset()) = slab.first_object;
  bool was_full = slab.first_object == no_object;
  slab.first_object = at.page_offset();
  bytes_in_use -= size;
  if (was_full) link(slab);
  std::uint32_t left = slab.references.load(std::memory_order_relaxed) - 1;
  slab.references.store(left, std::memory_order_relaxed);
  bool surplus = left == 0 && std::exchange(has_empty[slab.size_class], true);
  if (surplus) unlink(slab);
  lock.unlock();
  if (surplus) frame_free(at.page_down(), slab);
}

namespace {

// Removes the empty slab of this class from the list; nullptr if there is none.
FrameRecord* take_empty(unsigned size_class) {
  SpinGuard guard(lock);
  if (!std::exchange(has_empty[size_class], false)) return nullptr;
  FrameRecord* slab = &record_of_number(with_room[size_class]);
  while (slab->references.load(std::memory_order_relaxed) != 0)
    slab = &record_of_number(slab->next());
  unlink(*slab);
  return slab;
}

}  // namespace

std::size_t heap_give_back() {
  std::size_t given = 0;
  for (unsigned size_class = 0; size_class < class_sizes.size(); size_class++) {
    if (FrameRecord* slab = take_empty(size_class)) {
      frame_free(frame_address(*slab), *slab);
      given++;
    }
  }
  return given;
}
FRAME_KEEPER(2_slabs, heap_give_back)

std::uint64_t heap_bytes_in_use() {
  SpinGuard guard(lock);
  return bytes_in_use;
}

}  // namespace tine
