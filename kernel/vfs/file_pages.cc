#include "vfs/file_pages.hh"

#include <algorithm>

#include "lib/string.hh"
#include "mm/heap.hh"
#include "sched/give_way.hh"

namespace tine {
namespace {

constexpr std::uint64_t page_count(std::uint64_t size) {
  return (size + page_size - 1) >> page_shift;
}

// A frame is marked when a MAP_SHARED mapping gets it. While such a mapping exists, the file must
// not replace the frame.
void mark_shared(PhysAddr frame) { frame_record(frame).mapped_shared() = 1; }
bool is_marked(PhysAddr frame) { return frame_record(frame).mapped_shared() == 1; }
bool is_shared(PhysAddr frame) { return is_marked(frame) && frame_references(frame) > 1; }
// Of a frame to which the file and the caller have one reference each: no mapping is left, so the
// mark goes.
void clear_stale_mark(PhysAddr frame) {
  if (frame_references(frame) == 2) frame_record(frame).mapped_shared() = 0;
}
// May the file write into this frame? Only if no other holds it, or the others are to see the
// change.
bool may_change(PhysAddr frame) { return frame_references(frame) == 1 || is_shared(frame); }

}  // namespace

Result<RefPtr<FilePages>> FilePages::create() {
  RefPtr<FilePages> file = TRY(make_ref<FilePages>());
  TRY(file->share_.take_node(2 * sizeof(FilePages)));  // with the Node, which is about as large
  return file;
}

FilePages::~FilePages() {
  lock_.assume_unshared();
  free_from(0, page_count(size_));
}

std::uint64_t FilePages::size() {
  SpinGuard guard(lock_);
  return size_;
}

// ---- The tree ----

// The slot of a page; nullptr where the tree has no table for it.
PhysAddr* FilePages::find(std::uint64_t index) {
  if (root_.empty() || index >> fan_bits * height_ != 0) return nullptr;
  Table* table = root_.below;
  for (unsigned level = height_ - 1; level > 0 && table; level--) {
    table = table->slots[(index >> fan_bits * level) % table->slots.size()].below;
  }
  return table ? &table->slots[index % table->slots.size()].page : nullptr;
}

// The frame of a page, with a new reference; empty for a hole.
FrameRef FilePages::reference(std::uint64_t index) {
  PhysAddr* slot = find(index);
  if (!slot || *slot == PhysAddr()) return {};
  frame_ref(*slot);
  return FrameRef::adopt(*slot);
}

// Adds tables until the tree has a slot for page `index`. Errors: nomem, nospc (tables that were
// added stay, which does no harm).
Result<> FilePages::reserve(std::uint64_t index) {
  while (true) {
    {
      SpinGuard guard(lock_);
      if (find(index)) return {};
    }
    OwnPtr<Table> fresh = TRY(make<Table>());
    SpinGuard guard(lock_);
    if (find(index)) return {};  // another thread has added it meanwhile
    TRY(share_.take(sizeof(Table)));
    add_table(index, fresh.release());
  }
}

// Puts a table where the first one is missing on the way to `index`.
void FilePages::add_table(std::uint64_t index, Table* fresh) {
  if (root_.empty() || index >> fan_bits * height_ != 0) {
    fresh->slots[0] = root_;
    root_.below = fresh;
    height_++;
    return;
  }
  Table* table = root_.below;
  for (unsigned level = height_ - 1; level > 0; level--) {
    Slot& slot = table->slots[(index >> fan_bits * level) % table->slots.size()];
    if (!slot.below) {
      slot.below = fresh;
      return;
    }
    table = slot.below;
  }
}

// Takes a part out of the tree that has only pages from `first` on: the largest that it finds on
// the way down. Empty: there is none.
FilePages::Part FilePages::take_part(std::uint64_t first) {
  Slot* slot = &root_;
  Part part{{}, height_, 0};
  while (!slot->empty() && first > part.first) {
    if ((first - part.first) >> fan_bits * part.height != 0) return {};  // after the tree
    std::array<Slot, 1 << fan_bits>& slots = slot->below->slots;
    part.height--;
    // Slots after the one with `first` are taken out whole; only when these are empty, that one is
    // entered.
    std::uint64_t span = 1ul << fan_bits * part.height;
    std::uint64_t inside = (first - part.first) / span, at = inside + (first % span != 0);
    while (at < slots.size() && slots[at].empty()) at++;
    if (at == slots.size()) at = inside;
    slot = &slots[at];
    part.first += at * span;
  }
  part.slot = std::exchange(*slot, Slot());
  if (slot == &root_) height_ = 0;
  return part;
}

// Frees a part that was taken out of the tree, so no other thread can reach it. There are no pages
// from `behind` on.
void FilePages::free_part(const Part& part, std::uint64_t behind) {
  std::uint64_t pages = 0;
  if (part.height == 0) {
    frame_unref(part.slot.page);
    pages = 1;
  } else if (part.height == 1) {
    std::uint64_t most = behind > part.first ? behind - part.first : 0;
    for (Slot slot : std::span(part.slot.below->slots).first(std::min(most, 1ul << fan_bits))) {
      if (slot.empty()) continue;
      frame_unref(slot.page);
      pages++;
    }
  } else {
    Part below{{}, part.height - 1, part.first};
    for (Slot slot : part.slot.below->slots) {
      below.slot = slot;
      if (!slot.empty()) free_part(below, behind);
      below.first += 1ul << fan_bits * below.height;
    }
  }
  pages_held_.fetch_sub(pages, std::memory_order_relaxed);
  share_.give_back(pages * page_size + (part.height ? sizeof(Table) : 0));
  if (part.height) heap_free(part.slot.below);
  if (part.height == 1) (void)give_way();
}

// Frees the pages [first, behind), which lie after the end of the file already, so no other thread
// uses them. There are none from `behind` on.
void FilePages::free_from(std::uint64_t first, std::uint64_t behind) {
  while (true) {
    Part part;
    {
      SpinGuard guard(lock_);
      part = take_part(first);
    }
    if (part.slot.empty()) return;
    free_part(part, behind);
  }
}

// ---- Reading ----

Result<FrameRef> FilePages::page(std::uint64_t index) {
  FrameRef shared;
  {
    SpinGuard guard(lock_);
    if (index >= page_count(size_)) return Errno::inval;
    FrameRef frame = reference(index);
    if (frame && is_marked(frame.address())) {
      clear_tail();
      clear_stale_mark(frame.address());
    }
    if (frame && !is_marked(frame.address())) return frame;
    shared = std::move(frame);
  }
  FrameRef own = FrameRef::adopt(TRY(frame_allocate_zeroed(FrameKind::user)));
  if (shared) copy_page(own.bytes().data(), shared.bytes().data());
  return own;
}

// Stops at a hole and at a page that was mapped MAP_SHARED: `page` handles these one by one.
std::size_t FilePages::pages_at_hand(std::uint64_t index, std::span<FrameRef> to) {
  SpinGuard guard(lock_);
  std::size_t count = 0;
  while (count < to.size() && index + count < page_count(size_)) {
    FrameRef frame = reference(index + count);
    if (!frame || is_marked(frame.address())) break;
    to[count++] = std::move(frame);
  }
  return count;
}

// A hole becomes a page of zeros. A frame that private mappings hold must not change for them, so
// the file gets a copy of it first: `place` with 0 bytes does both.
Result<FrameRef> FilePages::shared_page(std::uint64_t index) {
  // lab mmap 2 {
  FrameRef fresh;
  while (true) {
    {
      SpinGuard guard(lock_);
      if (index >= page_count(size_)) return Errno::inval;
      PhysAddr* slot = find(index);
      if (slot && fresh) TRY(place(index << page_shift, 0, fresh));
      if (slot && *slot != PhysAddr() && may_change(*slot)) {
        mark_shared(*slot);
        return reference(index);
      }
    }
    TRY(reserve(index));
    if (!fresh) fresh = FrameRef::adopt(TRY(frame_allocate(FrameKind::file)));
  }
  // } lab
}

void FilePages::on_truncate(Truncated function) {
  SpinGuard guard(lock_);
  truncated_ = function;
}

Result<std::size_t> FilePages::read(std::uint64_t offset, IoBuffer& to) {
  return in_pieces(to, [&](std::size_t done) -> Result<std::size_t> {
    std::uint64_t at = offset + done;
    std::size_t in_page = at % page_size;
    std::size_t wanted = std::min(to.left(), page_size - in_page);
    FrameRef frame;
    {
      SpinGuard guard(lock_);
      if (at >= size_) return 0;
      wanted = std::min<std::uint64_t>(wanted, size_ - at);
      frame = reference(at >> page_shift);
    }
    return frame ? to.put(frame.bytes().subspan(in_page, wanted)) : to.put_zeros(wanted);
  });
}

// ---- Writing ----

Result<std::size_t> FilePages::write(IoPlace& at, IoBuffer& from) {
  if (!writers_.lock_killable()) return Errno::restart;
  MutexGuard guard(writers_, AlreadyHeld::yes);
  if (at.append()) at.offset = size();
  return in_pieces(from, [&](std::size_t done) {
    writers_.assert_held();
    return write_in_page(at.offset + done, from);
  });
}

// First copies the bytes into a fresh frame, with no spinlock held, because user memory may make
// the thread sleep. The frame becomes the page if there is none, if others hold the old frame, or
// if it was filled completely. Otherwise its bytes are copied into the old frame.
Result<std::size_t> FilePages::write_in_page(std::uint64_t offset, IoBuffer& from) {
  std::uint64_t most = std::min(max_size, largest_file());
  if (offset >= most) return Errno::fbig;
  FrameRef fresh = FrameRef::adopt(TRY(frame_allocate(FrameKind::file)));
  TRY(reserve(offset >> page_shift));
  std::span<std::byte> room = fresh.bytes().subspan(offset % page_size);
  std::size_t moved = TRY(from.take(room.first(std::min(room.size(), most - offset))));
  SpinGuard guard(lock_);
  if (truncated_ && offset + moved > size_) clear_tail();
  TRY(place(offset, moved, fresh));
  size_ = std::max(size_, offset + moved);
  return moved;
}

// Puts `size` bytes, which lie in `fresh` at their place in the page, into the page. Leaves in
// `fresh` the frame that is not needed. While the lock is held, a frame that only the file holds
// cannot get a second reference. Errors: nospc, dquot.
Result<> FilePages::place(std::uint64_t offset, std::size_t size, FrameRef& fresh) {
  PhysAddr& slot = *find(offset >> page_shift);
  std::size_t start = offset % page_size, end = start + size;
  std::byte* made = fresh.bytes().data();
  const std::byte* old = slot == PhysAddr() ? nullptr : direct(slot);
  if (old && (is_shared(slot) || (size < page_size && frame_references(slot) == 1))) {
    memcpy(direct(slot) + start, made + start, size);
    return {};
  }
  if (old) {
    memcpy(made, old, start);
    memcpy(made + end, old + end, page_size - end);
  } else {
    TRY(share_.take(page_size));
    memset(made, 0, start);
    memset(made + end, 0, page_size - end);
    pages_held_.fetch_add(1, std::memory_order_relaxed);
  }
  fresh.swap_with(slot);
  return {};
}

Result<> FilePages::truncate(std::uint64_t size) {
  if (size > max_size) return Errno::fbig;
  if (!writers_.lock_killable()) return Errno::restart;
  MutexGuard guard(writers_, AlreadyHeld::yes);
  std::uint64_t old_size = this->size();
  FrameRef spare;
  if (size < old_size && size % page_size != 0) {
    spare = FrameRef::adopt(TRY(frame_allocate(FrameKind::file)));
  }
  Truncated function;
  {
    SpinGuard pages_guard(lock_);
    if (size > old_size) clear_tail();
    if (spare) clear_behind(size, spare);
    size_ = size;
    function = truncated_;
  }
  // A page fault that still saw the old size holds its space's mutex until its page is mapped, and
  // it waits for that mutex. A later fault sees the new size.
  if (function && size < old_size) function(*this, page_count(size));
  if (size <= old_size) free_from(page_count(size), page_count(old_size));
  return {};
}

// Clears what MAP_SHARED mappings have stored after the end of the file, before the file grows over
// it.
void FilePages::clear_tail() {
  PhysAddr* slot = find(size_ >> page_shift);
  if (!slot || *slot == PhysAddr() || !is_marked(*slot)) return;
  std::size_t kept = size_ % page_size;
  memset(direct(*slot) + kept, 0, page_size - kept);
}

// Fills the rest of the page in which the file will end with zeros, in a copy if others hold the
// frame.
void FilePages::clear_behind(std::uint64_t end, FrameRef& spare) {
  PhysAddr* slot = find(end >> page_shift);
  if (!slot || *slot == PhysAddr()) return;
  std::size_t kept = end % page_size;
  if (!may_change(*slot)) {
    memcpy(spare.bytes().data(), direct(*slot), kept);
    spare.swap_with(*slot);
  }
  memset(direct(*slot) + kept, 0, page_size - kept);
}

}  // namespace tine
