// ArgumentStack: the stack of a program to be, in an address space of its own, filled from the top
// down as the RISC-V psABI and Linux want it:
//
//   sp -> argc
//         argv[0] ... argv[argc - 1], 0
//         envp[0] ... 0
//         auxiliary vector: pairs of type and value, the last one AT_NULL
//         16 random bytes (AT_RANDOM), the strings of argv and envp, the path (AT_EXECFN)
//
// The strings are copied out of the old program straight to where the new one will find them,
// before anything of the old one is given up. They come from the last to the first, so that what a
// script adds in front goes in front. Pages are taken as they are filled.
//
// Limits, as Linux has them (execve(2): E2BIG): a string has at most longest_argument bytes;
// strings and pointers together take at most a quarter of what the stack may grow to.
#pragma once

#include <tine/abi.h>
#include <tine/limits.h>

#include <optional>
#include <string_view>

#include "fs/credentials.hh"
#include "lib/elf.hh"
#include "lib/result.hh"
#include "mm/frames.hh"
#include "vm/user_memory.hh"

namespace tine {

constexpr std::size_t longest_argument = (128 << 10) - 1;  // without its final 0

// How far mmap's place, and a position-independent program, may be moved upwards.
constexpr std::uint64_t most_moved = 1ul << 35;

// The last component of a path.
constexpr std::string_view base_name(std::string_view path) {
  std::size_t slash = path.rfind('/');
  return slash == path.npos ? path : path.substr(slash + 1);
}

class ArgumentStack {
 public:
  // Begins a stack, with nothing but the path in it. Once, before anything else. Errors: toobig,
  // nomem.
  Result<> begin(std::string_view path);

  // The vectors of execve: either may be null, and without arguments there is one, "". Errors:
  // fault, toobig, nomem.
  Result<> add_from_user(VirtAddr argv, VirtAddr envp);
  // `text` becomes the first argument. Errors: toobig, nomem.
  Result<> add_first(std::string_view text);
  // The first argument, if there is one, is none any more.
  void remove_first();

  unsigned argc() const { return argc_; }
  // Of the program: what exec(app_id) gives it, whose stack has no arguments; else the first ones
  // of the stack, cut to fit, from `finish` on.
  alignas(8) tine_args args{};

  const RefPtr<AddressSpace>& space() const { return space_; }
  // Where the stack is, once it has grown.
  VirtAddr top() const { return top_; }
  VirtAddr limit() const { return top_ - TINE_STACK_SIZE; }

  // Writes the vectors. `interpreter`: how far that was moved (AT_BASE). Returns sp. Errors: nomem.
  Result<VirtAddr> finish(const ElfImage& image, std::uint64_t interpreter,
                          const Credentials& credentials);

 private:
  RefPtr<AddressSpace> space_;
  VirtAddr top_, path_at_;
  VirtAddr at_;                       // the lowest byte so far
  std::optional<PageWindow> window_;  // on that
  std::size_t room_ = 0;              // bytes that may still be added
  unsigned argc_ = 0, envc_ = 0;
  std::size_t first_size_ = 0;  // of the first argument, with its final 0; 0: not known

  template <class Fill>
  Result<> push(std::size_t size, Fill fill);
  Result<> push_text(std::string_view text);
  Result<> push_user_string(PageWindow& strings, VirtAddr from);
  Result<> note_argument(unsigned index, VirtAddr text, std::size_t length);
  template <class Put>
  Result<> put_vectors(Put put);
};

// The arguments of execv(app_id, argv): read from the program under the limits of tine_args.
// `vector` may be null: just `name`. Errors: fault, toobig, nomem.
Result<tine_args> copy_user_argv(VirtAddr vector, std::string_view name);

}  // namespace tine
