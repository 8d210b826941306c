#include "fs/credentials.hh"

#include <algorithm>

namespace tine {

constinit const Credentials superuser;

bool Credentials::is_in_group(std::uint32_t id) const {
  auto end = groups.begin() + group_count;
  return id == group.effective || std::find(groups.begin(), end, id) != end;
}

bool may_signal(const Credentials& sender, const Credentials& target) {
  auto reaches = [&](std::uint32_t id) {
    return id == target.user.real || id == target.user.saved;
  };
  return sender.is_superuser() || reaches(sender.user.real) || reaches(sender.user.effective);
}

}  // namespace tine
