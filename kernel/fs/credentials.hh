// Credentials: on whose behalf something is done (POSIX, "User ID", "Group ID"). Files are asked
// with them, and signals.
//
// A process's never change while anybody can see them: calls that change ids make new ones. So
// forks share them, and a path walk keeps those it began with.
#pragma once

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
  std::array<std::uint32_t, 32> groups{};  // supplementary ones
  std::size_t group_count = 0;

  bool is_superuser() const { return user.effective == 0; }
  bool is_in_group(std::uint32_t id) const;
};
extern constinit const Credentials superuser;

struct SharedCredentials final : RefCounted {
  Credentials ids;
  RefPtr<Account> account;  // of the real user ID; null: root's

  // For the current user, if the real user ID is still the same.
  explicit SharedCredentials(const Credentials& from) : ids(from), account(current_account()) {}
};

// May the one send the other a signal (POSIX, kill)?
bool may_signal(const Credentials& sender, const Credentials& target);

}  // namespace tine
