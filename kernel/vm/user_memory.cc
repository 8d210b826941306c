#include "vm/user_memory.hh"

#include <algorithm>

#include "lib/string.hh"

namespace tine {
namespace {

// Splits [at, at + size) at page borders and calls step(kernel's view of the piece, bytes done
// before, bytes in this piece). Leaves in `done` how many bytes were done.
template <class Step>
[[gnu::noinline]] Result<> for_each_page(AddressSpace& space, VirtAddr at, std::size_t size,
                                         Prot wanted, std::size_t& done, Step step) {
  for (done = 0; done < size;) {
    VirtAddr here = at + done;
    if (here < at) return Errno::fault;  // wrapped
    std::size_t bytes = std::min(size - done, page_size - here.page_offset());
    TRY(space.with_page(Access{here, wanted}, [&](std::byte* page) { step(page, done, bytes); }));
    done += bytes;
  }
  return {};
}

// Most copies stay in one page that is mapped already: these skip the loop.
bool is_in_one_page(VirtAddr at, std::size_t size) { return size <= page_size - at.page_offset(); }

// Most system calls copy a few aligned words, for which a call of memcpy would take longer than the
// copy.
[[gnu::always_inline]] inline void copy_short(void* to, const void* from, std::size_t size) {
  using Word [[gnu::may_alias]] = std::uint32_t;
  auto places = reinterpret_cast<std::uintptr_t>(to) | reinterpret_cast<std::uintptr_t>(from);
  if (size > 4 * sizeof(Word) || (places | size) % sizeof(Word) != 0) {
    memcpy(to, from, size);
    return;
  }
  auto* out = static_cast<Word*>(to);
  auto* in = static_cast<const Word*>(from);
  for (const Word* end = in + size / sizeof(Word); in != end;) *out++ = *in++;
}

}  // namespace

Result<> copy_from_user(AddressSpace& space, void* to, VirtAddr from, std::size_t size) {
  auto all = [=](const std::byte* page) { copy_short(to, page, size); };
  if (is_in_one_page(from, size) && space.with_page_there(Access{from, Prot::read}, all)) return {};
  std::size_t done;
  return for_each_page(space, from, size, Prot::read, done,
                       [to](const std::byte* page, std::size_t offset, std::size_t bytes) {
                         memcpy(static_cast<std::byte*>(to) + offset, page, bytes);
                       });
}

Result<> copy_to_user(AddressSpace& space, VirtAddr to, const void* from, std::size_t size) {
  auto all = [=](std::byte* page) { copy_short(page, from, size); };
  if (is_in_one_page(to, size) && space.with_page_there(Access{to, Prot::write}, all)) return {};
  std::size_t done;
  return for_each_page(space, to, size, Prot::write, done,
                       [from](std::byte* page, std::size_t offset, std::size_t bytes) {
                         memcpy(page, static_cast<const std::byte*>(from) + offset, bytes);
                       });
}

Result<> prepare_to_store(AddressSpace& space, VirtAddr to, std::size_t size) {
  std::size_t done;
  return for_each_page(space, to, size, Prot::write, done, [](std::byte*, auto, auto) {});
}

// Copies byte by byte, because most strings are short.
Result<std::size_t> copy_string_from_user(AddressSpace& space, std::span<char> to, VirtAddr from) {
  std::size_t length = 0;
  bool ended = false;
  while (!ended) {
    std::size_t here = std::min(to.size() - length, page_size - (from + length).page_offset());
    if (here == 0) return Errno::toobig;
    TRY(space.with_page(Access{from + length, Prot::read}, [&](const std::byte* page) {
      char* out = to.data() + length;
      auto* in = reinterpret_cast<const char*>(page);
      const char* end = in + here;
      while (in != end && (*out = *in) != 0) out++, in++;
      ended = in != end;
      length = std::size_t(out - to.data());
    }));
  }
  return length;
}

Result<> PageWindow::move_to(VirtAddr page) {
  return space_.with_page(Access{page, wanted_}, [&](std::byte* at) {
    frame_ref(physical(at));
    frame_ = FrameRef::adopt(physical(at));
    page_ = page;
  });
}

Result<> PageWindow::copy(std::span<std::byte> to, VirtAddr from) {
  while (!to.empty()) {
    std::span<std::byte> here = TRY(at(from));
    here = here.first(std::min(here.size(), to.size()));
    memcpy(to.data(), here.data(), here.size());
    to = to.subspan(here.size());
    from += here.size();
  }
  return {};
}

Result<std::size_t> PageWindow::string_length(VirtAddr start, std::size_t most) {
  for (std::size_t length = 0; length <= most;) {
    std::span<std::byte> here = TRY(at(start + length));
    std::size_t text = strnlen(reinterpret_cast<const char*>(here.data()), here.size());
    length += text;
    if (text < here.size()) return length <= most ? Result<std::size_t>(length) : Errno::toobig;
  }
  return Errno::toobig;
}

template <class Move>
Result<std::size_t> IoBuffer::move(std::size_t size, Prot wanted, Move step) {
  if (left_ == left_elsewhere_ && left_ > 0) TRY(next_place_(*this));
  size = std::min(size, left_ - left_elsewhere_);
  VirtAddr at(at_);
  if (!space_) {
    step(reinterpret_cast<std::byte*>(at_), 0, size);
  } else if (is_in_one_page(at, size)) {
    TRY(space_->with_page(Access{at, wanted}, [=](std::byte* page) { step(page, 0, size); }));
  } else {
    std::size_t done;
    Result<> moved = for_each_page(*space_, at, size, wanted, done, step);
    if (!moved && done == 0) return moved.error();
    size = done;
  }
  at_ += size;
  left_ -= size;
  return size;
}

Result<std::size_t> IoBuffer::put(std::span<const std::byte> bytes) {
  const std::byte* from = bytes.data();
  return move(bytes.size(), Prot::write,
              [from](std::byte* page, std::size_t offset, std::size_t count) {
                memcpy(page, from + offset, count);
              });
}

Result<std::size_t> IoBuffer::take(std::span<std::byte> bytes) {
  std::byte* to = bytes.data();
  return move(bytes.size(), Prot::read,
              [to](const std::byte* page, std::size_t offset, std::size_t count) {
                memcpy(to + offset, page, count);
              });
}

Result<std::size_t> IoBuffer::put_zeros(std::size_t size) {
  return move(size, Prot::write,
              [](std::byte* page, std::size_t, std::size_t count) { memset(page, 0, count); });
}

}  // namespace tine
