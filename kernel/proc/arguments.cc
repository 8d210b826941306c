#include "proc/arguments.hh"

#include <algorithm>
#include <array>

#include "lib/string.hh"
#include "proc/random.hh"
#include "sched/give_way.hh"

namespace tine {
namespace {

// The highest end of a stack: the last page of the user's half stays free.
constexpr VirtAddr highest_stack_top{USER_TOP - TINE_PAGE_SIZE};

// How many bytes strings and pointers may take together, on a stack that may grow to `stack` bytes.
constexpr std::size_t argument_limit(std::uint64_t stack) {
  constexpr std::uint64_t for_vectors = 2 * page_size;  // room for auxv and main
  std::uint64_t quarter = std::clamp<std::uint64_t>(stack / 4, 128 << 10, 6 << 20);
  return std::min(quarter, stack - std::min(stack, for_vectors));
}

constexpr unsigned strings_at_once = 16;  // between two calls of give_way

// lab exec 2 {
// A pointer in one of the program's vectors, which need not be aligned. Errors: fault, nomem.
Result<VirtAddr> load_pointer(PageWindow& vectors, VirtAddr at) {
  if (at.value() % sizeof(std::uint64_t)) return VirtAddr(TRY(UserPtr<std::uint64_t>(at).load()));
  return VirtAddr(*TRY(vectors.word(at)));
}

// How many strings a vector has. Errors: fault, nomem, toobig (more than `most`), restart (a fatal
// signal is pending, here and below).
Result<unsigned> count_strings(PageWindow& vectors, VirtAddr vector, std::size_t most) {
  if (vector.value() == 0) return 0u;
  for (unsigned count = 0; count <= most; count++) {
    if (count % 64 == 63 && give_way()) return Errno::restart;
    VirtAddr text = TRY(load_pointer(vectors, vector + count * sizeof(std::uint64_t)));
    if (text.value() == 0) return count;
  }
  return Errno::toobig;
}
// } lab

}  // namespace

// ---- Strings ----

Result<> ArgumentStack::begin(std::string_view path) {
  top_ = at_ = highest_stack_top - random_shift(stack_shift_limit);
  std::uint64_t stack = current_limits().stack.load(std::memory_order_relaxed);
  room_ = argument_limit(std::min<std::uint64_t>(stack, TINE_STACK_SIZE));
  space_ = TRY(AddressSpace::create());
  TRY(space_->lay_out(random_shift(most_moved), top_));
  window_.emplace(*space_, Prot::write);
  TRY(push_text(path));
  path_at_ = at_;
  return {};
}

// Adds `size` bytes below those that are there: fill(to, offset) writes each piece, which lies in
// one page.
template <class Fill>
Result<> ArgumentStack::push(std::size_t size, Fill fill) {
  // lab exec 2 {
  if (size > room_) return Errno::toobig;
  room_ -= size;
  PageWindow& window = *window_;
  while (size > 0) {
    std::size_t here = std::min<std::size_t>(size, (at_ - 1).page_offset() + 1);
    size -= here;
    at_ = at_ - here;
    std::span<std::byte> to = TRY(window.at(at_));
    TRY(fill(to.first(here), size));
  }
  return {};
  // } lab
}

Result<> ArgumentStack::push_text(std::string_view text) {
  // lab exec 2 {
  return push(text.size() + 1, [&](std::span<std::byte> to, std::size_t offset) {
    std::string_view piece = text.substr(offset, to.size());
    memcpy(to.data(), piece.data(), piece.size());
    if (piece.size() < to.size()) to.back() = std::byte{0};
    return Result<>();
  });
  // } lab
}

// Another thread may change the string meanwhile; the copy ends with a 0 in any case.
Result<> ArgumentStack::push_user_string(PageWindow& strings, VirtAddr from) {
  // lab exec 2 {
  std::size_t length = TRY(strings.string_length(from, longest_argument));
  first_size_ = length + 1;
  return push(length + 1, [&](std::span<std::byte> to, std::size_t offset) -> Result<> {
    if (offset > 0 && give_way()) return Errno::restart;
    TRY(strings.copy(to, from + offset));
    if (offset + to.size() > length) to.back() = std::byte{0};
    return {};
  });
  // } lab
}

Result<> ArgumentStack::add_from_user(VirtAddr argv, VirtAddr envp) {
  // lab exec 2 {
  PageWindow vectors(current_space(), Prot::read), strings(current_space(), Prot::read);
  std::size_t most = room_ / sizeof(std::uint64_t);
  argc_ = TRY(count_strings(vectors, argv, most));
  envc_ = TRY(count_strings(vectors, envp, most));
  std::size_t pointers = (std::max(argc_, 1u) + envc_) * sizeof(std::uint64_t);
  if (pointers >= room_) return Errno::toobig;
  room_ -= pointers;
  // [exec 2] The strings go straight to the stack of the new space, the last one first.
  for (unsigned i = argc_ + envc_; i > 0; i--) {
    if (i % strings_at_once == 0 && give_way()) return Errno::restart;
    VirtAddr from = i > argc_ ? envp + (i - argc_ - 1) * sizeof(std::uint64_t)
                              : argv + (i - 1) * sizeof(std::uint64_t);
    TRY(push_user_string(strings, TRY(load_pointer(vectors, from))));
  }
  return argc_ > 0 ? Result<>() : add_first("");
  // } lab
}

Result<> ArgumentStack::add_first(std::string_view text) {
  // lab exec 2 {
  first_size_ = text.size() + 1;
  argc_++;
  return push_text(text);
  // } lab
}

void ArgumentStack::remove_first() {
  // lab exec 2 {
  if (argc_ == 0) return;
  argc_--;
  at_ += first_size_;
  room_ += first_size_;
  // } lab
}

// ---- The vectors ----

// The beginning of argument `index`, for ps.
Result<> ArgumentStack::note_argument(unsigned index, VirtAddr text, std::size_t length) {
  // lab exec 2 {
  std::span<char> to =
      std::span(args.argv[index]).first(std::min<std::size_t>(length, TINE_ARG_LENGTH));
  args.argc = static_cast<int>(index) + 1;
  return window_->copy(std::as_writable_bytes(to), text);
  // } lab
}

// Writes argc and the pointers to all strings, which lie one after the other. (If another thread
// made a string shorter while it was copied, it counts as two, and the last strings get no
// pointer.)
template <class Put>
Result<> ArgumentStack::put_vectors(Put put) {
  // lab exec 2 {
  TRY(put(argc_));
  VirtAddr text = at_;
  for (unsigned i = 0; i < argc_ + envc_; i++) {
    if (i % strings_at_once == 0 && give_way()) return Errno::restart;
    if (i == argc_) TRY(put(0));
    TRY(put(text.value()));
    std::size_t length = TRY(window_->string_length(text, longest_argument));
    if (i < argc_ && i < TINE_ARG_COUNT) TRY(note_argument(i, text, length));
    text += length + 1;
  }
  // } lab
  if (envc_ == 0) TRY(put(0));
  return put(0);
}

namespace {

// The extensions that a program may use (AT_HWCAP), one bit for each letter: IMAC, and FD.
constexpr std::uint64_t hardware_capabilities = 0x1105, floating_point = 0x28;
constexpr std::uint64_t signal_stack_minimum = 1088;

}  // namespace

Result<VirtAddr> ArgumentStack::finish(const ElfImage& image, std::uint64_t interpreter,
                                       const Credentials& credentials) {
  // lab exec 2 {
  VirtAddr random_at((at_ - 16).value() & ~15ul);
  const std::uint64_t random[2] = {random_word(), random_word()};
  const Ids &user = credentials.user, &group = credentials.group;
  bool is_raised = user.effective != user.real || group.effective != group.real;
  const std::uint64_t auxv[][2] = {
      {AT_PHDR, image.program_headers.value()},
      {AT_PHENT, elf_header_entry_size},
      {AT_PHNUM, image.header_count},
      {AT_PAGESZ, page_size},
      {AT_BASE, interpreter},
      {AT_FLAGS, 0},
      {AT_ENTRY, image.entry.value()},
      {AT_UID, user.real},
      {AT_EUID, user.effective},
      {AT_GID, group.real},
      {AT_EGID, group.effective},
      {AT_HWCAP, hardware_capabilities | (fp_available ? floating_point : 0)},
      {AT_CLKTCK, 100},
      {AT_SECURE, is_raised},
      {AT_RANDOM, random_at.value()},
      {AT_EXECFN, path_at_.value()},
      {AT_MINSIGSTKSZ, signal_stack_minimum},
      {AT_NULL, 0},
  };
  // The vectors end where the random bytes begin; sp is aligned to 16 (psABI).
  std::size_t words = 1 + argc_ + 1 + envc_ + 1;
  VirtAddr sp((random_at - sizeof(auxv) - words * sizeof(std::uint64_t)).value() & ~15ul);
  TRY(copy_to_user(*space_, random_at, random, sizeof(random)));
  TRY(copy_to_user(*space_, sp + words * sizeof(std::uint64_t), auxv, sizeof(auxv)));
  PageWindow stack(*space_, Prot::write);
  VirtAddr to = sp;
  // [exec 6] Below the strings: argc, argv and envp. main finds them at sp.
  TRY(put_vectors([&](std::uint64_t word) -> Result<> {
    *TRY(stack.word(to)) = word;
    to += sizeof(word);
    return {};
  }));
  return sp;
  // } lab
}

// ---- execv(app_id, argv) ----

Result<tine_args> copy_user_argv(VirtAddr vector, std::string_view name) {
  // lab exec 1 {
  tine_args args{};
  if (vector.value() == 0) {
    args.argc = 1;
    copy_text(args.argv[0], sizeof(args.argv[0]), name);
    return args;
  }
  for (UserPtr<std::uint64_t> slot(vector);; slot = slot + 1) {
    VirtAddr from(TRY(slot.load()));
    if (from.value() == 0) break;
    if (args.argc == TINE_ARG_COUNT) return Errno::toobig;
    std::span<char> to(args.argv[args.argc]);
    std::size_t length = TRY(copy_string_from_user(current_space(), to, from));
    std::fill(to.begin() + length, to.end(), 0);
    args.argc++;
  }
  return args;
  // } lab
}

}  // namespace tine
