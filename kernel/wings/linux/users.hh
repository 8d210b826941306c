// The account of each user (mm/account.hh), by the real user ID. It exists while a process runs for
// the user, or an object is charged to it.
//
// Lock: `accounts` guards the list of all.
#pragma once

#include <cstdint>

#include "lib/list.hh"
#include "mm/account.hh"

namespace tine {

class UserAccount final : public Account {
 public:
  const std::uint32_t user;
  ListLink link;

  explicit UserAccount(std::uint32_t id) : user(id) {}

 private:
  void destroy() override;
};

// The account of a user; makes it if there is none. nullptr for root. Errors: nomem.
Result<RefPtr<Account>> account_of(std::uint32_t user);

}  // namespace tine
