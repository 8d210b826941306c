// Counted ownership. A RefCounted object is made with one reference, which the RefPtr that adopts
// it holds; the object deletes itself when the last RefPtr goes. Counts may be changed from any
// hart at any time.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace tine {

class RefCounted {
 public:
  RefCounted(const RefCounted&) = delete;
  RefCounted& operator=(const RefCounted&) = delete;

  // A new reference is made from an existing one, which already orders everything: relaxed is
  // enough.
  void ref() { references_.fetch_add(1, std::memory_order_relaxed); }

  // The same where only a lock keeps the object's memory valid: false when the last reference has
  // gone, and the object is about to remove itself from the data that the lock guards.
  bool try_ref() {
    std::uint32_t count = references_.load(std::memory_order_relaxed);
    while (count != 0 &&
           !references_.compare_exchange_weak(count, count + 1, std::memory_order_relaxed)) {
    }
    return count != 0;
  }

  // Release: what this holder wrote happens before the destruction. Acquire: the thread that
  // destroys the object sees what all holders wrote.
  void unref() {
    if (unref_is_last()) [[unlikely]]
      destroy();
  }
  // The same without the destruction, which the caller must do if this returns true.
  bool unref_is_last() { return references_.fetch_sub(1, std::memory_order_acq_rel) == 1; }

  std::uint32_t references() const { return references_.load(std::memory_order_relaxed); }

 protected:
  constexpr RefCounted() = default;
  virtual ~RefCounted() = default;
  virtual void destroy() { delete this; }

 private:
  std::atomic<std::uint32_t> references_{1};
};

template <class T>
class RefPtr {
 public:
  constexpr RefPtr() = default;
  constexpr RefPtr(std::nullptr_t) {}
  explicit RefPtr(T* object) : object_(object) {
    if (object_) object_->ref();
  }
  RefPtr(const RefPtr& other) : RefPtr(other.object_) {}
  RefPtr(RefPtr&& other) : object_(std::exchange(other.object_, nullptr)) {}
  template <class U>
    requires std::is_convertible_v<U*, T*>
  RefPtr(RefPtr<U> other) : object_(other.release()) {}
  ~RefPtr() {
    if (object_) object_->unref();
  }
  RefPtr& operator=(RefPtr other) {
    std::swap(object_, other.object_);
    return *this;
  }

  // Takes over the reference that a new object is made with (null stays null).
  static RefPtr adopt(T* fresh) {
    RefPtr result;
    result.object_ = fresh;
    return result;
  }
  // Gives the reference to the caller, which must pass it to `adopt` or `unref` later.
  T* release() { return std::exchange(object_, nullptr); }

  T* get() const { return object_; }
  T& operator*() const { return *object_; }
  T* operator->() const { return object_; }
  explicit operator bool() const { return object_ != nullptr; }
  bool operator==(const RefPtr& other) const { return object_ == other.object_; }

 private:
  T* object_ = nullptr;
};

}  // namespace tine
