// The kernel's access to a program's memory. A UserPtr cannot be dereferenced; its bytes are moved
// by walking the page table in software, through the same `make_possible` that page faults use. So
// a bad pointer gives EFAULT and never a fault in the kernel, and sstatus.SUM is always clear.
//
// No spinlock may be held, nor a mutex of the rank `space` or above.
#pragma once

#include <cstddef>
#include <span>
#include <type_traits>

#include "lib/result.hh"
#include "lib/types.hh"
#include "sched/give_way.hh"
#include "sched/thread.hh"
#include "vm/address_space.hh"

namespace tine {

// Errors of all: fault, nomem, restart (a fatal signal came while another thread held the space's
// mutex). What was copied before the error stays.
Result<> copy_from_user(AddressSpace& space, void* to, VirtAddr from, std::size_t size);
Result<> copy_to_user(AddressSpace& space, VirtAddr to, const void* from, std::size_t size);
// Maps the pages, so that a later copy_to_user can succeed: for callers that take something out of
// a queue only when it can be delivered.
Result<> prepare_to_store(AddressSpace& space, VirtAddr to, std::size_t size);
// Copies a string with its final 0 into `to`; returns its length without the 0. Errors: also
// toobig, when it does not fit.
Result<std::size_t> copy_string_from_user(AddressSpace& space, std::span<char> to, VirtAddr from);
// The running thread's address space.
inline AddressSpace& current_space() { return *current_thread()->space; }

// A window on the memory of a space, for many small accesses that lie close together. It keeps the
// kernel's view of the last page and a reference to its frame, so it does not see when the program
// maps another page there. Writing through it is only right in a space that no program runs on.
class PageWindow {
 public:
  PageWindow(AddressSpace& space, Prot wanted) : space_(space), wanted_(wanted) {}

  // The bytes from `at` to the end of its page. Errors: fault, nomem.
  Result<std::span<std::byte>> at(VirtAddr at) {
    if (at.page_down() != page_ || !frame_) TRY(move_to(at.page_down()));
    return std::span<std::byte>(frame_.bytes()).subspan(at.page_offset());
  }
  // The word at an address that is aligned to 8. Errors: fault, nomem.
  Result<std::uint64_t*> word(VirtAddr at) {
    return reinterpret_cast<std::uint64_t*>(TRY(this->at(at)).data());
  }
  // Copies to.size() bytes from `from` on. Errors: fault, nomem.
  Result<> copy(std::span<std::byte> to, VirtAddr from);
  // The length of a string without its final 0. Errors: fault, nomem, toobig (more than `most`).
  Result<std::size_t> string_length(VirtAddr at, std::size_t most);

 private:
  AddressSpace& space_;
  Prot wanted_;
  VirtAddr page_;
  FrameRef frame_;

  Result<> move_to(VirtAddr page);
};

// An address in the current program that should hold a T.
template <class T>
class UserPtr {
 public:
  static_assert(std::is_trivially_copyable_v<T>);
  UserPtr() = default;
  explicit UserPtr(VirtAddr at) : at_(at) {}

  bool is_null() const { return at_.value() == 0; }
  VirtAddr address() const { return at_; }
  UserPtr operator+(std::size_t n) const { return UserPtr(at_ + n * sizeof(T)); }

  Result<T> load() const {
    T value;
    TRY(copy_from_user(current_space(), &value, at_, sizeof(T)));
    return value;
  }
  Result<> store(const T& value) const {
    // No padding between the fields: it would disclose old contents of the kernel's memory.
    static_assert(std::has_unique_object_representations_v<T>);
    return copy_to_user(current_space(), at_, &value, sizeof(T));
  }
  Result<> prepare_to_store() const {
    return tine::prepare_to_store(current_space(), at_, sizeof(T));
  }

 private:
  VirtAddr at_;
};

// A string in the current program.
struct UserString {
  VirtAddr at;
};

// Where bytes of a read or write go to or come from: a program's memory, or the kernel's. Moving
// bytes advances it. A wing may derive one that continues at other addresses of the program.
class IoBuffer {
 public:
  // `size` bytes of a program.
  IoBuffer(AddressSpace& space, VirtAddr at, std::size_t size)
      : space_(&space), at_(at.value()), left_(size) {}
  // The kernel's own.
  explicit IoBuffer(std::span<std::byte> bytes)
      : at_(reinterpret_cast<std::uint64_t>(bytes.data())), left_(bytes.size()) {}

  std::size_t left() const { return left_; }

  // Moves min(bytes.size(), left()) bytes into the buffer (`put`, for reads) or out of it (`take`,
  // for writes). Returns how many: fewer when one place ends, or when a later page is bad. Errors:
  // fault, nomem, when not even the first byte could be moved.
  Result<std::size_t> put(std::span<const std::byte> bytes);
  Result<std::size_t> take(std::span<std::byte> bytes);
  // Puts `size` zeros.
  Result<std::size_t> put_zeros(std::size_t size);

 protected:
  AddressSpace* space_ = nullptr;
  std::uint64_t at_;
  std::size_t left_;
  std::size_t left_elsewhere_ = 0;  // of these, bytes that are not at `at_`
  // Sets `at_` to the next place with bytes left. Errors: fault, nomem.
  Result<> (*next_place_)(IoBuffer&) = nullptr;

 private:
  template <class Move>
  Result<std::size_t> move(std::size_t size, Prot wanted, Move step);
};

// The most that one read or write moves, as on Linux: the count always fits an int.
constexpr std::size_t max_transfer = 0x7ffff000;

// The buffer of a read or write, cut to max_transfer. Errors: fault, when any part of it lies
// outside the user's half, even a part that would not be used.
inline Result<IoBuffer> user_buffer(VirtAddr at, std::size_t size) {
  if (at > user_top || size > user_top - at) return Errno::fault;
  return IoBuffer(current_space(), at, size < max_transfer ? size : max_transfer);
}

// Calls step(moved so far) until the buffer is used up. `step` returns how much it moved; 0: there
// is no more. An error stops the loop too, and is the result if nothing was moved before. Gives way
// after each give_way_bytes, so a step should move no more than that; a fatal signal ends the move
// early.
template <class Step>
Result<std::size_t> in_pieces(IoBuffer& buffer, Step step) {
  std::size_t total = 0, pause_at = give_way_bytes;
  while (buffer.left() > 0) {
    Result<std::size_t> moved = step(total);
    if (!moved && total == 0) return moved;
    if (!moved || *moved == 0) break;
    total += *moved;
    if (total < pause_at) continue;
    if (give_way()) break;
    pause_at = total + give_way_bytes;
  }
  return total;
}

}  // namespace tine
