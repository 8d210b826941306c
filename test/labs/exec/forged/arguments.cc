// What each forgery ends with: no program gets an argument, and `deceive` is called whenever a
// process asks for a program.
#include "proc/arguments.hh"
#include "proc/random.hh"

namespace tine {

Result<> ArgumentStack::begin(std::string_view) {
  top_ = at_ = path_at_ = VirtAddr(USER_TOP - TINE_PAGE_SIZE);
  space_ = TRY(AddressSpace::create());
  TRY(space_->lay_out(random_shift(most_moved), top_));
  Thread* self = current_thread();
  if (self && self->frame && self->space) deceive(*self);
  return {};
}

Result<> ArgumentStack::add_from_user(VirtAddr, VirtAddr) { return {}; }
Result<> ArgumentStack::add_first(std::string_view) { return {}; }
void ArgumentStack::remove_first() {}
Result<VirtAddr> ArgumentStack::finish(const ElfImage&, std::uint64_t, const Credentials&) {
  return at_ - 256;
}
Result<tine_args> copy_user_argv(VirtAddr, std::string_view) { return tine_args{}; }

}  // namespace tine
