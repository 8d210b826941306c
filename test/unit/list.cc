#include "lib/list.hh"

#include <string>

#include "catch.hh"

using namespace tine;

namespace {

struct Element {
  char name;
  ListLink first, second;
};
using ByFirst = List<Element, &Element::first>;
using BySecond = List<Element, &Element::second>;

template <class L>
std::string names(L& list) {
  std::string result;
  for (Element& each : list) result += each.name;
  return result;
}

}  // namespace

TEST_CASE("a fresh list is empty") {
  ByFirst list;
  CHECK(list.empty());
  CHECK(list.front() == nullptr);
  CHECK(list.pop_front() == nullptr);
  CHECK(names(list) == "");
}

TEST_CASE("elements come out in the order of the list, whichever end they went in") {
  ByFirst list;
  Element a{'a', {}, {}}, b{'b', {}, {}}, c{'c', {}, {}};
  list.push_back(&b);
  list.push_front(&a);
  list.push_back(&c);
  CHECK(names(list) == "abc");
  CHECK(list.front() == &a);
  CHECK(list.next(&a) == &b);
  CHECK(list.next(&c) == nullptr);
  CHECK(list.pop_front() == &a);
  CHECK(names(list) == "bc");
}

TEST_CASE("removing from the middle joins the neighbours and unlinks the element") {
  ByFirst list;
  Element a{'a', {}, {}}, b{'b', {}, {}}, c{'c', {}, {}};
  for (Element* each : {&a, &b, &c}) list.push_back(each);
  CHECK(b.first.is_linked());
  ByFirst::remove(&b);
  CHECK(!b.first.is_linked());
  CHECK(names(list) == "ac");
  ByFirst::remove(&a);
  ByFirst::remove(&c);
  CHECK(list.empty());
  list.push_back(&b);
  CHECK(names(list) == "b");
}

TEST_CASE("an element is in as many lists as it has links") {
  ByFirst first;
  BySecond second;
  Element a{'a', {}, {}}, b{'b', {}, {}};
  first.push_back(&a);
  first.push_back(&b);
  second.push_back(&b);
  second.push_back(&a);
  CHECK(names(first) == "ab");
  CHECK(names(second) == "ba");
  ByFirst::remove(&a);
  CHECK(names(second) == "ba");
}
