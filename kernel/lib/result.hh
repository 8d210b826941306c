// Result<T>: a value or the errno that says why there is none. A function that can fail returns
// one, and the compiler rejects a caller that ignores it. An Errno becomes a negative register in
// one place (syscall/dispatch), with one exception: when a signal's handler ends a call, the EINTR
// is written where the handler is entered (proc/signal_frame.cc).
#pragma once

#include <tine/errno.h>

#include <expected>
#include <type_traits>
#include <utility>

namespace tine {

// As wide as a register: a narrower one would have to be extended each time that it is passed on.
enum class Errno : long {
  perm = EPERM,
  noent = ENOENT,
  srch = ESRCH,
  intr = EINTR,
  io = EIO,
  toobig = E2BIG,
  nxio = ENXIO,
  noexec = ENOEXEC,
  badf = EBADF,
  child = ECHILD,
  again = EAGAIN,
  nomem = ENOMEM,
  access = EACCES,
  fault = EFAULT,
  busy = EBUSY,
  exist = EEXIST,
  xdev = EXDEV,
  nodev = ENODEV,
  notdir = ENOTDIR,
  isdir = EISDIR,
  inval = EINVAL,
  nfile = ENFILE,
  mfile = EMFILE,
  notty = ENOTTY,
  txtbsy = ETXTBSY,
  fbig = EFBIG,
  nospc = ENOSPC,
  spipe = ESPIPE,
  pipe = EPIPE,
  range = ERANGE,
  deadlk = EDEADLK,
  nametoolong = ENAMETOOLONG,
  nolck = ENOLCK,
  nosys = ENOSYS,
  notempty = ENOTEMPTY,
  loop = ELOOP,
  overflow = EOVERFLOW,
  libbad = ELIBBAD,
  opnotsupp = EOPNOTSUPP,
  afnosupport = EAFNOSUPPORT,
  timedout = ETIMEDOUT,
  dquot = EDQUOT,
  // A sleep was interrupted by a signal. Programs never see it: the call is restarted, or returns
  // EINTR (proc/signal_frame.cc).
  restart = 512,
  // A signal came before the call did anything: the call is restarted, even if the handler has no
  // SA_RESTART.
  restart_always = 513,
};

// A class, because an alias of std::expected would not carry [[nodiscard]].
template <class T = void>
class [[nodiscard]] Result : public std::expected<T, Errno> {
 public:
  using std::expected<T, Errno>::expected;
  constexpr Result(Errno error) : std::expected<T, Errno>(std::unexpect, error) {}
};

// A number or an address, or an errno: two registers. (A std::expected is passed through memory,
// because it keeps both in one place.)
template <class T>
concept OneRegister = std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T> &&
                      std::is_default_constructible_v<T> && sizeof(T) <= sizeof(void*);
template <OneRegister T>
class [[nodiscard]] Result<T> {
 public:
  constexpr Result() = default;
  constexpr Result(T value) : value_(value) {}
  constexpr Result(Errno error) : error_(error) {}
  constexpr bool has_value() const { return error_ == Errno(); }
  constexpr explicit operator bool() const { return has_value(); }
  constexpr Errno error() const { return error_; }
  constexpr T operator*() const { return value_; }
  constexpr const T* operator->() const { return &value_; }
  constexpr T value() const {  // checked
    if (!has_value()) __builtin_trap();
    return value_;
  }
  bool operator==(const Result&) const = default;

 private:
  T value_{};
  Errno error_{};  // 0: none
};

// Nothing, or an errno: one register. (Not a std::expected<void>: g++ 14 takes the errno that one
// without error leaves uninitialised for a mistake.)
template <>
class [[nodiscard]] Result<void> {
 public:
  constexpr Result() = default;
  constexpr Result(Errno error) : error_(error) {}
  constexpr bool has_value() const { return error_ == Errno(); }
  constexpr explicit operator bool() const { return has_value(); }
  constexpr Errno error() const { return error_; }
  constexpr void operator*() const {}  // the value, for TRY

 private:
  Errno error_{};  // 0: none
};

// TRY(expression): the expression's value; or, when it holds an errno, `return` it from the
// function around. Use it as a full expression (`auto page = TRY(...)`, `TRY(...);`), never inside
// a braced initialiser: there, g++ 12 does not destroy what was built before the return.
#define TRY(expression)                                       \
  ({                                                          \
    auto&& try_result_ = (expression);                        \
    if (!try_result_.has_value()) return try_result_.error(); \
    *std::move(try_result_);                                  \
  })

}  // namespace tine
