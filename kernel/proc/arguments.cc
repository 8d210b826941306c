#include "proc/arguments.hh"

#include <algorithm>

#include "lib/string.hh"
#include "proc/random.hh"

namespace tine {

// ---- Collecting ----

Result<> ArgumentBuffer::append(std::string_view bytes) {
  while (!bytes.empty()) {
    std::size_t page = size_ / page_size, offset = size_ % page_size;
    if (page == pages_.size()) return Errno::toobig;
    if (!pages_[page]) pages_[page] = FrameRef::adopt(TRY(frame_allocate(FrameKind::kernel)));
    std::size_t here = std::min(bytes.size(), page_size - offset);
    memcpy(pages_[page].bytes().data() + offset, bytes.data(), here);
    size_ += here;
    bytes.remove_prefix(here);
  }
  return {};
}

Result<> ArgumentBuffer::add_argument(std::string_view text) {
  TRY(append(text));
  TRY(append({"", 1}));
  argc_++;
  return {};
}

Result<> ArgumentBuffer::check_limit() const {
  bool fits = size_ + (argc_ + envc_) * sizeof(std::uint64_t) <= TINE_ARG_MAX;
  return fits ? Result<>() : Errno::toobig;
}

// A null-terminated vector of strings in the current program.
Result<> ArgumentBuffer::add_vector(VirtAddr vector, unsigned& count) {
  if (vector.value() == 0) return {};
  for (UserPtr<std::uint64_t> slot(vector);; slot = slot + 1) {
    VirtAddr from(TRY(slot.load()));
    if (from.value() == 0) return {};
    char piece[256];
    while (true) {
      Result<std::size_t> length = copy_string_from_user(current_space(), piece, from);
      if (length) {
        TRY(append({piece, *length + 1}));
        break;
      }
      if (length.error() != Errno::toobig) return length.error();
      TRY(append({piece, sizeof(piece)}));  // longer than the piece: go on behind it
      from += sizeof(piece);
    }
    count++;
    TRY(check_limit());
  }
}

Result<> ArgumentBuffer::add_from_user(VirtAddr argv, VirtAddr envp) {
  TRY(add_vector(argv, argc_));
  return add_vector(envp, envc_);
}

Result<> ArgumentBuffer::add_rest_of(const ArgumentBuffer& other) {
  std::size_t from = 0;
  if (other.argc_ > 0) {
    while (other.at(from) != 0) from++;
    from++;
    argc_ += other.argc_ - 1;
  }
  envc_ = other.envc_;
  while (from < other.size_) {
    std::size_t here = std::min(other.size_ - from, page_size - from % page_size);
    const std::byte* bytes = other.pages_[from / page_size].bytes().data() + from % page_size;
    TRY(append({reinterpret_cast<const char*>(bytes), here}));
    from += here;
  }
  return check_limit();
}

tine_args ArgumentBuffer::summary() const {
  tine_args args{};
  std::size_t offset = 0;
  for (; args.argc < TINE_ARG_COUNT && args.argc < int(argc_); args.argc++) {
    char* to = args.argv[args.argc];
    for (unsigned length = 0; at(offset) != 0; offset++) {
      if (length < TINE_ARG_LENGTH) to[length++] = at(offset);
    }
    offset++;
  }
  return args;
}

Result<tine_args> copy_user_argv(VirtAddr vector, std::string_view name) {
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
}

// ---- The new program's stack ----

Result<> ArgumentBuffer::copy_to(AddressSpace& space, VirtAddr to) const {
  for (std::size_t done = 0; done < size_; done += page_size) {
    std::size_t here = std::min(size_ - done, page_size);
    TRY(copy_to_user(space, to + done, pages_[done / page_size].bytes().data(), here));
  }
  return {};
}

namespace {

// IMAC and FD, one bit a letter: what a program may use (AT_HWCAP).
constexpr std::uint64_t hardware_capabilities = 0x1105, floating_point = 0x28;
constexpr std::uint64_t signal_stack_minimum = 1088;

}  // namespace

Result<VirtAddr> build_stack(AddressSpace& space, VirtAddr top, std::string_view path,
                             const ArgumentBuffer& arguments, const ElfImage& image,
                             const Credentials& credentials) {
  // From the top down: path, strings, random bytes.
  VirtAddr path_at = top - (path.size() + 1);
  VirtAddr strings = path_at - arguments.size();
  VirtAddr random_at = (strings - 16) - (strings.value() & 15);
  const std::uint64_t random[2] = {random_word(), random_word()};
  TRY(copy_to_user(space, path_at, path.data(),
                   path.size()));  // its final 0 is in the fresh page already
  TRY(arguments.copy_to(space, strings));
  TRY(copy_to_user(space, random_at, random, sizeof(random)));

  const Ids &user = credentials.user, &group = credentials.group;
  bool is_raised = user.effective != user.real || group.effective != group.real;
  const std::uint64_t auxv[][2] = {
      {AT_PHDR, image.program_headers.value()},
      {AT_PHENT, elf_header_entry_size},
      {AT_PHNUM, image.header_count},
      {AT_PAGESZ, page_size},
      {AT_BASE, 0},
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
      {AT_EXECFN, path_at.value()},
      {AT_MINSIGSTKSZ, signal_stack_minimum},
      {AT_NULL, 0},
  };

  // The vectors end where the random bytes begin; sp is aligned to 16 (psABI). What stays unwritten
  // is 0 already, as in every fresh page.
  std::uint64_t argc = arguments.argc();
  std::size_t words = 1 + argc + 1 + arguments.envc() + 1;
  VirtAddr sp((random_at - sizeof(auxv) - words * sizeof(std::uint64_t)).value() & ~15ul);
  TRY(copy_to_user(space, sp, &argc, sizeof(argc)));
  TRY(copy_to_user(space, sp + words * sizeof(std::uint64_t), auxv, sizeof(auxv)));
  std::size_t word = 1;
  TRY(arguments.for_each_string([&](std::size_t offset) {
    if (word == 1 + argc) word++;  // argv's end, a 0, is there
    std::uint64_t text = (strings + offset).value();
    return copy_to_user(space, sp + word++ * sizeof(text), &text, sizeof(text));
  }));
  return sp;
}

}  // namespace tine
