#include "lib/tree.hh"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "catch.hh"

using namespace tine;

namespace {

struct Element {
  int key;
  char name = '?';
  TreeLink link{}, second{};
};
using ByKey = Tree<Element, &Element::link, &Element::key>;

char name_of(const Element& element) { return element.name; }
using ByName = Tree<Element, &Element::second, name_of>;

template <class T>
std::string names(T& tree) {
  std::string result;
  for (Element* at = tree.front(); at; at = T::next(at)) result += at->name;
  return result;
}

std::string backwards(ByKey& tree) {
  std::string result;
  for (Element* at = tree.back(); at; at = ByKey::prev(at)) result += at->name;
  return result;
}

char name_of(Element* element) { return element ? element->name : '-'; }

}  // namespace

TEST_CASE("a fresh tree is empty") {
  constinit static ByKey tree;
  CHECK(tree.empty());
  CHECK(tree.front() == nullptr);
  CHECK(tree.back() == nullptr);
  CHECK(tree.pop_front() == nullptr);
  CHECK(tree.find(1) == nullptr);
  CHECK(tree.first_not_below(1) == nullptr);
  CHECK(names(tree) == "");
}

TEST_CASE("a tree is in order, forwards and backwards") {
  ByKey tree;
  Element c{30, 'c'}, a{10, 'a'}, d{40, 'd'}, b{20, 'b'};
  for (Element* each : {&c, &a, &d, &b}) tree.insert(each);
  CHECK(names(tree) == "abcd");
  CHECK(backwards(tree) == "dcba");
  CHECK(tree.front() == &a);
  CHECK(tree.back() == &d);
  CHECK(ByKey::next(&d) == nullptr);
  CHECK(ByKey::prev(&a) == nullptr);
}

TEST_CASE("a key is found; so is the first that is not below it, and the first after it") {
  ByKey tree;
  Element a{10, 'a'}, b{20, 'b'}, c{30, 'c'};
  for (Element* each : {&a, &b, &c}) tree.insert(each);
  CHECK(tree.find(20) == &b);
  CHECK(tree.find(15) == nullptr);
  std::string not_below, after;
  for (int key : {5, 10, 15, 20, 25, 30, 35}) {
    not_below += name_of(tree.first_not_below(key));
    after += name_of(tree.first_after(key));
  }
  CHECK(not_below == "aabbcc-");
  CHECK(after == "abbcc--");
}

TEST_CASE("elements with equal keys stand in the order in which they came") {
  ByKey tree;
  Element elements[] = {{2, 'd'}, {1, 'a'}, {2, 'e'}, {1, 'b'}, {3, 'g'}, {2, 'f'}, {1, 'c'}};
  for (Element& each : elements) tree.insert(&each);
  CHECK(names(tree) == "abcdefg");
  CHECK(name_of(tree.find(2)) == 'd');
  CHECK(name_of(tree.first_after(1)) == 'd');
  std::string popped;
  while (Element* element = tree.pop_front()) popped += element->name;
  CHECK(popped == "abcdefg");
}

TEST_CASE("what is removed is in no tree, and its neighbours are each other's") {
  ByKey tree;
  Element elements[] = {{1, 'a'}, {2, 'b'}, {3, 'c'}, {4, 'd'}, {5, 'e'}};
  for (Element& each : elements) tree.insert(&each);
  CHECK(elements[1].link.is_linked());
  tree.remove(&elements[1]);  // 'b' has something on both sides
  CHECK(!elements[1].link.is_linked());
  CHECK(names(tree) == "acde");
  CHECK(ByKey::next(&elements[0]) == &elements[2]);
  CHECK(ByKey::prev(&elements[2]) == &elements[0]);
  tree.insert(&elements[1]);
  CHECK(names(tree) == "abcde");
  for (Element& each : elements) tree.remove(&each);
  CHECK(tree.empty());
}

TEST_CASE("an element is in as many trees as it has links, and its copy is in none") {
  ByKey by_key;
  ByName by_name;
  Element elements[] = {{1, 'z'}, {2, 'y'}, {3, 'x'}};
  for (Element& each : elements) {
    by_key.insert(&each);
    by_name.insert(&each);
  }
  CHECK(names(by_key) == "zyx");
  CHECK(names(by_name) == "xyz");
  by_key.remove(&elements[1]);
  CHECK(names(by_name) == "xyz");
  Element copy = elements[0];
  CHECK(!copy.link.is_linked());
}

TEST_CASE("elements that come in their order need no search") {
  ByKey tree;
  std::vector<Element> elements(100);
  for (int i = 0; i < 100; i++) {
    elements[std::size_t(i)].key = i / 2;
    tree.insert_last(&elements[std::size_t(i)]);
  }
  int expected = 0;
  for (Element* at = tree.front(); at; at = ByKey::next(at)) {
    CHECK(at == &elements[std::size_t(expected++)]);
  }
  CHECK(expected == 100);
  CHECK(tree.find(20) == &elements[40]);
}

TEST_CASE("an element whose key has changed gets its new place") {
  ByKey tree;
  Element elements[] = {{10, 'a'}, {20, 'b'}, {30, 'c'}, {40, 'd'}};
  for (Element& each : elements) tree.insert(&each);
  auto names_after = [&](Element& element, int key) {
    element.key = key;
    tree.reorder(&element);
    return names(tree);
  };
  CHECK(names_after(elements[1], 25) == "abcd");
  CHECK(names_after(elements[1], 35) == "acbd");
  CHECK(names_after(elements[3], 5) == "dacb");
  CHECK(names_after(elements[0], 50) == "dcba");
  CHECK(tree.find(35) == &elements[1]);
  CHECK(tree.find(20) == nullptr);
}

TEST_CASE("names are found without making one") {
  struct Entry {
    std::string text;
    TreeLink link{};
    std::string_view name() const { return text; }
  };
  Tree<Entry, &Entry::link, &Entry::name> entries;
  Entry first{"lib"}, second{"bin"}, third{"li"};
  for (Entry* each : {&first, &second, &third}) entries.insert(each);
  CHECK(entries.find(std::string_view("lib/x").substr(0, 3)) == &first);
  CHECK(entries.find("bin") == &second);
  CHECK(entries.find("l") == nullptr);
  CHECK(entries.first_after("bin") == &third);
}

// ---- Against a map, and how deep it gets ----

namespace {

unsigned long comparisons = 0;

struct Counted {
  int value;
  bool operator<(const Counted& other) const {
    comparisons++;
    return value < other.value;
  }
};

struct Item {
  Counted key;
  unsigned long number;  // tells equal keys apart
  TreeLink link{};
};
using Items = Tree<Item, &Item::link, &Item::key>;
using Model = std::multimap<int, std::unique_ptr<Item>>;

// One comparison a level, and one more for "equal".
double most_comparisons(std::size_t elements) { return 1 + 1.45 * std::log2(double(elements) + 2); }

bool is_quick(Items& tree, std::size_t elements, int key) {
  comparisons = 0;
  (void)tree.find(Counted{key});
  return double(comparisons) <= most_comparisons(elements);
}

int height_of(const TreeLink* at) { return at ? at->height : 0; }

bool is_balanced(const TreeLink& at) {
  int before = height_of(at.below[0]), after = height_of(at.below[1]);
  return std::abs(before - after) <= 1 && at.height == 1 + std::max(before, after);
}

bool same(Items& tree, Model& model) {
  auto expected = model.begin();
  for (Item* at = tree.front(); at; at = Items::next(at)) {
    if (expected == model.end() || expected->second.get() != at) return false;
    if (!is_balanced(at->link)) return false;
    ++expected;
  }
  if (expected != model.end()) return false;
  for (Item* at = tree.back(); at; at = Items::prev(at)) {
    --expected;
    if (expected->second.get() != at) return false;
  }
  return expected == model.begin();
}

Item* item_of(Model& model, Model::iterator at) {
  return at == model.end() ? nullptr : at->second.get();
}

bool finds_the_same(Items& tree, Model& model, int key) {
  auto [begin, end] = model.equal_range(key);
  return tree.first_not_below(Counted{key}) == item_of(model, begin) &&
         tree.first_after(Counted{key}) == item_of(model, end) &&
         tree.find(Counted{key}) == (begin == end ? nullptr : begin->second.get());
}

}  // namespace

TEST_CASE("100,000 random changes leave the tree as they leave a map, and never too deep") {
  Items tree;
  Model model;
  std::mt19937 random(1);
  unsigned wrong = 0, slow = 0, removed = 0;
  for (unsigned long i = 0; i < 100'000; i++) {
    int key = int(random() % 5000);
    // Grows and shrinks in turn, now and then to nothing.
    bool grows = i / 5000 % 2 == 0;
    if (random() % 4 == 0 ? !grows : grows) {
      auto item = std::make_unique<Item>(Item{{key}, i});
      tree.insert(item.get());
      model.emplace(key, std::move(item));
    } else if (auto at = model.lower_bound(key); at != model.end() && random() % 4 == 0) {
      auto item = std::move(at->second);
      model.erase(at);
      item->key.value = int(random() % 5000);
      tree.reorder(item.get());
      // Where keys are equal it may have stayed before or after them: as the tree says, so be it.
      auto place = model.upper_bound(item->key.value);
      Item* next = Items::next(item.get());
      while (place != model.begin() && std::prev(place)->first == item->key.value &&
             (place == model.end() ? nullptr : place->second.get()) != next)
        --place;
      Item* moved = item.get();
      model.emplace_hint(place, moved->key.value, std::move(item));
    } else if (at != model.end()) {
      tree.remove(at->second.get());
      wrong += at->second->link.is_linked();
      model.erase(at);
      removed++;
    }
    wrong += !finds_the_same(tree, model, key);
    slow += !is_quick(tree, model.size(), key);
    if (i % 1000 == 0) wrong += !same(tree, model);
  }
  CHECK(wrong == 0);
  CHECK(slow == 0);
  CHECK(removed > 10'000);
  CHECK(same(tree, model));
}

// The order in which elements 0 to n - 1 come (or go).
namespace {

using Order = int (*)(int i, int n);
int upwards(int i, int) { return i; }
int downwards(int i, int n) { return n - 1 - i; }
int from_both_ends(int i, int n) { return i % 2 ? n - 1 - i / 2 : i / 2; }
int from_the_middle(int i, int n) { return from_both_ends(n - 1 - i, n); }

}  // namespace

TEST_CASE("a tree stays low in whatever order its elements come, and in whatever order they go") {
  constexpr int count = 1 << 12, left = 100;
  constexpr Order orders[] = {upwards, downwards, from_both_ends, from_the_middle};
  for (Order comes : orders) {
    for (Order goes : orders) {
      Items tree;
      std::vector<Item> items;
      for (int i = 0; i < count; i++) items.push_back({{i}, 0});
      for (int i = 0; i < count; i++) tree.insert(&items[std::size_t(comes(i, count))]);
      unsigned slow = 0;
      for (int key = 0; key < count; key++) slow += !is_quick(tree, count, key);
      for (int i = 0; i < count - left; i++) tree.remove(&items[std::size_t(goes(i, count))]);
      for (int key = 0; key < count; key++) slow += !is_quick(tree, left, key);
      CHECK(slow == 0);
    }
  }
}

TEST_CASE("an owner takes all elements out, in no order, and the tree is empty then") {
  for (int count : {0, 1, 2, 3, 10, 1000}) {
    std::vector<Element> elements(static_cast<std::size_t>(count));
    ByKey tree;
    for (int i = 0; i < count; i++) {
      elements[static_cast<std::size_t>(i)].key = i * 7919 % 1000;
      tree.insert(&elements[static_cast<std::size_t>(i)]);
    }
    std::set<Element*> taken;
    while (Element* element = tree.take_any()) {
      CHECK_FALSE(element->link.is_linked());
      CHECK(taken.insert(element).second);
    }
    CHECK(taken.size() == elements.size());
    CHECK(tree.empty());
    if (count > 0) tree.insert(&elements[0]);  // good for use again
    CHECK(tree.front() == (count > 0 ? &elements[0] : nullptr));
  }
}
