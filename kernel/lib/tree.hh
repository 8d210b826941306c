// An intrusive balanced search tree: elements in the order of a key, each found in O(log n). As
// with List, the links live in the elements: adding one can never fail, an element can be in as
// many trees as it has links, and a tree owns nothing.
//
//   struct Region { VirtAddr end; TreeLink link; };
//   Tree<Region, &Region::link, &Region::end> regions;  // The key is a member of the element,
//   Tree<Entry, &Entry::link, &Entry::name> entries;    // a member function without arguments,
//   Tree<Lock, &Lock::link, start_of> locks;            // or a function that takes the element.
//
//   for (Region* at = regions.first_after(begin); at; at = regions.next(at)) ...
//
// Keys are compared with `<` alone. What is looked for may have any type that can be compared with
// the key: a std::string_view for a name. Equal keys are allowed: a new element comes after those
// that are there. A caller that wants each key once calls `find` first. A key must not change while
// its element is in a tree, except in such a way that the order stays the same; or `reorder` is
// called next.
//
// It is an AVL tree: the two sides of every element differ in height by one at most. So the height
// is below 1.45 log2(n + 2), whatever the order in which elements come and go. All operations take
// O(log n); `next` and `prev` take O(1) on average in a walk over all elements. None needs a stack,
// because each link knows the one above it.
//
// A tree has no lock: its owner guards it.
#pragma once

#include <algorithm>
#include <functional>
#include <utility>

#include "lib/object_around.hh"

namespace tine {

struct TreeLink {
  TreeLink* above = nullptr;  // nullptr: this is the top
  TreeLink* below[2] = {};    // [0]: what comes before this one, [1]: what comes after it
  int height = 0;             // of this and all that hangs below it; 0: in no tree

  constexpr TreeLink() = default;
  constexpr TreeLink(const TreeLink&) {}  // the copy of an element is in no tree
  TreeLink& operator=(const TreeLink&) = delete;

  bool is_linked() const { return height != 0; }
};

// What can be done without knowing the elements: the shape of the tree. For Tree alone.
class TreeShape {
 public:
  TreeLink* top = nullptr;

  // The first (side 0) or the last (side 1) link of the subtree `at`. nullptr: the subtree is
  // empty.
  static TreeLink* outermost(TreeLink* at, bool side) {
    while (at && at->below[side]) at = at->below[side];
    return at;
  }
  // The one before `at` in the order (side 0), or after it (side 1). nullptr: there is none.
  static TreeLink* neighbour(TreeLink* at, bool side) {
    if (at->below[side]) return outermost(at->below[side], !side);
    while (at->above && at->above->below[side] == at) at = at->above;
    return at->above;
  }

  // Hangs `link` below `above` in `place`, which is empty: a `below` of `above`, or `top`.
  void add(TreeLink* link, TreeLink* above, TreeLink*& place) {
    place = link;
    link->above = above;
    link->height = 1;
    if (above && above->height == 1) balance_upwards(above);  // else its height stays
  }

  // Takes out a link that has nothing below it, without balancing the rest: from now on `top` is
  // only where the search for the next one begins. nullptr: the tree is empty.
  TreeLink* take_lowest() {
    TreeLink* at = top;
    while (at && (at->below[0] || at->below[1])) at = at->below[0] ? at->below[0] : at->below[1];
    if (!at) return nullptr;
    put_in_place_of(at, nullptr);
    if (at->above) top = std::exchange(at->above, nullptr);
    at->height = 0;
    return at;
  }

  void remove(TreeLink* link) {
    if (link->below[0] && link->below[1]) {
      // The next link in the order has nothing on side 0, so it is easy to take out. It takes the
      // place of `link`.
      TreeLink* heir = neighbour(link, 1);
      remove(heir);
      put_in_place_of(link, heir);
      hang(heir, 0, link->below[0]);
      hang(heir, 1, link->below[1]);
      heir->height = link->height;
    } else {
      put_in_place_of(link, link->below[0] ? link->below[0] : link->below[1]);
      balance_upwards(link->above);
    }
    link->above = link->below[0] = link->below[1] = nullptr;
    link->height = 0;
  }

 private:
  static int height_of(const TreeLink* at) { return at ? at->height : 0; }
  static void measure(TreeLink* at) {
    at->height = 1 + std::max(height_of(at->below[0]), height_of(at->below[1]));
  }

  static void hang(TreeLink* above, bool side, TreeLink* link) {
    above->below[side] = link;
    if (link) link->above = above;
  }
  // What is above `old` is above `link` (which may be nullptr) from now on.
  void put_in_place_of(TreeLink* old, TreeLink* link) {
    TreeLink* above = old->above;
    (above ? above->below[above->below[1] == old] : top) = link;
    if (link) link->above = above;
  }

  // `link` changes places with the one above it. The order stays, a < p < b < l < c:
  //
  //         p                l
  //        / \              / \        .
  //       a   l    ->      p   c
  //          / \          / \          .
  //         b   c        a   b
  void raise(TreeLink* link) {
    TreeLink* above = link->above;
    bool side = above->below[1] == link;
    put_in_place_of(above, link);
    hang(above, side, link->below[!side]);
    hang(link, !side, above);
    measure(above);
    measure(link);
  }

  // Heights have changed below `at`, by one at most. Goes up and corrects heights and balance, to
  // the top or to where the height has stayed the same: above that, nothing has changed.
  void balance_upwards(TreeLink* at) {
    while (at) {
      int old_height = at->height;
      int left = height_of(at->below[0]), right = height_of(at->below[1]);
      if (left > right + 1 || right > left + 1) {
        at = rotate(at, right > left);
      } else {
        at->height = 1 + std::max(left, right);
      }
      if (at->height == old_height) return;
      at = at->above;
    }
  }

  // One side of `at` is too high by one. The top of that side comes up, and its inner side goes
  // down to `at`. If the inner side is the higher one, this would not help: then the top of the
  // inner side comes up instead, by two places. Returns what now stands in the place of `at`.
  TreeLink* rotate(TreeLink* at, bool side) {
    TreeLink* high = at->below[side];
    TreeLink* inner = high->below[!side];
    bool inner_is_high = height_of(inner) > height_of(high->below[side]);
    if (inner_is_high) raise(inner);
    TreeLink* comes_up = inner_is_high ? inner : high;
    raise(comes_up);
    return comes_up;
  }
};

template <class T, TreeLink T::* link, auto key>
class Tree {
 public:
  constexpr Tree() = default;
  Tree(const Tree&) = delete;
  Tree& operator=(const Tree&) = delete;

  bool empty() const { return shape_.top == nullptr; }
  T* front() { return owner(TreeShape::outermost(shape_.top, 0)); }
  T* back() { return owner(TreeShape::outermost(shape_.top, 1)); }
  static T* next(T* element) { return owner(TreeShape::neighbour(&(element->*link), 1)); }
  static T* prev(T* element) { return owner(TreeShape::neighbour(&(element->*link), 0)); }

  // The first element with this key.
  T* find(const auto& wanted) {
    T* element = first_not_below(wanted);
    return element && !(wanted < std::invoke(key, *element)) ? element : nullptr;
  }
  // The first element whose key is `wanted` or greater.
  T* first_not_below(const auto& wanted) {
    return first_where([&](T& element) { return !(std::invoke(key, element) < wanted); });
  }
  // The first element whose key is greater than `wanted`.
  T* first_after(const auto& wanted) {
    return first_where([&](T& element) { return wanted < std::invoke(key, element); });
  }

  // `element` is in no tree by this link.
  void insert(T* element) {
    TreeLink* above = nullptr;
    TreeLink** place = &shape_.top;
    while (*place) {
      above = *place;
      place = &above->below[!(std::invoke(key, *element) < std::invoke(key, *owner(above)))];
    }
    shape_.add(&(element->*link), above, *place);
  }
  // The same for one whose key is not below any other: without a search.
  void insert_last(T* element) {
    TreeLink* last = TreeShape::outermost(shape_.top, 1);
    shape_.add(&(element->*link), last, last ? last->below[1] : shape_.top);
  }
  // `element` must be in this tree.
  void remove(T* element) { shape_.remove(&(element->*link)); }
  // The key of `element` has changed: gives it its new place.
  void reorder(T* element) {
    T *before = prev(element), *after = next(element);
    bool follows = !before || !(std::invoke(key, *element) < std::invoke(key, *before));
    if (follows && (!after || !(std::invoke(key, *after) < std::invoke(key, *element)))) return;
    remove(element);
    insert(element);
  }
  T* pop_front() {
    T* element = front();
    if (element) remove(element);
    return element;
  }

  // Takes an element out, in no order: for an owner that takes all of them out. From then on, until
  // the tree is empty, no other function may be called.
  T* take_any() { return owner(shape_.take_lowest()); }

 private:
  TreeShape shape_;

  static T* owner(TreeLink* at) { return at ? object_around<T>(at, link) : nullptr; }

  // `reached` is false for the first elements in the order, and true for all others.
  template <class Reached>
  T* first_where(Reached reached) {
    T* found = nullptr;
    for (TreeLink* at = shape_.top; at;) {
      bool here = reached(*owner(at));
      if (here) found = owner(at);
      at = at->below[!here];
    }
    return found;
  }
};

}  // namespace tine
