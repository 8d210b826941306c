#include "lib/own.hh"

#include "catch.hh"
#include "lib/ref.hh"

using namespace tine;

namespace {

int alive = 0;

struct Plain {
  Plain() { alive++; }
  ~Plain() { alive--; }
};
struct Counted : RefCounted {
  Counted() { alive++; }
  ~Counted() override { alive--; }
};
struct Derived : Counted {};

// Whatever a test does with its pointers, nothing may be left or be destroyed twice.
struct Balance {
  Balance() { alive = 0; }
  ~Balance() { CHECK(alive == 0); }
};

}  // namespace

TEST_CASE("an OwnPtr deletes what it owns, once") {
  Balance balance;
  OwnPtr<Plain> first(new Plain);
  CHECK(alive == 1);
  OwnPtr<Plain> second(std::move(first));
  CHECK(!first);
  CHECK(second);
  second = OwnPtr<Plain>(new Plain);
  CHECK(alive == 1);
  delete second.release();
  CHECK(!second);
}

TEST_CASE("a RefPtr that adopts holds the reference that the object was born with") {
  Balance balance;
  auto first = RefPtr<Counted>::adopt(new Counted);
  CHECK(first->references() == 1);
  RefPtr<Counted> second = first;
  CHECK(first->references() == 2);
  CHECK(first == second);
  RefPtr<Counted> third = std::move(first);
  CHECK(!first);
  CHECK(third->references() == 2);
  second = nullptr;
  CHECK(third->references() == 1);
  CHECK(alive == 1);
}

TEST_CASE("a RefPtr survives assignment to itself") {
  Balance balance;
  auto pointer = RefPtr<Counted>::adopt(new Counted);
  auto& alias = pointer;
  pointer = alias;
  CHECK(pointer->references() == 1);
}

TEST_CASE("a reference can be given up and adopted again") {
  Balance balance;
  auto pointer = RefPtr<Counted>::adopt(new Counted);
  Counted* bare = pointer.release();
  CHECK(!pointer);
  CHECK(bare->references() == 1);
  pointer = RefPtr<Counted>::adopt(bare);
  RefPtr<Counted> more(bare);
  CHECK(bare->references() == 2);
}

TEST_CASE("a RefPtr to a derived class becomes one to its base without a new reference") {
  Balance balance;
  RefPtr<Counted> base = RefPtr<Derived>::adopt(new Derived);
  CHECK(base->references() == 1);
}

TEST_CASE("a ScopeExit undoes unless it was dismissed") {
  int undone = 0;
  {
    ScopeExit undo([&] { undone++; });
  }
  CHECK(undone == 1);
  {
    ScopeExit undo([&] { undone++; });
    undo.dismiss();
  }
  CHECK(undone == 1);
}
