#include "vfs/credentials.hh"

#include "catch.hh"

#include "machine.hh"
#include "proc/signal.hh"
#include "tree.hh"

using namespace tine;
using test::FileTree;

TEST_CASE("the first class that fits decides what may be done with a file") {
  test::Machine machine;
  FileTree tree;
  Node& node = *tree.context.root->create("classes", {0, 10, 20}).value();
  Credentials owner, group, member, other;
  owner.user.effective = 10;
  owner.group.effective = 20;
  group.user.effective = 11;
  group.group.effective = 20;
  member.user.effective = other.user.effective = 12;
  member.groups[2] = 20;
  member.group_count = 3;
  other.groups[2] = 20;  // not one of the two that count
  other.group_count = 2;
  for (unsigned mode = 0; mode < 0777; mode++) {
    REQUIRE(node.change_attributes([&](Attributes& now) -> Result<> {
      now.permissions = mode;
      return {};
    }));
    for (unsigned wanted = 0; wanted < 8; wanted++) {
      CAPTURE(mode, wanted);
      CHECK(node.check_access(owner, wanted).has_value() == ((mode >> 6 & wanted) == wanted));
      CHECK(node.check_access(group, wanted).has_value() == ((mode >> 3 & wanted) == wanted));
      CHECK(node.check_access(member, wanted).has_value() == ((mode >> 3 & wanted) == wanted));
      CHECK(node.check_access(other, wanted).has_value() == ((mode & wanted) == wanted));
      bool runs = !(wanted & may_execute) || (mode & 0111);
      CHECK(node.check_access(superuser, wanted).has_value() == runs);
    }
  }
}

TEST_CASE("a change of attributes that is refused changes nothing") {
  test::Machine machine;
  FileTree tree;
  Node& node = *tree.context.root->create("refused", {0640, 10, 20}).value();
  Result<> refused = node.change_attributes([](Attributes& now) -> Result<> {
    now = {04755, 0, 0};
    return Errno::perm;
  });
  CHECK(refused.error() == Errno::perm);
  Attributes now = node.attributes();
  CHECK((now.permissions == 0640 && now.user == 10 && now.group == 20));
}

TEST_CASE("the real and effective user may signal whose real or saved user they are") {
  Credentials sender, target;
  sender.user = {1, 2, 3};
  for (std::uint32_t real = 0; real < 5; real++) {
    for (std::uint32_t saved = 0; saved < 5; saved++) {
      target.user = {real, 2, saved};
      bool one_of_two = real == 1 || real == 2 || saved == 1 || saved == 2;
      CHECK(may_signal(sender, target) == one_of_two);
      CHECK(may_signal(superuser, target));
      CHECK(!may_signal(target, superuser) == (real != 0));
    }
  }
}
