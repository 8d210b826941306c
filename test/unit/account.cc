#include "wings/linux/users.hh"

#include <optional>
#include <thread>
#include <vector>

#include "catch.hh"
#include "machine.hh"

using namespace tine;

namespace {

constexpr std::uint64_t mib = 1 << 20;

// This hart runs for a user until the end of the scope.
struct As {
  RefPtr<Account> account;

  explicit As(std::uint32_t user) : account(account_of(user).value()) {
    this_hart().account = account.get();
  }
  ~As() { this_hart().account = nullptr; }
};

// A machine on which users may take 8 MiB together.
struct Users {
  test::Machine machine;

  Users() { accounts_init(16 * mib); }
  ~Users() { CHECK(users_bytes() == 0); }
};

std::uint64_t most_of_one_charge(std::uint64_t step) {
  std::vector<Charge> charges;
  while (auto charge = Charge::take(step, Errno::nomem)) charges.push_back(std::move(*charge));
  return charges.size() * step;
}

}  // namespace

TEST_CASE("a user has one account as long as something keeps it, and root has none") {
  Users users;
  std::uint64_t before = heap_bytes_in_use();
  {
    RefPtr<Account> first = account_of(1000).value();
    CHECK(account_of(1000).value() == first);
    CHECK(!(account_of(1001).value() == first));
    CHECK(!account_of(0).value());
  }
  CHECK(heap_bytes_in_use() == before);
}

TEST_CASE("a charge is given back at the end of its life") {
  Users users;
  As user(1000);
  {
    Charge charge = Charge::take(5000, Errno::nomem).value();
    CHECK(user.account->bytes() == 5000);
    Charge other = std::move(charge);
    CHECK(user.account->bytes() == 5000);
    charge = Charge();
    CHECK(user.account->bytes() == 5000);
  }
  CHECK(user.account->bytes() == 0);
}

TEST_CASE(
    "one user gets three quarters of what users may have, and is told so by the given error") {
  Users users;
  As user(1000);
  std::uint64_t most = most_of_one_charge(64 << 10);
  CHECK(most == users_limit() / 4 * 3);
  std::vector<Charge> charges;
  while (auto charge = Charge::take(64 << 10, Errno::again)) charges.push_back(std::move(*charge));
  CHECK(Charge::take(64 << 10, Errno::again).error() == Errno::again);
  CHECK(Charge::take(64 << 10, Errno::mfile).error() == Errno::mfile);
  CHECK(user.account->bytes() == most);
}

TEST_CASE("however much other users have taken, something is left for the next one") {
  Users users;
  std::vector<Charge> charges;
  for (std::uint32_t id = 1000; id < 1005; id++) {
    As user(id);
    std::uint64_t taken = 0;
    while (auto charge = Charge::take(4096, Errno::nomem)) {
      charges.push_back(std::move(*charge));
      taken += 4096;
    }
    CHECK(taken >= 4096);
  }
  CHECK(users_bytes() < users_limit());
}

TEST_CASE("root is charged for nothing, and never refused") {
  Users users;
  Charge charge = Charge::take(100 * mib, Errno::nomem).value();
  CHECK(!charge.account());
  CHECK(users_bytes() == 0);
}

TEST_CASE("what changes hands is charged to the new owner, though he has too much") {
  Users users;
  std::optional<Charge> process;
  {
    As root(0);
    process = Charge::take(7 * mib, Errno::nomem).value();
  }
  RefPtr<Account> account = account_of(1000).value();
  process->move_to(account);
  CHECK(account->bytes() == 7 * mib);
  process->move_to(nullptr);
  CHECK(account->bytes() == 0);
}

TEST_CASE("accounts that come and go on several harts add up") {
  Users users;
  std::vector<std::thread> threads;
  for (unsigned hart = 1; hart <= 4; hart++) {
    threads.emplace_back([hart] {
      simulated_hart = hart;
      for (int i = 0; i < 2000; i++) {
        As user(1000 + unsigned(i % 2));
        auto charge = Charge::take(100, Errno::nomem);
        if (charge) Charge moved = std::move(*charge);
      }
    });
  }
  for (std::thread& each : threads) each.join();
  CHECK(account_of(1000).value()->bytes() == 0);
}
