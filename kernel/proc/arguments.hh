// ArgumentBuffer: the strings of argv and envp, copied out of the old program before anything of it
// is given up. They lie one behind the other, each with its final 0, in pages of the kernel's; the
// count of each kind says whose they are.
//
// Limit: strings and the pointers to them, TINE_ARG_MAX together (execve(2): E2BIG).
#pragma once

#include <tine/abi.h>
#include <tine/limits.h>

#include <array>
#include <string_view>

#include "fs/credentials.hh"
#include "lib/elf.hh"
#include "lib/result.hh"
#include "mm/frames.hh"
#include "vm/user_memory.hh"

namespace tine {

// The last component of a path.
constexpr std::string_view base_name(std::string_view path) {
  std::size_t slash = path.rfind('/');
  return slash == path.npos ? path : path.substr(slash + 1);
}

class ArgumentBuffer {
 public:
  // All strings of argv come before those of envp. Errors: toobig, nomem; add_from_user: fault.
  Result<> add_argument(std::string_view text);
  Result<> add_from_user(VirtAddr argv, VirtAddr envp);

  // The arguments of another buffer but for its first, and its environment.
  Result<> add_rest_of(const ArgumentBuffer& other);

  unsigned argc() const { return argc_; }
  unsigned envc() const { return envc_; }
  std::size_t size() const { return size_; }  // bytes of all strings

  // Copies all strings to `to` in `space`. Errors: fault, nomem.
  Result<> copy_to(AddressSpace& space, VirtAddr to) const;

  // Calls visit(offset of a string) for each in order; stops at the first error.
  template <class Visit>
  Result<> for_each_string(Visit visit) const;

  // The first arguments cut to fit, for ps.
  tine_args summary() const;

 private:
  std::array<FrameRef, TINE_ARG_MAX / page_size> pages_;
  std::size_t size_ = 0;
  unsigned argc_ = 0, envc_ = 0;

  Result<> append(std::string_view bytes);
  Result<> check_limit() const;  // toobig
  Result<> add_vector(VirtAddr vector, unsigned& count);
  char at(std::size_t offset) const {
    return static_cast<char>(pages_[offset / page_size].bytes()[offset % page_size]);
  }
};

template <class Visit>
Result<> ArgumentBuffer::for_each_string(Visit visit) const {
  bool at_start = true;
  for (std::size_t i = 0; i < size_; i++) {
    if (at_start) TRY(visit(i));
    at_start = at(i) == 0;
  }
  return {};
}

// The arguments of execv(app_id, argv): read from the program under the limits of tine_args.
// `vector` may be null: just `name`. Errors: fault, toobig, nomem.
Result<tine_args> copy_user_argv(VirtAddr vector, std::string_view name);

// Builds the stack of a new program below `top`, as the RISC-V psABI and Linux want it, in an empty
// space that has its stack region:
//
//   sp -> argc
//         argv[0] ... argv[argc - 1], 0
//         envp[0] ... 0
//         auxiliary vector: pairs of type and value, the last one AT_NULL
//         16 random bytes (AT_RANDOM), the strings, the path (AT_EXECFN)
//
// `argc` is what the program finds; exec(app_id) leaves 0 there and its strings are fetched by
// getargs. Answers sp.
Result<VirtAddr> build_stack(AddressSpace& space, VirtAddr top, std::string_view path,
                             const ArgumentBuffer& arguments, const ElfImage& image,
                             const Credentials& credentials);

}  // namespace tine
