// An intrusive doubly linked list: the links live in the elements, so that adding one can never
// fail, and one element can be in as many lists as it has links. A list owns nothing.
//
//   struct Thread { ListLink run_link; };
//   List<Thread, &Thread::run_link> queue;
#pragma once

#include "lib/object_around.hh"

namespace tine {

struct ListLink {
  ListLink* prev = nullptr;
  ListLink* next = nullptr;

  constexpr ListLink() = default;
  constexpr ListLink(const ListLink&) {}  // the copy of an element is in no list
  ListLink& operator=(const ListLink&) = delete;

  bool is_linked() const { return next != nullptr; }
};

template <class T, ListLink T::* link>
class List {
 public:
  // The list is a ring through head_; both ends are null until the first use, so that a List can be
  // constinit.
  constexpr List() = default;
  List(const List&) = delete;
  List& operator=(const List&) = delete;

  bool empty() const { return head_.next == nullptr || head_.next == &head_; }
  T* front() { return empty() ? nullptr : owner(head_.next); }
  T* next(T* element) {
    ListLink* after = (element->*link).next;
    return after == &head_ ? nullptr : owner(after);
  }

  void push_back(T* element) { insert(head_ring()->prev, element); }
  void push_front(T* element) { insert(head_ring(), element); }

  T* pop_front() {
    T* element = front();
    if (element) remove(element);
    return element;
  }

  // `element` must be in this list.
  static void remove(T* element) {
    ListLink& l = element->*link;
    l.prev->next = l.next;
    l.next->prev = l.prev;
    l.prev = l.next = nullptr;
  }

  class Iterator {
   public:
    explicit Iterator(ListLink* at) : at_(at) {}
    T& operator*() const { return *owner(at_); }
    T* operator->() const { return owner(at_); }
    Iterator& operator++() {
      at_ = at_->next;
      return *this;
    }
    bool operator==(const Iterator&) const = default;

   private:
    ListLink* at_;
  };
  // The loop body must not remove the current element.
  Iterator begin() { return Iterator(head_ring()->next); }
  Iterator end() { return Iterator(head_ring()); }

 private:
  ListLink head_;

  ListLink* head_ring() {
    if (head_.next == nullptr) head_.prev = head_.next = &head_;
    return &head_;
  }

  static void insert(ListLink* after, T* element) {
    ListLink& l = element->*link;
    l.prev = after;
    l.next = after->next;
    after->next->prev = &l;
    after->next = &l;
  }

  static T* owner(ListLink* at) { return object_around<T>(at, link); }
};

}  // namespace tine
