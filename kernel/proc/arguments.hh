// ArgumentStack: the stack of a new program, in its own address space, filled from the top down in
// the layout of the RISC-V psABI and Linux:
//
//   sp -> argc
//         argv[0] ... argv[argc - 1], 0
//         envp[0] ... 0
//         auxiliary vector: pairs of type and value, the last one AT_NULL
//         16 random bytes (AT_RANDOM), the strings of argv and envp, the path (AT_EXECFN)
//
// The strings are copied from the old program directly to their place in the new one, while the old
// one is still complete. They are copied from the last to the first, so that a script's interpreter
// can be added as the first. Pages are allocated as they are filled.
//
// Limits, as on Linux (execve(2): E2BIG): a string has at most longest_argument bytes; strings and
// pointers together take at most a quarter of the size to which the stack may grow.
#pragma once

#include <tine/abi.h>
#include <tine/limits.h>

#include <optional>
#include <string_view>

#include "lib/elf.hh"
#include "lib/result.hh"
#include "mm/frames.hh"
#include "vfs/credentials.hh"
#include "vm/user_memory.hh"

namespace tine {

constexpr std::size_t longest_argument = (128 << 10) - 1;  // without its final 0

// How far mmap's area, and a position-independent program, may be moved upwards at random.
constexpr std::uint64_t most_moved = 1ul << 35;

// The last component of a path.
constexpr std::string_view base_name(std::string_view path) {
  std::size_t slash = path.rfind('/');
  return slash == path.npos ? path : path.substr(slash + 1);
}

class ArgumentStack {
 public:
  // Begins a stack that has only the path. Call it once, first. Errors: toobig, nomem.
  Result<> begin(std::string_view path);

  // Adds the strings of execve's vectors. Either vector may be null; without arguments, "" is added
  // as one. Errors: fault, toobig, nomem, restart.
  Result<> add_from_user(VirtAddr argv, VirtAddr envp);
  // Adds `text` as the first argument. Errors: toobig, nomem.
  Result<> add_first(std::string_view text);
  // Removes the first argument, if there is one. Call it at most once after an addition.
  void remove_first();

  unsigned argc() const { return argc_; }
  // The process's `args`: for exec(app_id), whose stack has no arguments, set by the caller.
  // Otherwise `finish` puts the first arguments here, cut to fit.
  alignas(8) tine_args args{};

  const RefPtr<AddressSpace>& space() const { return space_; }
  // The end of the stack, and the lowest address to which it may grow.
  VirtAddr top() const { return top_; }
  VirtAddr limit() const { return top_ - TINE_STACK_SIZE; }

  // Writes the vectors. `interpreter`: how far the interpreter was moved (AT_BASE). Returns sp.
  // Errors: nomem, restart.
  Result<VirtAddr> finish(const ElfImage& image, std::uint64_t interpreter,
                          const Credentials& credentials);

 private:
  RefPtr<AddressSpace> space_;
  VirtAddr top_, path_at_;
  VirtAddr at_;                       // the lowest byte so far
  std::optional<PageWindow> window_;  // on the page of `at_`
  std::size_t room_ = 0;              // bytes that may still be added
  unsigned argc_ = 0, envc_ = 0;
  std::size_t first_size_ = 0;  // of the first argument, with its final 0

  template <class Fill>
  Result<> push(std::size_t size, Fill fill);
  Result<> push_text(std::string_view text);
  Result<> push_user_string(PageWindow& strings, VirtAddr from);
  Result<> note_argument(unsigned index, VirtAddr text, std::size_t length);
  template <class Put>
  Result<> put_vectors(Put put);
};

// The arguments of execv(app_id, argv): read from the program under the limits of tine_args.
// `vector` may be null: then `name` is the only one. Errors: fault, toobig, nomem.
Result<tine_args> copy_user_argv(VirtAddr vector, std::string_view name);

}  // namespace tine
