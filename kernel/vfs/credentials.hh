// Credentials: the user and groups for whom a thread acts (POSIX, "User ID", "Group ID"). They
// decide which files it may use, and to which processes it may send signals.
//
// An object never changes once it is in use: calls that change ids make a new one. So parent and
// child use the same object after fork, and a path walk keeps the one it began with.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "lib/ref.hh"
#include "mm/account.hh"

namespace tine {

struct Ids {
  std::uint32_t real = 0, effective = 0, saved = 0;

  bool has(std::uint32_t id) const { return id == real || id == effective || id == saved; }
  bool operator==(const Ids&) const = default;
};

struct Credentials {
  Ids user, group;
  std::array<std::uint32_t, 32> groups{};  // supplementary groups
  std::size_t group_count = 0;

  bool is_superuser() const { return user.effective == 0; }
  bool is_in_group(std::uint32_t id) const {
    auto end = groups.begin() + group_count;
    return id == group.effective || std::find(groups.begin(), end, id) != end;
  }
};
inline constexpr Credentials superuser;

struct SharedCredentials final : RefCounted {
  Credentials ids;
  RefPtr<Account> account;  // the real user's; null: root's

  // For new credentials with the current thread's real user ID, and so its account.
  explicit SharedCredentials(const Credentials& from) : ids(from), account(current_account()) {}
};

}  // namespace tine
