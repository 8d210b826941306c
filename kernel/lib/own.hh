// OwnPtr: the one owner of an object on the kernel heap. ScopeExit: an undo step that runs unless
// dismissed.
#pragma once

#include <utility>

namespace tine {

template <class T>
class OwnPtr {
 public:
  constexpr OwnPtr() = default;
  explicit constexpr OwnPtr(T* object) : object_(object) {}
  OwnPtr(OwnPtr&& other) : object_(other.release()) {}
  ~OwnPtr() { delete object_; }
  OwnPtr& operator=(OwnPtr other) {
    std::swap(object_, other.object_);
    return *this;
  }

  T* release() { return std::exchange(object_, nullptr); }
  T* get() const { return object_; }
  T& operator*() const { return *object_; }
  T* operator->() const { return object_; }
  explicit operator bool() const { return object_ != nullptr; }

 private:
  T* object_ = nullptr;
};

//   ScopeExit undo([&] { give_back(page); });
//   ...what may fail and return early...
//   undo.dismiss();
template <class Action>
class [[nodiscard]] ScopeExit {
 public:
  explicit ScopeExit(Action action) : action_(std::move(action)) {}
  ScopeExit(const ScopeExit&) = delete;
  ScopeExit& operator=(const ScopeExit&) = delete;
  ~ScopeExit() {
    if (armed_) action_();
  }
  void dismiss() { armed_ = false; }

 private:
  Action action_;
  bool armed_ = true;
};

}  // namespace tine
